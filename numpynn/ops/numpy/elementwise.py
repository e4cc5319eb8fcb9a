"""Element by element. Most names are NumPy's functions, with Keras's dtypes (see `dtypes.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.autograd.rules.table import values
from numpynn.ops.dtypes import (
    aligned,
    as_array,
    floating,
    values_only,
)
from numpynn.typing import Array

__all__ = [
    "abs", "absolute", "add", "allclose", "angle", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "bitwise_and", "bitwise_invert", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "cbrt", "ceil", "clip",
    "conj", "conjugate", "copy", "cos", "cosh", "deg2rad", "divide", "divide_no_nan", "equal",
    "exp", "exp2", "expm1", "fabs", "floor", "floor_divide", "fmax", "fmin", "fmod", "gcd",
    "greater", "greater_equal", "heaviside", "hypot", "i0", "imag", "isclose", "isfinite", "isinf",
    "isnan", "isneginf", "isposinf", "isreal", "lcm", "ldexp", "left_shift", "less", "less_equal",
    "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "maximum", "minimum", "mod", "multiply", "nan_to_num", "negative",
    "nextafter", "not_equal", "power", "rad2deg", "real", "reciprocal", "right_shift", "round",
    "sign", "signbit", "sin", "sinc", "sinh", "sqrt", "square", "subtract", "tan", "tanh",
    "true_divide", "trunc", "where",
]  # fmt: skip


def _named(call: Callable[..., Any], function: Any, doc: str) -> Any:
    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = f"`np.{function.__name__}`{doc}."
    return call


def _of_floats(function: Any, int64: str | None = None) -> Any:
    def call(x: Array) -> Array:
        return function(floating(x, int64))

    return _named(call, function, " of `x`; integers become floats first")


def _of_one(function: Any) -> Any:
    def call(x: Array) -> Array:
        return function(as_array(x))

    return _named(call, function, " of `x`, in its own dtype")


def _of_two(function: Any, *weak: type) -> Any:
    def call(x1: Array, x2: Array) -> Array:
        return function(*aligned(x1, x2, weak=weak))

    return _named(call, function, " of `x1` and `x2` in their common dtype")


def _of_bits(function: Any) -> Any:
    def call(x: Array, y: Array) -> Array:
        return function(*aligned(x, y))

    return values_only(_named(call, function, " of `x` and `y` in their common dtype"))


def _test_of_one(function: Any) -> Any:
    return values_only(_of_one(function))


def _test_of_two(function: Any) -> Any:
    return values_only(_of_two(function))


# -- of one number, as floats ----------------------------------------------------------------------

arccos = _of_floats(np.arccos)
arccosh = _of_floats(np.arccosh)
arcsin = _of_floats(np.arcsin)
arcsinh = _of_floats(np.arcsinh)
arctan = _of_floats(np.arctan)
arctanh = _of_floats(np.arctanh)
cbrt = _of_floats(np.cbrt, int64="float64")
ceil = _of_floats(np.ceil)
cos = _of_floats(np.cos)
cosh = _of_floats(np.cosh)
deg2rad = _of_floats(np.deg2rad, int64="float64")
exp = _of_floats(np.exp)
exp2 = _of_floats(np.exp2)
expm1 = _of_floats(np.expm1)
fabs = _of_floats(np.fabs)
floor = _of_floats(np.floor)
log = _of_floats(np.log)
log10 = _of_floats(np.log10)
log1p = _of_floats(np.log1p)
log2 = _of_floats(np.log2)
rad2deg = _of_floats(np.rad2deg, int64="float64")
sin = _of_floats(np.sin)
sinh = _of_floats(np.sinh)
sqrt = _of_floats(np.sqrt)
tan = _of_floats(np.tan)
tanh = _of_floats(np.tanh)
angle = values_only(_of_floats(np.angle))


def sinc(x: Array) -> Array:
    """sin(πx) / (πx), 1 at 0."""
    x = floating(x)
    turned = np.pi * np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sin(turned) / turned)


def _cosines(x: Array) -> Array:
    """cos θ for 256 angles θ from 0 to π."""
    return np.cos((np.arange(256, dtype=x.dtype, like=values(x)) + 0.5) * (np.pi / 256))


def _plain_i0(x: Array) -> Array:
    """The mean of e^(x cos θ) over angles θ: for a periodic function the sum converges at once."""
    return np.mean(np.exp(np.expand_dims(x, -1) * _cosines(x)), axis=-1)


@primitive(plain=_plain_i0)
def _i0(x: Array) -> tuple[Array, Any]:
    def of_x(g: Array) -> tuple[Array]:
        cosines = _cosines(x)
        return (g * np.mean(np.exp(x[..., None] * cosines) * cosines, axis=-1),)

    return np.i0(x).astype(x.dtype), of_x


def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind, of order 0."""
    return _i0(floating(x, int64="float64"))


