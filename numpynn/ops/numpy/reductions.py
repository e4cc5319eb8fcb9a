"""Along axes: sums, means, extremes, products, quantiles, and the same without NaN.

`axis` is one axis, several, or None for all. Small integers are summed in 32 bits; means of
integers are floats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn.ops.dtypes import (
    aligned,
    as_array,
    at_least_single,
    floating,
    in_dtype,
    standardize_dtype,
    values_only,
)
from numpynn.typing import Array

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "cumprod",
    "cumsum", "max", "mean", "median", "min", "nanargmax", "nanargmin", "nancumprod", "nancumsum",
    "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile",
    "nanstd", "nansum", "nanvar", "percentile", "prod", "ptp", "quantile", "std", "sum", "var",
]  # fmt: skip

Axis = int | Sequence[int] | None

_SUMMED_AS = dict.fromkeys(("bool", "int8", "int16"), "int32")
_SUMMED_AS |= dict.fromkeys(("uint8", "uint16"), "uint32")


def axes_of(axis: Axis) -> int | tuple[int, ...] | None:
    """`axis` as NumPy takes it: a list becomes a tuple."""
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def summable(x: Array) -> Array:
    """`x` in the dtype that its sum has."""
    x = as_array(x)
    wide = _SUMMED_AS.get(x.dtype.name)
    return x if wide is None else x.astype(wide)


# -- sums and products -----------------------------------------------------------------------------


def _total(function: Callable[..., Array], x: Array, axis: Axis, keepdims: bool) -> Array:
    """A sum or product in the dtype of `x`: NumPy's are 64 bits wide for integers."""
    total = function(x, axis=axes_of(axis), keepdims=keepdims)
    return in_dtype(total, x.dtype)


def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x"""
    return _total(np.sum, summable(x), axis, keepdims)


def prod(x: Array, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """Π x, in `dtype` where it is given."""
    x = summable(x) if dtype is None else as_array(x, standardize_dtype(dtype))
    return _total(np.prod, x, axis, keepdims)


def cumsum(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The sums so far; of all elements in a row for axis=None."""
    return _cumulative(np.cumsum, x, axis, dtype)


