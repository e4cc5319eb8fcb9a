"""Nadam: Adam with Nesterov momentum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.optimizers.adam import approach
from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array
from numpynn.variables import Variable


class Nadam(Elementwise):
    """Adam that looks ahead along its momentum.

        u_t = β₁ (1 - ½ · 0.96ᵗ)        U_t = u_1 u_2 ⋯ u_t
        m += (1 - β₁)(g - m)            v += (1 - β₂)(g² - v)
        m̂ = u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t)
        w -= η m̂ / (√(v / (1 - β₂ᵗ)) + ε)

    tf.keras up to 2.10 had 0.96 to the power 0.004 t; the two differ from the first step on, where
    u_1 is 0.468 here. Source: Dozat 2015.
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
        self.add_slots(momentum=0.0, velocity=0.0)
        dtypes = [variable.dtype for variable in self._trainable_variables] or [config.floatx()]
        self._u_product = Variable(1.0, dtype=dtypes[0], trainable=False)  # U_t

    def _update(self, gradients: Sequence[Array | None]) -> None:
        product = self._u_product.array * self._u(self._updates() + 1)
        self._u_product.array = np.asarray(product, self._u_product.dtype)
        super()._update(gradients)

    def _u(self, step: int) -> float:
        return self.beta_1 * (1.0 - 0.5 * 0.96**step)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        now, ahead, product = self._u(step), self._u(step + 1), float(self._u_product.array)
        of_m = learning_rate * ahead / (1.0 - product * ahead)
        of_g = learning_rate * (1.0 - now) / (1.0 - product)
        # √(v / (1 - β₂ᵗ)) + ε = (√v + ε root) / root: one pass over the weights less
        root = math.sqrt(1.0 - self.beta_2**step)
        shares = 1.0 - self.beta_1, 1.0 - self.beta_2
        return of_m * root, of_g * root, *shares, self.epsilon * root

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        m, v = slots
        of_m, of_g, share_1, share_2, epsilon = numbers
        spare, step = scratch
        approach(m, g, share_1, spare)
        approach(v, np.multiply(g, g, out=spare), share_2, spare)
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
