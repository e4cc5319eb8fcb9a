"""Padded sequences back to front."""

from __future__ import annotations

from keras import ops

from numpynn.typing import Array


def reverse_sequence(x: Array, lengths: Array = None, *, mask: Array = None) -> Array:
    """The valid steps of each sequence back to front, what is behind them where it was."""
    if mask is not None:
        lengths = ops.sum(ops.cast(mask, "int32"), axis=1)
    lengths = ops.expand_dims(ops.cast(lengths, "int32"), 1)
    steps = ops.expand_dims(ops.arange(x.shape[1], dtype="int32"), 0)
    places = ops.where(steps < lengths, lengths - 1 - steps, steps)
    places = ops.reshape(places, (-1, x.shape[1], *(1,) * (len(x.shape) - 2)))
    return ops.take_along_axis(x, ops.broadcast_to(places, ops.shape(x)), axis=1)
