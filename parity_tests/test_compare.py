"""The comparison: what a row says, and that a difference is seen."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from kerasref import compare as comparison
from kerasref import systems as keras_systems
from kerasref import timing
from numpynn import cli, systems
from numpynn.systems import iris_mlp

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


# -- the command -----------------------------------------------------------------------------------


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


def test_bench_has_a_column_for_each_device(capsys):
    status = cli.main(["bench", "backprop-by-hand", "--rounds", "1", "--json"])
    [row] = json.loads(capsys.readouterr().out)["systems"]
    assert status == 0
    assert list(row["keras"]) == list(row["ratio"])
    assert "cpu:0" in row["keras"]
    assert row["numpynn"] > 0
