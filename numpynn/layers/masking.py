"""Masking: which steps of a sequence count."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.layers.base import Layer
from numpynn.typing import Array


class Masking(Layer):
    """A step whose features all equal mask_value does not count, and becomes zeros.

    x (B, T, D)   y (B, T, D)   mask (B, T), False for what does not count
    The layers that follow pass the mask on and, where they know about masks, skip such steps. NaN
    equals nothing, so with mask_value NaN everything counts.
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict) and mask_value.get("config"):
            from numpynn.saving.serialization import deserialize_keras_object

            mask_value = deserialize_keras_object(mask_value)
        self.mask_value = mask_value
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        counts = self.compute_mask(inputs)
        outputs: Array = np.where(np.expand_dims(counts, -1), inputs, 0)
        if isinstance(outputs, Tensor):
            outputs.mask = counts
        return outputs

    def compute_mask(self, inputs: Array, mask: Any = None) -> Any:
        return (inputs != self.mask_value).any(axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
