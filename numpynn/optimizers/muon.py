"""Muon: momentum whose singular values are all made about 1."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array
from numpynn.variables import Variable


class Muon(Optimizer):
    """Steps along U Vᵀ of the momentum U S Vᵀ, for matrices; Adam's steps for all else.

        m = μ m + g
        s = m, or g + μ m with `nesterov`
        w -= η orthogonal(s) √max(rows, columns) · rms_rate

    orthogonal: `ns_steps` Newton-Schulz iterations from x = s / ‖s‖, which bring the singular
    values near 1:

        x = a x + (b A + c A A) x            A = x xᵀ

    Adam is for variables that have not two axes, for embeddings unless `exclude_embeddings=False`,
    and for those in whose path a pattern of `exclude_layers` occurs; it has its own weight decay
    and η times `adam_lr_ratio`. rms_rate: None leaves the step as long as it is.
    Source: Jordan 2024, https://kellerjordan.github.io/posts/muon; Liu et al. 2025,
    arXiv:2502.16982, for the length of the step.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = exclude_layers or []
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self.momentums: list[Variable] = []
        self.adam_velocities: list[Variable | None] = []
        for variable in self._trainable_variables:
            self.momentums.append(self.add_variable_from_reference(variable, "momentum"))
            self.adam_velocities.append(
                self.add_variable_from_reference(variable, "velocity")
                if self._is_for_adam(variable)
                else None
            )

    def _is_for_adam(self, variable: Variable) -> bool:
        is_embedding = "embedding" in variable.path.lower()
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and is_embedding)
            or any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
        )

    def _decay_of(self, variable: Variable) -> float | None:
        if self._excluded(variable):
            return None
        return self.adam_weight_decay if self._is_for_adam(variable) else self.weight_decay

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        g, rate = gradient.array, float(learning_rate)
        number = self._get_variable_index(variable)
        m, v = self.momentums[number], self.adam_velocities[number]
        if v is not None:
            variable.assign_sub(self._adam_step(g, m, v) * (rate * self.adam_lr_ratio))
            return
        m.assign_add(g + m.array * (self.momentum - 1.0))
        ahead = g + self.momentum * m.array if self.nesterov else m.array
        length = 1.0
        if self.rms_rate is not None:
            length = math.sqrt(max(variable.shape)) * self.rms_rate
        variable.assign_sub(self._orthogonal(ahead) * (rate * length))

    def _orthogonal(self, x: Array) -> Array:
        a, b, c = self.muon_a, self.muon_b, self.muon_c
        upright = x.shape[0] > x.shape[1]
        x = x.T if upright else x  # the smaller product x xᵀ
        x = x / (math.sqrt(np.sum(x * x)) + 1e-7)
        for _ in range(self.ns_steps):
            A = x @ x.T
            x = a * x + (b * A + c * A @ A) @ x
        return x.T if upright else x

    def _adam_step(self, g: Array, m: Variable, v: Variable) -> Array:
        t = self._updates() + 1
        m.assign_add((g - m.array) * (1.0 - self.adam_beta_1))
        v.assign_add((g * g - v.array) * (1.0 - self.adam_beta_2))
        unbiased = math.sqrt(1.0 - self.adam_beta_2**t) / (1.0 - self.adam_beta_1**t)
        return m.array / (np.sqrt(v.array) + self.epsilon) * unbiased

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "adam_beta_1": self.adam_beta_1,
            "adam_beta_2": self.adam_beta_2,
            "adam_weight_decay": self.adam_weight_decay,
            "epsilon": self.epsilon,
            "exclude_layers": self.exclude_layers,
            "exclude_embeddings": self.exclude_embeddings,
            "muon_a": self.muon_a,
            "muon_b": self.muon_b,
            "muon_c": self.muon_c,
            "adam_lr_ratio": self.adam_lr_ratio,
            "momentum": self.momentum,
            "ns_steps": self.ns_steps,
            "nesterov": self.nesterov,
            "rms_rate": self.rms_rate,
        }
