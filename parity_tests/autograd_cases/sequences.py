"""Along a line: accumulation, differences, interpolation, convolution, polynomials."""

import numpy as np
import tensorflow as tf
from factory import (
    DISTINCT,
    NONZERO,
    POSITIVE,
    REAL,
    Domain,
    calls,
    elementwise,
    reduction,
    shape,
    sized,
)
from hypothesis import strategies as st

from autograd_cases.table import MATRIX, SMALL, VECTOR, case, case_if, constant

ONE_AXIS = {"several": False, "everything": False, "keepdims": False}
ONE_OR_ALL = {"several": False, "keepdims": False}

# -- accumulation ----------------------------------------------------------------------------------

case(np.cumsum, reduction(REAL, **ONE_AXIS), tf.cumsum)
case(np.cumsum, reduction(REAL, **ONE_OR_ALL))
case(np.cumprod, reduction(NONZERO, **ONE_AXIS), tf.math.cumprod)
case(np.cumprod, reduction(REAL, **ONE_OR_ALL))
case(np.add, calls(MATRIX, REAL), tf.cumsum, np.add.accumulate)
case(np.multiply, calls(MATRIX, REAL), None, np.multiply.accumulate)
case(np.maximum, calls(MATRIX, DISTINCT), None, np.maximum.accumulate)
case(np.minimum, calls(MATRIX, DISTINCT), None, lambda x: np.minimum.accumulate(x, axis=1))
for _name in ("cumulative_sum", "cumulative_prod"):
    drawn = calls(MATRIX, REAL, axis=st.integers(0, 1), include_initial=st.booleans())
    case_if(np, _name, drawn)

# -- differences and integrals ---------------------------------------------------------------------

case(np.diff, calls(shape(1, 2, 3), REAL, n=st.integers(0, 2)))
case(
    np.diff,
    calls(sized((2, 3), (2, 1)), REAL),
    None,
    lambda x, z: np.diff(x, prepend=z, append=x[0, 0]),
)
case(np.ediff1d, calls(MATRIX, REAL))
case(
    np.ediff1d,
    calls(sized((4,), (2,)), REAL),
    None,
    lambda x, e: np.ediff1d(x, to_end=e, to_begin=0.0),
)
case(np.gradient, calls(shape(1, 2, 3), REAL, edge_order=st.integers(1, 2)))
case(np.gradient, calls(sized((3, 4)), REAL), None, lambda x: np.gradient(x, 0.5, 2.0))
case(np.trapezoid, calls(shape(1, 2, 2), REAL, dx=0.5))
case(np.trapezoid, calls(sized((2, 4), (4,)), REAL))
case(np.trapezoid, calls(sized((4, 2), (4,)), REAL), None, lambda y, x: np.trapezoid(y, x, axis=0))

# -- between points --------------------------------------------------------------------------------

case(
    np.interp,
    calls(sized((2, 3), (4,)), Domain(-0.8, 3.8, (0.0, 1.0, 2.0, 3.0), margin=0.1), REAL),
    None,
    lambda x, fp: np.interp(x, np.arange(4.0, dtype=fp.dtype, like=fp), fp),
)
case(np.linspace, elementwise(REAL, REAL, num=st.integers(1, 4)))
case(
    np.linspace,
    calls(sized((2,), ()), REAL),
    None,
    lambda a, b: np.linspace(a, b, 3, False, axis=1),
)
case(np.logspace, elementwise(SMALL, SMALL, num=3))
case(np.geomspace, elementwise(POSITIVE, POSITIVE, num=3))

# -- convolution and windows -----------------------------------------------------------------------

for _mode in ("full", "same", "valid"):
    case(np.convolve, calls(sized((5,), (3,)), REAL, mode=_mode))
    case(np.correlate, calls(sized((5,), (3,)), REAL, mode=_mode))
    case(np.correlate, calls(sized((2,), (4,)), REAL, mode=_mode))
case(
    np.lib.stride_tricks.sliding_window_view,
    calls(sized((3, 4)), REAL),
    None,
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)),
)
case(
    np.lib.stride_tricks.sliding_window_view,
    calls(sized((2, 5)), REAL),
    None,
    lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, axis=-1),
)
case(np.fft.fftshift, calls(shape(1), REAL), tf.signal.fftshift)
case(np.fft.ifftshift, calls(shape(1), REAL), tf.signal.ifftshift)

# -- polynomials -----------------------------------------------------------------------------------

case(np.polyval, calls(sized((4,), (2, 2)), REAL), lambda p, x: tf.math.polyval(tf.unstack(p), x))
case(np.polyval, calls(sized((2,)), REAL), None, lambda x: np.polyval([3.0, 0.5, 1.0], x))
case(np.vander, calls(VECTOR, NONZERO, increasing=st.booleans()))
case(np.vander, calls(VECTOR, REAL), None, lambda x: np.vander(x, 3))
for _function in (np.polyadd, np.polysub, np.polymul):
    case(_function, calls(sized((2,), (4,)), NONZERO))
case(np.polyder, calls(sized((4,)), REAL, m=st.integers(0, 2)))
case(np.polyint, calls(sized((3,)), REAL, m=st.integers(0, 2)))
case(
    np.bincount,
    calls(sized((4,)), REAL),
    lambda w: tf.math.unsorted_segment_sum(w, [0, 2, 2, 1], 4),
    lambda w: np.bincount(constant([0, 2, 2, 1], w), w, 4),
)
