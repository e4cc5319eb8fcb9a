"""Activations, value by value.

    relu      max(x, 0)                 sigmoid   1 / (1 + e^(-x))      softplus  ln(1 + e^x)
    elu       x, or α (e^x - 1) if x < 0     silu      x σ(x)           gelu      x Φ(x)

Each primitive has its formula beside it, as NumPy would write it (`plain`), and below that what is
computed: the same without overflow, with small values kept small, in few passes. Derivatives at
kinks are TensorFlow's: 0 for relu at 0 and for relu6 and hard_sigmoid at their bounds, the slope
for leaky_relu, 1 for elu.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.autograd.tensor import Tensor
from numpynn.ops.dtypes import as_array, floating
from numpynn.ops.erf import erfc, erfc_values
from numpynn.typing import Array

__all__ = [
    "celu", "elu", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "log_sigmoid", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "swish",
    "tanh_shrink", "threshold",
]  # fmt: skip

# -- rectifiers ------------------------------------------------------------------------------------

# From this size on `clip` with two bounds is the faster: 8 µs instead of 26 for (128, 512).
_LARGE = 4096


def positive_part(x: Array) -> Array:
    """max(x, 0) of a raw array."""
    return x.clip(0.0, math.inf) if x.size > _LARGE else np.maximum(x, 0.0)


def negative_part(x: Array) -> Array:
    """min(x, 0) of a raw array."""
    return x.clip(-math.inf, 0.0) if x.size > _LARGE else np.minimum(x, 0.0)


@primitive(plain=lambda x: np.maximum(0.0, x))  # a tie goes to the first: the slope at 0 is 0
def relu(x: Array) -> tuple[Array, Any]:
    """max(x, 0).  Source: Nair and Hinton 2010."""
    x = as_array(x)
    y = positive_part(x) if x.dtype.kind == "f" else np.maximum(x, 0)
    return y, lambda g: (g * (y > 0),)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6)"""
    return _between(as_array(x), 0, 6)


@primitive(plain=lambda x, negative_slope=0.2: np.where(x > 0, x, negative_slope * x))
def leaky_relu(x: Array, negative_slope: float = 0.2) -> tuple[Array, Any]:
    """x, or negative_slope · x where x <= 0.  Source: Maas, Hannun and Ng 2013."""
    x = floating(x)
    slope = float(negative_slope)
    y = (np.maximum if slope <= 1 else np.minimum)(x, slope * x)
    return y, lambda g: (np.where(x > 0, g, slope * g),)


# -- exponential -----------------------------------------------------------------------------------


@primitive(plain=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))))
def elu(x: Array, alpha: float = 1.0) -> tuple[Array, Any]:
    """x, or α (e^x - 1) where x <= 0.  Source: Clevert, Unterthiner and Hochreiter 2016."""
    x = floating(x)
    alpha = float(alpha)
    y = np.expm1(negative_part(x))
    if alpha == 1.0:
        y = np.maximum(x, y)  # e^x - 1 is never below x, and 0 where x > 0
        return y, lambda g: (g * (negative_part(y) + 1.0),)
    y *= alpha
    y += positive_part(x)
    return y, lambda g: (g * np.where(x > 0, 1.0, y + alpha),)


_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


@primitive(
    plain=lambda x: _SELU_SCALE * np.where(x < 0, _SELU_ALPHA * np.expm1(np.minimum(0.0, x)), x)
)
def selu(x: Array) -> tuple[Array, Any]:
    """1.0507… · elu(x, α = 1.67326…): keeps mean 0 and variance 1 from layer to layer.

    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """
    x = floating(x)
    negative = np.expm1(negative_part(x))
    negative *= _SELU_SCALE * _SELU_ALPHA
    y = positive_part(x)
    y *= _SELU_SCALE
    y += negative
    slope_at_zero = _SELU_SCALE * _SELU_ALPHA
    return y, lambda g: (g * np.where(y < 0, y + slope_at_zero, _SELU_SCALE),)


