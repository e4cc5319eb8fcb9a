"""LAMB: Adam's direction, with a length that fits each variable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array
from numpynn.variables import Variable


class Lamb(Optimizer):
    """Adam's step of a variable as a whole, made as long as η times the variable itself.

        m += (1 - β₁)(g - m)
        v += (1 - β₂)(g² - v)
        s = m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)
        w -= η s ‖w‖ / ‖s‖                   without the norms where one of them is 0

    Source: You et al. 2019, arXiv:1904.00962.
    """

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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        g, w, t = gradient.array, variable.array, self._updates() + 1
        number = self._get_variable_index(variable)
        m, v = self._momentums[number], self._velocities[number]
        m.assign_add((g - m.array) * (1.0 - self.beta_1))
        v.assign_add((g * g - v.array) * (1.0 - self.beta_2))
        root = np.sqrt(v.array / (1.0 - self.beta_2**t)) + self.epsilon
        step = m.array / (1.0 - self.beta_1**t) / root
        size, length = _norm(w), _norm(step)
        ratio = size / length if size > 0 and length > 0 else 1.0
        variable.assign_sub(step * (ratio * float(learning_rate)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


def _norm(x: Array) -> float:
    return math.sqrt(np.sum(x * x))
