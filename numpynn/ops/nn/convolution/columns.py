"""The windows of a block of inputs, laid out so that matrix products can read them in place.

Written out one after another, the windows of a 5x5 kernel repeat every place of the input 25 times.
Here each place is repeated for the leading axes of the kernel only, 5 times:

    buffer[b, i, w, o, c] = x[b, i s + o d, w, c]          (2-D; o over the kernel's rows)

A window is then the run of k neighbours w on the last axis, which lie in memory one after another,
so that `buffer[:, j s : j s + k]`, seen as (b · i, k · o · c), is a matrix with one row for each
window that starts in column j: no copy, and BLAS takes it as it is. Its kernel has the axes in the
same order. On a 14x14 image with 32 channels the copies took 1 ms of a 25 ms convolution; for whole
windows they took 8.

Where the last axis is dilated its places are no neighbours, and it is copied like the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpynn.ops.nn.convolution.window import Window
from numpynn.typing import Array

BYTES = 2 * 2**20
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
        # Windows so far apart on a row that they do not overlap can be rows of one product.
        self.apart = -(-self.run // self.step)
        if self.count // self.apart > self.block * self.rows:
            self.width = (self.apart - 1 + -(-self.count // self.apart) * self.apart) * self.step
        else:
            self.apart = self.count
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

    def products(self, matrix: Array) -> Iterator[tuple[int | slice, Array]]:
        """For each product: its position or positions on the last axis, and their windows.

        One product a position has windows (rows, run · cell). On an axis longer than the block has
        rows, those of the positions that lie `apart` make one: (rows, n, run · cell).
        """
        size = self.run * self.cell
        for first in range(min(self.apart, self.count)):
            start = first * self.step
            if self.apart == self.count:
                seen = matrix[:, start : start + self.run]
                yield first, seen.reshape(len(seen), size)
            else:
                n = len(range(first, self.count, self.apart))
                seen = matrix[:, start : start + n * self.apart * self.step]
                seen = seen.reshape(len(seen), n, -1)[:, :, :size]
                yield slice(first, self.count, self.apart), seen

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
