"""Normalisation of each sample by itself: by mean and variance, or by the root mean square."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from numpynn import ops
from numpynn.layers.base import Layer
from numpynn.layers.normalization.fused import layer_norm, rms_norm
from numpynn.layers.normalization.scaled import ScaledNormalization, known_sizes, require_axes
from numpynn.ops.dtypes import at_least_single, in_dtype
from numpynn.typing import Array


class LayerNormalization(ScaledNormalization):
    """y = γ (x - mean) / √(variance + ε) + β, mean and variance of each sample along `axis`.

    x (…, D)   γ, β (D,), or the sizes of several axes   y as x
    rms_scaling: γ x / √(variance + ε), which Keras keeps for old models and advises against.
    Raises TypeError for an axis that is no whole number or list of them, ValueError where their
    sizes are unknown. Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        if rms_scaling:
            warnings.warn(
                "rms_scaling=True divides by the standard deviation, not by the root mean square, "
                "and is only kept for old models: use RMSNormalization instead.",
                stacklevel=2,
            )
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis: Any = list(axis) if isinstance(axis, (list, tuple)) else axis
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                f"`axis` of LayerNormalization must be a whole number or a list of them; got "
                f"{axis!r}."
            )
        self.epsilon = epsilon
        self.rms_scaling = rms_scaling
        self.autocast = False  # float64 data are reduced in float64, then rounded

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        self._shape = known_sizes(self.axis, input_shape, self.name)
        if self.scale or self.rms_scaling:
            self.gamma = self.add_gamma(self._shape)
        if self.center and not self.rms_scaling:
            self.beta = self.add_beta(self._shape)

    def call(self, inputs: Array) -> Array:
        x = at_least_single(inputs)  # sums of float16 overflow
        if self.rms_scaling:
            y = ops.layer_normalization(
                x, self.gamma, axis=self.axis, epsilon=self.epsilon, rms_scaling=True
            )
        else:
            y = layer_norm(x, *self.gamma_and_beta(x, self._shape), self.axis, self.epsilon)
        return in_dtype(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        require_axes(self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "rms_scaling": self.rms_scaling,
        }


class RMSNormalization(Layer):
    """y = s x / √(mean(x²) + ε), the mean of each sample along `axis`.

    x (…, D)   s (D,), or the sizes of several axes; it is multiplied onto the last axes   y as x
    Raises ValueError where the sizes are unknown, or s does not fit there.
    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis: Any = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        shape = known_sizes(self.axis, input_shape, self.name)
        last = input_shape[-len(shape) :]
        if any(n not in (1, m) for n, m in zip(shape, last, strict=True)):
            raise ValueError(
                f"The scale of RMSNormalization layer '{self.name}' has shape {shape}, for axis "
                f"{self.axis}, and does not fit the last axes of an input of shape {input_shape}."
            )
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Array) -> Array:
        ndim = x.ndim
        if sorted(a % ndim for a in self.axis) != list(range(ndim - len(self.axis), ndim)):
            return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)
        wide = at_least_single(x)
        y = rms_norm(wide, in_dtype(self.scale, wide.dtype), self.axis, self.epsilon)
        return in_dtype(y, x.dtype if x.dtype.kind == "f" else y.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        require_axes(self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