# -- of one number, in its own dtype ---------------------------------------------------------------

absolute = _of_one(np.absolute)
conjugate = conj = _of_one(np.conjugate)
imag = _of_one(np.imag)
negative = _of_one(np.negative)
real = _of_one(np.real)
reciprocal = _of_one(np.reciprocal)
sign = _of_one(np.sign)
abs = absolute


def copy(x: Array) -> Array:
    """A copy of `x`, with its history."""
    return np.copy(as_array(x))


def square(x: Array) -> Array:
    """x²; booleans become int32."""
    x = as_array(x)
    return np.square(x.astype(np.int32) if x.dtype == bool else x)


def trunc(x: Array) -> Array:
    """`x` without its fraction."""
    x = as_array(x)
    return np.trunc(x) if x.dtype.kind == "f" else x


def round(x: Array, decimals: int = 0) -> Array:
    """`x` rounded to `decimals`, halves to the even neighbour."""
    x = as_array(x)
    if x.dtype.kind in "iu":
        return x if decimals >= 0 else np.round(floating(x), decimals).astype(x.dtype)
    return np.round(x, decimals)


def clip(x: Array, x_min: Array, x_max: Array) -> Array:
    """`x` held between `x_min` and `x_max`; the gradient passes at the bounds."""
    x = as_array(x)
    x = x.astype(np.int32) if x.dtype == bool else x
    bounds = (b if type(b) in (int, float) else as_array(b, x.dtype) for b in (x_min, x_max))
    return np.clip(x, *bounds).astype(x.dtype)


def nan_to_num(
    x: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """NaN and infinities replaced by numbers; infinities by the dtype's largest unless given."""
    x = as_array(x)
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf) if x.dtype.kind in "fc" else x


# -- of two numbers --------------------------------------------------------------------------------

add = _of_two(np.add)
floor_divide = _of_two(np.floor_divide)
fmax = _of_two(np.fmax)
fmin = _of_two(np.fmin)
maximum = _of_two(np.maximum)
minimum = _of_two(np.minimum)
multiply = _of_two(np.multiply)
power = _of_two(np.power)
subtract = _of_two(np.subtract)
arctan2 = _of_two(np.arctan2, float)
divide = _of_two(np.divide, float)
logaddexp = _of_two(np.logaddexp, float)
logaddexp2 = _of_two(np.logaddexp2, float)
nextafter = values_only(_of_two(np.nextafter, float))
true_divide = divide


def divide_no_nan(x1: Array, x2: Array) -> Array:
    """x1 / x2, and 0 where x2 is 0."""
    x1, x2 = aligned(x1, x2, weak=(float,))
    none = np.equal(x2, 0)
    return np.where(none, 0.0, x1 / np.where(none, 1.0, x2))


def mod(x1: Array, x2: Array) -> Array:
    """x1 - x2 ⌊x1/x2⌋, with the sign of x2; booleans become int32."""
    return np.remainder(*_no_booleans(x1, x2))


def fmod(x1: Array, x2: Array) -> Array:
    """What is left of x1 after taking x2 away, with the sign of x1; booleans become int32."""
    return np.fmod(*_no_booleans(x1, x2))


def _no_booleans(x1: Array, x2: Array) -> list[Array]:
    pair = aligned(x1, x2)
    if all(getattr(x, "dtype", None) == np.bool_ for x in pair):
        return [x.astype(np.int32) for x in pair]
    return pair