def celu(x: Array, alpha: float = 1.0) -> Array:
    """x, or α (e^(x/α) - 1) where x < 0: smooth at 0.  Source: Barron 2017, arXiv:1704.07483."""
    x = floating(x)
    return np.maximum(0.0, x) + alpha * np.expm1(np.minimum(x, 0.0) / alpha)


# -- sigmoids --------------------------------------------------------------------------------------


def sigmoid_values(x: Array) -> Array:
    """1 / (1 + e^(-x)) of a raw array. Small values keep the digits that ½ + ½ tanh(x/2) loses."""
    with np.errstate(over="ignore"):  # e^(-x) = inf gives 0, as it should
        y = np.exp(-x)
    y += 1.0
    return 1.0 / y


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^(-x)), from 0 to 1. The output remembers `x` as its logits."""
    x = floating(x)
    return remembering(_sigmoid(x), x)


def remembering(output: Array, logits: Array) -> Array:
    """`output`, which knows where it comes from: cross-entropies go back to there."""
    if isinstance(output, Tensor):
        output.logits = logits
    return output


@primitive(plain=lambda x: np.exp(-np.logaddexp(0.0, -x)))
def _sigmoid(x: Array) -> tuple[Array, Any]:
    y = sigmoid_values(x)
    return y, lambda g: (g * y * (1.0 - y),)


@primitive(plain=lambda x: np.logaddexp(x, 0.0))
def softplus(x: Array) -> tuple[Array, Any]:
    """ln(1 + e^x): relu made smooth.  Its slope is σ(x) = 1 - e^(-y)."""
    x = floating(x)
    y = _log1p_exp_minus_abs(x)
    y += positive_part(x)
    return y, lambda g: (g * -np.expm1(-y),)


@primitive(plain=lambda x: -np.logaddexp(-x, 0.0))
def log_sigmoid(x: Array) -> tuple[Array, Any]:
    """ln σ(x) = -ln(1 + e^(-x)).  Its slope is 1 - σ(x) = 1 - e^y."""
    x = floating(x)
    y = negative_part(x)
    y -= _log1p_exp_minus_abs(x)
    return y, lambda g: (g * -np.expm1(y),)


def _log1p_exp_minus_abs(x: Array) -> Array:
    """ln(1 + e^(-|x|)): what softplus adds to max(x, 0). No overflow, no cancellation."""
    return np.log1p(np.exp(-np.abs(x)))


@primitive(plain=lambda x: x * np.exp(-np.logaddexp(0.0, -x)))
def silu(x: Array) -> tuple[Array, Any]:
    """x σ(x), also called swish.  Source: Ramachandran, Zoph and Le 2017, arXiv:1710.05941."""
    x = floating(x)
    s = sigmoid_values(x)
    y = x * s

    def of_x(g: Array) -> tuple[Array]:
        slope = 1.0 - s
        slope *= y
        slope += s
        slope *= g
        return (slope,)

    return y, of_x


swish = silu


def glu(x: Array, axis: int = -1) -> Array:
    """a σ(b), where a and b are the halves of `x` along `axis`.

    Raises ValueError where the axis does not halve.
    Source: Dauphin et al. 2017, arXiv:1612.08083.
    """
    x = floating(x)
    if x.shape[axis] % 2:
        raise ValueError(f"glu halves axis {axis}, whose length must be even; got shape {x.shape}.")
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


# -- gelu ------------------------------------------------------------------------------------------


def gelu(x: Array, approximate: bool = True) -> Array:
    """x Φ(x), with Φ the distribution function of a normal variable.

    approximate: Φ(x) ≈ ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).
    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """
    return _gelu_tanh(x) if approximate else _gelu_erf(x)


_ROOT_2_OVER_PI = math.sqrt(2.0 / math.pi)
_CUBIC = 0.044715


@primitive(
    plain=lambda x: 0.5 * x * (1.0 + np.tanh(_ROOT_2_OVER_PI * x * (1.0 + _CUBIC * np.square(x))))
)
def _gelu_tanh(x: Array) -> tuple[Array, Any]:
    x = floating(x)
    t = x * x
    t *= _CUBIC * _ROOT_2_OVER_PI
    t += _ROOT_2_OVER_PI
    t *= x
    t = np.tanh(t)
    y = t + 1.0
    y *= x
    y *= 0.5

    def of_x(g: Array) -> tuple[Array]:
        """½ (1 + t) + ½ x (1 - t²) √(2/π) (1 + 3 · 0.044715 x²)"""
        slope = x * x
        slope *= 3.0 * _CUBIC * _ROOT_2_OVER_PI
        slope += _ROOT_2_OVER_PI
        slope *= x
        slope *= 1.0 - t
        slope += 1.0
        slope *= 1.0 + t
        slope *= g
        slope *= 0.5
        return (slope,)

    return y, of_x


@primitive(plain=lambda x: 0.5 * x * erfc(x * -math.sqrt(0.5)))
def _gelu_erf(x: Array) -> tuple[Array, Any]:
    x = floating(x)
    cdf = erfc_values(x * -math.sqrt(0.5))
    cdf *= 0.5

    def of_x(g: Array) -> tuple[Array]:
        """Φ(x) + x φ(x)"""
        slope = x * x
        slope *= -0.5
        slope = np.exp(slope)
        slope *= x
        slope *= 1.0 / math.sqrt(2.0 * math.pi)
        slope += cdf
        slope *= g
        return (slope,)

    return x * cdf, of_x


# -- pieces of straight lines ----------------------------------------------------------------------


def _between(x: Array, low: float, high: float) -> Array:
    """`x` held between two bounds; at them no gradient flows, since a tie goes to the first."""
    return np.maximum(low, np.minimum(high, x))


def hard_sigmoid(x: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6: straight from 0 at -3 to 1 at 3."""
    return _between(floating(x) + 3.0, 0.0, 6.0) / 6.0


