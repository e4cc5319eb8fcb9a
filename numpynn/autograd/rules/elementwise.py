"""Element by element: arithmetic, powers, exponentials, trigonometry, comparisons of size.

Conventions at kinks are TensorFlow's: sign(0) = |·|'(0) = 0; a tie of `maximum` goes to the first
argument; `clip` passes the gradient at its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import compose, define, own, values

# -- arithmetic ------------------------------------------------------------------------------------

define(np.add, lambda g, y, x, z: g, lambda g, y, x, z: g)
define(np.subtract, lambda g, y, x, z: g, lambda g, y, x, z: -g)
define(np.multiply, lambda g, y, x, z: g * z, lambda g, y, x, z: g * x)
define(np.divide, lambda g, y, x, z: g / z, lambda g, y, x, z: -g * y / z)
define(np.negative, lambda g, y, x: -g)
define(np.positive, lambda g, y, x: g)
define(np.reciprocal, lambda g, y, x: -g * y * y)
define(np.square, lambda g, y, x: 2.0 * g * x)
define(np.remainder, lambda g, y, x, z: g, lambda g, y, x, z: -g * np.floor_divide(x, z))
define(np.fmod, lambda g, y, x, z: g, lambda g, y, x, z: -g * np.rint((x - y) / z))
define(np.ldexp, lambda g, y, x, e: np.ldexp(g, e), None)


@own
def cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype."""
    return x.astype(dtype)


define(cast, lambda g, y, x, dtype: g)  # the sweep returns it to the dtype of x


@compose(np.copy)
def _copy(a: Any) -> Any:
    return np.positive(a)


# -- powers, exponentials and logarithms -----------------------------------------------------------


def _times_one_power_less(p: Any, x: Any) -> Any:
    """p x^(p-1), with 0·0^(-1) taken as 0."""
    if isinstance(p, (int, float)):
        return p * x ** (p - 1 if p else 1)
    return p * np.where((x == 0) & (p == 0), 1.0, x) ** (p - 1)


def _log_of_base(x: Any) -> Any:
    """log x, and 0 where x <= 0, as TensorFlow has it."""
    if isinstance(x, (int, float)):
        return math.log(x) if x > 0 else 0.0
    return np.log(np.where(x > 0, x, 1.0))


for _power in (np.power, np.float_power):
    define(
        _power,
        lambda g, y, x, p: g * _times_one_power_less(p, x),
        lambda g, y, x, p: g * y * _log_of_base(x),
    )
define(np.sqrt, lambda g, y, x: 0.5 * g / y)


@own
def root(x: Any) -> Any:
    """√x with the derivative 0 at 0, for lengths and standard deviations."""
    return np.sqrt(x)


define(root, lambda g, y, x: np.where(y == 0, 0.0, 0.5 * g / _divisor(y)))
define(np.cbrt, lambda g, y, x: g / (3.0 * y * y))
define(np.exp, lambda g, y, x: g * y)
define(np.exp2, lambda g, y, x: g * y * math.log(2.0))
define(np.expm1, lambda g, y, x: g * (y + 1.0))
define(np.log, lambda g, y, x: g / x)
define(np.log2, lambda g, y, x: g / (x * math.log(2.0)))
define(np.log10, lambda g, y, x: g / (x * math.log(10.0)))
define(np.log1p, lambda g, y, x: g / (1.0 + x))


def _divisor(y: Any) -> Any:
    """`y`, and 1 where it is 0: what is divided by it is 0 there."""
    return np.where(y == 0, 1.0, y)


def _less(x: Any, y: Any) -> Any:
    """`x - y` for the share e^x / e^y; 0 where both are the same infinity."""
    return np.where(x == y, 0.0, x - y)


define(
    np.logaddexp,
    lambda g, y, x, z: g * np.exp(_less(x, y)),
    lambda g, y, x, z: g * np.exp(_less(z, y)),
)
define(
    np.logaddexp2,
    lambda g, y, x, z: g * np.exp2(_less(x, y)),
    lambda g, y, x, z: g * np.exp2(_less(z, y)),
)

# -- trigonometry ----------------------------------------------------------------------------------