def cumprod(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The products so far; of all elements in a row for axis=None."""
    return _cumulative(np.cumprod, x, axis, dtype)


def _cumulative(function: Any, x: Array, axis: int | None, dtype: Any) -> Array:
    x = as_array(x, None if dtype is None else standardize_dtype(dtype))
    x = x.astype(np.int32) if x.dtype == bool else x
    total = function(x, axis=axis)
    return in_dtype(total, x.dtype)


# -- means and spread ------------------------------------------------------------------------------


def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ x / n"""
    x = floating(x)
    return in_dtype(np.mean(at_least_single(x), axis=axes_of(axis), keepdims=keepdims), x.dtype)


def var(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean of (x - mean)²."""
    x = floating(x)
    return in_dtype(np.var(at_least_single(x), axis=axes_of(axis), keepdims=keepdims), x.dtype)


def std(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """√var; its gradient is 0 where all values are equal."""
    return np.std(floating(x), axis=axes_of(axis), keepdims=keepdims)


def average(x: Array, axis: int | None = None, weights: Array | None = None) -> Array:
    """Σ w x / Σ w; the mean without weights."""
    if weights is None:
        return np.mean(floating(x), axis=axes_of(axis))
    x, weights = aligned(x, weights, weak=(float,))
    return np.average(x, axis=axis, weights=weights)


# -- extremes --------------------------------------------------------------------------------------


def max(x: Array, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The largest, and at least `initial`; equal ones share the gradient."""
    largest = np.max(as_array(x), axis=axes_of(axis), keepdims=keepdims)
    return largest if initial is None else np.maximum(largest, as_array(initial, largest.dtype))


def min(x: Array, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The smallest, and at most `initial`; equal ones share the gradient."""
    smallest = np.min(as_array(x), axis=axes_of(axis), keepdims=keepdims)
    return smallest if initial is None else np.minimum(smallest, as_array(initial, smallest.dtype))


def amax(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """`max`"""
    return max(x, axis, keepdims)


def amin(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """`min`"""
    return min(x, axis, keepdims)


def ptp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@values_only
def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest, the first of equal ones; in the flat array for axis=None."""
    return np.argmax(as_array(x), axis=axis, keepdims=keepdims).astype(np.int32)


@values_only
def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest, the first of equal ones; in the flat array for axis=None."""
    return np.argmin(as_array(x), axis=axis, keepdims=keepdims).astype(np.int32)


# -- counts and truth ------------------------------------------------------------------------------


@values_only
def all(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether no element is 0."""
    return np.all(as_array(x), axis=axes_of(axis), keepdims=keepdims)


@values_only
def any(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether some element is not 0."""
    return np.any(as_array(x), axis=axes_of(axis), keepdims=keepdims)


@values_only
def count_nonzero(x: Array, axis: Axis = None) -> Array:
    """How many elements are not 0."""
    return np.sum(as_array(x) != 0, axis=axes_of(axis)).astype(np.int32)


# -- by rank ---------------------------------------------------------------------------------------


def quantile(
    x: Array, q: Array, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """The value with the share `q` of the others below it; the axes of `q` come first.

    method: between two neighbours in rank, "linear", "lower", "higher", "midpoint" or "nearest".
    """
    return _quantile(np.quantile, x, np.asarray(q, np.float64), axis, method, keepdims)


def percentile(
    x: Array, q: Array, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """`quantile` with `q` in percent."""
    return quantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def median(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The value in the middle, or the mean of the two there."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanquantile(
    x: Array, q: Array, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """`quantile` of what is not NaN."""
    return _quantile(np.nanquantile, x, np.asarray(q, np.float64), axis, method, keepdims)


def nanpercentile(
    x: Array, q: Array, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """`percentile` of what is not NaN."""
    return nanquantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def nanmedian(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """`median` of what is not NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def _quantile(function: Any, x: Array, q: Array, axis: Axis, method: str, keepdims: bool) -> Array:
    x = floating(x)
    found = function(x, q, axis=axes_of(axis), method=method, keepdims=keepdims)
    return in_dtype(found, x.dtype)


# -- without NaN -----------------------------------------------------------------------------------


def _zero_for_nan(x: Array, instead: float) -> Array:
    x = as_array(x)
    return np.where(np.isnan(x), instead, x) if x.dtype.kind == "f" else x


def nansum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Σ of what is not NaN."""
    return sum(_zero_for_nan(x, 0.0), axis, keepdims)


def nanprod(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Π of what is not NaN."""
    return prod(_zero_for_nan(x, 1.0), axis, keepdims)


def nancumsum(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """`cumsum` with 0 for NaN."""
    return cumsum(_zero_for_nan(x, 0.0), axis, dtype)


def nancumprod(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """`cumprod` with 1 for NaN."""
    return cumprod(_zero_for_nan(x, 1.0), axis, dtype)


def nanmean(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean of what is not NaN; NaN where nothing is left."""
    return np.nanmean(floating(x), axis=axes_of(axis), keepdims=keepdims)


def nanvar(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance of what is not NaN."""
    return np.nanvar(floating(x), axis=axes_of(axis), keepdims=keepdims)


def nanstd(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation of what is not NaN."""
    return np.nanstd(floating(x), axis=axes_of(axis), keepdims=keepdims)


def nanmax(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest of what is not NaN; NaN where nothing is left."""
    return np.nanmax(as_array(x), axis=axes_of(axis), keepdims=keepdims)


def nanmin(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest of what is not NaN; NaN where nothing is left."""
    return np.nanmin(as_array(x), axis=axes_of(axis), keepdims=keepdims)


@values_only
def nanargmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest that is not NaN; -1 where nothing is left."""
    return _nan_position(np.argmax, -np.inf, x, axis, keepdims)


@values_only
def nanargmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest that is not NaN; -1 where nothing is left."""
    return _nan_position(np.argmin, np.inf, x, axis, keepdims)


def _nan_position(
    function: Any, instead: float, x: Array, axis: int | None, keepdims: bool
) -> Array:
    x = as_array(x)
    position = function(_zero_for_nan(x, instead), axis=axis, keepdims=keepdims)
    nothing = np.all(np.isnan(x), axis=axis, keepdims=keepdims)
    return np.where(nothing, -1, position).astype(np.int32)
