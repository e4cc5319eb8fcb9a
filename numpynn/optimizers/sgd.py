"""Stochastic gradient descent, with momentum and Nesterov's look-ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


class SGD(Elementwise):
    """Gradient descent with step size η and momentum μ.

        μ = 0       w -= η g
        momentum    v = μ v - η g        w += v
        nesterov    v = μ v - η g        w += μ v - η g

    Keras's Nesterov form keeps in w the point looked ahead to, θ + μ v of the textbook, where the
    gradient is taken. Raises ValueError for a momentum that is no float from 0 to 1.
    Source: Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013.
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
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a float from 0 to 1; got {momentum!r}.")
        self.momentum = momentum
        self.nesterov = nesterov

    def make_slots(self) -> None:
        if self.momentum:
            self.add_slots(momentum=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.momentum

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        rate, momentum = numbers
        step = np.multiply(g, rate, out=scratch[0])
        if not slots:
            w -= step
            return
        (v,) = slots
        v *= momentum
        v -= step
        if self.nesterov:
            w -= step
            w += np.multiply(v, momentum, out=step)
        else:
            w += v

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
