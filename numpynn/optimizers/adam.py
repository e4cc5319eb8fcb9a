"""Adam: adaptive moments, with AdamW's defaults too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.optimizers.elementwise import Elementwise
from numpynn.typing import Array


def approach(mean: Array, value: Array, share: Any, spare: Array) -> None:
    """mean += share · (value - mean), in place. `spare` may be the value's own memory."""
    difference = np.subtract(value, mean, out=spare)
    difference *= share
    mean += difference


class Adam(Elementwise):
    """Steps of the mean gradient over the root of the mean squared gradient.

        m += (1 - β₁)(g - m)
        v += (1 - β₂)(g² - v)
        w -= η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)

    amsgrad: √v of the largest v so far. The paper has ε beside √(v / (1 - β₂ᵗ)), so that its ε is
    Keras's over √(1 - β₂ᵗ), which changes with t.
    Source: Kingma & Ba 2014, arXiv:1412.6980; Reddi et al. 2018.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad

    def make_slots(self) -> None:
        self.add_slots(momentum=0.0, velocity=0.0)
        if self.amsgrad:
            self.add_slots(velocity_hat=0.0)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        rate = learning_rate * math.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        return rate, 1.0 - self.beta_1, 1.0 - self.beta_2, self.epsilon

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        m, v = slots[:2]
        rate, share_1, share_2, epsilon = numbers
        spare = scratch[0]
        approach(m, g, share_1, spare)
        approach(v, np.multiply(g, g, out=spare), share_2, spare)
        if self.amsgrad:
            v = np.maximum(slots[2], v, out=slots[2])
        root = np.sqrt(v, out=spare)
        root += epsilon
        step = np.divide(m, root, out=root)
        step *= rate
        w -= step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class AdamW(Adam):
    """Adam with weight decay from the start: first w -= λ η w, then Adam's step.

    The decay is apart from the gradient, so the adaptive step size does not touch it, which it
    does where an L2 penalty is part of the loss. Raises ValueError for `weight_decay=None`.
    Source: Loshchilov & Hutter 2017, arXiv:1711.05101.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise ValueError("AdamW needs a `weight_decay`; got None. Without one it is Adam.")
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
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
