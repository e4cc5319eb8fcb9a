"""Activations that are layers, because they have settings or weights. Softmax is in `core`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import activations, constraints, initializers, regularizers
from numpynn.autograd import primitive
from numpynn.layers.base import InputSpec, Layer
from numpynn.typing import Array


class ReLU(Layer):
    """x where it is above `threshold`, at most max_value; negative_slope · (x - threshold) below.

    Raises ValueError for settings below 0, and None where a number is needed.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None:
            _require_from_0(max_value, "max_value")
        self.max_value = max_value
        self.negative_slope = _require_from_0(negative_slope, "negative_slope")
        self.threshold = _require_from_0(threshold, "threshold")
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """x where it is positive, negative_slope · x elsewhere.

    alpha: the old name of negative_slope, with a warning. Raises ValueError for a slope below 0.
    Source: Maas et al. 2013.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("`alpha` of LeakyReLU is now called `negative_slope`.", stacklevel=2)
        super().__init__(**kwargs)
        self.negative_slope = _require_from_0(negative_slope, "negative_slope")
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        return activations.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Layer):
    """x where it is positive, alpha · (e^x - 1) elsewhere.

    Source: Clevert et al. 2015, arXiv:1511.07289.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        return activations.elu(inputs, self.alpha)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class PReLU(Layer):
    """x where it is positive, α x elsewhere, with slopes α that are learned.

    x (B, …)   α (…), with length 1 along the shared axes
    shared_axes: axes of x (from 1) whose values share their slope, such as [1, 2] for a slope a
    channel of images. Raises ValueError where an axis that is not shared has an unknown size.
    Source: He et al. 2015, arXiv:1502.01852.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if isinstance(shared_axes, (int, np.integer)):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(
                f"PReLU layer '{self.name}' needs to know the sizes of all axes that are not "
                f"shared; got the shape {tuple(input_shape)} and shared_axes={self.shared_axes}."
            )
        self.alpha = self.add_weight(
            tuple(shape),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        rank = len(input_shape)
        shared = self.shared_axes or range(rank)
        fixed = {axis: input_shape[axis] for axis in range(1, rank) if axis not in shared}
        self.input_spec = InputSpec(ndim=rank, axes=fixed)

    def call(self, inputs: Array) -> Array:
        return prelu(inputs, self.alpha)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


def _prelu_plain(x: Array, alpha: Array) -> Array:
    return activations.relu(x) - alpha * activations.relu(-x)


@primitive(plain=_prelu_plain)
def prelu(x: Array, alpha: Array) -> Any:
    """max(x, 0) + α min(x, 0), whose derivative at 0 is 0."""
    negative = np.minimum(x, 0)
    return np.maximum(x, 0) + alpha * negative, (
        lambda g: g * ((x > 0) + alpha * (x < 0)),
        lambda g: g * negative,
    )


def _require_from_0(value: float, name: str) -> float:
    if value is None or value < 0:
        raise ValueError(f"`{name}` must be a number from 0 on; got {value!r}.")
    return value
