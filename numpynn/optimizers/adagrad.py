"""Adagrad: a step size for every weight, smaller the more it has moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class Adagrad(Elementwise):
    """Steps over the root of the sum of all squared gradients so far.

        a += g²                      a begins as `initial_accumulator_value`
        w -= η g / √(a + ε)

    The paper begins with a = 0 and has ε beside the root: η g / (ε + √a).
    Source: Duchi, Hazan & Singer 2011.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
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
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def make_slots(self) -> None:
        self.add_slots(accumulator=self.initial_accumulator_value)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.epsilon

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        (a,) = slots
        rate, epsilon = numbers
        root, step = scratch
        a += np.multiply(g, g, out=root)
        np.add(a, epsilon, out=root)
        np.sqrt(root, out=root)
        np.multiply(g, rate, out=step)
        step /= root
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
