"""Learning rates that follow the step t:  η = schedule(t).

A schedule is given to an optimizer in place of a number, which asks it before each step. t counts
the calls of `apply` from 0. It may be an array: then the result is one, to be plotted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tensor import Tensor
from numpynn.typing import Array
from numpynn.utils.registry import Registry


class LearningRateSchedule:
    """Base class: override `__call__(step)`, and `get_config` where it is to be saved."""

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement `__call__(step)`.")

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(
            f"{type(self).__name__} must implement `get_config()` to be saved."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        return cls(**config)


class ExponentialDecay(LearningRateSchedule):
    """η = η₀ · rateᵖ with p = t / decay_steps, with `staircase` rounded down.

    Raises ValueError for `decay_steps` that are not positive.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        p = _float(step) / self.decay_steps
        p = np.floor(p) if self.staircase else p
        return _rate(self.initial_learning_rate * np.power(float(self.decay_rate), p))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """η = η₀ / (1 + rate · p) with p = t / decay_steps, with `staircase` rounded down.

    Raises ValueError for `decay_steps` that are not positive.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        p = _float(step) / self.decay_steps
        p = np.floor(p) if self.staircase else p
        return _rate(self.initial_learning_rate / (1.0 + self.decay_rate * p))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """η = values[i], where i counts the boundaries that t has passed (t = boundary has not).

    A boundary between two whole steps is rounded down, as steps are whole. Raises ValueError
    unless there is one value more than boundaries.
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"There must be one value more than boundaries; got boundaries={boundaries} "
                f"(length {len(boundaries)}) and values={values} (length {len(values)})."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        t = np.asarray(step)
        boundaries = np.asarray(self.boundaries).astype(t.dtype)
        return _rate(np.asarray(self.values, float)[np.searchsorted(boundaries, t, side="left")])

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """η = (η₀ - η_end) · (1 - t / T)^power + η_end, up to T = decay_steps; η_end after that.

    cycle: T is instead the multiple of `decay_steps` that t has not passed yet, so that η rises
    again after each. Raises ValueError for `decay_steps` that are not positive.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        t, steps = _float(step), _float(self.decay_steps)
        if self.cycle:
            steps = steps * np.where(t == 0, 1.0, np.ceil(t / steps))
        else:
            t = np.minimum(t, steps)
        left = np.power(1.0 - t / steps, self.power)
        end = self.end_learning_rate
        return _rate((self.initial_learning_rate - end) * left + end)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class CosineDecay(LearningRateSchedule):
    """Half a cosine from η₀ down to α η₀, if wanted after a straight line up.

        η = η₀ ((1 - α) · ½ (1 + cos(π t / T)) + α)              up to T = decay_steps

    warmup_target: for the first `warmup_steps` η goes straight from η₀ to this target; then the
    decay begins, from the target. Raises ValueError for `decay_steps` that are not positive.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983; Goyal et al. 2017, arXiv:1706.02677.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Tensor:
        t, start, target = _float(step), self.initial_learning_rate, self.warmup_target
        if target is None:
            return _rate(start * self._decayed(t))
        warming = t < self.warmup_steps
        line = start + (target - start) * t / (self.warmup_steps or 1)
        return _rate(np.where(warming, line, target * self._decayed(t - self.warmup_steps)))

    def _decayed(self, t: Array) -> Array:
        done = np.minimum(t, self.decay_steps) / self.decay_steps
        return (1.0 - self.alpha) * _half_cosine(done) + self.alpha

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after another, each `t_mul` times as long and `m_mul` times as high.

        η = η₀ ((1 - α) · m_mulⁱ · ½ (1 + cos(π p)) + α)

    i numbers the cosines from 0, p is how much of this one is done; the first takes
    `first_decay_steps`. Raises ValueError where these are not positive.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        i, done = self._place(_float(step) / self.first_decay_steps)
        height = np.power(float(self.m_mul), i)
        return _rate(
            self.initial_learning_rate
            * ((1.0 - self.alpha) * height * _half_cosine(done) + self.alpha)
        )

    def _place(self, t: Array) -> tuple[Array, Array]:
        """The number of the cosine at t, counted in first cosines, and how much of it is done."""
        q = float(self.t_mul)
        if q == 1.0:
            i = np.floor(t)
            return i, t - i
        # The first i cosines take (1 - qⁱ) / (1 - q). The logarithms may come out a little short
        # of a whole number (log 1000 / log 10 does), and the restart would be a step late.
        i = np.floor(np.log(1.0 - t * (1.0 - q)) / math.log(q) + 1e-9)
        return i, (t - (1.0 - q**i) / (1.0 - q)) / q**i

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def _positive(name: str, value: int) -> int:
    if value <= 0:
        raise ValueError(f"`{name}` must be positive; got {value}.")
    return value


def _float(step: Any) -> Array:
    return np.asarray(step, dtype=np.float64)


def _half_cosine(done: Array) -> Array:
    return 0.5 * (1.0 + np.cos(math.pi * done))


def _rate(value: Array) -> Tensor:
    return Tensor(np.asarray(value, dtype=config.floatx()))


_registry = Registry(
    "learning rate schedule",
    LearningRateSchedule,
    [
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    ],
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """A configuration that `deserialize` makes an equal schedule from."""
    return _registry.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule of a configuration. custom_objects: {name: class} beside Keras's own."""
    return _registry.deserialize(config, custom_objects)
