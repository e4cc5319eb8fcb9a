"""The smallest cell that RNN takes: what a cell of one's own looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.layers.base import Layer
from numpynn.saving.registration import register_keras_serializable
from numpynn.typing import Array
from numpynn.utils import arguments


@register_keras_serializable("numpynn")
class MinimalRNNCell(Layer):
    """One step of a recurrent network without bias and activation:  h' = x W + h R.

    x (B, D)   h (B, U)   kernel W (D, U)   recurrent_kernel R (U, U), both small and uniform

    Called with x and [h], it gives h' and [h']. Along a sequence everything stays linear,

        h_T = Σ_t x_t W R^(T - t) + h_0 R^T

    and what came k steps ago is R^k of it: it fades where the eigenvalues of R are below 1.
    Source: Keras's documentation of RNN. There, and in the course, a bias of 4 U numbers is made
    and never used; here it is left out.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = arguments.whole_number(units, "units")
        self.state_size = self.units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], self.units), "uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, self.units), "uniform", name="recurrent_kernel"
        )

    def call(self, inputs: Array, states: Any) -> Any:
        h = np.matmul(inputs, self.kernel) + np.matmul(states[0], self.recurrent_kernel)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
