"""Picking elements: slices, integer and boolean arrays, sorting. Repeated picks add up backwards."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import compose, define, own
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
def placed(values: Any, index: Any, like: Any) -> Any:
    """Zeros in the shape of `like` with `values` added at `index`: the adjoint of `like[index]`."""
    buffer = np.zeros_like(like, dtype=values.dtype)
    Scatter(values, index, picks_once(index)).add_into(buffer)
    return buffer


def _of_getitem(g: Any, y: Any, x: Any, index: Any) -> Any:
    if hasattr(g, "node"):
        return placed(g, index, x.array)
    return Scatter(g, index, picks_once(index))


define(operator.getitem, _of_getitem)
define(placed, lambda g, y, values, index, like: g[index])


@compose(np.take)
def _take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    indices = np.asarray(getattr(indices, "array", indices))
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
    indices = np.asarray(getattr(indices, "array", indices))
    if axis is None:
        return np.ravel(arr)[np.ravel(indices)]
    axis %= arr.ndim
    grid = np.ogrid[tuple(slice(n) for n in indices.shape)]
    for other, n in enumerate(arr.shape):  # an axis of length 1 in arr is broadcast
        if other != axis and n == 1:
            grid[other] = np.zeros_like(grid[other])
    places = list(grid)
    places[axis] = indices
    return arr[tuple(places)]


@compose(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None, stable: Any = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return _take_along_axis(a, np.argsort(a.array, axis=axis, kind="stable"), axis)


@compose(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return _take_along_axis(a, np.argpartition(a.array, kth, axis=axis), axis)


@compose(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return _take(a, np.flatnonzero(getattr(condition, "array", condition)), axis)


@compose(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[np.flatnonzero(np.ravel(getattr(condition, "array", condition)))]


@compose(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return _take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis)


@compose(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


@compose(np.choose)
def _choose(a: Any, choices: Any) -> Any:
    numbers = getattr(a, "array", a)
    return _select([numbers == i for i in range(len(choices))], list(choices))
