"""Keras's `ops.math`: segments, the largest k, distances, frames, special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import aligned, as_array, floating, in_dtype, values_only
from numpynn.ops.erf import erf, erfc, erfinv
from numpynn.ops.nn.probabilities import logsumexp
from numpynn.typing import Array

__all__ = [
    "cdist", "erf", "erfc", "erfinv", "extract_sequences", "in_top_k", "logdet", "logsumexp",
    "rsqrt", "segment_max", "segment_min", "segment_prod", "segment_sum", "top_k",
    "view_as_complex", "view_as_real",
]  # fmt: skip

# -- by segment: the elements of `data` with the same number in `segment_ids` ----------------------


def segment_sum(
    data: Array, segment_ids: Array, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The sum of each segment of the first axis; 0 for an empty one.

    segment_ids: the segment of each slice; negative ones are left out. num_segments: how many, one
    more than the largest unless given. sorted: whether they ascend; it changes nothing here.
    Raises ValueError where shapes do not fit or a number is too large.
    """
    return _segments(np.sum, 0, data, segment_ids, num_segments)


def segment_prod(
    data: Array, segment_ids: Array, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The product of each segment; 1 for an empty one. Arguments and errors of `segment_sum`."""
    return _segments(np.prod, 1, data, segment_ids, num_segments)


def segment_max(
    data: Array, segment_ids: Array, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The largest of each segment; the dtype's lowest number for an empty one."""
    return _segments(np.max, None, data, segment_ids, num_segments)


def segment_min(
    data: Array, segment_ids: Array, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The smallest of each segment; the dtype's highest number for an empty one."""
    return _segments(np.min, None, data, segment_ids, num_segments)


def _segments(
    reduce: Callable[..., Any],
    empty: Any,
    data: Array,
    segment_ids: Array,
    num_segments: int | None,
) -> Array:
    """Each segment as a row of positions, filled up with that of a neutral element, reduced."""
    data, ids = as_array(data), np.asarray(unwrapped(segment_ids))
    if ids.ndim != 1 or ids.shape[0] != data.shape[0]:
        raise ValueError(
            "`segment_ids` must be a vector with one number for each slice of `data`; got shapes "
            f"{ids.shape} and {data.shape}."
        )
    count = int(ids.max(initial=-1)) + 1 if num_segments is None else int(num_segments)
    if (ids >= count).any():
        raise ValueError(f"Segment {ids.max()} is out of range: there are {count} segments.")
    if empty is None:
        info = np.finfo(data.dtype) if data.dtype.kind == "f" else np.iinfo(data.dtype)
        empty = info.min if reduce is np.max else info.max
    order = np.argsort(ids, kind="stable")[np.sum(ids < 0) :]
    lengths = np.bincount(ids[order], minlength=count)
    place = np.arange(order.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = np.full((count, max(lengths.max(initial=0), 1)), data.shape[0])
    rows[ids[order], place] = order
    neutral = np.full_like(unwrapped(data), empty, shape=(1, *data.shape[1:]))
    return in_dtype(reduce(np.concatenate([data, neutral])[rows], axis=1), data.dtype)


# -- the largest -----------------------------------------------------------------------------------


class TopK(NamedTuple):
    """The largest values and their positions."""

    values: Array
    indices: Array


def top_k(x: Array, k: int, sorted: bool = True) -> TopK:
    """The k largest along the last axis, in descending order, and their positions.

    Of equal ones the first comes first. sorted: their order; it is always kept here.
    """
    x = as_array(x)
    positions = _descending(x, k)
    return TopK(np.take_along_axis(x, unwrapped(positions), axis=-1), positions)


@values_only
def _descending(x: Array, k: int) -> Array:
    """The positions of the k largest; from the end, for equal ones to keep their order."""
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    return (x.shape[-1] - 1 - backwards).astype(np.int32)


@values_only
def in_top_k(targets: Array, predictions: Array, k: int) -> Array:
    """Whether fewer than k classes have a larger value than the target's:  (B,) and (B, C) → (B,).

    False where the target is no class, or its value is not finite.
    """
    targets, predictions = as_array(targets), as_array(predictions)
    valid = (targets >= 0) & (targets < predictions.shape[-1])
    own = np.take_along_axis(predictions, np.where(valid, targets, 0)[:, None], axis=-1)
    larger = np.sum(predictions > own, axis=-1)
    return valid & np.isfinite(own[:, 0]) & (larger < k)


# -- distances, frames, roots, determinants --------------------------------------------------------


def cdist(x: Array, y: Array) -> Array:
    """√Σ (x_i - y_j)² for each pair of rows:  (…, m, d) and (…, n, d) → (…, m, n).

    The gradient of a distance 0 is 0. Raises ValueError where ranks or lengths do not fit.
    """
    x, y = aligned(x, y, weak=(float,))
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"cdist takes rows of one length, in two axes or more; got {x.shape} and {y.shape}."
        )
    return np.linalg.norm(np.expand_dims(x, -2) - np.expand_dims(y, -3), axis=-1)


def extract_sequences(x: Array, sequence_length: int, sequence_stride: int) -> Array:
    """Windows along the last axis:  (…, T) → (…, number of windows, sequence_length)."""
    x = as_array(x)
    count = max(0, 1 + (x.shape[-1] - sequence_length) // sequence_stride)
    starts = np.arange(count) * sequence_stride
    return x[..., starts[:, None] + np.arange(sequence_length)]


def rsqrt(x: Array) -> Array:
    """1/√x"""
    return 1.0 / np.sqrt(floating(x))


def logdet(x: Array) -> Array:
    """The logarithm of the determinant of each positive definite matrix, by its Cholesky factor."""
    factor = np.linalg.cholesky(floating(x))
    return 2.0 * np.sum(np.log(np.diagonal(factor, axis1=-2, axis2=-1)), axis=-1)


@values_only
def view_as_complex(x: Array) -> Array:
    """Pairs in the last axis as real and imaginary part; complex numbers carry no gradient.

    Raises ValueError where the last axis has not length 2.
    """
    x = as_array(x)
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(f"The last axis must hold real and imaginary part; got shape {x.shape}.")
    return x[..., 0].astype(np.complex64) + 1j * x[..., 1].astype(np.complex64)


@values_only
def view_as_real(x: Array) -> Array:
    """Real and imaginary part as pairs in a new last axis."""
    x = as_array(x)
    return np.stack([np.real(x), np.imag(x)], axis=-1)
