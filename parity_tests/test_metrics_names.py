"""Metrics as objects: names, arguments, configurations, mistakes."""

from __future__ import annotations

import copy
import inspect
import json
from typing import Any

import keras
import numpy as np
import pytest
from pairs import array, hold, on_both

import numpynn
from numpynn import metrics

# Every class with every option other than its default, once.
CONFIGURED: dict[str, list[dict[str, Any]]] = {
    "Mean": [{}, {"name": "mine", "dtype": "float64"}],
    "Sum": [{}, {"name": "mine", "dtype": "float16"}],
    "Accuracy": [{}, {"name": "mine", "dtype": "float64"}],
    "BinaryAccuracy": [{}, {"name": "mine", "threshold": 0.3}],
    "CategoricalAccuracy": [{}],
    "SparseCategoricalAccuracy": [{}],
    "TopKCategoricalAccuracy": [{}, {"k": 2}],
    "SparseTopKCategoricalAccuracy": [{}, {"k": 2, "from_sorted_ids": True}],
    "MeanSquaredError": [{}],
    "RootMeanSquaredError": [{}],
    "MeanAbsoluteError": [{}],
    "MeanAbsolutePercentageError": [{}],
    "MeanSquaredLogarithmicError": [{}],
    "LogCoshError": [{}],
    "R2Score": [{}, {"class_aggregation": None, "num_regressors": 2}],
    "CosineSimilarity": [{}],
    "PearsonCorrelation": [{}, {"axis": 0}],
    "ConcordanceCorrelation": [{}, {"axis": 1}],
    "Hinge": [{}],
    "SquaredHinge": [{}],
    "CategoricalHinge": [{}],
    "KLDivergence": [{}],
    "Poisson": [{}],
    "BinaryCrossentropy": [{}, {"from_logits": True, "label_smoothing": 0.1}],
    "CategoricalCrossentropy": [{}, {"from_logits": True, "label_smoothing": 0.1, "axis": 1}],
    "SparseCategoricalCrossentropy": [{}, {"from_logits": True, "ignore_class": 2, "axis": 1}],
    "TruePositives": [{}, {"thresholds": 0.2}, {"thresholds": [0.2, 0.9], "name": "mine"}],
    "TrueNegatives": [{}, {"thresholds": [0.2, 0.9]}],
    "FalsePositives": [{}, {"thresholds": [0.2, 0.9]}],
    "FalseNegatives": [{}, {"thresholds": [0.2, 0.9]}],
    "Precision": [{}, {"thresholds": [0.2, 0.9], "top_k": 2, "class_id": 1}],
    "Recall": [{}, {"thresholds": [0.2, 0.9], "top_k": 2, "class_id": 1}],
    "PrecisionAtRecall": [{"recall": 0.3}, {"recall": 0.3, "num_thresholds": 1, "class_id": 1}],
    "RecallAtPrecision": [{"precision": 0.3, "num_thresholds": 7, "class_id": 1}],
    "SensitivityAtSpecificity": [{"specificity": 0.3, "num_thresholds": 7, "class_id": 1}],
    "SpecificityAtSensitivity": [{"sensitivity": 0.3, "num_thresholds": 7, "class_id": 1}],
    "AUC": [
        {},
        {"num_thresholds": 3, "curve": "pr", "summation_method": "minoring"},
        {"thresholds": [0.5, 0.25], "curve": "PRGAIN", "from_logits": True, "dtype": "float64"},
        {"multi_label": True, "num_labels": 2},
    ],
    "FBetaScore": [{}, {"average": "macro", "beta": 2.0, "threshold": 0.5}],
    "F1Score": [{}, {"average": "micro", "threshold": 0.5}],
    "IoU": [
        {"num_classes": 3, "target_class_ids": (0, 2)},
        {
            "num_classes": 3,
            "target_class_ids": [1],
            "dtype": "float32",
            "ignore_class": 0,
            "sparse_y_true": False,
            "sparse_y_pred": False,
            "axis": 1,
        },
    ],
    "BinaryIoU": [{}, {"target_class_ids": [1], "threshold": 0.2, "dtype": "float32"}],
    "MeanIoU": [{"num_classes": 3}, {"num_classes": 3, "ignore_class": 0, "sparse_y_true": False}],
    "OneHotIoU": [{"num_classes": 3, "target_class_ids": [1], "sparse_y_pred": True, "axis": 0}],
    "OneHotMeanIoU": [{"num_classes": 3, "ignore_class": 1, "sparse_y_pred": True, "axis": 0}],
}
CASES = [(name, options) for name, each in CONFIGURED.items() for options in each]
CLASSES = [n for n in dir(keras.metrics) if inspect.isclass(getattr(keras.metrics, n))]


