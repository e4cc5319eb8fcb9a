"""One vector for a padded sequence: the mean, or the largest, of the steps that count.

    mean   y = Σ_t m_t x_t / Σ_t m_t         ∂y/∂x_t = m_t / Σ m
    max    y = max over m_t = 1 of x_t       the gradient goes to the largest; ties share it evenly

Neither depends on how much padding there is. A sequence of which no step counts gives zeros, with
no gradient. There are no steps any more, so the output has no mask. Beyond Keras, whose
GlobalMaxPooling1D takes no mask, and whose GlobalAveragePooling1D gives NaN where nothing counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.layers.base import InputSpec, Layer
from numpynn.saving.registration import register_keras_serializable
from numpynn.typing import Array


class MaskedPooling(Layer):
    """What both share: x (B, T, …)   mask (B, T)   y (B, …). Without a mask every step counts.

    Raises ValueError for masks of another shape.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=3)

    def call(self, inputs: Array, mask: Array | None = None) -> Array:
        if mask is None:
            mask = np.ones(inputs.shape[:2], bool, like=unwrapped(inputs))
        mask = unwrapped(mask)
        if mask.shape != inputs.shape[:2]:
            raise ValueError(
                f"The mask of layer '{self.name}' must have the shape (batch, steps) = "
                f"{inputs.shape[:2]}; got {mask.shape}."
            )
        return self.pooled(
            inputs, mask.astype(bool).reshape(*mask.shape, *(1,) * (inputs.ndim - 2))
        )

    def pooled(self, x: Array, counts: Array) -> Array:
        """The formula; counts (B, T, 1 …)."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: there are no steps any more."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *input_shape[2:])


@register_keras_serializable("numpynn")
class MaskedMeanPooling(MaskedPooling):
    """The mean of the steps that count:  x (B, T, …)   mask (B, T)   y (B, …)."""

    def pooled(self, x: Array, counts: Array) -> Array:
        number = np.maximum(np.sum(counts.astype(x.dtype), axis=1), 1)
        return np.sum(np.where(counts, x, 0), axis=1) / number

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


@register_keras_serializable("numpynn")
class MaskedMaxPooling(MaskedPooling):
    """The largest of the steps that count:  x (B, T, …)   mask (B, T)   y (B, …)."""

    def pooled(self, x: Array, counts: Array) -> Array:
        largest = np.max(np.where(counts, x, -np.inf), axis=1)
        return np.where(np.any(counts, axis=1), largest, 0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config()
