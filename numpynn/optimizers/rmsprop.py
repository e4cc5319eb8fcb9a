"""RMSprop: steps over the root of a running mean of squared gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array


class RMSprop(Optimizer):
    """The gradient over its recent root mean square.

        r = ρ r + (1 - ρ) g²
        s = η g / √(r + ε)                       w -= s
        centered    a = ρ a + (1 - ρ) g          s = η g / √(r - a² + ε)
        momentum    b = μ b + s                  w -= b

    Source: Hinton 2012, lecture 6e; Graves 2013 for the centred form.
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
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        named = {"velocity": True, "momentum": momentum > 0, "average_gradient": centered}
        self.slots = tuple(name for name, needed in named.items() if needed)

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        of = dict(zip(self.slots, state, strict=True))
        root, step = scratch
        r = of["velocity"]
        r *= self.rho
        np.multiply(g, g, out=root)
        r += np.multiply(root, 1.0 - self.rho, out=root)
        if self.centered:
            a = of["average_gradient"]
            a *= self.rho
            a += np.multiply(g, 1.0 - self.rho, out=root)
            np.multiply(a, a, out=root)
            np.subtract(r, root, out=root)
            root += self.epsilon
        else:
            np.add(r, self.epsilon, out=root)
        np.sqrt(root, out=root)
        np.multiply(g, numbers, out=step)
        step /= root
        if self.momentum > 0:
            b = of["momentum"]
            b *= self.momentum
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
