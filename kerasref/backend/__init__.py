"""Everything that depends on which library Keras computes with: gradients, devices, float64, randomness."""

from __future__ import annotations

from kerasref import KerasMissing

try:
    import keras  # noqa: F401
except ModuleNotFoundError as missing:
    raise KerasMissing from missing

from kerasref.backend.device import device_name
from kerasref.backend.float64 import repair_float64
from kerasref.backend.gradients import ModelGradients, model_gradients, value_and_gradients
from kerasref.backend.randomness import InjectedModel, inject

__all__ = [
    "InjectedModel",
    "ModelGradients",
    "device_name",
    "inject",
    "model_gradients",
    "repair_float64",
    "value_and_gradients",
]
