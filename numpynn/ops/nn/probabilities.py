"""Scores made into probabilities: softmax, its logarithm, log-sum-exp, sparsemax.

    softmax(x)_i = e^(x_i) / Σ_j e^(x_j)
    log Σ_j e^(x_j) = m + log Σ_j e^(x_j - m),  m = max_j x_j

Subtracting the maximum changes nothing but the range: no exponential overflows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.autograd.rules.table import values
from numpynn.ops.dtypes import floating
from numpynn.ops.nn.elementwise import remembering
from numpynn.typing import Array

__all__ = ["softmax", "log_softmax", "sparsemax"]

Axis = int | Sequence[int] | None


def _over_any_axes(along_one: Callable[..., Any]) -> Callable[..., Any]:
    """A function along one axis, made to take several at once, or None for all of them."""

    @wraps(along_one)
    def call(x: Array, axis: Axis = -1) -> Array:
        if isinstance(axis, int):
            return along_one(x, axis)
        x = floating(x)
        axes = range(x.ndim) if axis is None else [a % x.ndim for a in axis]
        order = [*(a for a in range(x.ndim) if a not in axes), *axes]
        moved = np.transpose(x, order)
        joined = np.reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1))
        result = np.reshape(along_one(joined, -1), moved.shape)
        return np.transpose(result, np.argsort(order))

    return call


def softmax(x: Array, axis: Axis = -1) -> Array:
    """e^(x_i) / Σ_j e^(x_j): positive, with sum 1 along `axis` (one, several, None for all).

    The output of one axis or of all remembers `x` as its logits, which the cross-entropies use.
    Warns where the axis has length 1: the result is then 1 whatever x is.
    """
    x = floating(x)
    if isinstance(axis, int) and x.shape[axis] == 1:
        warnings.warn(
            f"softmax over axis {axis} of shape {x.shape}: the axis has length 1, so every "
            "result is 1. A sigmoid may be meant.",
            stacklevel=2,
        )
    y = _softmax(x, axis)
    return remembering(y, x) if axis is None or isinstance(axis, int) else y


def _plain_softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - _peak(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


@_over_any_axes
@primitive(plain=_plain_softmax)
def _softmax(x: Array, axis: int = -1) -> tuple[Array, Any]:
    p = np.exp(x - largest(x, axis))
    p /= total(p, axis)
    return p, lambda g: (_through_softmax(g, p, axis),)


def _through_softmax(g: Array, p: Array, axis: int) -> Array:
    """p ⊙ (ḡ - Σ ḡ p)"""
    gp = g * p
    gp -= p * total(gp, axis)
    return gp


def _plain_log_softmax(x: Array, axis: int = -1) -> Array:
    shifted = x - _peak(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


@_over_any_axes
@primitive(plain=_plain_log_softmax)
def log_softmax(x: Array, axis: int = -1) -> tuple[Array, Any]:
    """x_i - log Σ_j e^(x_j): the logarithm of `softmax`, without rounding small ones to zero."""
    x = floating(x)
    y = x - largest(x, axis)
    y -= np.log(total(np.exp(y), axis))
    return y, lambda g: (g - np.exp(y) * total(g, axis),)


def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """log Σ e^x along `axis` (one, several, or None for all). Its gradient is the softmax."""
    return _logsumexp(x, tuple(axis) if isinstance(axis, list) else axis, keepdims)


def _plain_logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    peak = _peak(x, axis)
    y = peak + np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axis)


@primitive(plain=_plain_logsumexp)
def _logsumexp(x: Array, axis: Any, keepdims: bool) -> tuple[Array, Any]:
    x = floating(x)
    peak = _peak(x, axis)
    e = np.exp(x - peak)
    sums = e.sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # the logarithm of an empty sum is -inf
        y = np.log(sums) + peak
    value = y if keepdims else np.squeeze(y, axis=axis)
    return value, lambda g: (e / sums * restored(g, sums),)


def sparsemax(x: Array, axis: int = -1) -> Array:
    """max(x - τ, 0) along `axis`: many values are exactly 0.

        τ = (Σ_(k in S) s_k - 1) / |S|      S = {k : k x_(k) > s_k - 1},  s_k = x_(1) + … + x_(k)

    This is Keras's threshold. That of the paper takes the last s_k of S alone, so that the result
    sums to 1; the two agree where one value stands out (|S| = 1).
    Source: Martins and Astudillo 2016, arXiv:1602.02068.
    """
    x = floating(x)
    shape = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
    count = np.arange(1, x.shape[axis] + 1, dtype=x.dtype, like=values(x)).reshape(shape)
    descending = -np.sort(-x, axis=axis, kind="stable")  # the first of equal ones comes first
    sums = np.cumsum(descending, axis=axis)
    support = descending * count > sums - 1.0
    size = np.sum(support, axis=axis, keepdims=True).astype(x.dtype)
    tau = (np.sum(np.where(support, sums, 0.0), axis=axis, keepdims=True) - 1.0) / size
    return np.maximum(x - tau, 0.0)


# -- maxima and sums along an axis, kept as length 1 -----------------------------------------------


_SMALL = 512  # where NumPy's own reductions along short rows are no slower


def largest(x: Array, axis: int) -> Array:
    """The maximum along an axis."""
    if x.ndim == 2 and axis in (-1, 1) and x.size > _SMALL:  # for (128, 10) 3 µs instead of 7
        return x[np.arange(len(x), like=x), x.argmax(-1)][:, None]
    return x.max(axis=axis, keepdims=True)


def total(x: Array, axis: int) -> Array:
    """The sum along an axis."""
    if axis in (-1, x.ndim - 1) and x.size > _SMALL:  # for (128, 512) 5 µs instead of 13
        return np.einsum("...i->...", x)[..., None]
    return x.sum(axis=axis, keepdims=True)


def sum_of_products(x: Array, y: Array, axis: int) -> Array:
    """Σ x y along an axis, which goes."""
    return np.vecdot(x, y) if axis in (-1, x.ndim - 1) else (x * y).sum(axis=axis)


def restored(g: Array, sums: Array) -> Array:
    """`g` with the axes that a sum lost back as length 1, as in `sums`; a number as it is."""
    return g.reshape(sums.shape) if g.shape else g


def _peak(x: Array, axis: Any) -> Array:
    """The maximum along `axis` as a constant; 0 where it is infinite, to avoid inf - inf."""
    peak = values(x).max(axis=axis, keepdims=True)
    return np.where(np.isfinite(peak), peak, 0.0)
