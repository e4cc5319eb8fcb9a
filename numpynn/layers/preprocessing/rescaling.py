"""Numbers in another range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynn import config as settings
from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.preprocessing.data_layer import DataLayer
from numpynn.ops.dtypes import in_dtype
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.typing import Array


class Rescaling(DataLayer):
    """y = x · scale + offset: with scale = 1/127.5 and offset = -1, bytes as -1 … 1.

    scale, offset: numbers, or arrays that broadcast. A scale for each channel is laid along the
    third axis from the end where `config.image_data_format()` is "channels_first".
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Array) -> Array:
        dtype = self.compute_dtype
        scale, offset = (np.asarray(unwrapped(part), dtype) for part in (self.scale, self.offset))
        if scale.ndim and settings.image_data_format() == "channels_first":
            scale = np.reshape(scale, scale.shape + (1,) * (3 - scale.ndim))
        return in_dtype(inputs, dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": serialize_keras_object(self.scale),
            "offset": serialize_keras_object(self.offset),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Rescaling:
        read = {
            name: deserialize_keras_object(config[name], custom_objects)
            for name in ("scale", "offset")
        }
        return cls(**{**config, **read})
