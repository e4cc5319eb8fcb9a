"""Adamax: Adam with the largest gradient in place of the root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.adam import approach
from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class Adamax(Elementwise):
    """Steps of the mean gradient over the largest recent one, which fades by β₂ a step.

        m += (1 - β₁)(g - m)
        u = max(β₂ u, |g|)
        w -= η m / ((1 - β₁ᵗ)(u + ε))

    The default η is 0.001; older Keras versions and the paper have 0.002.
    Source: Kingma & Ba 2014, arXiv:1412.6980, section 7.1.
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

    def make_slots(self) -> None:
        self.add_slots(momentum=0.0, norm=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        rate = learning_rate / (1.0 - self.beta_1**step)
        return rate, 1.0 - self.beta_1, self.beta_2, self.epsilon

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        m, u = slots
        rate, share, beta_2, epsilon = numbers
        spare = scratch[0]
        approach(m, g, share, spare)
        u *= beta_2
        np.maximum(u, np.absolute(g, out=spare), out=u)
        size = np.add(u, epsilon, out=spare)
        step = np.divide(m, size, out=size)
        step *= rate
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
