"""The mean of each window, of the cells that are no padding.

    y[o] = 1/|window o| Σ_{i ∈ window o} x[i]          ∂L/∂x[i] = Σ_{o ∋ i} g[o] / |window o|

The sum over an area is that of the sums of its rows: each axis is summed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.autograd.tensor import unwrapped
from numpynn.ops.nn.pooling.blockwise import shapes_of, walk
from numpynn.ops.nn.pooling.windows import Windows, in_a_row, put
from numpynn.typing import Array


def _plain(x: Array, windows: Sequence[Windows]) -> Array:
    """The windows of each axis beside each other, with zeros for padding, and their sum."""
    counts = _counts(x, windows)
    for along in windows:
        behind = max(along.end - along.cells, 0)
        widths = [(0, 0)] * x.ndim
        widths[along.axis] = (along.before, behind)
        padded = np.pad(x, widths)
        seen = np.lib.stride_tricks.sliding_window_view(padded, along.size, along.axis)
        first_of_each = slice(None, along.number * along.stride, along.stride)
        x = np.sum(seen[along.at(first_of_each)], axis=-1)
    return x / counts


@primitive(plain=_plain)
def mean(x: Array, windows: Sequence[Windows]) -> Any:
    """The mean of each window; its cells share the gradient.

    x (B, …)   windows: one for each pooled axis, in the order of the axes
    """
    shapes = shapes_of(x, windows)
    counts = _counts(x, windows)
    y = np.empty_like(x, order="C", shape=shapes[-1])
    walk(x, y, shapes[1:], [partial(_sum, along) for along in reversed(windows)])
    y /= counts

    def backward(g: Array) -> tuple[Array]:
        to_x = np.empty_like(g, order="C", shape=x.shape)
        walk(g / counts, to_x, shapes[-2::-1], [partial(_spread, along) for along in windows])
        return (to_x,)

    return y, backward


def _counts(x: Array, windows: Sequence[Windows]) -> Array:
    """How many cells each window has, as a number where all have the same."""
    counts: Any = 1
    for along in windows:
        each: Any = along.size
        if along.padded:
            shape = [1] * x.ndim
            shape[along.axis] = along.number
            each = np.reshape(np.asarray(along.filled(), dtype=x.dtype, like=unwrapped(x)), shape)
        counts = counts * each
    return counts


def _sum(along: Windows, x: Array, total: Array, block: slice) -> None:
    """Along one axis: the sum of each window into `total`."""
    if along.before:
        total[...] = 0
    for place, windows, cells in along.places():
        if place == 0 and not along.before:
            put(total, x[cells])
        else:
            target = total[windows]
            np.add(target, in_a_row(x[cells], along.axis), out=target)


def _spread(along: Windows, g: Array, to: Array, block: slice) -> None:
    """Along one axis: each cell of `to` gets the g of its windows."""
    if not along.partition:
        to[...] = 0
    for _, windows, cells in along.places():
        if along.overlap:
            target = to[cells]
            np.add(target, g[windows], out=target)
        else:
            put(to[cells], g[windows])