def hard_silu(x: Array) -> Array:
    """x · hard_sigmoid(x).  Source: Howard et al. 2019, arXiv:1905.02244."""
    x = floating(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


def hard_tanh(x: Array) -> Array:
    """min(max(x, -1), 1); the gradient passes at the bounds."""
    return np.clip(floating(x), -1.0, 1.0)


def sparse_sigmoid(x: Array) -> Array:
    """(x + 1) / 2 held between 0 and 1."""
    return 0.5 * (_between(floating(x), -1.0, 1.0) + 1.0)


def sparse_plus(x: Array) -> Array:
    """0 for x <= -1, x for x >= 1, (x + 1)²/4 between: the integral of `sparse_sigmoid`."""
    x = floating(x)
    return np.where(x < 1.0, 0.25 * np.square(np.clip(x, -1.0, 1.0) + 1.0), x)


def threshold(x: Array, threshold: float, default_value: float) -> Array:
    """x where it is above `threshold`, default_value elsewhere."""
    x = floating(x)
    return np.where(x > threshold, x, default_value)


def hard_shrink(x: Array, threshold: float = 0.5) -> Array:
    """x where |x| > threshold, 0 elsewhere."""
    x = floating(x)
    return np.where(np.abs(x) > threshold, x, 0.0)


def soft_shrink(x: Array, threshold: float = 0.5) -> Array:
    """x moved towards 0 by `threshold`, 0 where it would cross it."""
    x = floating(x)
    return np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, 0.0))


# -- other shapes ----------------------------------------------------------------------------------


@primitive(plain=lambda x: x / (1.0 + np.abs(x)))
def softsign(x: Array) -> tuple[Array, Any]:
    """x / (1 + |x|), from -1 to 1."""
    x = floating(x)
    divisor = np.abs(x)
    divisor += 1.0
    return x / divisor, lambda g: (g / (divisor * divisor),)


def squareplus(x: Array, b: float = 4) -> Array:
    """(x + √(x² + b)) / 2: a smooth relu without exponentials.

    Source: Barron 2021, arXiv:2112.11687.
    """
    x = floating(x)
    return 0.5 * (x + np.sqrt(np.square(x) + b))


def tanh_shrink(x: Array) -> Array:
    """x - tanh(x)"""
    x = floating(x)
    return x - np.tanh(x)
