"""Order and choice: sorting, searching, picking by position, counting, sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.ops.dtypes import aligned, as_array, as_tensors, common_dtype, has_tensor, values_only
from numpynn.ops.numpy.elementwise import _positions
from numpynn.typing import Array

__all__ = [
    "argpartition", "argsort", "bincount", "diff", "digitize", "histogram", "isin", "nonzero",
    "searchsorted", "select", "sort", "take", "take_along_axis", "unique",
]  # fmt: skip

# -- order -----------------------------------------------------------------------------------------


def sort(x: Array, axis: int | None = -1) -> Array:
    """In ascending order along an axis; all elements in a row for axis=None."""
    return np.sort(as_array(x), axis=axis)


@values_only
def argsort(x: Array, axis: int | None = -1) -> Array:
    """The positions in ascending order, equal elements in theirs."""
    x = as_array(x)
    if not x.ndim:
        return np.zeros(1, np.int32)
    return np.argsort(x, axis=axis, kind="stable").astype(np.int32)


@values_only
def argpartition(x: Array, kth: int, axis: int | None = -1) -> Array:
    """Positions, those of the smaller elements before the k-th, of the larger behind it."""
    return np.argpartition(as_array(x), kth, axis=axis).astype(np.int32)


@values_only
def searchsorted(sorted_sequence: Array, values: Array, side: Any = "left") -> Array:
    """Where `values` would go in a sorted vector, before ("left") or behind equal elements.

    Raises ValueError where the sequence is not a vector.
    """
    sequence = as_array(sorted_sequence)
    if sequence.ndim != 1:
        raise ValueError(f"searchsorted takes a sorted vector; got shape {sequence.shape}.")
    return np.searchsorted(sequence, as_array(values), side=side).astype(np.int32)


def diff(a: Array, n: int = 1, axis: int = -1) -> Array:
    """Each element minus the one before, n times. Raises ValueError for n < 0 and for a number."""
    a = as_array(a)
    if n < 0 or (n and not a.ndim):
        raise ValueError(f"diff takes n >= 0 and an axis; got n={n} and shape {a.shape}.")
    return np.diff(a, n=n, axis=axis) if n else a


# -- picking ---------------------------------------------------------------------------------------


def take(x: Array, indices: Array, axis: int | None = None) -> Array:
    """The elements at `indices`, from the end where negative; of the flat array for axis=None.

    Raises IndexError for places outside.
    """
    return _picked(np.take, as_array(x), indices, axis)


def take_along_axis(x: Array, indices: Array, axis: int | None = None) -> Array:
    """For each line along an axis, the elements at its own indices.

    Raises ValueError for axis=None where `indices` is not a vector.
    """
    x = as_array(x)
    if axis is None:
        if np.ndim(indices) != 1:
            raise ValueError(f"Without an axis, take a vector of indices; got {np.shape(indices)}.")
        return _picked(np.take, x, indices, 0 if x.ndim == 1 else None)
    return _picked(np.take_along_axis, x, indices, axis)


def _picked(function: Any, x: Array, indices: Array, axis: int | None) -> Array:
    places = as_array(getattr(indices, "array", indices))
    places = places if places.dtype.kind in "iu" else places.astype(np.int64)
    picked = function(x, places, axis=axis)
    return as_tensors(picked) if has_tensor([indices]) else picked


def select(condlist: Sequence[Array], choicelist: Sequence[Array], default: Array = 0) -> Array:
    """For each place the first choice whose condition holds, `default` where none does.

    Raises ValueError for what is not a list, or empty.
    """
    for name, given in (("condlist", condlist), ("choicelist", choicelist)):
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(f"`{name}` must be a list with something in it; got {given!r}.")
    *choices, default = (as_array(x) for x in aligned(*choicelist, default))
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = np.where(as_array(condition, bool), choice, result)
    return result


def nonzero(x: Array) -> Any:
    """Where the elements are that are not 0: their places along each axis."""
    return _positions(as_array(x))


# -- counts ----------------------------------------------------------------------------------------


@values_only
def digitize(x: Array, bins: Array) -> Array:
    """How many of the ascending `bins` are not above each element."""
    return np.searchsorted(as_array(bins), as_array(x), side="right").astype(np.int32)


@values_only
def bincount(
    x: Array, weights: Array | None = None, minlength: int = 0, sparse: bool = False
) -> Array:
    """How often each whole number from 0 is there, or the sum of its weights; in each row.

    Raises ValueError for sparse=True: arrays here are dense.
    """
    if sparse:
        raise ValueError("sparse=True is not available: NumPy's arrays are dense.")
    x = as_array(x).astype(np.int64)
    dtype = np.dtype(np.int32)
    if weights is not None:
        weights = as_array(weights)
        dtype = common_dtype(dtype, weights.dtype)
    length = np.maximum(minlength, x.max() + 1 if x.size else 0)
    rows = x.reshape(-1, x.shape[-1])
    shares = [None] * len(rows) if weights is None else weights.reshape(rows.shape)
    counts = [np.bincount(row, share, length) for row, share in zip(rows, shares)]
    return np.stack(counts).astype(dtype).reshape(*x.shape[:-1], -1)


@values_only
def histogram(
    x: Array, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Array, Array]:
    """How many elements of a vector fall into each of `bins` equal parts of `range`, and the edges.

    Raises TypeError and ValueError for other numbers of bins, ranges and shapes.
    """
    if not isinstance(bins, int):
        raise TypeError(f"`bins` must be an integer; got {bins!r}.")
    if bins < 0:
        raise ValueError(f"`bins` must not be negative; got {bins}.")
    if range and (not isinstance(range, tuple) or len(range) < 2 or range[1] < range[0]):
        raise ValueError(f"`range` must be a tuple of two numbers in order; got {range!r}.")
    x = as_array(x)
    if x.ndim > 1:
        raise ValueError(f"histogram takes a vector; got shape {x.shape}.")
    counts, edges = np.histogram(x, bins=bins, range=range or None)
    return counts.astype(x.dtype), edges.astype(x.dtype)


# -- sets ------------------------------------------------------------------------------------------


@values_only
def isin(x1: Array, x2: Array, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element of x1 is among those of x2; `invert`: whether it is not."""
    x1, x2 = aligned(x1, x2)
    return np.isin(x1, x2, assume_unique=assume_unique, invert=invert)


@values_only
def unique(
    x: Array,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, or slices along `axis`: in order, or as they come (sorted=False).

    return_index: where each is first. return_inverse: which of them each element is.
    return_counts: how often each is there. size: so many of them, filled up with `fill_value` (0).
    """
    x = as_array(x)
    values, index, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    along = 0 if axis is None else axis
    if not sorted:
        order = np.argsort(index)
        values, index, counts = np.take(values, order, axis=along), index[order], counts[order]
        inverse = np.argsort(order)[inverse]
    if size is not None:
        values = _sized(values, size, fill_value or 0, along)
        index, counts = _sized(index, size, 1, 0), _sized(counts, size, 0, 0)
    positions = {"index": index, "inverse": inverse, "counts": counts}
    wanted = {"index": return_index, "inverse": return_inverse, "counts": return_counts}
    extra = tuple(positions[name].astype(np.int32) for name in positions if wanted[name])
    return (values, *extra) if extra else values


def _sized(x: Array, size: int, fill: Any, axis: int) -> Array:
    """`x` cut or filled up to a length."""
    x = np.moveaxis(x, axis, 0)[:size]
    widths = [(0, size - len(x))] + [(0, 0)] * (x.ndim - 1)
    return np.moveaxis(np.pad(x, widths, constant_values=fill), 0, axis)
