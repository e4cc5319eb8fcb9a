"""Learning rate schedules against Keras, before, at and after their boundaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, both_float_types, error, hold, numbers

import numpynn
from numpynn.optimizers import schedules

BARS = {"float64": 1e-13, "float32": 1e-5}
EXAMPLES = settings.default.max_examples

rates, shares, whole = numbers(0.001, 2.0), numbers(0.05, 1.5), st.integers(1, 50)

CONFIGURATIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "ExponentialDecay": st.fixed_dictionaries(
        {"initial_learning_rate": rates, "decay_steps": whole, "decay_rate": shares},
        optional={"staircase": st.booleans()},
    ),
    "InverseTimeDecay": st.fixed_dictionaries(
        {"initial_learning_rate": rates, "decay_steps": whole, "decay_rate": shares},
        optional={"staircase": st.booleans()},
    ),
    "PiecewiseConstantDecay": st.lists(whole, min_size=1, max_size=4, unique=True).flatmap(
        lambda boundaries: st.fixed_dictionaries(
            {
                "boundaries": st.just(sorted(boundaries)),
                "values": st.lists(
                    rates, min_size=len(boundaries) + 1, max_size=len(boundaries) + 1
                ),
            }
        )
    ),
    "PolynomialDecay": st.fixed_dictionaries(
        {"initial_learning_rate": rates, "decay_steps": whole},
        optional={
            "end_learning_rate": rates,
            "power": numbers(0.25, 3.0),
            "cycle": st.booleans(),
        },
    ),
    "CosineDecay": st.fixed_dictionaries(
        {"initial_learning_rate": rates, "decay_steps": whole},
        optional={
            "alpha": numbers(0.0, 1.0),
            "warmup_target": rates,
            "warmup_steps": st.integers(0, 20),
        },
    ),
    "CosineDecayRestarts": st.fixed_dictionaries(
        {"initial_learning_rate": rates, "first_decay_steps": whole},
        optional={
            "t_mul": st.sampled_from([1.0, 2.0, 4.0]),  # see the restarts below for others
            "m_mul": shares,
            "alpha": numbers(0.0, 1.0),
        },
    ),
}

each_kind = pytest.mark.parametrize("kind", CONFIGURATIONS)


def boundaries(kind: str, arguments: dict[str, Any]) -> list[float]:
    """Where the formula changes."""
    if kind == "PiecewiseConstantDecay":
        return list(arguments["boundaries"])
    warmup, first = arguments.get("warmup_steps", 0), arguments.get("first_decay_steps", 0)
    if first:
        times = arguments.get("t_mul", 2.0)
        return [first * sum(times**i for i in range(n)) for n in range(4)]
    steps = arguments["decay_steps"]
    return [0, warmup, steps, warmup + steps, 2 * steps, 3 * steps]


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@each_kind
def test_schedules_match_keras(kind: str, dtype: str) -> None:
    @settings(max_examples=max(3, EXAMPLES // 3))
    @given(CONFIGURATIONS[kind], st.integers(0, 500))
    def holds(arguments: dict[str, Any], elsewhere: int) -> None:
        with both_float_types(dtype):
            ours = getattr(schedules, kind)(**arguments)
            theirs = getattr(keras.optimizers.schedules, kind)(**arguments)
            near = {int(b) + d for b in boundaries(kind, arguments) for d in (-1, 0, 1, 2)}
            for step in sorted({*(t for t in near if t >= 0), elsewhere}):
                found = ours(step)
                assert found.dtype == np.dtype(dtype) and found.shape == ()
                worst = error(array(found), array(theirs(step)))
                assert worst <= BARS[dtype], f"step {step}: {found} against {theirs(step)}"
            assert ours.get_config() == theirs.get_config()

    holds()


@each_kind
def test_configurations_go_both_ways(kind: str) -> None:
    @settings(max_examples=max(2, EXAMPLES // 4))
    @given(CONFIGURATIONS[kind], st.sampled_from([{}, {"name": "own"}]))
    def holds(arguments: dict[str, Any], named: dict[str, str]) -> None:
        ours = getattr(schedules, kind)(**arguments, **named)
        theirs = getattr(keras.optimizers.schedules, kind)(**arguments, **named)
        written = keras.optimizers.schedules.serialize(theirs)
        assert schedules.serialize(ours) == written
        for again in (
            type(ours).from_config(theirs.get_config()),
            schedules.deserialize(written),
            schedules.deserialize({"class_name": kind, "config": ours.get_config()}),
            keras.optimizers.schedules.deserialize(schedules.serialize(ours)),
        ):
            assert again.get_config() == ours.get_config()

    holds()


@each_kind
def test_many_steps_at_once_are_each_as_alone(kind: str) -> None:
    @settings(max_examples=max(2, EXAMPLES // 4))
    @given(CONFIGURATIONS[kind])
    def holds(arguments: dict[str, Any]) -> None:
        schedule = getattr(schedules, kind)(**arguments)
        steps = np.arange(60).reshape(4, 15)
        found = schedule(steps)
        assert found.shape == steps.shape
        alone = np.array([float(schedule(t)) for t in steps.flat]).reshape(steps.shape)
        np.testing.assert_array_equal(found.numpy(), alone.astype("float32"))

    holds()


@pytest.mark.parametrize("times", [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0])
def test_a_restart_comes_with_its_step(times: float) -> None:
    """Also where a quotient of logarithms comes out a little below a whole number."""
    with both_float_types("float64"):
        schedule = schedules.CosineDecayRestarts(0.1, 10, t_mul=times, m_mul=0.5, alpha=0.25)
    length, start, height = 10.0, 0.0, 1.0
    for _ in range(7):
        start, length, height = start + length, length * times, height * 0.5
        if start == int(start):
            peak = float(schedule(int(start)))
            assert peak == pytest.approx(0.1 * (0.75 * height + 0.25), rel=1e-6)
            assert float(schedule(int(start) - 1)) < peak or height < 0.1


def test_a_warm_up_from_zero() -> None:
    """A whole number is a number; Keras computes in integers then, and fails."""
    schedule = schedules.CosineDecay(0, 10, warmup_target=1, warmup_steps=4, alpha=0.5)
    hold([float(schedule(t)) for t in (0, 1, 3, 4, 14, 99)], [0, 0.25, 0.75, 1, 0.5, 0.5], 1e-7)


@pytest.mark.parametrize("step", [0, 2, 3, 2.0, 2.3, 2.5, 2.7, 3.0])
def test_boundaries_between_steps(step: float) -> None:
    def program(library: Any) -> Any:
        decay = library.optimizers.schedules.PiecewiseConstantDecay([2.5], [0.5, 0.25])
        return float(decay(step))

    assert program(numpynn) == program(keras)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda s: s.ExponentialDecay(0.1, 0, 0.5),
    "inverse": lambda s: s.InverseTimeDecay(0.1, -1, 0.5),
    "polynomial": lambda s: s.PolynomialDecay(0.1, 0),
    "cosine": lambda s: s.CosineDecay(0.1, 0),
    "restarts": lambda s: s.CosineDecayRestarts(0.1, 0),
    "piecewise": lambda s: s.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
}


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
@pytest.mark.parametrize("what", REFUSED)
def test_wrong_arguments_are_refused(library: Any, what: str) -> None:
    with pytest.raises(ValueError):
        REFUSED[what](library.optimizers.schedules)


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
def test_a_schedule_of_ones_own(library: Any) -> None:
    class Root(library.optimizers.schedules.LearningRateSchedule):
        def __init__(self, start: float) -> None:
            self.start = start

        def __call__(self, step: Any) -> Any:
            return self.start / library.ops.sqrt(library.ops.cast(step, "float32") + 1.0)

        def get_config(self) -> dict[str, Any]:
            return {"start": self.start}

    w = library.Variable(np.zeros(1, "float32"))
    optimizer = library.optimizers.SGD(Root(0.5))
    for _ in range(4):
        optimizer.apply([np.ones(1, "float32")], [w])
    assert array(w)[0] == pytest.approx(-0.5 * sum((t + 1) ** -0.5 for t in range(4)), rel=1e-6)
    written = library.optimizers.serialize(optimizer)
    again = library.optimizers.deserialize(written, custom_objects={"Root": Root})
    assert again.get_config() == optimizer.get_config()
    base = library.optimizers.schedules.LearningRateSchedule()
    for method in (lambda: base(0), base.get_config):
        with pytest.raises(NotImplementedError):
            method()


def test_unknown_schedules_are_refused() -> None:
    with pytest.raises(ValueError, match="CosineDekay"):
        schedules.deserialize({"class_name": "CosineDekay", "config": {}})
