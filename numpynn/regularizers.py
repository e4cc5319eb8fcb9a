"""Penalties on weights or outputs, added to the loss.

L1      λ Σ|x|
L2      λ Σx²        (without the ½ of many textbooks)
L1L2    both
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.typing import Array
from numpynn.utils.registry import Registry


class Regularizer:
    """Base class: override `__call__(x)`, which returns a number, and `get_config`."""

    def __call__(self, x: Array) -> Any:
        raise NotImplementedError("A Regularizer must implement `__call__(x)`.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        return cls(**config)


def _checked(name: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, np.number))
        or not 0 <= value < np.inf
    ):
        raise ValueError(
            f"The regularization factor `{name}` must be a finite number, 0 or more; got {value!r}."
        )
    return float(value)


class L1L2(Regularizer):
    """`l1 Σ|x| + l2 Σx²`."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _checked("l1", 0.0 if l1 is None else l1)
        self.l2 = _checked("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Array) -> Any:
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * np.sum(np.absolute(x))
        if self.l2:
            penalty = penalty + self.l2 * np.sum(np.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """`l1 Σ|x|`: drives weights to exactly zero. Tibshirani 1996."""

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _checked("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Array) -> Any:
        return self.l1 * np.sum(np.absolute(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """`l2 Σx²`: keeps weights small. Krogh & Hertz 1992."""

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _checked("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Array) -> Any:
        return self.l2 * np.sum(np.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


l1, l2, l1_l2 = L1, L2, L1L2
_registry = Registry("regularizer", Regularizer, [L1, L2, L1L2], {"l1_l2": L1L2})
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
