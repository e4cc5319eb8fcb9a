"""Averages, medians, quantiles, covariances, and the reductions that leave NaN out."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.rules.elementwise import root
from numpynn.autograd.rules.reductions import axes_of, joined_last
from numpynn.autograd.rules.table import compose, values


def _restored(reduced: Any, x: Any, axis: Any, keepdims: bool, ahead: int = 0) -> Any:
    """`reduced`, with the axes of `x` that are gone back as length 1, `ahead` axes before them."""
    if not keepdims:
        return reduced
    return np.expand_dims(reduced, tuple(a + ahead for a in axes_of(axis, x.ndim)))


# -- averages --------------------------------------------------------------------------------------


@compose(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """Σ w a / Σ w"""
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total = np.full_like(values(mean), np.size(a) / max(np.size(mean), 1))
        return (mean, total) if returned else mean
    if np.shape(weights) != np.shape(a):
        axes = axes_of(axis, np.ndim(a))
        sizes = [n if i in axes else 1 for i, n in enumerate(np.shape(a))]
        order = sorted(range(len(axes)), key=axes.__getitem__)
        weights = np.reshape(np.transpose(weights, order), sizes)
    total = np.sum(np.broadcast_to(weights, np.shape(a)), axis=axis, keepdims=keepdims)
    mean = np.sum(np.multiply(a, weights), axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


# -- by rank ---------------------------------------------------------------------------------------


def _quantiles(a: Any, q: Any, axis: Any, keepdims: bool, method: str, leave_out: bool) -> Any:
    """Linear between the two neighbours in rank; the axes of `q` come first."""
    if method != "linear":
        raise TypeError(f"Quantiles of a Tensor take method='linear'; got {method!r}.")
    levels = [float(p) for p in np.ravel(values(q))]
    if not all(0 <= p <= 1 for p in levels):
        raise ValueError(f"Quantiles lie between 0 and 1 (percentiles, 100); got {q}.")
    ordered = np.sort(joined_last(a, axis), axis=-1)  # NaN last
    missing = np.isnan(ordered)
    count = np.sum(~missing, axis=-1, keepdims=True)
    found = np.stack([_at_rank(ordered, p, count)[..., 0] for p in levels])
    if not leave_out:
        found = np.where(missing[..., -1], np.nan, found)
    found = np.reshape(found, np.shape(q) + found.shape[1:])
    return _restored(found, a, axis, keepdims, np.ndim(q))


def _at_rank(ordered: Any, p: float, count: Any) -> Any:
    """The p-quantile of the first `count` elements along the last axis."""
    rank = p * (np.maximum(count, 1) - 1)
    below = np.floor(rank).astype(int)
    above = np.minimum(below + 1, np.maximum(count, 1) - 1)
    share = (rank - below).astype(ordered.dtype)
    lower = np.take_along_axis(ordered, below, axis=-1)
    return lower + share * (np.take_along_axis(ordered, above, axis=-1) - lower)


def _declare_quantiles(leave_out: bool, quantile: Any, percentile: Any, median: Any) -> None:
    @compose(quantile)
    def of_share(
        a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
    ) -> Any:
        return _quantiles(a, q, axis, keepdims, method, leave_out)

    @compose(percentile)
    def of_percent(
        a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
    ) -> Any:
        return _quantiles(a, np.divide(values(q), 100.0), axis, keepdims, method, leave_out)

    @compose(median)
    def of_half(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return _quantiles(a, 0.5, axis, keepdims, "linear", leave_out)


_declare_quantiles(False, np.quantile, np.percentile, np.median)
_declare_quantiles(True, np.nanquantile, np.nanpercentile, np.nanmedian)

# -- covariance ------------------------------------------------------------------------------------


@compose(np.cov)
def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    """(X - mean) (X - mean)ᵀ / (n - ddof), a variable a row."""
    x = np.atleast_2d(m) if rowvar or np.ndim(m) == 1 else m.T
    if y is not None:
        other = np.atleast_2d(y)
        x = np.concatenate([x, other if rowvar or other.shape[0] == 1 else other.T])
    ddof = (0 if bias else 1) if ddof is None else ddof
    x = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(np.matmul(x, x.T) / (x.shape[1] - ddof))


@compose(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    covariance = np.cov(x, y, rowvar)
    if covariance.ndim == 0:
        return covariance / covariance
    deviation = np.sqrt(np.diagonal(covariance))
    return np.clip(covariance / deviation[:, None] / deviation, -1.0, 1.0)


# -- without NaN -----------------------------------------------------------------------------------


def _filled(a: Any, value: float) -> Any:
    return np.where(np.isnan(a), value, a)


@compose(np.nansum)
def _nansum(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(_filled(a, 0.0), axis=axis, keepdims=keepdims)


@compose(np.nanprod)
def _nanprod(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.prod(_filled(a, 1.0), axis=axis, keepdims=keepdims)


@compose(np.nanmean)
def _nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.mean(a, axis=axis, keepdims=keepdims, where=~np.isnan(a))


@compose(np.nanvar)
def _nanvar(
    a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    there = ~np.isnan(a)
    return np.var(a, axis=axis, ddof=ddof or correction, keepdims=keepdims, where=there)


@compose(np.nanstd)
def _nanstd(
    a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float = 0
) -> Any:
    return root(_nanvar(a, axis, ddof or correction, keepdims))


@compose(np.nanmax)
def _nanmax(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _or_nan(np.max(_filled(a, -np.inf), axis=axis, keepdims=keepdims), a, axis, keepdims)


@compose(np.nanmin)
def _nanmin(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _or_nan(np.min(_filled(a, np.inf), axis=axis, keepdims=keepdims), a, axis, keepdims)


def _or_nan(extreme: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """NaN where there is nothing else."""
    return np.where(np.all(np.isnan(a), axis=axis, keepdims=keepdims), np.nan, extreme)
