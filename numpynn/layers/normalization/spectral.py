"""Spectral normalisation: a layer whose kernel stretches no vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config, initializers
from numpynn.layers.input_spec import InputSpec
from numpynn.layers.wrapper import Wrapper
from numpynn.ops.dtypes import in_dtype
from numpynn.typing import Array


class SpectralNormalization(Wrapper):
    """Divide the kernel of a layer by its largest singular value σ before each step of training.

        v = u Wᵀ / ‖u Wᵀ‖     u = v W / ‖v W‖     σ ≈ v W uᵀ        W the kernel as a matrix (…, U)

    The power iteration goes on from step to step in `vector_u` (1, U), a weight that training does
    not change. layer: any with a `kernel` or `embeddings`. A kernel of zeros stays.
    Raises ValueError for layers without, and for less than one power iteration.
    Source: Miyato et al. 2018, arXiv:1802.05957.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ValueError(f"`power_iterations` must be at least 1; got {power_iterations}.")
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if kernel is None:
            raise ValueError(
                f"SpectralNormalization needs a layer with a `kernel` or `embeddings`; "
                f"{type(self.layer).__name__} has neither."
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            (1, kernel.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            dtype=kernel.dtype,
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Array, training: bool = False) -> Array:
        if training and np.any(self.kernel.array):
            vector_u, kernel = self.normalized_weights()
            self.vector_u.assign(vector_u)
            self.kernel.assign(kernel)
        return in_dtype(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Array, Array]:
        """The next `vector_u`, and the kernel over the σ that it finds."""
        weights = self.kernel.array.reshape(-1, self.kernel.shape[-1])
        u = self.vector_u.array
        for _ in range(self.power_iterations):
            v = _of_length_1(np.matmul(u, weights.T))
            u = _of_length_1(np.matmul(v, weights))
        sigma = np.matmul(np.matmul(v, weights), u.T)
        return u, self.kernel.array / sigma

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _of_length_1(vector: Array) -> Array:
    return vector / np.maximum(np.sqrt(np.sum(np.square(vector))), config.epsilon())
