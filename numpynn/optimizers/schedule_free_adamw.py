"""Schedule-free AdamW: averaging the weights in place of lowering the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.adam import approach
from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class ScheduleFreeAdamW(Elementwise):
    """Adam steps of a point z; gradients are taken at w, between z and the mean x of all z.

        v += (1 - β₂)(g² - v)
        z⁺ = z - η g / (√(v / (1 - β₂ᵗ)) + ε)               z begins as w
        x = (w - (1 - β₁) z) / β₁                           the mean, which is not kept
        x⁺ = x + (z⁺ - x) / t
        w = (1 - β₁) z⁺ + β₁ x⁺

    warmup_steps: η grows to its full size in so many steps. The slot `momentum` is z. In the third
    line Keras on TensorFlow takes z⁺ for z, by an oversight: its z has moved when it is read.
    Source: Defazio et al. 2024, arXiv:2405.15682.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.warmup_steps = warmup_steps

    def make_slots(self) -> None:
        self.add_slots(momentum=0.0, velocity=0.0)
        for group in self._groups:
            group.slots[0][:] = group.values

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        warm = min(step / self.warmup_steps, 1.0) if self.warmup_steps > 0 else 1.0
        # √(v / (1 - β₂ᵗ)) + ε = (√v + ε root) / root: one pass over the weights less
        root = math.sqrt(1.0 - self.beta_2**step)
        shares = 1.0 - self.beta_2, 1.0 - self.beta_1, self.beta_1, 1.0 / step
        return learning_rate * warm * root, self.epsilon * root, *shares

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        z, v = slots
        rate, epsilon, share_2, share_1, beta_1, of_new = numbers
        spare, step = scratch
        approach(v, np.multiply(g, g, out=spare), share_2, spare)
        root = np.sqrt(v, out=spare)
        root += epsilon
        np.multiply(g, rate, out=step)
        step /= root
        w -= np.multiply(z, share_1, out=spare)
        w /= beta_1  # w is the mean x now
        z -= step
        approach(w, z, of_new, spare)
        w *= beta_1
        w += np.multiply(z, share_1, out=spare)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }
