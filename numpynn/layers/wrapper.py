"""Wrapper: a layer that holds another and adds to what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpynn.layers.base import Layer
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object


class Wrapper(Layer):
    """Base class of layers around one other layer, `self.layer`.

    Raises ValueError where `layer` is no layer.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__} wraps a layer; got {layer!r}.")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Wrapper:
        rest = {key: value for key, value in config.items() if key != "layer"}
        return cls(deserialize_keras_object(config["layer"], custom_objects), **rest)
