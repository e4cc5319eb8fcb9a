"""Element by element."""

import keras
import numpy as np
import tensorflow as tf
from factory import NONZERO, POSITIVE, REAL, UNIT, Domain, calls, elementwise, reduction, sized

from autograd_cases.table import SMALL, STEPS, VECTOR, case, case_if, constant

ABOVE = Domain(2.1, 2.4)  # over ONE, without a multiple of it between
ONE = Domain(0.9, 1.0)

# -- arithmetic ------------------------------------------------------------------------------------

case(np.add, elementwise(REAL, REAL), tf.add)
case(np.subtract, elementwise(REAL, REAL), tf.subtract)
case(np.multiply, elementwise(REAL, REAL), tf.multiply)
case(np.divide, elementwise(REAL, NONZERO), tf.divide)
case(np.negative, elementwise(REAL), tf.negative)
case(np.positive, elementwise(REAL), tf.identity)
case(np.copy, elementwise(REAL), tf.identity)
case(np.reciprocal, elementwise(NONZERO), tf.math.reciprocal)
case(np.square, elementwise(REAL), tf.square)
case(np.remainder, elementwise(ABOVE, ONE), tf.math.floormod)
case(np.fmod, elementwise(Domain(-2.4, -2.1), ONE))
case(np.ldexp, elementwise(REAL), lambda x: x * 8.0, lambda x: np.ldexp(x, 3))
case_if(
    np, "astype", elementwise(REAL), None, lambda x: np.astype(x, np.dtype("f8")), float32=False
)

# -- powers, exponentials, logarithms --------------------------------------------------------------

case(np.power, elementwise(POSITIVE, REAL), tf.pow)
case(np.power, elementwise(NONZERO), lambda x: x**3, lambda x: x**3)
case(np.power, elementwise(REAL), lambda x: 2.0**x, lambda x: 2.0**x)
case(np.float_power, elementwise(POSITIVE, REAL), tf.pow, float32=False)
case(np.sqrt, elementwise(POSITIVE), tf.sqrt)
case(np.cbrt, elementwise(POSITIVE), lambda x: tf.pow(x, 1 / 3))
case(np.exp, elementwise(REAL), tf.exp)
case(np.exp2, elementwise(REAL), lambda x: tf.pow(tf.constant(2.0, x.dtype), x))
case(np.expm1, elementwise(REAL), tf.math.expm1)
case(np.log, elementwise(POSITIVE), tf.math.log)
case(np.log2, elementwise(POSITIVE), keras.ops.log2)
case(np.log10, elementwise(POSITIVE), keras.ops.log10)
case(np.log1p, elementwise(POSITIVE), tf.math.log1p)
case(np.logaddexp, elementwise(REAL, REAL), lambda x, z: tf.math.log(tf.exp(x) + tf.exp(z)))
case(np.logaddexp2, elementwise(REAL, REAL))
case(np.logaddexp, reduction(REAL), tf.reduce_logsumexp, np.logaddexp.reduce)

# -- trigonometry ----------------------------------------------------------------------------------

case(np.sin, elementwise(REAL), tf.sin)
case(np.cos, elementwise(REAL), tf.cos)
case(np.tan, elementwise(SMALL), tf.tan)
case(np.arcsin, elementwise(UNIT), tf.asin)
case(np.arccos, elementwise(UNIT), tf.acos)
case(np.arctan, elementwise(REAL), tf.atan)
case(np.arctan2, elementwise(NONZERO, NONZERO), tf.atan2)
case(np.sinh, elementwise(REAL), tf.sinh)
case(np.cosh, elementwise(REAL), tf.cosh)
case(np.tanh, elementwise(REAL), tf.tanh)
case(np.arcsinh, elementwise(REAL), tf.asinh)
case(np.arccosh, elementwise(Domain(1.2, 3.0)), tf.acosh)
case(np.arctanh, elementwise(UNIT), tf.atanh)
for _function in (np.deg2rad, np.radians):
    case(_function, elementwise(REAL), lambda x: x * (np.pi / 180.0))
