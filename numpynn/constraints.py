"""Projections of weights, applied after each update.

    NonNeg        max(w, 0)
    UnitNorm      w / ‖w‖
    MaxNorm       w · min(1, max_value / ‖w‖)
    MinMaxNorm    w · (rate · clip(‖w‖, min, max) + (1 - rate) ‖w‖) / ‖w‖

with norms along `axis`, and a small ε in the denominators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynn import config
from numpynn.typing import Array
from numpynn.utils.registry import Registry


class Constraint:
    """Base class: override `__call__(w)`, which returns the projected weight, and `get_config`."""

    def __call__(self, w: Array) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        return cls(**config)


def _norm(w: Array, axis: Any) -> Any:
    axis = tuple(axis) if isinstance(axis, list) else axis
    return np.sqrt(np.sum(np.square(w), axis=axis, keepdims=True))


class NonNeg(Constraint):
    """No weight below zero."""

    def __call__(self, w: Array) -> Any:
        return np.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Length 1 along `axis`."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Array) -> Any:
        return w / (config.epsilon() + _norm(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MaxNorm(Constraint):
    """Length at most `max_value` along `axis`. Srivastava et al. 2014."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Array) -> Any:
        norm = _norm(w, self.axis)
        return w * (np.clip(norm, 0.0, self.max_value) / (config.epsilon() + norm))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Length between `min_value` and `max_value` along `axis`; `rate` 1 enforces it at once."""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Array) -> Any:
        norm = _norm(w, self.axis)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (config.epsilon() + norm))

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


non_neg, unit_norm, max_norm, min_max_norm = NonNeg, UnitNorm, MaxNorm, MinMaxNorm
_registry = Registry("constraint", Constraint, [NonNeg, UnitNorm, MaxNorm, MinMaxNorm])
get = _registry.get


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint, from which `deserialize` builds an equal one."""
    return _registry.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a configuration or name.

    Raises ValueError for a name that is not known, TypeError for a class that is not.
    """
    return _registry.deserialize(config, custom_objects)
