"""Adaptive moments: Adam, and Nadam, its form with Nesterov momentum.

Both follow weighted means of the gradients and of their squares, whose weights decay by β a step:

    mean = (g_t + β g_(t-1) + β² g_(t-2) + …) / (1 + β + β² + …) = m / S        m = β m + g

The state is the sum m, and the division by `S = (1 - βᵗ) / (1 - β)` is left to the step size: two
passes over the weights fewer than with Keras's `m = β m + (1 - β) g`, which is (1 - β) times ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array


def _weights(decay: float, step: int) -> float:
    """1 + β + β² + … + β^(step - 1)."""
    return (1.0 - decay**step) / (1.0 - decay)


def _accumulate(m: Array, v: Array, g: Array, betas: tuple[float, float], spare: Array) -> None:
    """m = β₁ m + g  and  v = β₂ v + g², in place."""
    m *= betas[0]
    m += g
    v *= betas[1]
    v += np.multiply(g, g, out=spare)


class Adam(Optimizer):
    """Steps of the mean gradient over the root of the mean squared gradient.

        m = β₁ m + g                 S₁ = (1 - β₁ᵗ) / (1 - β₁)
        v = β₂ v + g²                S₂ = (1 - β₂ᵗ) / (1 - β₂)
        w -= η (m / S₁) / (√(v / S₂) + ε̂)        ε̂ = ε / √(1 - β₂ᵗ)

    amsgrad: √v of the largest v so far. The ε̂ is Keras's; the paper has ε there.
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
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.slots = ("momentum", "velocity", *(["velocity_hat"] if amsgrad else []))

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, float]:
        root = math.sqrt(_weights(self.beta_2, step))  # √(v / S₂) = √v / root: one pass less
        rate = learning_rate * root / _weights(self.beta_1, step)
        return rate, self.epsilon / math.sqrt(1.0 - self.beta_2)

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        m, v = state[:2]
        rate, epsilon = numbers
        spare = scratch[0]
        _accumulate(m, v, g, (self.beta_1, self.beta_2), spare)
        if self.amsgrad:
            v = np.maximum(state[2], v, out=state[2])
        root = np.sqrt(v, out=spare)
        root += epsilon
        step = np.divide(m, root, out=root)
        step *= rate
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

        u_t = β₁ (1 - ½ · 0.96ᵗ)        U_t = u_1 u_2 ⋯ u_t
        m = β₁ m + g                    v = β₂ v + g²        S₂ = (1 - β₂ᵗ) / (1 - β₂)
        m̂ = u_(t+1) (1 - β₁) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t)
        w -= η m̂ / (√(v / S₂) + ε)

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
        name: str | None = None,
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
        root = math.sqrt(_weights(self.beta_2, step))  # √(v / S₂) = √v / root: one pass less
        rate = learning_rate * root
        of_m = rate * ahead * (1.0 - self.beta_1) / (1.0 - self._product * ahead)
        of_g = rate * (1.0 - now) / (1.0 - self._product)
        return of_m, of_g, self.epsilon * root

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        m, v = state
        spare, step = scratch
        of_m, of_g, epsilon = numbers
        _accumulate(m, v, g, (self.beta_1, self.beta_2), spare)
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
