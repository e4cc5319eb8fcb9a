"""Element by element: arithmetic, powers, exponentials, trigonometry, comparisons of size.

Conventions at kinks are TensorFlow's: sign(0) = |·|'(0) = 0; a tie of `maximum` goes to the first
argument; `clip` passes the gradient at its bounds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import compose, define, own

# -- arithmetic ------------------------------------------------------------------------------------

define(np.add, lambda g, y, x, z: g, lambda g, y, x, z: g)
define(np.subtract, lambda g, y, x, z: g, lambda g, y, x, z: -g)
define(np.multiply, lambda g, y, x, z: g * z, lambda g, y, x, z: g * x)
define(np.divide, lambda g, y, x, z: g / z, lambda g, y, x, z: -g * y / z)
define(np.negative, lambda g, y, x: -g)
define(np.positive, lambda g, y, x: g)
define(np.reciprocal, lambda g, y, x: -g * y * y)
define(np.square, lambda g, y, x: 2.0 * g * x)
define(np.remainder, lambda g, y, x, z: g, lambda g, y, x, z: -g * np.floor(x / z))
define(np.fmod, lambda g, y, x, z: g, lambda g, y, x, z: -g * np.trunc(x / z))
define(np.conjugate, lambda g, y, x: g)
define(np.real, lambda g, y, x: g)
define(np.imag, None)


@own
def cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype."""
    return x.astype(dtype)


define(cast, lambda g, y, x, dtype: g)  # the sweep returns it to the dtype of x


# -- powers, exponentials and logarithms -------------------------------------------------------------


def _one_less(p: Any) -> Any:
    """The exponent of x in (x^p)', with 0·x^(-1) taken as 0."""
    if isinstance(p, (int, float)):
        return p - 1 if p else 1
    return np.where(p == 0, 1.0, p - 1)


def _power_of_base(g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * p * x ** _one_less(p)


def _power_of_exponent(g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * y * np.log(np.where(x > 0, x, 1.0))  # 0 where x <= 0, as TensorFlow has it


define(np.power, _power_of_base, _power_of_exponent)
define(np.float_power, _power_of_base, _power_of_exponent)
define(np.sqrt, lambda g, y, x: 0.5 * g / y)
define(np.cbrt, lambda g, y, x: g / (3.0 * y * y))
define(np.exp, lambda g, y, x: g * y)
define(np.exp2, lambda g, y, x: g * y * math.log(2.0))
define(np.expm1, lambda g, y, x: g * (y + 1.0))
define(np.log, lambda g, y, x: g / x)
define(np.log2, lambda g, y, x: g / (x * math.log(2.0)))
define(np.log10, lambda g, y, x: g / (x * math.log(10.0)))
define(np.log1p, lambda g, y, x: g / (1.0 + x))


def _share(y: Any, x: Any) -> Any:
    """How much of the sum e^y is e^x; 1 where both are the same infinity."""
    return np.where(x == y, 0.0, x - y)


define(
    np.logaddexp,
    lambda g, y, x, z: g * np.exp(_share(y, x)),
    lambda g, y, x, z: g * np.exp(_share(y, z)),
)
define(
    np.logaddexp2,
    lambda g, y, x, z: g * np.exp2(_share(y, x)),
    lambda g, y, x, z: g * np.exp2(_share(y, z)),
)
define(np.ldexp, lambda g, y, x, e: np.ldexp(g, e), None)

# -- trigonometry ------------------------------------------------------------------------------------

define(np.sin, lambda g, y, x: g * np.cos(x))
define(np.cos, lambda g, y, x: -g * np.sin(x))
define(np.tan, lambda g, y, x: g * (1.0 + y * y))
define(np.arcsin, lambda g, y, x: g / np.sqrt(1.0 - x * x))
define(np.arccos, lambda g, y, x: -g / np.sqrt(1.0 - x * x))
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
define(np.arccosh, lambda g, y, x: g / np.sqrt((x - 1.0) * (x + 1.0)))
define(np.arctanh, lambda g, y, x: g / ((1.0 - x) * (1.0 + x)))
for _to_radians in (np.deg2rad, np.radians):
    define(_to_radians, lambda g, y, x: g * (math.pi / 180.0))
for _to_degrees in (np.rad2deg, np.degrees):
    define(_to_degrees, lambda g, y, x: g * (180.0 / math.pi))

# -- size and sign -----------------------------------------------------------------------------------


def _safe(y: Any) -> Any:
    """`y` as a divisor: where it is 0 the gradient is 0, not 0/0."""
    return np.where(y == 0, 1.0, y)


define(np.absolute, lambda g, y, x: g * np.sign(x))
define(np.fabs, lambda g, y, x: g * np.sign(x))
define(np.sign, lambda g, y, x: np.zeros_like(x))
define(
    np.copysign,
    lambda g, y, x, s: g * np.copysign(np.sign(x), x * s),
    lambda g, y, x, s: np.zeros_like(x),
)
define(
    np.hypot,
    lambda g, y, x, z: g * x / _safe(y),
    lambda g, y, x, z: g * z / _safe(y),
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


def _between(x: Any, low: Any, high: Any) -> Any:
    above = True if low is None else x >= low
    return above & (x <= high) if high is not None else above


define(
    np.clip,
    lambda g, y, x, a_min=None, a_max=None: g * _between(x, a_min, a_max),
    lambda g, y, x, a_min=None, a_max=None: g * (x < a_min),
    lambda g, y, x, a_min=None, a_max=None: g * (x > a_max),
)
define(
    np.where,
    None,
    lambda g, y, condition, x, z: np.where(condition, g, 0.0),
    lambda g, y, condition, x, z: np.where(condition, 0.0, g),
)
define(
    np.nan_to_num,
    lambda g, y, x, copy=True, nan=0.0, posinf=None, neginf=None: g * np.isfinite(x),
)

# Steps: piecewise constant, so no gradient flows.
for _step in (np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around):
    define(_step, None)
define(np.floor_divide, None, None)
define(np.heaviside, None, None)


@compose(np.modf)
def _modf(x: Any) -> tuple[Any, Any]:
    return x - np.trunc(x), np.trunc(x)


@compose(np.divmod)
def _divmod(x: Any, z: Any) -> tuple[Any, Any]:
    return x // z, x % z
