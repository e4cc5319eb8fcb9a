"""Sums, means, products, extremes and norms along axes; cumulative sums and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import compose, define, own


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def kept(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction of `x` along `axis`, with the reduced axes back as length 1."""
    if keepdims or axis is None:
        return reduced  # against all axes it broadcasts as it is
    return np.expand_dims(reduced, _axes(axis, x.ndim))


def _count(x: Any, axis: Any) -> int:
    """How many elements one reduced value stands for."""
    return math.prod(x.shape[a] for a in _axes(axis, x.ndim))


# -- sums --------------------------------------------------------------------------------------------


def _of_sum(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    spread = g if axis is None else kept(g, x, axis, keepdims)
    return spread if where is True else np.where(where, spread, 0.0)


def _of_mean(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return kept(g, x, axis, keepdims) / max(_count(x, axis), 1)


def _deviation(x: Any, axis: Any) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


def _of_var(g: Any, y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return kept(g, x, axis, keepdims) * (2.0 / (_count(x, axis) - ddof)) * _deviation(x, axis)


def _of_std(g: Any, y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    slope = g / np.where(y == 0, 1.0, y)  # 0 where all values are equal
    return kept(slope, x, axis, keepdims) / (_count(x, axis) - ddof) * _deviation(x, axis)


def _sum(x: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    if where is True:
        return x.sum(axis, None, None, keepdims)  # a third of the cost of np.sum
    return np.sum(x, axis=axis, keepdims=keepdims, where=where)


define(np.sum, _of_sum, compute=_sum)
define(np.mean, _of_mean)
define(np.var, _of_var)
define(np.std, _of_std)

# -- extremes: ties share the gradient evenly ----------------------------------------------------------


def _of_extreme(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    chosen = (x == kept(y, x, axis, keepdims)).astype(x.dtype)
    share = chosen / np.sum(chosen, axis=axis, keepdims=True)
    return kept(g, x, axis, keepdims) * share


for _extreme in (np.max, np.min, np.amax, np.amin):
    define(_extreme, _of_extreme)


@compose(np.ptp)
def _ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# -- products: by the products of all the others, so that zeros do no harm ------------------------------


def _flattened(x: Any, axis: Any) -> tuple[Any, Any]:
    """`x` with the axes of `axis` joined into one at the end, and the way back."""
    axes = _axes(axis, x.ndim)
    rest = [a for a in range(x.ndim) if a not in axes]
    order = (*rest, *axes)
    moved = np.transpose(x, order)
    joined = np.reshape(moved, (*(x.shape[a] for a in rest), -1))

    def back(z: Any) -> Any:
        return np.transpose(np.reshape(z, moved.shape), np.argsort(order))

    return joined, back


def _products_before(x: Any) -> Any:
    """`x_1 ⋯ x_(i-1)` for each i along the last axis."""
    ones = np.ones_like(x[..., :1])
    return np.concatenate([ones, np.cumprod(x, axis=-1)[..., :-1]], axis=-1)


def _of_prod(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    joined, back = _flattened(x, axis)
    after = np.flip(_products_before(np.flip(joined, axis=-1)), axis=-1)
    return kept(g, x, axis, keepdims) * back(_products_before(joined) * after)


define(np.prod, _of_prod)


def _of_cumsum(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(_of_cumsum(g, y, np.ravel(x), axis=0), x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


def _of_cumprod(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    """x̄_i = (x_1 ⋯ x_(i-1)) s_i  with  s_i = g_i + x_(i+1) s_(i+1): no division."""
    if axis is None:
        return np.reshape(_of_cumprod(g, y, np.ravel(x), axis=0), x.shape)
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    length = x.shape[-1]
    sums = [g[..., length - 1]] if length else []
    for i in range(length - 2, -1, -1):
        sums.append(g[..., i] + x[..., i + 1] * sums[-1])
    if not sums:
        return np.moveaxis(g, -1, axis)
    return np.moveaxis(_products_before(x) * np.stack(sums[::-1], axis=-1), -1, axis)


define(np.cumsum, _of_cumsum)
define(np.cumprod, _of_cumprod)

# -- norms ---------------------------------------------------------------------------------------------


@compose(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = _axes(axis, x.ndim)
    if ord in (None, "fro") or (ord == 2 and len(axes) == 1):
        if ord == "fro" and len(axes) != 2:
            raise ValueError(f"The Frobenius norm is for matrices; got {len(axes)} axes.")
        return euclidean(x, axis=axes, keepdims=keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2 and ord in (1, -1, np.inf, -np.inf):
        summed, across = axes if abs(ord) == 1 else axes[::-1]
        sums = np.sum(np.absolute(x), axis=summed, keepdims=True)
        norm = (np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True)
        return norm if keepdims else np.squeeze(norm, axis=axes)
    raise TypeError(f"np.linalg.norm with ord={ord!r} over {len(axes)} axes has no derivative rule.")


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    size = np.absolute(x)
    if ord == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    return np.power(np.sum(np.power(size, ord), axis=axis, keepdims=keepdims), 1.0 / ord)


@own
def euclidean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of `x` along `axis`: sqrt(Σ x²)."""
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _of_euclidean(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    slope = g / np.where(y == 0, 1.0, y)  # 0 at the origin, a subgradient there
    return kept(slope, x, axis, keepdims) * x


define(euclidean, _of_euclidean)