def parameters(function: Any) -> list[tuple[str, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.name != "self"]


# -- names and arguments ---------------------------------------------------------------------------


def test_every_class_is_configured_here() -> None:
    assert {*CONFIGURED, "Metric", "MeanMetricWrapper"} == set(CLASSES)


@pytest.mark.parametrize("name", [n for n in dir(keras.metrics) if not n.startswith("_")])
def test_arguments_and_defaults_are_keras(name: str) -> None:
    assert parameters(getattr(metrics, name)) == parameters(getattr(keras.metrics, name))


def test_every_name_that_keras_knows_means_the_same_metric() -> None:
    from keras.src.metrics import ALL_OBJECTS_DICT

    for name, kind in ALL_OBJECTS_DICT.items():
        assert metrics._registry.by_name[name].__name__ == kind.__name__


@pytest.mark.parametrize("name", ["mse", "Accuracy", "accuracy", "io_u", "AUC", "auc", "f1_score"])
def test_metrics_are_found_by_name(name: str) -> None:
    try:
        expected = type(keras.metrics.get(name)).__name__
    except TypeError:  # IoU needs the number of classes
        with pytest.raises(TypeError):
            metrics.get(name)
    else:
        assert type(metrics.get(name)).__name__ == expected


def test_what_is_not_a_name_is_taken_as_it_is_or_refused() -> None:
    metric = metrics.AUC()
    assert metrics.get(metric) is metric and metrics.get(None) is None
    assert metrics.get(metrics.hinge) is metrics.hinge
    assert isinstance(metrics.get(metrics.AUC), metrics.AUC)
    for wrong in ("nope", 3, {"class_name": "Nope", "config": {}}):
        for library in (numpynn, keras):
            with pytest.raises(ValueError):
                library.metrics.get(wrong)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_callbacks_learn_which_way_is_better(name: str, options: dict[str, Any]) -> None:
    found, expected = (getattr(m, name)(**options) for m in (metrics, keras.metrics))
    assert getattr(found, "_direction", None) == getattr(expected, "_direction", None)


# -- configurations --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), CASES)
def test_configurations_are_keras_and_make_equal_metrics(
    name: str, options: dict[str, Any]
) -> None:
    named = {"name": "mine", **options}
    found, expected = (getattr(m, name)(**named) for m in (metrics, keras.metrics))
    assert found.get_config() == expected.get_config()
    written = metrics.serialize(found)
    assert written == keras.metrics.serialize(expected)
    written = json.loads(json.dumps(written))
    for library, kind in ((numpynn, type(found)), (keras, type(expected))):
        again = library.metrics.deserialize(written)
        assert type(again) is kind and again.get_config() == found.get_config()
    assert type(found).from_config(expected.get_config()).get_config() == found.get_config()


def test_label_weights_survive_in_either_form() -> None:
    """Keras writes a tensor there, and cannot read it back; ours is a list, which both read."""
    found = metrics.AUC(label_weights=[1.0, 2.0])
    for library in (numpynn, keras):
        again = library.metrics.deserialize(metrics.serialize(found))
        assert array(again.label_weights).tolist() == [1.0, 2.0]
    theirs = keras.metrics.serialize(keras.metrics.AUC(label_weights=[1.0, 2.0]))
    assert metrics.deserialize(theirs).label_weights.tolist() == [1.0, 2.0]


def test_the_axis_of_a_cosine_survives() -> None:
    """Keras forgets it."""
    again = metrics.deserialize(metrics.serialize(metrics.CosineSimilarity(axis=1)))
    assert again.axis == 1


def test_a_wrapped_function_is_written_with_its_arguments() -> None:
    def make(library: Any) -> Any:
        return library.metrics.MeanMetricWrapper(library.losses.huber, name="h", delta=2.0)

    found, expected = on_both(make)
    assert metrics.serialize(found) == keras.metrics.serialize(expected)
    for library in (numpynn, keras):
        again = library.metrics.deserialize(metrics.serialize(found))
        assert again._fn is library.losses.huber and again.get_config() == expected.get_config()


def test_a_wrapped_loss_is_written_as_an_object() -> None:
    found, expected = on_both(
        lambda library: library.metrics.MeanMetricWrapper(library.losses.MeanSquaredError("sum"))
    )
    assert metrics.serialize(found) == keras.metrics.serialize(expected)
    again = metrics.deserialize(metrics.serialize(found))
    assert again._fn.get_config() == found._fn.get_config()


@pytest.mark.parametrize("make", [metrics.Accuracy, metrics.AUC, lambda: metrics.MeanIoU(2)])
def test_copies_have_a_state_of_their_own(make: Any) -> None:
    metric = make()
    metric.update_state([1, 0, 1], [1, 0, 1])
    again = copy.deepcopy(metric)
    hold(again.variables, metric.variables, 0)
    again.reset_state()
    again.update_state([1, 0, 1], [0, 1, 1])
    assert float(metric.result()) == pytest.approx(1.0)
    assert float(again.result()) < 0.9


def test_metrics_without_a_name_are_numbered() -> None:
    def program(library: Any) -> list[str]:
        m = library.metrics
        made = [m.AUC(), m.AUC(), m.MeanIoU(2), m.MeanMetricWrapper(m.hinge), m.Recall(), m.Mean()]
        return [metric.name for metric in [*made, m.Recall(), m.MeanMetricWrapper(m.hinge)]]

    found, expected = on_both(program)
    assert found == expected


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Mean", {"dtype": "nope"}),
        ("AUC", {"num_thresholds": 1}),
        ("AUC", {"curve": "nope"}),
        ("AUC", {"summation_method": "nope"}),
        ("AUC", {"num_labels": 2}),
        ("Precision", {"thresholds": 1.5}),
        ("Recall", {"thresholds": [0.5, -0.1]}),
        ("TruePositives", {"thresholds": [None]}),
        ("FBetaScore", {"beta": 1}),
        ("FBetaScore", {"beta": 0.0}),
        ("FBetaScore", {"average": "nope"}),
        ("FBetaScore", {"threshold": 1}),
        ("F1Score", {"threshold": 1.5}),
        ("R2Score", {"num_regressors": -1}),
        ("R2Score", {"class_aggregation": "nope"}),
        ("IoU", {"num_classes": 2, "target_class_ids": [2]}),
        ("PrecisionAtRecall", {"recall": 2}),
        ("RecallAtPrecision", {"precision": -0.1}),
        ("SensitivityAtSpecificity", {"specificity": 1.1}),
        ("SpecificityAtSensitivity", {"sensitivity": 0.5, "num_thresholds": 0}),
    ],
)
def test_wrong_options_are_refused_as_in_keras(name: str, options: dict[str, Any]) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            getattr(library.metrics, name)(**options)


@pytest.mark.parametrize(
    ("name", "true", "pred"),
    [
        ("Accuracy", (3,), (2,)),
        ("BinaryAccuracy", (3, 2), (3, 3)),
        ("CategoricalAccuracy", (3, 2), (2, 2)),
        ("SparseCategoricalAccuracy", (3, 2), (3, 4)),
        ("TopKCategoricalAccuracy", (3, 2), (2, 2)),
        ("SparseTopKCategoricalAccuracy", (3,), (2, 2)),
        ("MeanSquaredError", (3, 2), (3, 3)),
        ("RootMeanSquaredError", (3, 2), (3, 3)),
        ("PearsonCorrelation", (3, 2), (3, 3)),
        ("CosineSimilarity", (3, 1), (3, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(name: str, true: Any, pred: Any) -> None:
    with pytest.raises(ValueError, match="shape"):
        getattr(metrics, name)().update_state(np.ones(true), np.ones(pred))
