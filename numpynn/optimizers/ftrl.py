"""FTRL: follow the regularised leader, for sparse linear models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class Ftrl(Elementwise):
    """The weights that would have been best so far, under L1 and L2 penalties.

        n⁺ = n + g²                      n begins as `initial_accumulator_value`
        σ = (n⁺ᵖ - nᵖ) / η               p = -learning_rate_power
        z += g + 2 l₂' w - σ w
        w = (clip(z, -l₁, l₁) - z) / (n⁺ᵖ / η + 2 l₂ + β / η)

    l₁, l₂ and l₂' are the strengths of L1, L2 and L2 shrinkage. Where |z| ≤ l₁ the weight is
    exactly 0. Raises ValueError for strengths and first accumulators below 0, and for a
    `learning_rate_power` above 0.
    Source: McMahan et al. 2013, "Ad click prediction: a view from the trenches".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        for option, value, sign in (
            ("initial_accumulator_value", initial_accumulator_value, 1),
            ("learning_rate_power", learning_rate_power, -1),
            ("l1_regularization_strength", l1_regularization_strength, 1),
            ("l2_regularization_strength", l2_regularization_strength, 1),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength, 1),
        ):
            if value * sign < 0.0:
                side = "positive" if sign > 0 else "negative"
                raise ValueError(f"`{option}` must be {side} or zero; got {value}.")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def make_slots(self) -> None:
        self.add_slots(accumulator=self.initial_accumulator_value, linear=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength
        shrinkage = 2.0 * self.l2_shrinkage_regularization_strength
        of_beta = self.beta / learning_rate if self.beta else 0.0
        return learning_rate, l1, 2.0 * l2 + of_beta, shrinkage

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        n, z = slots
        rate, l1, l2, shrinkage = numbers
        sigma, spare = scratch
        z += g
        if self.l2_shrinkage_regularization_strength:
            z += np.multiply(w, shrinkage, out=spare)
        before = self._power(n, spare)
        n += np.multiply(g, g, out=sigma)
        after = self._power(n, sigma)
        np.subtract(after, before, out=before)
        before /= rate
        before *= w
        z -= before
        after /= rate
        after += l2
        np.clip(z, -l1, l1, out=w)
        w -= z
        w /= after

    def _power(self, n: Array, out: Array) -> Array:
        p = -self.learning_rate_power
        return np.sqrt(n, out=out) if p == 0.5 else np.power(n, p, out=out)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
