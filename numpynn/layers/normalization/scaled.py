"""What batch, layer and group normalisation share: a learned scale γ and offset β."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import constraints, initializers, regularizers
from numpynn.layers.base import Layer
from numpynn.ops.dtypes import in_dtype
from numpynn.typing import Array


class ScaledNormalization(Layer):
    """γ and β, each of which may be left out, with their initializers, penalties, projections."""

    def __init__(
        self,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None
        self.supports_masking = True

    def add_gamma(self, shape: Sequence[int]) -> Any:
        return self.add_weight(
            shape,
            self.gamma_initializer,
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
            name="gamma",
        )

    def add_beta(self, shape: Sequence[int]) -> Any:
        return self.add_weight(
            shape,
            self.beta_initializer,
            regularizer=self.beta_regularizer,
            constraint=self.beta_constraint,
            name="beta",
        )

    def gamma_and_beta(self, x: Array, shape: Sequence[int]) -> tuple[Array, Array]:
        """Both in the dtype of `x`; ones and zeros where they are left out."""
        gamma, beta = self.gamma, self.beta
        return (
            np.ones(shape, x.dtype, like=x) if gamma is None else in_dtype(gamma, x.dtype),
            np.zeros(shape, x.dtype, like=x) if beta is None else in_dtype(beta, x.dtype),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def require_axes(axis: int | Sequence[int], shape: Sequence[int | None]) -> None:
    """Raise ValueError where the shape has no such axis, or one is named twice."""
    ndim = len(shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if any(not -ndim <= a < ndim for a in axes):
        raise ValueError(f"Axis {axis} is out of bounds for an input of shape {tuple(shape)}.")


def known_sizes(
    axis: int | Sequence[int], shape: Sequence[int | None], name: str
) -> tuple[int, ...]:
    """The sizes along the axes. Raises ValueError where one is missing or unknown."""
    require_axes(axis, shape)
    sizes = [shape[a] for a in ([axis] if isinstance(axis, int) else axis)]
    if None in sizes:
        raise ValueError(
            f"Layer '{name}' has weights for every place on axis {axis}, so it must know its size; "
            f"got an input of shape {tuple(shape)}."
        )
    return tuple(size for size in sizes if size is not None)
