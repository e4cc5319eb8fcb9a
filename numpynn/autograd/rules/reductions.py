"""Along axes: sums, means, variances, extremes, products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd.rules.elementwise import root
from numpynn.autograd.rules.sequences import products_before
from numpynn.autograd.rules.table import compose, define, values


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` (None, a number, a tuple) names, counted from 0."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def kept(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction of `x` along `axis`, with the reduced axes back as length 1."""
    if keepdims or axis is None:
        return reduced  # against all axes it broadcasts as it is
    return np.expand_dims(reduced, axes_of(axis, x.ndim))


def joined_last(x: Any, axis: Any) -> Any:
    """`x` with the axes of `axis` joined into one, at the end."""
    axes = axes_of(axis, x.ndim)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    sizes = [x.shape[a] for a in rest]
    moved = np.transpose(x, rest + axes)
    return np.reshape(moved, (*sizes, math.prod(x.shape[a] for a in axes)))


# -- sums and means --------------------------------------------------------------------------------


def _count(x: Any, axis: Any, where: Any = True) -> Any:
    """How many elements one reduced value stands for."""
    if where is True:
        return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    return np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=True).astype(x.dtype)


def _spread(g: Any, x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    """The cotangent of a reduced value for each element that counts."""
    each = g if axis is None else kept(g, x, axis, keepdims)
    return each if where is True else np.where(where, each, 0.0)


def _sum(x: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    if where is True:
        return x.sum(axis, None, None, keepdims)  # a third of the cost of np.sum
    return np.sum(x, axis=axis, keepdims=keepdims, where=where)


define(
    np.sum,
    lambda g, y, x, axis=None, keepdims=False, where=True: (
        g if axis is None and where is True else _spread(g, x, axis, keepdims, where)
    ),
    compute=_sum,
)


def _of_mean(
    g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    return _spread(g, x, axis, keepdims, where) / _count(x, axis, where)


define(np.mean, _of_mean)


def _of_variance(
    g: Any,
    y: Any,
    x: Any,
    axis: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    correction: float = 0,
) -> Any:
    """∂y/∂x_i = 2 (x_i - mean) / (n - ddof)"""
    deviation = x - np.mean(x, axis=axis, keepdims=True, where=where)
    degrees = _count(x, axis, where) - (ddof or correction)
    return 2.0 * _spread(g, x, axis, keepdims, where) * deviation / degrees


define(np.var, _of_variance)


@compose(np.std)
def _std(
    a: Any,
    axis: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    correction: float = 0,
) -> Any:
    return root(np.var(a, axis=axis, ddof=ddof or correction, keepdims=keepdims, where=where))


# -- extremes: ties share the gradient evenly ------------------------------------------------------


def _of_extreme(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    chosen = (x == kept(y, x, axis, keepdims)).astype(x.dtype)
    share = chosen / np.sum(chosen, axis=axis, keepdims=True)
    return kept(g, x, axis, keepdims) * share


for _extreme in (np.max, np.min, np.amax, np.amin):
    define(_extreme, _of_extreme)


@compose(np.ptp)
def _ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ e^x, with the largest x taken out: `np.logaddexp.reduce`."""
    largest = np.max(values(x), axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axes_of(axis, x.ndim))


# -- products: by the products of all the others, so that zeros do no harm -------------------------


def _of_prod(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    axes = axes_of(axis, x.ndim)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    joined = joined_last(x, axis)
    after = np.flip(products_before(np.flip(joined, axis=-1)), axis=-1)
    others = np.reshape(products_before(joined) * after, [x.shape[a] for a in rest + axes])
    return kept(g, x, axis, keepdims) * np.moveaxis(others, range(x.ndim), rest + axes)


define(np.prod, _of_prod)
