"""Picking elements: slices, integer and boolean arrays, sorting. What is picked twice adds up."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import among, compose, define, define_each, like, own, values
from numpynn.autograd.tape import Scatter


def picks_once(index: Any) -> bool:
    """Whether no element can be picked twice: slices, numbers and boolean masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, slice | int | np.integer)
        or (hasattr(part, "dtype") and part.dtype == bool)
        for part in parts
    )


@own
def placed(picked: Any, index: Any, x: Any) -> Any:
    """Zeros in the shape of `x` with `picked` added at `index`: the adjoint of `x[index]`."""
    buffer = np.zeros_like(x, dtype=picked.dtype)
    Scatter(picked, index, picks_once(index)).add_into(buffer)
    return buffer


@own
def placed_together(*picked: Any, indices: Any, x: Any) -> Any:
    """Zeros in the shape of `x` with each of `picked` added at its index."""
    buffer = np.zeros_like(x)
    for part, index in zip(picked, indices, strict=True):
        Scatter(part, index, picks_once(index)).add_into(buffer)
    return buffer


define(operator.getitem, lambda g, y, x, index: Scatter(g, index, picks_once(index)))
define(placed, lambda g, y, picked, index, x: g[index])
define_each(placed_together, lambda i, g, y, *picked, indices, x: g[indices[i]])


def _integers(indices: Any, x: Any) -> Any:
    """Indices as an array of the kind of `x`."""
    indices = values(indices)
    return indices if hasattr(indices, "dtype") else np.asarray(indices, like=like(x))


def along(indices: Any, axis: int, x: Any) -> tuple[Any, ...]:
    """The index with which `x[index]` picks `indices` along `axis`, one for each place in them."""
    steps = [np.arange(n, like=like(x)) for n in x.shape]
    places = [np.reshape(s, (-1, *(1,) * (x.ndim - 1 - i))) for i, s in enumerate(steps)]
    places[axis] = indices
    return tuple(places)


# -- by number -------------------------------------------------------------------------------------


@compose(np.take)
def _take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    indices = _integers(indices, a)
    if axis is None:
        a, axis = np.ravel(a), 0
    size = a.shape[axis]
    if mode == "wrap":
        indices = indices % size
    elif mode == "clip":
        indices = np.clip(indices, 0, size - 1)
    return a[(*(slice(None),) * (axis % a.ndim), indices)]


@compose(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    indices = _integers(indices, arr)
    if axis is None:
        return np.ravel(arr)[np.ravel(indices)]
    return arr[along(indices, axis % arr.ndim, arr)]


@compose(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return _take(a, np.flatnonzero(_integers(condition, a)), axis)


@compose(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[np.flatnonzero(_integers(condition, arr))]


@compose(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return _take(arr, np.delete(np.arange(arr.shape[axis], like=like(arr)), obj), axis)


@compose(np.trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb") -> Any:
    if filt.ndim != 1:
        raise ValueError(f"trim_zeros of a Tensor needs a vector; got shape {filt.shape}.")
    filled = [int(i) for i in np.flatnonzero(filt)] or [filt.size, filt.size - 1]
    start = filled[0] if "f" in trim.lower() else 0
    stop = filled[-1] + 1 if "b" in trim.lower() else filt.size
    return filt[start:stop]


@compose(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


@compose(np.choose)
def _choose(a: Any, choices: Any) -> Any:
    numbers = values(a)
    return _select([numbers == i for i in range(len(choices))], list(choices))


@compose(np.bincount)
def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    x = values(x)
    counts = np.bincount(x, minlength=minlength)
    return counts if weights is None else placed(weights, x, counts)


@compose(np.histogram)
def _histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool = False, weights: Any = None
) -> tuple[Any, Any]:
    """How many of `a`, or how much of `weights`, lies between two edges; only weights count."""
    a = np.ravel(values(a))
    if not hasattr(weights, "node"):
        return np.histogram(a, bins, range, density, weights)
    edges = np.histogram_bin_edges(a, bins, range)
    inside = (a >= edges[0]) & (a <= edges[-1])
    places = np.minimum(np.searchsorted(edges, a[inside], side="right"), edges.size - 1) - 1
    counts = placed(np.ravel(weights)[inside], places, edges[1:])
    return (counts / np.diff(edges) / np.sum(counts) if density else counts), edges


# -- by size ---------------------------------------------------------------------------------------


@compose(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return _take_along_axis(a, np.argsort(values(a), axis=axis, kind=kind), axis)


@compose(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return _take_along_axis(a, np.argpartition(values(a), kth, axis=axis), axis)


def _distinct(x: Any, **wanted: Any) -> tuple[Any, ...]:
    """The distinct elements of `x` in order, where each is first found, and what else is wanted."""
    _, first, *others = np.unique(values(x), return_index=True, **wanted)
    return np.ravel(x)[first], first, *others


@compose(np.unique)
def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Any:
    distinct, first, *others = _distinct(
        ar, return_inverse=return_inverse, return_counts=return_counts
    )
    found = [distinct, *([first] if return_index else []), *others]
    return found[0] if len(found) == 1 else tuple(found)


for _unique_values in among(np, "unique_values"):

    @compose(_unique_values)
    def _only_values(x: Any) -> Any:
        return _distinct(x)[0]


@compose(np.union1d)
def _union(ar1: Any, ar2: Any) -> Any:
    return _unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


@compose(np.setdiff1d)
def _difference(ar1: Any, ar2: Any) -> Any:
    distinct = np.unique(ar1)
    return distinct[~np.isin(distinct, ar2)]


@compose(np.intersect1d)
def _intersection(ar1: Any, ar2: Any) -> Any:
    distinct = np.unique(ar1)
    return distinct[np.isin(distinct, ar2)]


@compose(np.setxor1d)
def _symmetric_difference(ar1: Any, ar2: Any) -> Any:
    return _union(_difference(ar1, ar2), _difference(ar2, ar1))
