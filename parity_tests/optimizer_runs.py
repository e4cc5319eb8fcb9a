"""Every optimizer of both libraries, and runs of them over gradients from a seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st
from pairs import array, hold

import numpynn


class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Keras's, whose `momentum_old` on TensorFlow is the variable itself, so not old but new."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        number = self._get_variable_index(variable)
        momentum = self._momentums[number]
        self._momentums[number] = Remembering(momentum)
        super().update_step(gradient, variable, learning_rate)
        self._momentums[number] = momentum


class Remembering:
    """A variable whose `value` stays what it is now."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.dtype = variable.dtype
        self.value = keras.ops.copy(variable)
        self.assign_sub = variable.assign_sub

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        return tf.convert_to_tensor(self.variable.value, dtype, name)


def schedule_free(optimizers: Any) -> Any:
    return ScheduleFreeAdamW if optimizers is keras.optimizers else optimizers.ScheduleFreeAdamW


Make = Callable[[Any, dict[str, Any]], Any]  # of `optimizers` and the common options

KINDS: dict[str, Make] = {
    "SGD": lambda o, common: o.SGD(**{"learning_rate": 0.1, **common}),
    "momentum": lambda o, common: o.SGD(momentum=0.9, **common),
    "Nesterov": lambda o, common: o.SGD(momentum=0.8, nesterov=True, **common),
    "Nesterov without momentum": lambda o, common: o.SGD(nesterov=True, **common),
    "Adam": lambda o, common: o.Adam(**common),
    "fast Adam": lambda o, common: o.Adam(beta_1=0.5, beta_2=0.9, epsilon=1e-3, **common),
    "AMSGrad": lambda o, common: o.Adam(amsgrad=True, **common),
    "AdamW": lambda o, common: o.AdamW(**common),
    "Adamax": lambda o, common: o.Adamax(**common),
    "Nadam": lambda o, common: o.Nadam(**common),
    "Adagrad": lambda o, common: o.Adagrad(**common),
    "Adagrad from 1": lambda o, common: o.Adagrad(
        initial_accumulator_value=1.0, epsilon=1e-3, **common
    ),
    "Adadelta": lambda o, common: o.Adadelta(**{"learning_rate": 1.0, **common}),
    "RMSprop": lambda o, common: o.RMSprop(**common),
    "RMSprop with momentum": lambda o, common: o.RMSprop(rho=0.8, momentum=0.7, **common),
    "centred RMSprop": lambda o, common: o.RMSprop(centered=True, **common),
    "centred RMSprop with momentum": lambda o, common: o.RMSprop(
        momentum=0.5, centered=True, epsilon=1e-4, **common
    ),
    "Ftrl": lambda o, common: o.Ftrl(**common),
    "Ftrl with penalties": lambda o, common: o.Ftrl(
        learning_rate_power=-0.7,
        initial_accumulator_value=0.3,
        l1_regularization_strength=0.05,
        l2_regularization_strength=0.02,
        l2_shrinkage_regularization_strength=0.03,
        beta=0.1,
        **common,
    ),
    "Lion": lambda o, common: o.Lion(**common),
    "Adafactor": lambda o, common: o.Adafactor(**common),
    "Adafactor with its options": lambda o, common: o.Adafactor(
        beta_2_decay=-0.6, epsilon_2=0.01, clip_threshold=0.5, relative_step=False, **common
    ),
    "Lamb": lambda o, common: o.Lamb(**common),
    "Muon": lambda o, common: o.Muon(**common),
    "Muon with its options": lambda o, common: o.Muon(
        adam_lr_ratio=0.5,
        adam_weight_decay=None,
        exclude_layers=["w1"],
        momentum=0.9,
        nesterov=False,
        ns_steps=3,
        rms_rate=None,
        **common,
    ),
    "ScheduleFreeAdamW": lambda o, common: schedule_free(o)(**common),
    "warm ScheduleFreeAdamW": lambda o, common: schedule_free(o)(
        beta_1=0.8, warmup_steps=5, **common
    ),
}

RATES: dict[str, Callable[[Any], Any]] = {
    "number": lambda o: 0.01,
    "schedule": lambda o: o.schedules.ExponentialDecay(0.02, 7, 0.6),
    "function": lambda o: lambda: 0.005,
}

COMMON = st.fixed_dictionaries(
    {"learning_rate": st.sampled_from(sorted(RATES))},
    optional={
        "weight_decay": st.sampled_from([0.004, 0.1]),
        "loss_scale_factor": st.sampled_from([0.5, 3.0]),
        "gradient_accumulation_steps": st.sampled_from([2, 3]),
    },
).flatmap(
    lambda options: st.builds(
        lambda clip, average: {**options, **clip, **average},
        st.sampled_from(
            [{}, {"clipnorm": 0.7}, {"clipvalue": 0.3}, {"global_clipnorm": 1.1}, {"clipnorm": 1e2}]
        ),
        st.sampled_from(
            [
                {},
                {"use_ema": True},
                {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
            ]
        ),
    )
)
SHAPES = st.lists(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4), min_size=1, max_size=4)


class Run:
    """Variables of one library, and an optimizer that follows gradients from a seed."""

    def __init__(
        self, library: Any, kind: str, common: dict[str, Any], shapes: Any, dtype: str, seed: int
    ) -> None:
        self.library = library
        self.dtype = dtype
        self.random = np.random.default_rng(seed)
        self.variables = [
            library.Variable(self.random.normal(size=shape).astype(dtype), name=f"w{i}")
            for i, shape in enumerate(shapes)
        ]
        if isinstance(common.get("learning_rate"), str):
            rate = RATES[common["learning_rate"]](library.optimizers)
            common = {**common, "learning_rate": rate}
        self.optimizer = KINDS[kind](library.optimizers, common)

    def step(self, absent: frozenset[int] = frozenset()) -> None:
        """One update; `absent` variables have no gradient."""
        scale = 10.0 ** self.random.uniform(-2, 1)
        gradients = [self._drawn(scale, v.shape) for v in self.variables]
        given = [None if i in absent else g for i, g in enumerate(gradients)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of variables without gradients
            self.optimizer.apply(given, self.variables)

    def _drawn(self, scale: float, shape: Any) -> Any:
        gradient = self.random.normal(size=shape) * scale
        gradient = np.where(self.random.random(gradient.shape) < 0.1, 0.0, gradient)
        return gradient.astype("float32").astype(self.dtype)


def both(*arguments: Any) -> tuple[Run, Run]:
    """The same run of numpynn and of Keras."""
    return Run(numpynn, *arguments), Run(keras, *arguments)


def hold_state(ours: Any, theirs: Any, bar: float) -> None:
    """Fail unless two optimizers have the same variables: number, names, shapes, types, values."""
    mine, others = ours.variables, theirs.variables
    assert [described(v) for v in mine] == [described(v) for v in others]
    hold(list(mine), list(others), bar, "state")


def described(variable: Any) -> Any:
    dtype = keras.backend.standardize_dtype(variable.dtype)
    name = None if variable.name.startswith("variable") else variable.name  # numbered by session
    return name, tuple(variable.shape), dtype


def hold_runs(ours: Run, theirs: Run, bar: float) -> None:
    """Fail unless the weights and the state of two runs are equal."""
    hold(ours.variables, theirs.variables, bar, "variables")
    hold_state(ours.optimizer, theirs.optimizer, bar)
    assert int(array(ours.optimizer.iterations)) == int(array(theirs.optimizer.iterations))
