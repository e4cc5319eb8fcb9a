"""The windows of a block of inputs, laid out so that matrix products can read them in place.

Written out one after another, the windows of a 5x5 kernel repeat every place of the input 25 times.
Here each place is repeated for the leading axes of the kernel only, 5 times:

    buffer[b, i, w, o, c] = x[b, i s + o d, w, c]          (2-D; o over the kernel's rows)

A window is then the run of k neighbours w on the last axis, which lie in memory one after another,
so that `buffer[:, j s : j s + k]`, seen as (b · i, k · o · c), is a matrix with one row for each
window that starts in column j: no copy, and BLAS takes it as it is. Its kernel has the axes in the
same order. For a hundred 14x14 images with 32 channels the copies take 0.7 of a convolution's 25
ms; whole windows take 4.8 to write.

Where the last axis is dilated its places are no neighbours, and it is copied like the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpynn.ops.nn.convolution.window import Window
from numpynn.typing import Array

BYTES = 3 * 2**20
"""Of a block's columns and outputs: near enough to the core, and some hundred rows a product."""


class Piece(NamedTuple):
    """The places that one offset of the kernel sees: where they go to, and where they come from."""

    number: int
    to: tuple[slice, ...]
    source: tuple[slice, ...]


class Columns:
    """The layout for one window: which places go where, and where each product reads.

    `like` gives the dtype and the kind of array, `channels` and `filters` are those of the kernel,
    and `batch` the most inputs that there will be at once; `block` of them are laid out at a time.
    """

    def __init__(
        self, window: Window, like: Array, channels: int, filters: int, batch: int
    ) -> None:
        self.window = window
        self.like = like
        neighbours = window.dilation[-1] == 1
        self.run = window.size[-1] if neighbours else 1
        self.step = window.strides[-1] if neighbours else 1
        self.rows = prod(window.positions[:-1])
        self.count = window.positions[-1]
        self.width = max((self.count - 1) * self.step + self.run, 0)
        offsets = [o for o in window.offsets() if not neighbours or o[-1] == 0]
        self.cell = len(offsets) * channels
        each = self.rows * (self.width * self.cell + self.count * filters) * like.dtype.itemsize
        self.block = max(1, min(batch, BYTES // max(each, 1)))
        self.apart = -(-self.run // self.step)
        """Windows of a row that are so many positions apart share no place."""
        self.shape = (*window.positions[:-1], self.width, len(offsets), channels)
        self.pieces = list(self._pieces(offsets, neighbours))

    def buffer(self) -> Array:
        """Room for the windows of a block. What padding puts there is there: zeros."""
        return np.zeros_like(self.like, order="C", shape=(self.block, *self.shape))

    def fill(self, buffer: Array, x: Array) -> Array:
        """Lay out inputs (b, L…, C). Returns (b · rows, width, cell)."""
        for number, to, source in self.pieces:
            buffer[(slice(len(x)), *to, number)] = x[(slice(None), *source)]
        return self.matrix(buffer, len(x))

    def spill(self, buffer: Array, x: Array) -> None:
        """Add what is laid out to the places (b, L…, C) that it came from: the adjoint of fill."""
        for number, to, source in self.pieces:
            x[(slice(None), *source)] += buffer[(slice(len(x)), *to, number)]

    def matrix(self, buffer: Array, batch: int) -> Array:
        return buffer[:batch].reshape(batch * self.rows, self.width, self.cell)

    def products(
        self, matrix: Array, outputs: Array, alone: bool = False
    ) -> Iterator[tuple[Array, Array]]:
        """Pairs of windows (…, m, run · cell) and the outputs (…, m, F) at their positions.

        matrix (b · rows, width, cell)   outputs (b · rows, count, F)
        alone: no two windows of a pair share memory, so that one may add to them.
        """
        for windows, placed in self._products(matrix, outputs):
            if alone and windows.ndim > 2:
                for first in range(min(self.apart, len(windows))):
                    yield windows[first :: self.apart], placed[first :: self.apart]
            else:
                yield windows, placed

    def _products(self, matrix: Array, outputs: Array) -> Iterator[tuple[Array, Array]]:
        rows, _, cell = matrix.shape
        size = self.run * cell
        if not isinstance(matrix, np.ndarray):
            for n in range(self.count):
                seen = matrix[:, n * self.step : n * self.step + self.run]
                yield seen.reshape(rows, size), outputs[:, n]
            return
        as_strided = np.lib.stride_tricks.as_strided
        row, place, number = matrix.strides
        next_ = self.step * place
        # Where a row has many more positions than there are rows, those that lie apart are the
        # rows of a product; else those of one column are. The products of all columns are one call.
        many = self.count // self.apart if self.count // self.apart > rows else 0
        done = many * self.apart
        if many:
            strides = (next_, row, self.apart * next_, number)
            seen = as_strided(matrix, (self.apart, rows, many, size), strides)
            placed = outputs[:, :done].reshape(rows, many, self.apart, outputs.shape[-1])
            yield seen, np.moveaxis(placed, 2, 0)
        if done < self.count:
            rest = matrix[:, done * self.step :]
            seen = as_strided(rest, (self.count - done, rows, size), (next_, row, number))
            yield seen, np.swapaxes(outputs[:, done:], 0, 1)

    def kernel(self, kernel: Array) -> Array:
        """(k…, C, F) with the axes in the order of a window: (run · cell, F)."""
        if self.run == self.window.size[-1]:
            kernel = np.moveaxis(kernel, len(self.window.size) - 1, 0)
        return kernel.reshape(-1, kernel.shape[-1])

    def as_kernel(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The inverse of `kernel`."""
        if self.run != self.window.size[-1]:
            return matrix.reshape(shape)
        last = len(self.window.size) - 1
        moved = matrix.reshape(shape[last], *shape[:last], *shape[last + 1 :])
        return np.moveaxis(moved, 0, last)

    def _pieces(self, offsets: list[Any], neighbours: bool) -> Iterator[Piece]:
        w = self.window
        counts = (*w.positions[:-1], self.width if neighbours else w.positions[-1])
        steps = (*w.strides[:-1], 1 if neighbours else w.strides[-1])
        for number, offset in enumerate(offsets):
            to, source = [], []
            axes = zip(offset, w.before, counts, steps, w.lengths, strict=True)
            for o, before, count, step, length in axes:
                start = o - before
                low = max(0, -(start // step))
                high = min(count, (length - 1 - start) // step + 1)
                to.append(slice(low, high))
                source.append(slice(start + low * step, start + (high - 1) * step + 1, step))
                if low >= high:
                    break
            else:
                yield Piece(number, tuple(to), tuple(source))
