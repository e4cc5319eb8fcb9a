"""Optimizers against Keras over runs of drawn gradients: every kind, option and extreme value."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_runs import COMMON, KINDS, SHAPES, both, hold_runs
from pairs import FLOAT_TYPES, array, both_float_types, hold, normal

import numpynn
from numpynn import Variable, optimizers

STEPS = 20
BARS = {"float64": 1e-12, "float32": 1e-4}  # 20 steps, which carry each step's rounding on
EXAMPLES = settings.default.max_examples


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_steps_match_keras(kind: str, dtype: str) -> None:
    @settings(max_examples=max(2, EXAMPLES // 10))  # the first is the simplest
    @given(COMMON, SHAPES, st.integers(0, 2**20))
    def holds(common: dict[str, Any], shapes: Any, seed: int) -> None:
        with both_float_types(dtype):
            ours, theirs = both(kind, common, shapes, dtype, seed)
            for t in range(STEPS):
                for run in (ours, theirs):
                    if t == STEPS // 2 and common["learning_rate"] == "number":
                        run.optimizer.learning_rate = 0.003
                    run.step()
            hold_runs(ours, theirs, BARS[dtype])

    holds()


OPTIONS: dict[str, dict[str, Any]] = {
    "decay": {"weight_decay": 0.1},
    "norm": {"clipnorm": 0.3},
    "norm that never bites": {"clipnorm": 1e3},
    "norm of all": {"global_clipnorm": 0.5},
    "value": {"clipvalue": 0.2},
    "no bound": {"clipnorm": 0.0},
    "bound below 0": {"clipvalue": -1.0},
    "averages": {"use_ema": True, "ema_momentum": 0.8},
    "averages in place of weights": {
        "use_ema": True,
        "ema_momentum": 0.6,
        "ema_overwrite_frequency": 4,
    },
    "averages that only follow": {"use_ema": True, "ema_momentum": 0.0},
    "loss scale": {"loss_scale_factor": 4.0},
    "accumulation": {"gradient_accumulation_steps": 3},
    "accumulation and averages": {
        "gradient_accumulation_steps": 2,
        "use_ema": True,
        "ema_overwrite_frequency": 2,
    },
    "accumulation, clipping, decay and scale": {
        "gradient_accumulation_steps": 2,
        "global_clipnorm": 0.5,
        "weight_decay": 0.05,
        "loss_scale_factor": 0.5,
        "learning_rate": "schedule",
    },
    "schedule": {"learning_rate": "schedule", "weight_decay": 0.1},
    "function": {"learning_rate": "function", "weight_decay": 0.1},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", ["momentum", "Lamb"])  # by blocks, and variable by variable
def test_every_option_matches_keras(kind: str, option: str) -> None:
    with both_float_types("float64"):
        ours, theirs = both(kind, OPTIONS[option], [(2, 3), (), (3,)], "float64", 5)
        for _ in range(9):
            ours.step(), theirs.step()
        hold_runs(ours, theirs, 1e-13)


@pytest.mark.parametrize("kind", ["AMSGrad", "Nadam", "centred RMSprop with momentum", "Muon"])
def test_variables_without_a_gradient_rest_with_their_state(kind: str) -> None:
    @settings(max_examples=max(2, EXAMPLES // 10))
    @given(COMMON, st.lists(st.sets(st.integers(0, 3), max_size=3), min_size=1, max_size=6))
    def holds(common: dict[str, Any], absent: list[set[int]]) -> None:
        with both_float_types("float64"):
            ours, theirs = both(kind, common, [(2,), (), (3, 2), (1,)], "float64", 0)
            for names in absent:
                for run in (ours, theirs):
                    run.step(frozenset(names))
            hold_runs(ours, theirs, 1e-12)

    holds()


def test_large_variables_are_updated_block_by_block() -> None:
    """Blocks of the flat vector end inside variables; weight decay for some of them only."""
    shapes = [(150, 611), (3,), (40, 500), (7, 5), (11,)]
    for kind, common in (("Adam", {}), ("momentum", {"weight_decay": 0.3})):
        ours, theirs = both(kind, common, shapes, "float32", 1)
        for run in (ours, theirs):
            run.optimizer.exclude_from_weight_decay(var_list=run.variables[3:4])
        for absent in (set(), set(), {1, 2}, {0}, set()):
            ours.step(frozenset(absent)), theirs.step(frozenset(absent))
        hold_runs(ours, theirs, 1e-5)


# -- extreme values --------------------------------------------------------------------------------


@pytest.mark.parametrize("special", [0.0, math.inf, math.nan])
@pytest.mark.parametrize("kind", KINDS)
def test_tiny_huge_and_infinite_gradients_do_what_they_do_in_keras(
    kind: str, special: float
) -> None:
    gradient = np.array([[0.0, 1e-30, 1e-18, 1e-8], [1.0, 1e8, 1e18, -1e30]], "float32")
    ours, theirs = both(kind, {}, [(2, 4), (3,)], "float32", 1)
    for t in range(3):
        for run in (ours, theirs):
            given = gradient.copy()
            given[1, 2] = special if t == 1 else given[1, 2]
            with np.errstate(all="ignore"):
                run.optimizer.apply([given, np.zeros(3, "float32")], run.variables)
    hold_runs(ours, theirs, 1e-4)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize("special", [np.nan, np.inf, 1e30])
def test_clipping_of_nan_infinity_and_huge_numbers(clip: str, special: float) -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(3, "float32")), library.Variable(np.ones(2, "float32"))]
        optimizer = library.optimizers.SGD(0.5, **{clip: 1.0})
        optimizer.apply([np.array([1.0, special, -2.0], "float32"), np.ones(2, "float32")], w)
        return w

    with np.errstate(all="ignore"):
        hold(program(numpynn), program(keras), 1e-6)


# -- dtypes ----------------------------------------------------------------------------------------


def test_variables_of_several_dtypes_share_an_optimizer() -> None:
    def program(library: Any) -> Any:
        dtypes = ("float32", "float64", "float16", "float32")
        w = [library.Variable(np.ones(3, dtype)) for dtype in dtypes]
        optimizer = library.optimizers.SGD(0.1, momentum=0.9)
        for t in range(4):
            optimizer.apply([normal(t + i, 3).astype(d) for i, d in enumerate(dtypes)], w)
        return w

    found, expected = program(numpynn), program(keras)
    assert [v.dtype for v in found] == [np.float32, np.float64, np.float16, np.float32]
    hold(found[:2] + found[3:], expected[:2] + expected[3:], 1e-6)
    hold(found[2], expected[2], 2e-3)


@pytest.mark.parametrize("kind", ["Adam", "Lamb"])
def test_gradients_of_another_dtype_are_cast(kind: str) -> None:
    ours, theirs = both(kind, {}, [(2, 3), (3,)], "float32", 0)
    for run in (ours, theirs):
        for t in range(3):
            run.optimizer.apply([normal(t, 2, 3), np.array([1, -2, 3])], run.variables)
    assert all(v.dtype == np.float32 for v in ours.variables)
    hold_runs(ours, theirs, 1e-5)


# -- claims of the formulas ------------------------------------------------------------------------


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate() -> None:
    @given(hnp.arrays(np.float64, 5, elements=st.floats(-1e3, 1e3, allow_subnormal=False)))
    def holds(gradient: Any) -> None:
        w = Variable(np.zeros(5), dtype="float64")
        with both_float_types("float64"):
            optimizers.Adam(0.001).apply([gradient], [w])
        size = np.abs(gradient)
        expected = -0.001 * np.sign(gradient) * size / (size + 1e-7 / math.sqrt(0.001))
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-9, atol=1e-18)

    holds()


def test_keras_nesterov_keeps_the_point_that_the_textbook_looks_ahead_to() -> None:
    """The textbook: g at θ + α v, v = α v - ε g, θ += v. Keras's w is θ + α v."""
    slope = lambda w: 3.0 * (w - 1.0)
    rate, momentum = 0.05, 0.8
    w = Variable(np.array([4.0]), dtype="float64")
    with both_float_types("float64"):
        optimizer = optimizers.SGD(rate, momentum=momentum, nesterov=True)
        theta, velocity = 4.0, 0.0
        for _ in range(30):
            optimizer.apply([slope(w.numpy())], [w])
            velocity = momentum * velocity - rate * slope(theta + momentum * velocity)
            theta += velocity
            assert abs(float(w[0]) - (theta + momentum * velocity)) < 1e-13


