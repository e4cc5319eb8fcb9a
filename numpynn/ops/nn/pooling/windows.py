"""Where the windows of a pool lie: along each axis, which cells belong to which window."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpynn.ops.nn.convolution.window import padding_name
from numpynn.typing import Array
from numpynn.utils import arguments


class Windows(NamedTuple):
    """`number` windows along an axis; window o has the cells from o · stride - before, `size` many.

    Cells from 0 to `cells` exist; what a window has before them and behind them is padding.
    """

    axis: int
    cells: int
    size: int
    stride: int
    before: int
    number: int

    @property
    def overlap(self) -> bool:
        """Whether a cell may lie in several windows."""
        return self.stride < self.size

    @property
    def end(self) -> int:
        """Where the last window ends."""
        return (self.number - 1) * self.stride - self.before + self.size

    @property
    def padded(self) -> bool:
        """Whether windows have padding."""
        return self.before > 0 or self.end > self.cells

    @property
    def partition(self) -> bool:
        """Whether every cell lies in exactly one window."""
        return self.stride == self.size and self.end >= self.cells

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """`shape` with the number of windows where the number of cells was."""
        return (*shape[: self.axis], self.number, *shape[self.axis + 1 :])

    @lru_cache(maxsize=256)  # noqa: B019 - of a tuple, which holds nothing alive
    def places(self) -> list[tuple[int, tuple[slice, ...], tuple[slice, ...]]]:
        """(place, windows, cells): indices of the windows that have a cell there, and of the cells.

        A place is a number from 0 to size - 1, counted from the beginning of each window.
        """
        found = []
        for place in range(self.size):
            first = max(0, -((place - self.before) // self.stride))
            last = min(self.number - 1, (self.cells - 1 + self.before - place) // self.stride)
            if first <= last:
                start, end = (o * self.stride - self.before + place for o in (first, last))
                cells = slice(start, end + 1, self.stride)
                found.append((place, self.at(slice(first, last + 1)), self.at(cells)))
        return found

    def at(self, part: Any) -> tuple[Any, ...]:
        """The index of a part of the axis."""
        return (*(slice(None),) * self.axis, part)

    def members(self) -> Any:
        """(number, size): the numbers of each window's cells; for padding, the nearest cell's."""
        begins = np.arange(self.number)[:, np.newaxis] * self.stride - self.before
        return np.clip(begins + np.arange(self.size), 0, self.cells - 1)

    def filled(self) -> list[int]:
        """How many cells each window has, padding not counted."""
        begins = [o * self.stride - self.before for o in range(self.number)]
        return [min(begin + self.size, self.cells) - max(begin, 0) for begin in begins]


def windows_of(
    shape: Sequence[int], pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> tuple[Windows, ...]:
    """The windows along each spatial axis of an input of this shape, strides the pool's by default.

    Raises ValueError for an input without one to three spatial axes, for other numbers of sizes and
    strides, and where no window fits.
    """
    first, spatial = spatial_axes(shape, data_format)
    sizes = arguments.whole_numbers(pool_size, len(spatial), "pool_size")
    steps = sizes if strides is None else arguments.whole_numbers(strides, len(spatial), "strides")
    counts = window_counts(spatial, sizes, steps, padding)
    padding = padding_name(padding, causal=False)
    found = []
    for axis, (n, size, step, count) in enumerate(
        zip(spatial, sizes, steps, counts, strict=True), first
    ):
        around = max((count - 1) * step + size - n, 0) if padding == "same" else 0
        found.append(Windows(axis, n, int(size), int(step), int(around // 2), int(count)))
    return tuple(found)


def spatial_axes(shape: Sequence[Any], data_format: str | None) -> tuple[int, tuple[Any, ...]]:
    """The number of the first spatial axis, and the sizes of all.

    Raises ValueError where there are none or more than three.
    """
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            "Pooling takes a batch with 1, 2 or 3 spatial axes and one of channels, which is rank "
            f"3, 4 or 5; got an input of shape {tuple(shape)}."
        )
    first = 1 if arguments.data_format(data_format) == "channels_last" else 2
    return first, tuple(shape[first : first + len(shape) - 2])


def window_counts(
    spatial: Sequence[Any], pool_size: Sequence[int], strides: Sequence[int], padding: str
) -> tuple[Any, ...]:
    """How many windows there are along each axis; None where the number of cells is.

        valid   ⌊(n - size) / stride⌋ + 1          same   ⌈n / stride⌉

    Raises ValueError for another padding, and where no window fits.
    """
    valid = padding_name(padding, causal=False) == "valid"
    counts = tuple(
        None if n is None else (n - size) // step + 1 if valid else -(-n // step)
        for n, size, step in zip(spatial, pool_size, strides, strict=True)
    )
    if valid and any(count is not None and count < 1 for count in counts):
        raise ValueError(
            f"The output of the pool would be empty: windows of size {tuple(pool_size)} with "
            f"strides {tuple(strides)} and padding {padding!r} do not fit into an input of the "
            f"spatial shape {tuple(spatial)}."
        )
    return counts


# -- moving pixels ---------------------------------------------------------------------------------

_LONG = 256  # values


def in_a_row(values: Array, axis: int) -> Array:
    """A slice with strides along `axis` as an array without, where it lies in short runs.

    NumPy's functions take 15 ns to begin a run of values that lie together, such as the 32 channels
    of a pixel, each of them again. A pixel is copied in 4, once.
    """
    if prod(values.shape[axis + 1 :]) >= _LONG:
        return values
    copy = np.empty_like(values, order="C", shape=values.shape)
    put(copy, values)
    return copy


def put(target: Array, values: Array) -> None:
    """target[...] = values, whole pixels at a time where they are NumPy's and lie together."""
    if type(target) is type(values) is np.ndarray and target.dtype == values.dtype:
        width = target.itemsize
        pixel = width * target.shape[-1]
        if target.strides[-1] == values.strides[-1] == width < pixel:
            target, values = target.view(_void(pixel)), values.view(_void(pixel))
    target[...] = values


@cache
def _void(size: int) -> Any:
    return np.dtype((np.void, size))
