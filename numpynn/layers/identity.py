"""Layers whose output is their input: one for nothing else, one that puts a price on it."""

from __future__ import annotations

from typing import Any

from numpynn import regularizers
from numpynn.layers.base import Layer
from numpynn.typing import Array


class Identity(Layer):
    """y = x, of any structure: a place for a layer to be."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        return inputs


class ActivityRegularization(Identity):
    """y = x, with a term  (l1 Σ |x| + l2 Σ x²) / B  in the loss."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]  # which l1 and l2 say
        return {**config, "l1": self.l1, "l2": self.l2}
