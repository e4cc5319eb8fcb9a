"""How a kernel moves over the axes of its input: the arithmetic of padding, stride and dilation.

Along one axis, with L input places, kernel size k, stride s, dilation d and k' = (k - 1) d + 1:

    valid     no padding                              N = ⌊(L - k') / s⌋ + 1
    same      max((N - 1) s + k' - L, 0) zeros,       N = ⌈L / s⌉
              the odd one behind
    causal    k' - 1 zeros in front                   N = ⌈L / s⌉

Position n of the output sees the places  n s - (zeros in front) + j d,  j = 0 … k - 1.
Source: Dumoulin and Visin 2016, arXiv:1603.07285; Keras `ops.conv`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from numpynn.utils import arguments

PADDINGS = ("valid", "same", "causal")


class Window(NamedTuple):
    """A kernel's way over the spatial axes: one number an axis in each of the fields."""

    lengths: tuple[int, ...]
    """L, the places of the input."""
    size: tuple[int, ...]
    """k, the places that a window sees."""
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    """The zeros in front of the input."""
    positions: tuple[int, ...]
    """N, the windows, which are the places of the output."""

    def offsets(self) -> list[tuple[int, ...]]:
        """Where a window's places lie from its start: 0, d … (k - 1) d on each axis."""
        axes = zip(self.size, self.dilation, strict=True)
        return list(product(*(range(0, k * d, d) for k, d in axes)))

    def padding(self) -> tuple[tuple[int, int], ...]:
        """The zeros in front of each axis and behind it; what no window sees counts negative."""
        spans = zip(
            self.lengths,
            self.size,
            self.strides,
            self.dilation,
            self.before,
            self.positions,
            strict=True,
        )
        return tuple(
            (before, (n - 1) * s + (k - 1) * d + 1 - before - length)
            for length, k, s, d, before, n in spans
        )

    def opposite(self) -> Window:
        """The way back: over the outputs, set `strides` apart among zeros, to every input place."""
        axes = zip(self.size, self.dilation, self.before, strict=True)
        return self._replace(
            lengths=tuple(
                (n - 1) * s + 1 for n, s in zip(self.positions, self.strides, strict=True)
            ),
            strides=(1,) * len(self.size),
            before=tuple((k - 1) * d - before for k, d, before in axes),
            positions=self.lengths,
        )


def window(
    lengths: Sequence[int | None], size: Sequence[int], strides: Any, padding: Any, dilation: Any
) -> Window:
    """The window for an input of these lengths; an unknown length, None, has None positions.

    Raises ValueError for a padding of another name, strides or dilations that are no positive
    whole numbers, and a kernel that finds no place in the input.
    """
    found = _window(lengths, size, strides, padding, dilation)
    known = [n for n in found.positions if n is not None]
    if 0 in size or (0 not in lengths and min(known, default=1) < 1):
        raise ValueError(
            "The convolution would have an empty output: the input has the spatial shape "
            f"{tuple(lengths)}, the kernel {tuple(size)}, with strides {found.strides}, "
            f"dilation_rate {found.dilation} and padding {padding!r}. The kernel must fit into the "
            "input."
        )
    return found


def transposed_window(
    positions: Sequence[int | None],
    size: Sequence[int],
    strides: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
) -> Window:
    """The window of the convolution that a transposed one undoes: from its output to its input.

    With k' = (k - 1) d + 1 and p the output padding, the output of N places gets

        valid    L = (N - 1) s + k' + p,        p = max(s - k', 0) by default
        same     L = (N - 1) s + k' mod 2 + p,  L = N s by default

    Raises ValueError for a padding of another name, for numbers that are no whole numbers, and
    where the convolution of L places would not give N.
    """
    rank = len(size)
    steps = arguments.whole_numbers(strides, rank, "strides")
    spread = arguments.whole_numbers(dilation, rank, "dilation_rate")
    name = padding_name(padding, causal=False)
    lengths: list[int | None] = []
    extra = _output_padding(output_padding, rank)
    for n, k, s, d, p in zip(positions, size, steps, spread, extra, strict=True):
        span = (k - 1) * d + 1
        if n is None:
            lengths.append(None)
        elif name == "valid":
            lengths.append(max((n - 1) * s + span + (max(s - span, 0) if p is None else p), 0))
        else:
            lengths.append(n * s if p is None else (n - 1) * s + span % 2 + p)
    undone = _window(lengths, size, steps, name, spread)
    if 0 in size or (0 not in positions and undone.positions != tuple(positions)):
        raise ValueError(
            f"A transposed convolution cannot give {tuple(lengths)} places: a convolution "
            f"with the kernel {tuple(size)}, strides {steps}, dilation_rate {spread} and "
            f"padding {name!r} makes {undone.positions} of it, not the input's "
            f"{tuple(positions)}. Got output_padding={output_padding}."
        )
    return undone


def _window(
    lengths: Sequence[int | None], size: Sequence[int], strides: Any, padding: Any, dilation: Any
) -> Window:
    rank = len(size)
    strides = arguments.whole_numbers(1 if strides is None else strides, rank, "strides")
    dilation = arguments.whole_numbers(1 if dilation is None else dilation, rank, "dilation_rate")
    name = padding_name(padding, causal=rank == 1)
    before, positions = [], []
    for length, k, s, d in zip(lengths, size, strides, dilation, strict=True):
        span = (k - 1) * d + 1
        if length is None:
            n = front = None
        elif name == "valid":
            n, front = max((length - span) // s + 1, 0), 0
        else:
            n = -(-length // s)
            around = max((n - 1) * s + span - length, 0)
            front = span - 1 if name == "causal" else around // 2
        before.append(front)
        positions.append(n)
    fields: Any = (lengths, size, strides, dilation, before, positions)
    return Window(*map(tuple, fields))


def _output_padding(value: Any, rank: int) -> tuple[int | None, ...]:
    """One number an axis, or None for the default."""
    each = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    numbers = [0 if p is None else p for p in each]
    checked = arguments.whole_numbers(numbers, rank, "output_padding", least=0)
    return tuple(None if p is None else n for p, n in zip(each, checked, strict=True))


def padding_name(padding: Any, causal: bool) -> str:
    """ "valid", "same" or, where it is allowed, "causal". Raises ValueError for another."""
    name = str(padding).lower()
    allowed = PADDINGS if causal else PADDINGS[:2]
    if name not in allowed:
        raise ValueError(f"`padding` must be one of {', '.join(allowed)}; got {padding!r}.")
    return name
