"""TimeDistributed: a layer for single samples, applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import activations
from numpynn.autograd.tensor import unwrapped
from numpynn.layers.base import Layer
from numpynn.layers.convolution.base import Convolution
from numpynn.layers.core import Activation, Dense, Flatten
from numpynn.layers.pooling.base import GlobalPooling, Pooling
from numpynn.layers.wrapper import Wrapper
from numpynn.typing import Array


class TimeDistributed(Wrapper):
    """The same layer at every step:  y_t = layer(x_t).

    x (B, T, …)   y (B, T, …)   mask (B, T), of which the layer gets the column of its step

    As in Keras, the layer sees one step after the other: batch statistics are those of a step, and
    dropout draws anew for each. Penalties on its output do not count.
    Raises ValueError for what is no layer, for inputs of rank below 3, for sequences without a
    step, and for a mask of another batch size or length.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        super().build(self._shape_of_step(input_shape))

    def call(self, inputs: Array, training: Any = None, mask: Array | None = None) -> Array:
        if mask is not None and unwrapped(mask).shape[:2] != inputs.shape[:2]:
            raise ValueError(
                f"The mask of TimeDistributed layer '{self.name}' must begin with the shape "
                f"(batch, steps) = {tuple(inputs.shape[:2])}; got {unwrapped(mask).shape}."
            )
        if not inputs.shape[1]:
            raise ValueError(
                f"TimeDistributed layer '{self.name}' takes sequences of one step or more; got the "
                f"shape {tuple(inputs.shape)}."
            )
        accepts = self.layer._accepts
        known = {"training": training} if "training" in accepts else {}
        if _samples_stay_apart(self.layer) and (mask is None or "mask" not in accepts):
            return self._all_steps_at_once(inputs)
        outputs = []
        for t in range(inputs.shape[1]):
            if mask is not None and "mask" in accepts:
                known["mask"] = mask[:, t]
            outputs.append(self.layer.call(inputs[:, t], **known))
        return np.stack(outputs, axis=1)

    def _all_steps_at_once(self, inputs: Array) -> Array:
        """The loop's result with one call: a Dense over 60 steps takes a tenth of the time."""
        batch_size, steps, *rest = inputs.shape
        outputs = self.layer.call(np.reshape(inputs, (batch_size * steps, *rest)))
        return np.reshape(outputs, (batch_size, steps, *outputs.shape[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch_size, *rest = self.layer.compute_output_shape(self._shape_of_step(input_shape))
        return (batch_size, input_shape[1], *rest)

    def _shape_of_step(self, input_shape: Any) -> tuple[int | None, ...]:
        if not isinstance(input_shape, (list, tuple)) or len(input_shape) < 3:
            raise ValueError(
                f"TimeDistributed layer '{self.name}' takes inputs of rank 3 or more: (batch, "
                f"steps, …); got the shape {input_shape}."
            )
        return (input_shape[0], *input_shape[2:])


def _samples_stay_apart(layer: Layer) -> bool:
    """Whether this is a layer of ours that treats each sample by itself, and draws no numbers."""
    if not isinstance(layer, (Dense, Convolution, Pooling, GlobalPooling, Activation, Flatten)):
        return False
    function = getattr(layer, "activation", activations.linear)
    known = getattr(activations, getattr(function, "__name__", ""), None) is function
    return known and type(layer).__module__.startswith("numpynn.")
