"""Along axes: sums, means, variances, extremes, products."""

import numpy as np
import tensorflow as tf
from factory import DISTINCT, NONZERO, REAL, calls, reduction, sized
from hypothesis import strategies as st

from autograd_cases.table import SPREAD, case


def _lower(x):
    """Which numbers of a matrix lie in its lower triangle."""
    return np.tri(*x.shape, 1, like=x) > 0


WHERE = calls(sized((3, 4)), REAL)

case(np.sum, reduction(REAL), tf.reduce_sum)
case(np.sum, WHERE, None, lambda x: np.sum(x, 0, where=_lower(x)))
case(np.add, reduction(REAL), tf.reduce_sum, np.add.reduce)
case(np.mean, reduction(REAL), tf.reduce_mean)
case(np.mean, WHERE, None, lambda x: np.mean(x, 1, where=_lower(x), keepdims=True))
case(np.var, reduction(REAL), tf.math.reduce_variance)
case(np.var, reduction(REAL, min_side=3, ddof=st.integers(0, 1)))
case(np.var, WHERE, None, lambda x: np.var(x, 0, where=_lower(x)))
case(np.std, reduction(SPREAD, min_side=2), tf.math.reduce_std)
case(np.std, reduction(SPREAD, min_side=3, correction=1))
case(np.max, reduction(DISTINCT), tf.reduce_max)
case(np.min, reduction(DISTINCT), tf.reduce_min)
case(np.amax, reduction(DISTINCT), tf.reduce_max)
case(np.amin, reduction(DISTINCT), tf.reduce_min)
case(np.maximum, reduction(DISTINCT), tf.reduce_max, np.maximum.reduce)
case(np.minimum, reduction(DISTINCT), tf.reduce_min, np.minimum.reduce)
case(np.ptp, reduction(DISTINCT, min_side=2))
case(np.prod, reduction(REAL))
case(np.prod, reduction(NONZERO), tf.reduce_prod)  # whose second derivative at zeros is wrong
case(np.multiply, reduction(NONZERO), tf.reduce_prod, np.multiply.reduce)
