"""Vectors of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.layers.base import Layer
from numpynn.layers.normalization.scaled import require_axes
from numpynn.ops.dtypes import floating
from numpynn.typing import Array


class UnitNormalization(Layer):
    """y = x / max(‖x‖₂, 10⁻¹²), the length along one axis or over several.

    Raises TypeError for an axis that is no whole number or list of them.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                "`axis` of UnitNormalization must be a whole number or a list of them; got "
                f"{axis!r}."
            )
        self.axis: Any = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        x = floating(inputs)
        axes = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        squares = np.sum(np.square(x), axis=axes, keepdims=True)
        # The floor goes before the root, whose slope at 0 is infinite.
        return x / np.sqrt(np.maximum(squares, 1e-24))

    def compute_output_shape(self, input_shape: Any) -> Any:
        require_axes(self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
