"""Activations, with Keras's names, arguments and defaults: functions of arrays or Tensors.

    from numpynn import activations
    activations.get("relu")                  a function by name; None is `linear`
    activations.serialize(activations.relu)  its name

The formulas are those of `ops.nn`. The outputs of `softmax` and `sigmoid` remember what they were
applied to, which the cross-entropies use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from numpynn import ops
from numpynn.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from numpynn.ops.dtypes import as_array, floating
from numpynn.typing import Array
from numpynn.utils.registry import Registry

__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid",
    "log_softmax", "mish", "relu", "relu6", "selu", "serialize", "sigmoid", "silu", "soft_shrink",
    "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip


def linear(x: Array) -> Array:
    """x itself."""
    return x


def relu(
    x: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Array:
    """max(x, 0), and more generally

    x where it is above `threshold`, at most max_value; negative_slope · (x - threshold) elsewhere.

    Source: Nair and Hinton 2010.
    """
    if negative_slope == 0.0 and max_value is None and threshold == 0:
        return ops.relu(x)
    x = as_array(x)
    if negative_slope and max_value is None and threshold == 0:
        return ops.leaky_relu(x, negative_slope)
    if threshold != 0:
        y = np.where(x > threshold, x, 0)
    else:
        y = ops.relu6(x) if max_value == 6 else ops.relu(x)
    if max_value is not None and (max_value != 6 or threshold != 0):
        y = ops.clip(y, 0.0, max_value)
    return y - negative_slope * ops.relu(threshold - x) if negative_slope else y


def exponential(x: Array) -> Array:
    """e^x"""
    return ops.exp(x)


def gelu(x: Array, approximate: bool = False) -> Array:
    """x Φ(x), with Φ the distribution function of a normal variable.

    approximate: Φ(x) ≈ ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).
    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """
    return ops.gelu(x, approximate)


def mish(x: Array) -> Array:
    """x · tanh(ln(1 + e^x)).  Source: Misra 2019, arXiv:1908.08681."""
    x = floating(x)
    return x * np.tanh(ops.softplus(x))


swish, hard_swish = silu, hard_silu

# -- by name ---------------------------------------------------------------------------------------

_ACTIVATIONS = [
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu,
    linear, log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax,
    softplus, softsign, sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink,
    threshold,
]  # fmt: skip
_registry = Registry(
    "activation", FunctionType, _ACTIVATIONS, {"swish": swish, "hard_swish": hard_swish}
)


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of one of these functions; the configuration of any other."""
    name = getattr(activation, "__name__", "")
    return name if _registry.by_name.get(name) is activation else _registry.serialize(activation)


def get(identifier: Any) -> Callable[..., Any]:
    """The activation of a name, a configuration or a function; None is `linear`.

    Raises ValueError for a name that is not known, with those that are, and for no function.
    """
    return linear if identifier is None else _registry.get(identifier)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation that `serialize` wrote down. Raises ValueError where it is not known."""
    return _registry.deserialize(config, custom_objects)