for _function in (np.rad2deg, np.degrees):
    case(_function, elementwise(REAL), lambda x: x * (180.0 / np.pi))
case(np.sinc, elementwise(REAL))
case(np.unwrap, calls(VECTOR, Domain(-9.0, 9.0, margin=0.3, distinct=True)))

# -- size, sign, choice ----------------------------------------------------------------------------

case(np.absolute, elementwise(NONZERO), tf.abs)
case(np.fabs, elementwise(NONZERO), tf.abs)
case(np.sign, elementwise(NONZERO), tf.sign)
case(np.copysign, elementwise(NONZERO, NONZERO), lambda x, s: tf.abs(x) * tf.sign(s))
case(np.hypot, elementwise(NONZERO, NONZERO), lambda x, z: tf.sqrt(x * x + z * z))
case(np.heaviside, elementwise(NONZERO, REAL))
case(np.nan_to_num, elementwise(REAL), keras.ops.nan_to_num)
case(
    np.clip,
    elementwise(STEPS),
    lambda x: tf.clip_by_value(x, -1.0, 1.5),
    lambda x: np.clip(x, -1.0, 1.5),
)
case(
    np.clip,
    elementwise(Domain(1.0, 2.0), Domain(0.0, 0.9), Domain(2.1, 3.0)),
    lambda x, low, high: tf.minimum(tf.maximum(x, low), high),
)
for _function, _tf in (
    (np.maximum, tf.maximum),
    (np.minimum, tf.minimum),
    (np.fmax, tf.maximum),
    (np.fmin, tf.minimum),
):
    case(_function, calls(sized((2, 3), (2, 3)), Domain(-2.0, 0.0), Domain(0.1, 2.0)), _tf)
    case(_function, calls(sized((2, 1), (3,)), Domain(0.1, 2.0), Domain(-2.0, 0.0)), _tf)
case(
    np.where,
    calls(sized((2, 3), (3,)), REAL),
    lambda x, z: tf.where([[True, False, True]], x, z),
    lambda x, z: np.where(constant([[True, False, True]], x), x, z),
)
case(
    np.where,
    elementwise(NONZERO),
    lambda x: tf.where(x > 0, x * x, 2.0),
    lambda x: np.where(x > 0, x * x, 2.0),
)

# -- steps -----------------------------------------------------------------------------------------

for _function in (np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around):
    case(_function, elementwise(STEPS))
case(np.floor_divide, elementwise(ABOVE, ONE))
case(np.round, elementwise(Domain(0.02, 0.04)), None, lambda x: np.round(x, decimals=1))
case(np.modf, elementwise(STEPS))
case(np.divmod, elementwise(ABOVE, ONE))
case(np.frexp, elementwise(Domain(1.1, 1.9)))

# -- what could be complex -------------------------------------------------------------------------

case(np.conjugate, elementwise(REAL), tf.identity)
case(np.real, elementwise(REAL), tf.identity)
case(np.imag, elementwise(REAL))
case(np.angle, elementwise(NONZERO))
case(np.real_if_close, elementwise(REAL), tf.identity)
case(np.emath.sqrt, elementwise(POSITIVE), tf.sqrt)
case(np.emath.log, elementwise(POSITIVE), tf.math.log)
case(np.emath.log2, elementwise(POSITIVE))
case(np.emath.log10, elementwise(POSITIVE))
case(np.emath.logn, elementwise(Domain(1.5, 3.0), POSITIVE))
case(np.emath.power, elementwise(POSITIVE, REAL), tf.pow)
case(np.emath.arccos, elementwise(UNIT), tf.acos)
case(np.emath.arcsin, elementwise(UNIT), tf.asin)
case(np.emath.arctanh, elementwise(UNIT), tf.atanh)
