"""Mean and maximum of the steps that count."""

from __future__ import annotations

import keras
from keras import ops

from numpynn.typing import Array


class MaskedPooling(keras.layers.Layer):
    """What both share: no mask comes out, and the axis of time is gone."""

    def __init__(self, **kwargs: Array) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def counts(self, inputs: Array, mask: Array) -> Array:
        """The mask as booleans (B, T, 1, ...)."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2])
        mask = ops.cast(mask, "bool")
        return ops.reshape(mask, (*ops.shape(mask), *(1,) * (len(inputs.shape) - 2)))

    def compute_mask(self, inputs: Array, previous_mask: Array = None) -> None:
        return None

    def compute_output_shape(self, input_shape: Array) -> Array:
        return (input_shape[0], *input_shape[2:])


@keras.saving.register_keras_serializable("numpynn")
class MaskedMeanPooling(MaskedPooling):
    """The mean of the steps that count; zeros where none does."""

    def call(self, inputs: Array, mask: Array = None) -> Array:
        counts = self.counts(inputs, mask)
        number = ops.sum(ops.cast(counts, inputs.dtype), axis=1)
        total = ops.sum(ops.where(counts, inputs, ops.zeros_like(inputs)), axis=1)
        return total / ops.maximum(number, 1)


@keras.saving.register_keras_serializable("numpynn")
class MaskedMaxPooling(MaskedPooling):
    """The largest of the steps that count; zeros where none does."""

    def call(self, inputs: Array, mask: Array = None) -> Array:
        counts = self.counts(inputs, mask)
        lowest = ops.full_like(inputs, float("-inf"))
        largest = ops.max(ops.where(counts, inputs, lowest), axis=1)
        return ops.where(ops.any(counts, axis=1), largest, ops.zeros_like(largest))