define(np.sin, lambda g, y, x: g * np.cos(x))
define(np.cos, lambda g, y, x: -g * np.sin(x))
define(np.tan, lambda g, y, x: g * (1.0 + y * y))
define(np.arcsin, lambda g, y, x: g / np.sqrt((1.0 - x) * (1.0 + x)))
define(np.arccos, lambda g, y, x: -g / np.sqrt((1.0 - x) * (1.0 + x)))
define(np.arctan, lambda g, y, x: g / (1.0 + x * x))
define(
    np.arctan2,
    lambda g, angle, y, x: g * x / (x * x + y * y),
    lambda g, angle, y, x: -g * y / (x * x + y * y),
)
define(np.sinh, lambda g, y, x: g * np.cosh(x))
define(np.cosh, lambda g, y, x: g * np.sinh(x))
define(np.tanh, lambda g, y, x: g * (1.0 - y * y))
define(np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1.0))
define(np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))
define(np.arctanh, lambda g, y, x: g / ((1.0 - x) * (1.0 + x)))
for _to_radians in (np.deg2rad, np.radians):
    define(_to_radians, lambda g, y, x: g * (math.pi / 180.0))
for _to_degrees in (np.rad2deg, np.degrees):
    define(_to_degrees, lambda g, y, x: g * (180.0 / math.pi))


@own
def sine_quotient(x: Any, order: int) -> Any:
    """The derivative of the given order of `sin(x)/x`, exact at 0 too.

    Away from 0 by `x S_n = sin(x + nπ/2) - n S_(n-1)`, near it by the power series.
    """
    near = np.abs(x) <= order + 1.0
    far = np.where(near, order + 2.0, x)
    quotient = np.sin(far) / far
    for n in range(1, order + 1):
        quotient = (np.sin(far + n * math.pi / 2.0) - n * quotient) / far
    close = np.where(near, x, 0.0)
    return np.where(near, _series(close, order), quotient).astype(x.dtype)


def _series(x: Any, order: int) -> Any:
    """Σ_k (-1)^k x^(2k-n) / ((2k+1) (2k-n)!)  over 2k >= n, the n-th derivative of sin(x)/x."""
    first = (order + 1) // 2
    total = np.zeros_like(x)
    for k in range(first + order + 14, first - 1, -1):
        power = 2 * k - order
        total = total + (-1.0) ** k / ((2 * k + 1) * math.factorial(power)) * x**power
    return total


define(sine_quotient, lambda g, y, x, order: g * sine_quotient(x, order + 1))


@compose(np.sinc)
def _sinc(x: Any) -> Any:
    return sine_quotient(math.pi * x, 0)


define(np.unwrap, lambda g, y, p, discont=None, axis=-1, period=2.0 * math.pi: g)

# -- size and sign ---------------------------------------------------------------------------------


define(np.absolute, lambda g, y, x: g * np.sign(x))
define(np.fabs, lambda g, y, x: g * np.sign(x))
define(np.sign, lambda g, y, x: np.zeros_like(x))
define(
    np.copysign,
    lambda g, y, x, s: g * np.sign(x) * np.copysign(1.0, s),
    lambda g, y, x, s: np.zeros_like(y),
)
define(
    np.hypot,
    lambda g, y, x, z: g * x / _divisor(y),
    lambda g, y, x, z: g * z / _divisor(y),
)
define(np.maximum, lambda g, y, x, z: g * (x >= z), lambda g, y, x, z: g * (x < z))
define(np.minimum, lambda g, y, x, z: g * (x <= z), lambda g, y, x, z: g * (x > z))
define(
    np.fmax,
    lambda g, y, x, z: g * ((x >= z) | np.isnan(z)),
    lambda g, y, x, z: g * ((x < z) | np.isnan(x)),
)
define(
    np.fmin,
    lambda g, y, x, z: g * ((x <= z) | np.isnan(z)),
    lambda g, y, x, z: g * ((x > z) | np.isnan(x)),
)
define(np.heaviside, None, lambda g, y, x, at_zero: g * (x == 0))


@own
def between(x: Any, low: Any, high: Any) -> Any:
    """`x` where it lies in `low ... high`, else the bound; None bounds nothing."""
    return np.clip(x, low, high)


