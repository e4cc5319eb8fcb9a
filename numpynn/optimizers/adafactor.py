"""Adafactor: Adam's second moments kept as row and column means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array
from numpynn.variables import Variable


class Adafactor(Optimizer):
    """RMSprop for large matrices: of the squared gradients only the row and column means are kept.

        ρ = min(η, 1 / √t)              β = 1 - t^beta_2_decay
        α = max(ε₂, rms(w)) ρ           rms(x) = √mean(x²)
        q = g² + ε₁
        r = β r + (1 - β) mean of q over the last axis
        c = β c + (1 - β) mean of q over the axis before it
        v = r cᵀ / mean(r)              of vectors and scalars: v = β v + (1 - β) q
        u = g / √v
        w -= α u / max(1, rms(u) / clip_threshold)

    relative_step: cut η itself to 1 / √t; with ρ as above it changes nothing. More than two axes
    are a stack of matrices. Source: Shazeer & Stern 2018, arXiv:1804.04235.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._rows, self._columns, self._velocities = [], [], []
        for variable in self._trainable_variables:
            *stack, rows, columns = variable.shape if len(variable.shape) >= 2 else (0, 0)
            self._rows.append(self._new_like(variable, (*stack, rows)))
            self._columns.append(self._new_like(variable, (*stack, columns)))
            self._velocities.append(self.add_variable_from_reference(variable, name="velocity"))

    def _new_like(self, variable: Variable, shape: tuple[int, ...]) -> Variable:
        if len(variable.shape) < 2:  # not factored: Keras keeps an unused number in its place
            return self._new_variable(0, "int32", variable.name)
        zeros = np.zeros_like(variable.array, shape=shape)
        return self._new_variable(zeros, variable.dtype, variable.name)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        g, w, t = gradient.array, variable.array, self._updates() + 1
        number = self._get_variable_index(variable)
        size = max(_rms(w), self.epsilon_2) * min(float(learning_rate), 1.0 / math.sqrt(t))
        share = t**self.beta_2_decay  # 1 - β
        squares = g * g + self.epsilon_1
        velocity = self._velocities[number]
        if len(variable.shape) >= 2:
            rows, columns = self._rows[number], self._columns[number]
            _mix(rows, np.mean(squares, axis=-1), share)
            _mix(columns, np.mean(squares, axis=-2), share)
            r, c = rows.array, columns.array
            relative = r / np.mean(r, axis=-1, keepdims=True)
            velocity.assign(relative[..., np.newaxis] * c[..., np.newaxis, :])
        else:
            _mix(velocity, squares, share)
        step = g / np.sqrt(velocity.array)
        variable.assign_sub(step * (size / max(_rms(step) / self.clip_threshold, 1.0)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _mix(mean: Variable, value: Array, share: float) -> None:
    mean.assign(mean.array * (1.0 - share) + value * share)


def _rms(x: Array) -> float:
    return math.sqrt(np.mean(x * x))
