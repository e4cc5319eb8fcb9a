"""Adadelta: steps in the units of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class Adadelta(Elementwise):
    """Steps as large as the recent ones were, over the recent root mean square of gradients.

        a = ρ a + (1 - ρ) g²
        d = √(u + ε) / √(a + ε) · g
        u = ρ u + (1 - ρ) d²
        w -= η d

    The paper is the case η = 1; with the default of 0.001 the weights hardly move.
    Source: Zeiler 2012, arXiv:1212.5701.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon

    def make_slots(self) -> None:
        self.add_slots(accumulated_grad=0.0, accumulated_delta_var=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.rho, 1.0 - self.rho, self.epsilon

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        a, u = slots
        rate, rho, share, epsilon = numbers
        spare, step = scratch
        a *= rho
        np.multiply(g, g, out=spare)
        a += np.multiply(spare, share, out=spare)
        np.sqrt(np.add(u, epsilon, out=step), out=step)
        step *= g
        step /= np.sqrt(np.add(a, epsilon, out=spare), out=spare)
        u *= rho
        np.multiply(step, step, out=spare)
        u += np.multiply(spare, share, out=spare)
        step *= rate
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
