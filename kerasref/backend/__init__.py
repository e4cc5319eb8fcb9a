"""All that depends on the library Keras computes with: gradients, device, float64, randomness."""

from __future__ import annotations

from kerasref import KerasMissing

try:
    import keras  # noqa: F401
except ModuleNotFoundError as missing:
    raise KerasMissing from missing

from kerasref.backend.device import device_name
from kerasref.backend.float64 import float_type, repair_float64
from kerasref.backend.gradients import ModelGradients, model_gradients, value_and_gradients
from kerasref.backend.randomness import InjectedModel, inject

__all__ = [
    "InjectedModel",
    "ModelGradients",
    "device_name",
    "float_type",
    "inject",
    "model_gradients",
    "repair_float64",
    "value_and_gradients",
]
