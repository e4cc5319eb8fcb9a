"""A pool over a whole batch: block by block, and in each block one axis after the other.

A 2x2 maximum of (100, 28, 28, 32) and its derivative take 4.1 ms of one core. With the whole batch
at once they take 6.0, with all four cells of a window compared where they lie 7.0, and as windows
with `argmax` 29.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from numpynn.ops.nn.pooling.windows import Windows
from numpynn.parallel import blocks, in_shares
from numpynn.typing import Array

Step = Callable[[Array, Array, slice], None]
"""(values, target, block): computes the target, a block of the batch, from values."""

_BLOCK = 2 * 2**20
"""Bytes at a time: few enough for the caches, enough for the time that Python takes per block."""
_WORK = 16
"""What a value counts where `in_shares` decides on threads, as it does for matrix products."""


def shapes_of(x: Array, windows: Sequence[Windows]) -> list[tuple[int, ...]]:
    """The shape of x, and those after each axis is pooled, the last axis first."""
    shapes = [x.shape]
    for along in reversed(windows):
        shapes.append(along.output_shape(shapes[-1]))
    return shapes


def walk(
    source: Array, target: Array, shapes: Sequence[Sequence[int]], steps: Sequence[Step]
) -> None:
    """Compute `target` from `source` by steps, whose results have these shapes.

    Blocks are shared among threads. Each writes its own part of the target, so that neither their
    size nor their order changes a bit.
    """
    sample = max(prod(a.shape[1:]) * a.dtype.itemsize for a in (source, target))
    size = max(1, _BLOCK // max(sample, 1))

    def share(first: int, last: int) -> None:
        for block in blocks(first, last, size):
            values = source[block]
            for shape, step in zip(shapes[:-1], steps[:-1], strict=True):
                room = np.empty_like(target, order="C", shape=(values.shape[0], *shape[1:]))
                step(values, room, block)
                values = room
            steps[-1](values, target[block], block)

    work = _WORK * max(source.size, target.size) if isinstance(source, np.ndarray) else 0
    in_shares(share, source.shape[0], work)
