"""Lion: the sign of a momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class Lion(Elementwise):
    """Steps of one size for all weights, in the direction of a mix of momentum and gradient.

        w -= η sign(β₁ m + (1 - β₁) g)
        m = β₂ m + (1 - β₂) g

    Every weight moves by η, so η should be 3 to 10 times smaller than for Adam. Raises ValueError
    for a β₁ of 0 or less (which would be plain signed descent) or above 1.
    Source: Chen et al. 2023, arXiv:2302.06675.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if beta_1 <= 0 or beta_1 > 1:
            raise ValueError(f"`beta_1` must be above 0 and at most 1; got {beta_1}.")

    def make_slots(self) -> None:
        self.add_slots(momentum=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.beta_1, 1.0 - self.beta_1, self.beta_2, 1.0 - self.beta_2

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        (m,) = slots
        rate, beta_1, share_1, beta_2, share_2 = numbers
        step, spare = scratch
        np.multiply(m, beta_1, out=step)
        step += np.multiply(g, share_1, out=spare)
        np.sign(step, out=step)
        step *= rate
        w -= step
        m *= beta_2
        m += np.multiply(g, share_2, out=spare)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
