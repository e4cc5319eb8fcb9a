"""Averages, ranks, covariances, and what leaves NaN out."""

import keras
import numpy as np
import tensorflow as tf
from factory import DISTINCT, POSITIVE, REAL, calls, reduction, sized
from hypothesis import strategies as st

from autograd_cases.table import SMALL, SPREAD, case, constant

case(np.average, reduction(REAL), tf.reduce_mean)
case(np.average, calls(sized((2, 3), (3,)), REAL, POSITIVE), None, lambda x, w: np.average(x, 1, w))
case(
    np.average,
    calls(sized((2, 3), (2, 3)), REAL, POSITIVE),
    None,
    lambda x, w: np.average(x, weights=w, returned=True),
)
case(np.median, reduction(DISTINCT), keras.ops.median)
case(np.quantile, reduction(DISTINCT), None, lambda x, **k: np.quantile(x, [0.2, 0.5, 1.0], **k))
case(np.percentile, reduction(DISTINCT), None, lambda x, **k: np.percentile(x, 30.0, **k))
case(np.cov, calls(sized((3, 4)), REAL, rowvar=st.booleans(), ddof=st.sampled_from([None, 0])))
case(np.cov, calls(sized((4,), (4,)), REAL))

# Rows that are far from parallel, where the correlation is clipped at ±1.
ROWS = [[1.0, 2.0, 0.0, -1.0, 3.0], [2.0, -1.0, 0.0, 1.0, 0.5], [0.0, 1.0, -2.0, 2.0, 1.0]]
case(
    np.corrcoef,
    calls(sized((3, 5)), SMALL),
    None,
    lambda x: np.corrcoef(0.3 * x + constant(ROWS, x).astype(x.dtype)),
)


def _with_nan(function, **fixed):
    """`function` of an array whose first number is replaced by NaN."""

    def holed(x, **keywords):
        places = np.reshape(np.arange(np.size(x), like=x), np.shape(x))
        return function(np.where(places == 0, np.nan, x), **fixed, **keywords)

    return holed


for _function in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanmedian):
    case(_function, reduction(DISTINCT, min_side=2), None, _with_nan(_function))
for _function in (np.nanvar, np.nanstd):
    case(_function, reduction(SPREAD, min_side=3), None, _with_nan(_function, ddof=1))
for _function in (np.nancumsum, np.nancumprod):
    accumulated = reduction(REAL, several=False, keepdims=False)
    case(_function, accumulated, None, _with_nan(_function))
case(np.nanquantile, reduction(DISTINCT, min_side=2), None, _with_nan(np.nanquantile, q=0.3))
case(
    np.nanpercentile,
    reduction(DISTINCT, min_side=2),
    None,
    _with_nan(np.nanpercentile, q=[30.0, 60.0]),
)
