"""Sequences that are padded at their end. Beyond Keras's `ops`; `tf.reverse_sequence` is alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array
from numpynn.typing import Array

__all__ = ["reverse_sequence"]


def reverse_sequence(x: Array, lengths: Any = None, *, mask: Any = None) -> Array:
    """Each sequence back to front, its padding where it was.

        y[b, t] = x[b, L_b - 1 - t]  for t < L_b,    x[b, t]  behind

    x (B, T, …)   lengths L (B,), whole numbers from 0 to T; or mask (B, T), True for the first L_b
    Twice gives x again, and so the derivative is the same function.
    Raises ValueError unless exactly one of lengths and mask is given, for other shapes, lengths out
    of range, and masks with holes.
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"`x` must have the shape (batch, steps, …); got {x.shape}.")
    if (lengths is None) == (mask is None):
        raise ValueError("Give `lengths` or `mask`, one of the two.")
    like = unwrapped(x)
    steps = np.arange(x.shape[1], like=like)
    if mask is None:
        lengths = _checked_lengths(_array(lengths, like), x.shape)
    else:
        lengths = _lengths_of(_array(mask, like), x.shape, steps)
    lengths = np.expand_dims(lengths, 1)
    return _reversed(x, np.where(steps < lengths, lengths - 1 - steps, steps))


def _array(value: Any, like: Array) -> Array:
    value = unwrapped(value)
    return value if hasattr(value, "__array_function__") else np.asarray(value, like=like)


def _checked_lengths(lengths: Array, shape: tuple[int, ...]) -> Array:
    if lengths.shape != shape[:1] or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"`lengths` must be {shape[0]} whole numbers, one for each sequence; got shape "
            f"{lengths.shape} and dtype {lengths.dtype}."
        )
    bad = np.flatnonzero((lengths < 0) | (lengths > shape[1]))
    if len(bad):
        raise ValueError(
            f"`lengths` must be from 0 to {shape[1]}, the number of steps; sequence {int(bad[0])} "
            f"has {int(lengths[bad[0]])}."
        )
    return lengths.astype(np.intp)


def _lengths_of(mask: Array, shape: tuple[int, ...], steps: Array) -> Array:
    if mask.shape != shape[:2]:
        raise ValueError(
            f"`mask` must have the shape (batch, steps) = {shape[:2]}; got {mask.shape}."
        )
    mask = mask.astype(bool)
    lengths = np.sum(mask, axis=1)
    holes = np.flatnonzero(np.any(mask != (steps < np.expand_dims(lengths, 1)), axis=1))
    if len(holes):
        raise ValueError(
            f"`mask` must be True for the first steps of a sequence and False behind them; that of "
            f"sequence {int(holes[0])} has holes: {mask[int(holes[0])].tolist()}."
        )
    return lengths


def _reversed_plain(x: Array, places: Array) -> Array:
    return x[np.arange(x.shape[0], like=places)[:, np.newaxis], places]


@primitive(plain=_reversed_plain)
def _reversed(x: Array, places: Array) -> Any:
    """x[b, places[b, t]], where `places` is its own inverse: what is there comes here."""
    return _reversed_plain(x, places), lambda g: (_reversed_plain(g, places), None)