def test_adagrad_from_zero_is_the_textbooks() -> None:
    """But for where ε stands, which does not matter where gradients are not small."""
    w, expected, squares = Variable(np.ones(4), dtype="float64"), np.ones(4), np.zeros(4)
    with both_float_types("float64"):
        optimizer = optimizers.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-14)
        for t in range(10):
            gradient = normal(t, 4) + 2.0
            optimizer.apply([gradient], [w])
            squares += gradient**2
            expected = expected - 0.1 * gradient / (1e-7 + np.sqrt(squares))
    np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)


def test_nadam_begins_with_the_momentum_of_keras_3() -> None:
    w = Variable(np.ones(1), dtype="float64")
    with both_float_types("float64"):
        optimizer = optimizers.Nadam()
        optimizer.apply([np.ones(1)], [w])
    assert float(array(optimizer.variables[-1])) == pytest.approx(0.468, abs=1e-15)


def test_the_step_of_adam_is_bounded() -> None:
    """One gradient after a long silence moves a weight by at most (1 - β₁) / √(1 - β₂) = 3.16 η."""
    w = Variable(np.zeros(1), dtype="float64")
    with both_float_types("float64"):
        optimizer = optimizers.Adam(0.01)
        for _ in range(20_000):
            optimizer.apply([np.zeros(1)], [w])
        optimizer.apply([np.full(1, 1e6)], [w])
    assert float(w[0]) == pytest.approx(-0.01 * 0.1 / math.sqrt(0.001), rel=1e-6)


def test_muon_makes_the_singular_values_of_its_step_alike() -> None:
    w = Variable(np.zeros((6, 4)), dtype="float64")
    with both_float_types("float64"):
        optimizers.Muon(1.0, rms_rate=None, weight_decay=None).apply([normal(0, 6, 4)], [w])
    assert np.all(np.abs(np.linalg.svd(w.numpy(), compute_uv=False) - 1.0) < 0.35)


def test_ftrl_with_an_l1_penalty_sets_weights_to_zero() -> None:
    w = Variable(normal(0, 200), dtype="float64")
    with both_float_types("float64"):
        optimizer = optimizers.Ftrl(0.1, l1_regularization_strength=2.0)
        for t in range(10):
            optimizer.apply([normal(t, 200)], [w])
    assert 20 < np.sum(w.numpy() == 0.0) < 180


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_only_read(kind: str) -> None:
    """Leaves may share them, and a step must not change what another one adds to."""
    ours, _ = both(kind, {"weight_decay": 0.1}, [(200, 101), (3,)], "float32", 0)
    gradients = [normal(i, *v.shape).astype("float32") for i, v in enumerate(ours.variables)]
    for gradient in gradients:
        gradient.flags.writeable = False
    before = [gradient.copy() for gradient in gradients]
    for _ in range(2):
        ours.optimizer.apply(gradients, ours.variables)
    hold(gradients, before, 0)
