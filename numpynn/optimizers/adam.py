"""Adaptive moments: Adam, and Nadam, its form with Nesterov momentum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array


def _average(state: Array, value: Array, decay: float, spare: Array) -> None:
    """state = decay · state + (1 - decay) · value, in place; `spare` may be `value` itself."""
    state *= decay
    state += np.multiply(value, 1.0 - decay, out=spare)


class Adam(Optimizer):
    """Steps of the mean gradient over the root of the mean squared gradient.

        m = β₁ m + (1 - β₁) g
        v = β₂ v + (1 - β₂) g²
        w -= α m / (√v + ε)          α = η √(1 - β₂ᵗ) / (1 - β₁ᵗ)

    amsgrad: √v of the largest v so far. Keras puts ε beside the uncorrected √v ("ε̂").
    Source: Kingma & Ba 2014, arXiv:1412.6980; Reddi et al. 2018.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = "adam",
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.slots = ("momentum", "velocity", *(["velocity_hat"] if amsgrad else []))

    def coefficients(self, step: int, learning_rate: float) -> float:
        return learning_rate * math.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        m, v = state[:2]
        spare = scratch[0]
        _average(m, g, self.beta_1, spare)
        _average(v, np.multiply(g, g, out=spare), self.beta_2, spare)
        if self.amsgrad:
            v = np.maximum(state[2], v, out=state[2])
        root = np.sqrt(v, out=spare)
        root += self.epsilon
        step = np.divide(m, root, out=root)
        step *= numbers
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class Nadam(Optimizer):
    """Adam that looks ahead along its momentum.

        u_t = β₁ (1 - ½ · 0.96ᵗ)                     U_t = u_1 u_2 ⋯ u_t
        m = β₁ m + (1 - β₁) g                        v = β₂ v + (1 - β₂) g²
        m̂ = u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t)
        w -= η m̂ / (√(v / (1 - β₂ᵗ)) + ε)

    Source: Dozat 2015.
    """

    slots = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = "nadam",
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self._product = 1.0  # U_t

    def _u(self, step: int) -> float:
        return self.beta_1 * (1.0 - 0.5 * 0.96**step)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, float, float]:
        now, ahead = self._u(step), self._u(step + 1)
        self._product *= now
        root = math.sqrt(1.0 - self.beta_2**step)  # √(v/root²) = √v / root: one pass less
        of_m = learning_rate * root * ahead / (1.0 - self._product * ahead)
        of_g = learning_rate * root * (1.0 - now) / (1.0 - self._product)
        return of_m, of_g, self.epsilon * root

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        m, v = state
        spare, step = scratch
        of_m, of_g, epsilon = numbers
        _average(m, g, self.beta_1, spare)
        _average(v, np.multiply(g, g, out=spare), self.beta_2, spare)
        np.multiply(m, of_m, out=step)
        step += np.multiply(g, of_g, out=spare)
        root = np.sqrt(v, out=spare)
        root += epsilon
        step /= root
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
