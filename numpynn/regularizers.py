"""Penalties on weights or outputs, added to the loss.

    L1                       λ Σ|x|
    L2                       λ Σx²        (without the ½ of many textbooks)
    L1L2                     both
    OrthogonalRegularizer    λ mean of |cos| over the pairs of rows, or of columns

The corner of |x| at 0 makes many weights exactly zero; x² only keeps all of them small.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynn import ops
from numpynn.autograd.tensor import unwrapped
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


class L1L2(Regularizer):
    """`l1 Σ|x| + l2 Σx²`."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _checked("l1", 0.0 if l1 is None else l1)
        self.l2 = _checked("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Array) -> Any:
        penalty = np.zeros((), x.dtype)
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


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of |cos| over all pairs of rows (`mode="rows"`) or of columns.

    cos is the cosine of the angle between two of them: the penalty is 0 where all are orthogonal.
    It is called with a matrix. A single row has no pair: the mean is NaN.
    Raises ValueError for other modes and other ranks.
    Source: Keras `OrthogonalRegularizer`.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _checked("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"`mode` must be rows or columns; got {mode!r}.")
        self.mode = mode

    def __call__(self, inputs: Array) -> Any:
        if inputs.ndim != 2:
            raise ValueError(
                f"OrthogonalRegularizer takes a matrix; got inputs of shape {inputs.shape}."
            )
        x = inputs if self.mode == "rows" else inputs.T
        x = ops.normalize(x, axis=1)
        n = x.shape[0]
        others = 1.0 - np.eye(n, dtype=x.dtype, like=unwrapped(x))
        return self.factor * np.sum(np.absolute(x @ x.T) * others) / (n * (n - 1))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _checked(name: str, value: Any) -> float:
    if not isinstance(value, (int, float, np.number)) or not 0 <= value < np.inf:
        raise ValueError(
            f"The regularization factor `{name}` must be a finite number, 0 or more; got {value!r}."
        )
    return float(value)


l1, l2, l1_l2 = L1, L2, L1L2
orthogonal_regularizer = OrthogonalRegularizer
_registry = Registry(
    "regularizer", Regularizer, [L1, L2, L1L2, OrthogonalRegularizer], {"l1_l2": L1L2}
)
get = _registry.get


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer, from which `deserialize` builds an equal one."""
    return _registry.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a configuration or name.

    Raises ValueError for a name that is not known, TypeError for a class that is not.
    """
    return _registry.deserialize(config, custom_objects)
