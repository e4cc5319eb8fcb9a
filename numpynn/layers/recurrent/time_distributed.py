"""TimeDistributed: a layer for single samples, applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
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
        outputs = []
        for t in range(inputs.shape[1]):
            if mask is not None and "mask" in accepts:
                known["mask"] = mask[:, t]
            outputs.append(self.layer.call(inputs[:, t], **known))
        return np.stack(outputs, axis=1)

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
