"""The largest value of each window, and the way back to where it first stood.

    y[o] = max_{i ∈ window o} x[i]          ∂L/∂x[i] = Σ_{o: i is the first maximum of o} g[o]

The maximum over an area is that over its rows, then over these: each axis is pooled by itself, the
last one first, so that the first maximum is the first in reading order. For each axis and window
one byte is kept, the place of the maximum, which is all that the derivative needs.

Values as in TensorFlow's kernels: they begin with the lowest finite number and go up, so that NaN
does not count and a window of nothing else, or of -∞, gives that number.
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
    """All windows beside each other, and of each the value at its first maximum."""
    kept = x.shape
    for along in reversed(windows):
        kept = along.output_shape(kept)
        members = np.asarray(along.members(), like=unwrapped(x))
        x = np.moveaxis(np.take(x, members, axis=along.axis), along.axis + 1, -1)
    # The sizes of the windows stand last, those of the last axis first.
    rank = len(windows)
    x = np.transpose(x, (*range(x.ndim - rank), *reversed(range(x.ndim - rank, x.ndim))))
    cells = np.reshape(x, (*kept, -1))
    if x.dtype.kind == "f":
        cells = np.fmax(cells, np.finfo(x.dtype).min)
    first = np.argmax(cells, axis=-1)
    return np.take_along_axis(cells, first[..., np.newaxis], axis=-1)[..., 0]


@primitive(plain=_plain)
def largest(x: Array, windows: Sequence[Windows]) -> Any:
    """The maximum of each window; its gradient goes to the first cell that has it.

    x (B, …)   windows: one for each pooled axis, in the order of the axes
    """
    shapes = shapes_of(x, windows)
    places = [
        np.empty_like(x, order="C", shape=shape, dtype=np.min_scalar_type(along.size - 1))
        for along, shape in zip(reversed(windows), shapes[1:], strict=True)
    ]
    stages = list(zip(reversed(windows), places, strict=True))
    y = np.empty_like(x, order="C", shape=shapes[-1])
    # As an array: NumPy compares with a single number four times as slowly.
    lowest = np.full_like(y, _lowest(x.dtype), shape=shapes[-1][1:])
    floors = [None] * (len(stages) - 1) + [lowest]
    steps = zip(stages, floors, strict=True)
    walk(x, y, shapes[1:], [partial(_find, *stage, floor) for stage, floor in steps])

    def backward(g: Array) -> tuple[Array]:
        to_x = np.empty_like(g, order="C", shape=x.shape)
        walk(g, to_x, shapes[-2::-1], [partial(_route, *stage) for stage in reversed(stages)])
        return (to_x,)

    return y, backward


def _lowest(dtype: Any) -> Any:
    if dtype.kind == "f":
        return np.finfo(dtype).min
    return False if dtype.kind == "b" else np.iinfo(dtype).min


def _find(
    along: Windows, places: Array, floor: Array | None, x: Array, best: Array, block: slice
) -> None:
    """Along one axis: the maximum of each window into `best`, its place there into `places`.

    floor: what `best` is at least, of the shape of a sample; None to leave it as it is.
    """
    places = places[block]
    places[...] = 0
    if along.before:
        best[...] = _lowest(x.dtype)
        for window in range(min(along.number, -(-along.before // along.stride))):
            places[along.at(window)] = along.before - window * along.stride
    for place, windows, cells in along.places():
        if place == 0 and not along.before:
            put(best, x[cells])
            continue
        values = in_a_row(x[cells], along.axis)
        now, where = best[windows], places[windows]
        larger = np.greater(values, now).view(np.uint8)
        np.fmax(values, now, out=now)
        np.maximum(where, larger if place == 1 else larger * where.dtype.type(place), out=where)
    if floor is not None:
        np.fmax(best, floor, out=best)


def _route(along: Windows, places: Array, g: Array, to: Array, block: slice) -> None:
    """Along one axis: `to` gets each g where the maximum of its window was, 0 elsewhere.

    Whole numbers of the same bits are multiplied by 0 and 1, since ∞ · 0 would not be 0.
    """
    places = places[block]
    if not along.partition:
        to[...] = 0
    bits = np.dtype(f"i{g.dtype.itemsize}")
    left = g.view(bits)
    for place, windows, cells in along.places():
        if place == along.size - 1 and not along.padded:
            chosen = left
        else:
            chosen = np.multiply(g[windows].view(bits), places[windows] == place)
            if not along.padded:
                left = left ^ chosen
        chosen = chosen.view(g.dtype)
        if along.overlap:
            target = to[cells]
            np.add(target, chosen, out=target)
        else:
            put(to[cells], chosen)
