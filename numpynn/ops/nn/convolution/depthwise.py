"""Depthwise convolution: every channel by itself, so that there is no matrix product to gain by.

    y[n, c M + m] = Σ_j x[n s + j d, c] K[j, c, m]

For each offset j, all places times one number a channel, added up. Blocks of the batch stay in the
cache, and are shared among threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from numpynn.autograd import Jointly, primitive
from numpynn.ops.nn.convolution import plain
from numpynn.ops.nn.convolution.window import Window
from numpynn.parallel import blocks, in_shares, total
from numpynn.typing import Array

BYTES = 2**20
"""Of a block's padded inputs and outputs."""

_COST = 16
"""How many operations of a matrix product take as long as one of these."""


@primitive(plain=plain.depthwise_conv)
def depthwise_conv(x: Array, kernel: Array, window: Window) -> Any:
    """`plain.depthwise_conv`.   x (B, L…, C)   kernel (k…, C, M)   y (B, N…, C · M)"""
    y = np.zeros_like(
        x, order="C", shape=(len(x), *window.positions, kernel.shape[-2] * kernel.shape[-1])
    )

    def share(first: int, last: int) -> None:
        step = _Block(x, kernel, window, last - first)
        for block in blocks(first, last, step.size):
            step.forward(x[block], y[block])

    operations = _COST * 2 * y.size * prod(window.size) if isinstance(x, np.ndarray) else 0
    in_shares(share, len(x), operations)

    def pull(g: Array, numbers: Sequence[int]) -> list[Array]:
        to_x: Array = np.zeros_like(x, order="C") if 0 in numbers else None

        def share(first: int, last: int) -> Array:
            step = _Block(x, kernel, window, last - first)
            to_kernel = np.zeros_like(step.weights) if 1 in numbers else None
            for block in blocks(first, last, step.size):
                if to_kernel is not None:
                    step.add_to_kernel(x[block], g[block], to_kernel)
                if to_x is not None:
                    step.to_input(g[block], to_x[block])
            return to_kernel

        parts = in_shares(share, len(x), operations)
        found = [to_x, total(parts).reshape(kernel.shape) if 1 in numbers else None]
        return [found[number] for number in numbers]

    return y, Jointly(pull)


class _Block:
    """A few inputs with their padding; the M copies of a channel lie side by side."""

    def __init__(self, x: Array, kernel: Array, window: Window, batch: int) -> None:
        channels, self.copies = kernel.shape[-2:]
        self.window = window
        self.weights = kernel.reshape(-1, channels * self.copies)
        spatial = [
            before + length + max(after, 0)
            for (before, after), length in zip(window.padding(), window.lengths, strict=True)
        ]
        values = (prod(spatial) + 2 * prod(window.positions)) * channels * self.copies
        self.size = max(1, min(batch, BYTES // max(values * x.dtype.itemsize, 1)))
        self.padded = np.zeros_like(
            x, order="C", shape=(self.size, *spatial, channels * self.copies)
        )
        self.room = np.empty_like(
            x, order="C", shape=(self.size, *window.positions, channels * self.copies)
        )
        self.inside = (
            slice(None),
            *(slice(b, b + n) for b, n in zip(window.before, window.lengths, strict=True)),
        )

    def forward(self, x: Array, y: Array) -> None:
        room = self.room[: len(x)]
        for seen, weights in self._seen(x):
            np.add(y, np.multiply(seen, self._across(weights), out=room), out=y)

    def add_to_kernel(self, x: Array, g: Array, to_kernel: Array) -> None:
        room = self.room[: len(x)]
        for number, (seen, _) in enumerate(self._seen(x)):
            products = np.multiply(seen, g, out=room).reshape(-1, g.shape[-1])
            to_kernel[number] += np.add.reduce(products)

    def to_input(self, g: Array, to_x: Array) -> None:
        room, padded = self.room[: len(g)], self.padded[: len(g)]
        padded[...] = 0
        for weights, offset in zip(self.weights, self.window.offsets(), strict=True):
            places = padded[plain.places(self.window, offset)]
            np.add(places, np.multiply(g, self._across(weights), out=room), out=places)
        found = padded[self.inside]
        if self.copies > 1:
            found = np.add.reduce(found.reshape(*to_x.shape, self.copies), axis=-1)
        to_x[...] = found
        padded[...] = 0

    def _seen(self, x: Array) -> Iterator[tuple[Array, Array]]:
        padded = self.padded[: len(x)]
        padded[self.inside] = np.repeat(x, self.copies, axis=-1) if self.copies > 1 else x
        for weights, offset in zip(self.weights, self.window.offsets(), strict=True):
            yield padded[plain.places(self.window, offset)], weights

    def _across(self, weights: Array) -> Array:
        """The weights for every position of a row: long loops, where one a channel is short."""
        return np.tile(weights, (self.window.positions[-1], 1))
