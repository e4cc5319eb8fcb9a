"""Stochastic gradient descent, with momentum and Nesterov's look-ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.base import Optimizer
from numpynn.typing import Array


class SGD(Optimizer):
    """Gradient descent with step size η and momentum μ.

        μ = 0       w -= η g
        momentum    v = μ v - η g        w += v
        nesterov    v = μ v - η g        w += μ v - η g

    Keras's Nesterov form stores the point looked ahead to, so that g is taken where w is.
    Raises ValueError for a momentum outside 0 … 1. Source: Polyak 1964; Sutskever et al. 2013.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a number from 0 to 1; got {momentum!r}.")
        self.momentum = momentum
        self.nesterov = nesterov
        self.slots = ("momentum",) if momentum else ()

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        step = np.multiply(g, numbers, out=scratch[0])
        if not state:
            w -= step
            return
        (v,) = state
        v *= self.momentum
        v -= step
        if self.nesterov:
            w -= step
            w += np.multiply(v, self.momentum, out=step)
        else:
            w += v

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