def _within(x: Any, low: Any, high: Any) -> Any:
    above = low is None or x >= low
    return above if high is None else above & (x <= high)


define(
    between,
    lambda g, y, x, low, high: g * _within(x, low, high),
    lambda g, y, x, low, high: g * (x < low),
    lambda g, y, x, low, high: g * (x > high),
)


@compose(np.clip)
def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    return between(a, a_min if min is None else min, a_max if max is None else max)


@own
def either(condition: Any, x: Any, z: Any) -> Any:
    """`x` where the condition holds, else `z`."""
    return np.where(condition, x, z)


define(
    either,
    None,
    lambda g, y, condition, x, z: np.where(condition, g, 0.0),
    lambda g, y, condition, x, z: np.where(condition, 0.0, g),
)


@compose(np.where)
def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.nonzero(condition)
    return either(condition, x, y)


define(np.nan_to_num, lambda g, y, x, nan=0.0, posinf=None, neginf=None: g * np.isfinite(x))

# -- steps: piecewise constant, so no gradient flows -----------------------------------------------

for _step in (np.floor, np.ceil, np.rint, np.trunc, np.fix):
    define(_step, None)
define(np.floor_divide, None, None)


@own
def rounded(a: Any, decimals: int = 0) -> Any:
    """`a` with this many decimals."""
    return np.round(a, decimals)


define(rounded, None)
compose(np.round, np.around)(rounded)


@own
def fraction(x: Any) -> Any:
    """What stands behind the decimal point."""
    return np.modf(x)[0]


define(fraction, lambda g, y, x: g)


@compose(np.modf)
def _modf(x: Any) -> tuple[Any, Any]:
    return fraction(x), np.trunc(x)


@compose(np.divmod)
def _divmod(x: Any, z: Any) -> tuple[Any, Any]:
    return np.floor_divide(x, z), np.remainder(x, z)


@compose(np.frexp)
def _frexp(x: Any) -> tuple[Any, Any]:
    """x = mantissa · 2^exponent"""
    exponent = np.frexp(values(x))[1]
    return np.ldexp(x, -exponent), exponent


# -- complex numbers: derivatives are taken along the real line only -------------------------------

define(np.conjugate, lambda g, y, x: np.conjugate(g))
define(np.real, lambda g, y, val: g)


def _of_imaginary_part(g: Any, y: Any, val: Any) -> Any:
    if val.dtype.kind == "c":
        raise TypeError("np.imag of complex Tensors has no derivative rule.")
    return np.zeros_like(val)


define(np.imag, _of_imaginary_part)


@own
def angle(z: Any, deg: bool = False) -> Any:
    """0 for what is positive, π (or 180) for what is negative."""
    return np.angle(z, deg)


define(angle, None)


@compose(np.angle)
def _angle(z: Any, deg: bool = False) -> Any:
    _must_be_real(z.dtype.kind != "c", np.angle)
    return angle(z, deg)


@compose(np.real_if_close)
def _real_if_close(a: Any) -> Any:
    _must_be_real(a.dtype.kind != "c", np.real_if_close)
    return np.positive(a)


def _must_be_real(holds: Any, function: Any) -> None:
    if not np.all(holds):
        raise TypeError(
            f"np.{function.__name__} of a Tensor would be complex, and derivatives are taken of "
            "real values only. Use the values: t.numpy()."
        )


def _where_real(name: str, is_complex: Callable[[Any], Any]) -> None:
    """`np.emath.name` is `np.name` wherever that is real."""
    function = getattr(np, name)

    @compose(getattr(np.emath, name))
    def formula(x: Any) -> Any:
        _must_be_real(~is_complex(values(x)), function)
        return function(x)


for _name in ("sqrt", "log", "log2", "log10"):
    _where_real(_name, lambda x: x < 0)
for _name in ("arccos", "arcsin", "arctanh"):
    _where_real(_name, lambda x: np.abs(x) > 1)


@compose(np.emath.logn)
def _logn(n: Any, x: Any) -> Any:
    return np.emath.log(x) / np.emath.log(n)


@compose(np.emath.power)
def _power_of_positive(x: Any, p: Any) -> Any:
    _must_be_real(~(values(x) < 0), np.power)
    return np.power(x, p)
