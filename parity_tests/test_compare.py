"""The comparison: what a row says, and that a difference is seen."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import numpynn
from kerasref import compare as comparison
from kerasref import systems as keras_systems
from kerasref import timing
from numpynn import cli, systems
from numpynn.autograd.structure import map_structure
from numpynn.systems import checkpoint_class_weight, gradient_descent_1d, iris_mlp

FIELDS = {
    "system",
    "dtype",
    "backend",
    "device",
    "params",
    "forward",
    "gradient",
    "steps",
    "weights",
    "loss",
    "bar",
    "metric",
    "ms_per_step",
    "ms_per_step_fit",
    "ok",
}


@pytest.fixture
def quick(monkeypatch):
    """Few steps to time, and no XLA, whose compilation takes most of the time of a comparison."""

    def without_xla(slug, jit):
        model = keras_systems.load(slug).model()
        model.jit_compile = False
        return model

    monkeypatch.setattr(timing, "_keras_model", without_xla)
    monkeypatch.setattr(timing, "FULL_BATCHES", 5)
    monkeypatch.setattr(timing, "FIT_STEPS", 5)


def no_null(value):
    if isinstance(value, dict):
        return all(no_null(v) for v in value.values())
    if isinstance(value, list):
        return all(no_null(v) for v in value)
    return value is not None


# -- the error -------------------------------------------------------------------------------------


@given(hnp.arrays("float64", hnp.array_shapes(), elements={"allow_nan": True}))
def test_equal_arrays_have_no_error(array):
    assert comparison.error(array, array) == 0.0


@given(hnp.arrays("float64", 5, elements={"min_value": -1e6, "max_value": 1e6}))
def test_the_error_is_relative_to_the_largest_value(expected):
    found = expected.copy()
    found[2] += 0.5
    size = max(1.0, np.max(np.abs(expected)))
    assert comparison.error(found, expected) == pytest.approx(0.5 / size, rel=1e-6)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([1.0, math.nan], [1.0, 2.0]),
        ([1.0, 2.0], [1.0, math.nan]),
        ([math.inf], [1.0]),
        ([math.inf], [-math.inf]),
        ([1.0], [1.0, 1.0]),
    ],
)
def test_nan_infinity_or_shape_on_one_side_is_an_infinite_error(found, expected):
    assert comparison.error(np.array(found), np.array(expected)) == math.inf


# -- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("slug", ["iris-mlp", "backprop-by-hand"])
def test_a_row_is_complete_and_within_its_bars(slug, dtype, quick):
    row = comparison.compare(systems.load(slug), dtype)
    assert set(row) == FIELDS
    assert no_null(row)
    assert row["ok"] is True
    assert row["steps"] == 20
    assert set(row["ms_per_step"]) == {"numpynn", "keras", "ratio"} == set(row["ms_per_step_fit"])
    assert {"name", "numpynn", "keras"} <= set(row["metric"])
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize("slug", ["iris-mlp", "gradient-descent-1d"])
def test_training_to_the_end_adds_the_spread_over_seeds(slug, quick, monkeypatch):
    monkeypatch.setattr(comparison, "SEEDS", (0, 1))
    monkeypatch.setattr(iris_mlp, "EPOCHS", 2)
    row = comparison.compare(systems.load(slug), "float64", steps=2, train=True)
    assert set(row) == FIELDS
    assert no_null(row)
    metric = row["metric"]
    assert set(metric["spread"]) == {"numpynn", "keras"}
    if slug == "iris-mlp":
        assert all(len(metric["seeds"][side]) == 2 for side in ("numpynn", "keras"))
        assert all(0 <= metric[side] <= 1 for side in ("numpynn", "keras"))
    else:  # a procedure draws nothing
        assert metric["numpynn"] == pytest.approx(metric["keras"], rel=1e-12)
        assert metric["spread"] == {"numpynn": 0.0, "keras": 0.0}


def test_masks_are_shared_across_short_batches_and_epochs():
    system = systems.load("functional-mlp")
    with comparison.both_float_types("float64"):
        split = system.data()
        small = systems.Split(split.x[:70], split.y[:70], split.x_test[:50], split.y_test[:50])
        run = comparison.TrainingRun(*comparison.pair(system), small, 32, "float64")
        assert run.compare_gradients() < 1e-10
        assert max(run.step() for _ in range(7)) < 1e-10
        found, expected = run.ours.get_weights(), run.theirs.model.get_weights()
    assert comparison.worst(found, expected) < 1e-8


def test_a_difference_between_the_sides_is_seen():
    system = systems.load("iris-mlp")
    with comparison.both_float_types("float64"):
        ours, theirs = comparison.pair(system)
        kernel = ours.layers[0].kernel
        kernel.assign(kernel.numpy() * (1 + 1e-6))
        run = comparison.TrainingRun(ours, theirs, system.data(), 32, "float64")
        assert run.compare_gradients() > comparison.BARS["float64"]["gradient"]
        assert run.step() > comparison.BARS["float64"]["loss"]


def few(split, size):
    """The first samples of a split."""
    return systems.Split(*(map_structure(lambda a: a if a is None else a[:size], part)
                           for part in split[:4]))  # fmt: skip


@pytest.mark.parametrize("slug", ["two-outputs-custom", "labels-as-inputs", "endpoint-loss-layer"])
def test_several_inputs_outputs_and_losses_of_layers_are_compared(slug):
    system = systems.load(slug)
    with comparison.both_float_types("float64"):
        ours, theirs = comparison.pair(system)
        run = comparison.TrainingRun(ours, theirs, few(system.data(), 70), 32, "float64")
        assert run.compare_gradients() < 1e-10
        assert max(run.step() for _ in range(4)) < 1e-10
        assert comparison.worst(ours.get_weights(), theirs.get_weights()) < 1e-8
        sides = run.metric(system)
    assert sides["numpynn"] == pytest.approx(sides["keras"], rel=1e-10)


def mixed_model(library):
    """Real numbers and whole ones go in."""
    real, whole = library.Input((2,)), library.Input((3,), dtype="int32")
    floats = library.layers.Lambda(lambda x: library.ops.cast(x, "float64"))(whole)
    joined = library.layers.Concatenate()([real, floats])
    model = library.Model([real, whole], library.layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    return model


def test_whole_numbers_have_no_gradient_and_real_ones_beside_them_do():
    random = np.random.default_rng(0)
    x = [random.normal(size=(8, 2)), random.integers(5, size=(8, 3), dtype="int32")]
    y = random.normal(size=(8, 1))
    with comparison.both_float_types("float64"):
        ours, theirs = mixed_model(numpynn), mixed_model(keras)
        comparison.copy_weights(ours, theirs)
        weights, inputs = comparison.gradients_of(ours, x, y)
        expected = comparison.model_gradients(theirs, x, y)
    assert comparison.worst(weights, expected.weights) < 1e-12
    assert comparison.worst(inputs, expected.inputs) < 1e-12
    assert (inputs[1] == 0).all()
    assert (inputs[0] != 0).any()


def test_class_weights_reach_both_sides():
    system = systems.load("checkpoint-class-weight")
    gradients = {}
    with comparison.both_float_types("float64"):
        for class_weight in (None, {0: 1.0, 1: 4.0}):
            ours, theirs = comparison.pair(system)
            for model in (ours, theirs):
                model.set_weights([np.zeros((4, 2)), np.zeros(2)])
            run = comparison.TrainingRun(ours, theirs, system.data(), 32, "float64", class_weight)
            assert run.compare_gradients() < 1e-10
            assert run.step() < 1e-10
            batch = run._next_batch()
            gradients[class_weight is None] = comparison.gradients_of(ours, *batch)[0][0]
    assert np.abs(gradients[True] - gradients[False]).max() > 0.01


def test_a_whole_recipe_uses_its_callbacks_on_both_sides(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "SEEDS", (0,))
    monkeypatch.setattr(checkpoint_class_weight, "EPOCHS", 2)
    found = comparison.train_to_the_end(systems.load("checkpoint-class-weight"))
    assert {file.name for file in tmp_path.iterdir()} == {
        "checkpoint-class-weight.keras",
        "checkpoint-class-weight-of-keras.keras",
    }
    assert len(found["seeds"]["keras"]) == 1


def test_samples_are_repeated_in_every_part_of_a_nesting():
    found = timing.repeated([np.arange(3), {"a": np.arange(6).reshape(3, 2)}, None], 7)
    np.testing.assert_array_equal(found[0], [0, 1, 2, 0, 1, 2, 0])
    np.testing.assert_array_equal(found[1]["a"][:, 0], [0, 2, 4, 0, 2, 4, 0])
    assert found[2] is None


# -- the command -----------------------------------------------------------------------------------


def test_times_are_measured_once_for_both_tables(capsys, monkeypatch):
    measured = []

    def step_times(system, dtype):
        measured.append((system.slug, dtype))
        return {name: dict.fromkeys(("numpynn", "keras", "ratio"), 1.0)
                for name in ("ms_per_step", "ms_per_step_fit")}  # fmt: skip

    monkeypatch.setattr(comparison, "step_times", step_times)
    assert cli.main(["compare", "gradient-descent-1d"]) == 0
    assert measured == [("gradient-descent-1d", "float32")]
    assert capsys.readouterr().out.count("times in float32") == 2
    assert cli.main(["compare", "gradient-descent-1d", "--dtype", "float64"]) == 0
    assert measured[1:] == [("gradient-descent-1d", "float64")]


def test_compare_prints_one_object_and_ends_with_0(capsys, tmp_path):
    picture = tmp_path / "errors.png"
    arguments = ["compare", "food-prices-online", "gradient-descent-1d", "--steps", "7", "--json"]
    status = cli.main([*arguments, "--plot", str(picture)])
    found = json.loads(capsys.readouterr().out)
    assert status == 0
    assert found["ok"] is True
    assert [row["dtype"] for row in found["systems"]] == ["float64"] * 2 + ["float32"] * 2
    assert all(set(row) == FIELDS and row["steps"] == 7 for row in found["systems"])
    assert found["environment"]["blas"]
    assert no_null(found)
    assert picture.stat().st_size > 1000


def test_a_missed_bar_ends_with_1_and_is_named(capsys, monkeypatch):
    bars = {**comparison.BARS["float64"], "weights": -1.0}
    monkeypatch.setitem(comparison.BARS, "float64", bars)
    status = cli.main(["compare", "food-prices-batch", "--dtype", "float64"])
    out = capsys.readouterr().out
    assert status == 1
    assert "Bars missed: food-prices-batch (float64)" in out


def test_a_system_may_have_its_own_bars_and_the_table_says_so(capsys, monkeypatch):
    own = {"float64": {"weights": 0.5}}
    monkeypatch.setattr(gradient_descent_1d, "BARS", own, raising=False)
    systems_chosen = ["food-prices-online", "gradient-descent-1d"]
    assert cli.main(["compare", *systems_chosen, "--dtype", "float64", "--steps", "3"]) == 0
    out = capsys.readouterr().out
    assert out.count("own bars: weights 5e-01") == 1
    assert "weights 1e-08" in out
    row = comparison.compare(systems.load("gradient-descent-1d"), "float64", steps=1)
    assert row["bar"] == {**comparison.BARS["float64"], "weights": 0.5}
    row = comparison.compare(systems.load("gradient-descent-1d"), "float32", steps=1)
    assert row["bar"] == comparison.BARS["float32"]


def test_bench_has_a_column_for_each_device(capsys):
    status = cli.main(["bench", "backprop-by-hand", "--rounds", "1", "--json"])
    [row] = json.loads(capsys.readouterr().out)["systems"]
    assert status == 0
    assert list(row["keras"]) == list(row["ratio"])
    assert "cpu:0" in row["keras"]
    assert row["numpynn"] > 0