def hypot(x1: Array, x2: Array) -> Array:
    """√(x1² + x2²)"""
    return np.hypot(*_wide_floats(x1, x2))


def heaviside(x1: Array, x2: Array) -> Array:
    """0 where x1 < 0, 1 where x1 > 0, x2 where x1 = 0."""
    return np.heaviside(*_wide_floats(x1, x2))


def _wide_floats(x1: Array, x2: Array) -> list[Array]:
    """Both in their common dtype as floats, float64 if it was int64."""
    return [floating(x, int64="float64") for x in aligned(x1, x2)]


def ldexp(x1: Array, x2: Array) -> Array:
    """x1 · 2^x2 for integers x2. Raises TypeError for others."""
    x1, x2 = floating(x1), as_array(x2)
    if x2.dtype.kind not in "iu":
        raise TypeError(f"The exponent of ldexp must be an integer; got dtype {x2.dtype}.")
    return np.ldexp(x1, x2.astype(np.int32))


def where(condition: Array, x1: Array | None = None, x2: Array | None = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; without them, the positions where it holds.

    Raises ValueError where one of the two is missing.
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("`where` takes both `x1` and `x2`, or neither.")
    condition = as_array(condition, bool)
    if x1 is None:
        return _positions(condition)
    x1, x2 = aligned(x1, x2)
    return np.where(condition, x1, x2)


@values_only
def _positions(condition: Array) -> Any:
    return tuple(i.astype(np.int32) for i in np.nonzero(condition))


# -- values without derivatives: tests, bits, whole numbers ----------------------------------------

isfinite = _test_of_one(np.isfinite)
isinf = _test_of_one(np.isinf)
isnan = _test_of_one(np.isnan)
isneginf = _test_of_one(np.isneginf)
isposinf = _test_of_one(np.isposinf)
isreal = _test_of_one(np.isreal)
logical_not = _test_of_one(np.logical_not)
bitwise_invert = bitwise_not = _test_of_one(np.invert)

bitwise_and = _of_bits(np.bitwise_and)
bitwise_or = _of_bits(np.bitwise_or)
bitwise_xor = _of_bits(np.bitwise_xor)
bitwise_left_shift = left_shift = _of_bits(np.left_shift)
bitwise_right_shift = right_shift = _of_bits(np.right_shift)
equal = _test_of_two(np.equal)
greater = _test_of_two(np.greater)
greater_equal = _test_of_two(np.greater_equal)
less = _test_of_two(np.less)
less_equal = _test_of_two(np.less_equal)
logical_and = _test_of_two(np.logical_and)
logical_or = _test_of_two(np.logical_or)
logical_xor = _test_of_two(np.logical_xor)
not_equal = _test_of_two(np.not_equal)


@values_only
def signbit(x: Array) -> Array:
    """Whether the sign is minus, of -0.0 too."""
    x = as_array(x)
    return np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0)


@values_only
def gcd(x1: Array, x2: Array) -> Array:
    """The greatest common divisor. Raises TypeError for what is not an integer."""
    return np.gcd(*_integers("gcd", x1, x2))


@values_only
def lcm(x1: Array, x2: Array) -> Array:
    """The least common multiple. Raises TypeError for what is not an integer."""
    return np.lcm(*_integers("lcm", x1, x2))


def _integers(name: str, x1: Array, x2: Array) -> list[Array]:
    pair = [as_array(x) for x in aligned(x1, x2)]
    if any(x.dtype.kind not in "iu" for x in pair):
        raise TypeError(f"{name} takes integers; got dtypes {pair[0].dtype} and {pair[1].dtype}.")
    return pair


@values_only
def isclose(
    x1: Array, x2: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Array:
    """|x1 - x2| <= atol + rtol |x2|; integers must be equal. NaN equals NaN only with equal_nan."""
    x1, x2 = (as_array(x) for x in aligned(x1, x2))
    if np.result_type(x1, x2).kind not in "fc":
        return np.equal(x1, x2)
    return np.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


@values_only
def allclose(
    x1: Array, x2: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Array:
    """Whether `isclose` holds everywhere."""
    return np.all(isclose(x1, x2, rtol, atol, equal_nan))
