"""The state of metrics, by itself and as an argument; corners of the functions; foreign arrays."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from metric_runs import Make
from pairs import array, hold
from standin import StandIn

import numpynn
from numpynn import metrics
from numpynn.autograd import Tensor

# -- state -----------------------------------------------------------------------------------------

FED: dict[str, Make] = {
    "Mean": lambda m: m.Mean(name="mine"),
    "Sum": lambda m: m.Sum(name="a/b"),
    "MeanSquaredError": lambda m: m.MeanSquaredError(),
    "RootMeanSquaredError": lambda m: m.RootMeanSquaredError(),
    "TruePositives": lambda m: m.TruePositives(name="mine"),
    "Precision": lambda m: m.Precision(dtype="float16", name="mine"),
    "Recall": lambda m: m.Recall(thresholds=[0.2, 0.6], name="mine"),
    "RecallAtPrecision": lambda m: m.RecallAtPrecision(0.5, num_thresholds=4, name="mine"),
    "AUC": lambda m: m.AUC(num_thresholds=4, dtype="float64", name="mine"),
    "AUC of labels": lambda m: m.AUC(num_thresholds=4, multi_label=True, name="mine"),
    "FBetaScore": lambda m: m.FBetaScore(dtype="float16"),
    "FBetaScore micro": lambda m: m.FBetaScore(average="micro"),
    "R2Score": lambda m: m.R2Score(),
    "MeanIoU": lambda m: m.MeanIoU(3, name="mine"),
    "BinaryIoU": lambda m: m.BinaryIoU(dtype="float32", name="mine"),
}
PAIR = (np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[0.3, 0.7], [0.1, 0.9]], "float32"))
RUNNING_MEANS = (metrics.Mean, metrics.Sum)


def fed(name: str) -> Any:
    """What its `update_state` is given."""
    return (PAIR[1],) if name in ("Mean", "Sum") else PAIR


@pytest.mark.parametrize("name", FED)
def test_the_state_has_keras_names_shapes_and_order(name: str) -> None:
    found, expected = FED[name](metrics), FED[name](keras.metrics)
    assert [v.name for v in found.variables] == [v.name for v in expected.variables]
    for metric in (found, expected):
        metric.update_state(*fed(name))
    for ours, theirs in zip(found.variables, expected.variables, strict=True):
        assert (ours.name, ours.path) == (theirs.name, theirs.path)
        assert ours.shape == tuple(theirs.shape) and not ours.trainable
        running = isinstance(found, RUNNING_MEANS)  # these keep float64, whatever comes out
        assert ours.dtype.name == ("float64" if running else theirs.dtype)
        ours.assign(array(theirs))  # what a file of Keras's holds
    hold(found.result(), expected.result(), 1e-3 if "16" in str(found.dtype) else 1e-6)
    assert array(found.result()).dtype == array(expected.result()).dtype


@pytest.mark.parametrize("name", FED)
def test_functions_of_the_state_match_keras_and_leave_the_metric_alone(name: str) -> None:
    data = fed(name)

    def program(library: Any) -> Any:
        metric = FED[name](library.metrics)
        metric.update_state(*data)
        held = [array(v).copy() for v in metric.variables]
        start = metric.stateless_reset_state()
        after = metric.stateless_update_state(start, *data)
        after = metric.stateless_update_state(after, *data)
        result = metric.stateless_result(after)
        hold(metric.variables, held, 0)
        with pytest.raises(ValueError, match="variables"):
            metric.stateless_update_state([*after, 0.0], *data)
        with pytest.raises(ValueError, match="variables"):
            metric.stateless_result(after[1:])
        return [start, after, result]

    found, expected = program(numpynn), program(keras)
    assert all(isinstance(value, Tensor) for value in found[1])
    hold(found, expected, 2e-3 if "float16" in str(found[2].dtype) else 1e-6)


def test_variables_are_those_held_by_attribute_and_in_other_metrics() -> None:
    def program(library: Any) -> Any:
        class Two(library.metrics.Metric):
            def __init__(self) -> None:
                super().__init__(name="two", dtype="float64")
                self.inner = library.metrics.Sum(name="inner")
                self.more = [library.metrics.Mean(name="more")]
                self.own = self.add_variable((2,), "ones", name="own")
                self.add_weight((), "zeros", dtype="int32", name="unnamed")

            def update_state(self, values: Any) -> None:
                self.inner.update_state(values)
                self.own.assign(self.own + 1.0)

            def result(self) -> Any:
                return {"inner": self.inner.result(), "own": self.own * 2.0}

        metric = Two()
        found = [metric({"sum": 2.0}["sum"]) for _ in range(2)][-1]
        names = [(v.path, tuple(v.shape)) for v in metric.variables]
        dtypes = [str(getattr(v.dtype, "name", v.dtype)) for v in metric.variables[:2]]
        metric.reset_state()
        return [found, *metric.variables], names, dtypes, repr(metric)

    (values, *found), (expected_values, *expected) = program(numpynn), program(keras)
    assert found == expected
    hold(values, expected_values, 0)


def test_a_constructor_that_forgets_its_base_is_told() -> None:
    for library in (numpynn, keras):

        class Forgetful(library.metrics.Metric):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                pass

        with pytest.raises(RuntimeError, match="super"):
            Forgetful().add_variable((), "zeros")
        with pytest.raises(RuntimeError, match="super"):
            Forgetful()(1.0)


def test_a_metric_needs_its_methods() -> None:
    for library in (numpynn, keras):
        with pytest.raises(NotImplementedError):
            library.metrics.Metric().update_state()
        with pytest.raises(NotImplementedError):
            library.metrics.Metric().result()


# -- functions -------------------------------------------------------------------------------------


def test_functions_of_tensors_give_tensors_and_of_arrays_arrays() -> None:
    y_true, y_pred = np.eye(3), np.full((3, 3), 0.5)
    for name in ("binary_accuracy", "categorical_accuracy", "top_k_categorical_accuracy"):
        function = getattr(metrics, name)
        assert isinstance(function(y_true, Tensor(y_pred)), Tensor)
        assert isinstance(function(y_true, y_pred), np.ndarray)


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "options"),
    [
        ("binary_accuracy", [1, 0, 1], np.array([0.3, 0.300000005, 0.4]), {"threshold": 0.3}),
        ("binary_accuracy", [1, 0, 1], np.array([0.3, 0.3, 0.4], "float16"), {"threshold": 0.3}),
        ("binary_accuracy", [True, False], np.array([1, 1]), {}),
        ("binary_accuracy", [[1], [0]], np.array([0.7, 0.2]), {}),
        ("categorical_accuracy", [[[0, 1]], [[1, 0]]], np.array([[0.1, 0.2], [0.4, 0.3]]), {}),
        ("sparse_categorical_accuracy", [1.5, 0.0], np.array([[1, 2], [2, 1]]), {}),
        ("sparse_categorical_accuracy", [1.5, 0.0], np.array([[1.0, 2.0], [2.0, 1.0]]), {}),
        ("sparse_categorical_accuracy", [[[1]], [[0]]], np.ones((2, 1, 2), "float32"), {}),
        ("top_k_categorical_accuracy", [[[0, 1, 0]]], np.ones((1, 1, 3), "float32"), {"k": 1}),
        ("sparse_top_k_categorical_accuracy", [5, -1, 1], np.ones((3, 3), "float32"), {"k": 4}),
        ("sparse_top_k_categorical_accuracy", [[1], [2]], np.eye(3, dtype="float32")[1:], {"k": 1}),
        (
            "sparse_top_k_categorical_accuracy",
            [[1], [2]],
            np.array([[1, 2], [1, 2]]),
            {"k": 1, "from_sorted_ids": True},
        ),
    ],
)
def test_corners_of_the_accuracies(name: str, y_true: Any, y_pred: Any, options: Any) -> None:
    found, expected = (
        array(getattr(library.metrics, name)(np.array(y_true), y_pred, **options))
        for library in (numpynn, keras)
    )
    assert found.dtype == expected.dtype
    hold(found, expected, 0)


# -- arrays of other libraries ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "MeanSquaredError",
        "RootMeanSquaredError",
        "PearsonCorrelation",
    ],
)
def test_running_means_take_foreign_arrays(name: str) -> None:
    y_true, y_pred = np.eye(3, dtype="float32"), np.eye(3, dtype="float32")[::-1] * 0.75
    weights = np.array([1.0, 2.0, 0.5], "float32")
    metric = getattr(metrics, name)()
    for given in (None, weights):
        expected = float(getattr(metrics, name)()(y_true, y_pred, sample_weight=given))
        metric.reset_state()
        foreign = None if given is None else StandIn(given)
        metric.update_state(StandIn(y_true), Tensor(StandIn(y_pred)), sample_weight=foreign)
        assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
