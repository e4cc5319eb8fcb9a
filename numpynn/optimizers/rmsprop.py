"""RMSprop: steps over the root of a running mean of squared gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class RMSprop(Elementwise):
    """The gradient over its recent root mean square.

        r = ρ r + (1 - ρ) g²
        s = η g / √(r + ε)                       w -= s
        centered    a = ρ a + (1 - ρ) g          s = η g / √(r - a² + ε)
        momentum    b = μ b + s                  w -= b

    The momentum is the plain one, not Nesterov's, and ε stands under the root, where it also keeps
    0 / 0 away from weights that never had a gradient.
    Source: Hinton 2012, lecture 6e; Graves 2013, arXiv:1308.0850, for the centred form.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def make_slots(self) -> None:
        self.add_slots(velocity=0.0)
        if self.momentum > 0:
            self.add_slots(momentum=0.0)
        if self.centered:
            self.add_slots(average_gradient=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.rho, 1.0 - self.rho, self.momentum, self.epsilon

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        rate, rho, share, momentum, epsilon = numbers
        r, *others = slots
        root, step = scratch
        r *= rho
        np.multiply(g, g, out=root)
        r += np.multiply(root, share, out=root)
        if self.centered:
            a = others[-1]
            a *= rho
            a += np.multiply(g, share, out=root)
            np.multiply(a, a, out=root)
            np.subtract(r, root, out=root)
            root += epsilon
        else:
            np.add(r, epsilon, out=root)
        np.sqrt(root, out=root)
        np.multiply(g, rate, out=step)
        step /= root
        if self.momentum > 0:
            b = others[0]
            b *= momentum
            b += step
            step = b
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
