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


def window(
    lengths: Sequence[int], size: Sequence[int], strides: Any, padding: Any, dilation: Any
) -> Window:
    """The window for an input of these lengths.

    Raises ValueError for a padding of another name, strides or dilations that are no positive
    whole numbers, and a kernel that finds no place in the input.
    """
    rank = len(size)
    strides = arguments.whole_numbers(strides, rank, "strides")
    dilation = arguments.whole_numbers(dilation, rank, "dilation_rate")
    name = padding_name(padding, causal=rank == 1)
    before, positions = [], []
    for length, k, s, d in zip(lengths, size, strides, dilation, strict=True):
        span = (k - 1) * d + 1
        n = (length - span) // s + 1 if name == "valid" else -(-length // s)
        around = {"valid": 0, "same": max((n - 1) * s + span - length, 0) // 2, "causal": span - 1}
        before.append(around[name])
        positions.append(n)
    if min(positions) < 1 <= min(lengths):
        raise ValueError(
            "The convolution would have an empty output: the input has the spatial shape "
            f"{tuple(lengths)}, the kernel {tuple(size)}, with strides {strides}, dilation_rate "
            f"{dilation} and padding {name!r}. The kernel must fit into the input."
        )
    positions = [max(n, 0) for n in positions]
    return Window(tuple(lengths), tuple(size), strides, dilation, tuple(before), tuple(positions))


def transposed_window(
    positions: Sequence[int],
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
    strides = arguments.whole_numbers(strides, rank, "strides")
    dilation = arguments.whole_numbers(dilation, rank, "dilation_rate")
    name = padding_name(padding, causal=False)
    extra: Sequence[int | None] = (None,) * rank
    if output_padding is not None:
        extra = arguments.whole_numbers(output_padding, rank, "output_padding", least=0)
    lengths = []
    for n, k, s, d, p in zip(positions, size, strides, dilation, extra, strict=True):
        span = (k - 1) * d + 1
        if name == "valid":
            lengths.append((n - 1) * s + span + (max(s - span, 0) if p is None else p))
        else:
            lengths.append(n * s if p is None else (n - 1) * s + span % 2 + p)
    undone = window(lengths, size, strides, name, dilation)
    if undone.positions != tuple(positions):
        raise ValueError(
            f"A transposed convolution cannot have the output shape {tuple(lengths)}: a convolution "
            f"with the kernel {tuple(size)}, strides {strides}, dilation_rate {dilation} and "
            f"padding {name!r} makes {undone.positions} of it, not the input's "
            f"{tuple(positions)}. Got output_padding={output_padding}."
        )
    return undone


def padding_name(padding: Any, causal: bool) -> str:
    """ "valid", "same" or, where it is allowed, "causal". Raises ValueError for another."""
    name = str(padding).lower()
    allowed = PADDINGS if causal else PADDINGS[:2]
    if name not in allowed:
        raise ValueError(f"`padding` must be one of {', '.join(allowed)}; got {padding!r}.")
    return name
