"""Positives and negatives, precision, recall, areas under curves: against Keras at every option."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_runs import EXACT_WEIGHTS, Batch, dtypes, exact_weights, live_alike, runs
from pairs import array, hold, labels, numbers

import numpynn
from numpynn import metrics

# Scores meet thresholds exactly, tie, lie outside 0 … 1, or anywhere between.
MEETING = (0.0, 0.25, 0.5, 0.75, 1.0)
SCORES = st.one_of(st.sampled_from((*MEETING, -0.5, 1.5)), numbers(0.0, 1.0))


def scored(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return st.tuples(
        labels(shape, 2).map(np.float64), hnp.arrays(np.float64, shape, elements=SCORES)
    )


# In more than two axes, weights of samples fit nothing.
batches = st.one_of(
    runs(scored, ranks=(1, 2), weigh=exact_weights),
    runs(scored, ranks=(3,), kinds=("none", "number", "column", "values"), weigh=exact_weights),
)


@st.composite
def batches_of_labels(draw: Any, count: int) -> list[Batch]:
    """Batches (B, count)."""
    kind = draw(st.sampled_from(["none", "samples", "values"]))
    found = []
    for n in draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)):
        shapes: dict[str, tuple[int, ...]] = {"samples": (n,), "values": (n, count)}
        given_weights = draw(exact_weights(shapes[kind])) if kind in shapes else None
        found.append((*draw(scored((n, count))), given_weights))
    return found


uneven = st.lists(st.sampled_from((*MEETING, 0.1, 0.9)), max_size=4)
even = st.integers(3, 6).map(lambda n: np.linspace(0.0, 1.0, n).tolist())
some_thresholds = st.one_of(st.none(), st.sampled_from(MEETING), uneven, even)

COUNTS = ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"]


@pytest.mark.parametrize("name", COUNTS)
@given(batches, some_thresholds, dtypes)
def test_counts_are_exactly_keras(
    name: str, given_batches: list[Batch], thresholds: Any, dtype: str
) -> None:
    live_alike(lambda m: getattr(m, name)(thresholds=thresholds), given_batches, dtype, bar=0)


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@given(batches, some_thresholds, dtypes)
def test_precision_and_recall_match_keras(
    name: str, given_batches: list[Batch], thresholds: Any, dtype: str
) -> None:
    live_alike(lambda m: getattr(m, name)(thresholds=thresholds), given_batches, dtype)


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@given(
    batches_of_labels(3),
    some_thresholds,
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, 0, 2, -1]),
    dtypes,
)
def test_the_top_k_and_single_classes_match_keras(
    name: str, given_batches: list[Batch], thresholds: Any, top_k: Any, class_id: Any, dtype: str
) -> None:
    if class_id is not None:  # weights of single values do not fit a single class
        given_batches = [
            (t, y, w if w is None or w.ndim == 1 else w[:, 0]) for t, y, w in given_batches
        ]
    options = {"thresholds": thresholds, "top_k": top_k, "class_id": class_id}
    live_alike(lambda m: getattr(m, name)(**options), given_batches, dtype)


CONSTRAINED = [
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]


@pytest.mark.parametrize("name", CONSTRAINED)
@given(
    batches_of_labels(2),
    st.sampled_from((*MEETING, 1 / 3, 0.4, 0.99)),
    st.sampled_from([1, 2, 3, 5, 200]),
    st.sampled_from([None, 1]),
    dtypes,
)
def test_the_best_under_a_bound_matches_keras(
    name: str, given_batches: list[Batch], bound: float, number: int, class_id: Any, dtype: str
) -> None:
    if class_id is not None:
        given_batches = [
            (t, y, w if w is None or w.ndim == 1 else w[:, 0]) for t, y, w in given_batches
        ]

    def make(m: Any) -> Any:
        return getattr(m, name)(bound, num_thresholds=number, class_id=class_id)

    live_alike(make, given_batches, dtype)


# -- areas under curves ----------------------------------------------------------------------------

curves = st.fixed_dictionaries(
    {
        "curve": st.sampled_from(["ROC", "PR", "PRGAIN", "roc", "pr", "prgain"]),
        "summation_method": st.sampled_from(["interpolation", "minoring", "majoring"]),
    }
)
cuts = st.one_of(
    st.fixed_dictionaries({"num_thresholds": st.sampled_from([2, 3, 5, 20, 200])}),
    st.fixed_dictionaries({"thresholds": uneven}),
    st.fixed_dictionaries({"thresholds": even.map(lambda values: values[1:-1])}),
)


@settings(max_examples=40)
@given(batches, curves, cuts, dtypes)
def test_auc_matches_keras(given_batches: list[Batch], curve: Any, cut: Any, dtype: str) -> None:
    live_alike(lambda m: m.AUC(**curve, **cut), given_batches, dtype)


@given(
    batches_of_labels(2),
    curves,
    cuts,
    st.sampled_from([None, [1.0, 1.0], [2.0, 0.5], [0.0, 1.0]]),
    st.booleans(),
    st.booleans(),
    dtypes,
)
def test_auc_of_several_labels_matches_keras(
    given_batches: list[Batch],
    curve: Any,
    cut: Any,
    label_weights: Any,
    multi_label: bool,
    told: bool,
    dtype: str,
) -> None:
    options = {**curve, **cut, "label_weights": label_weights, "multi_label": multi_label}
    if multi_label and told:
        options["num_labels"] = 2
    live_alike(lambda m: m.AUC(**options), given_batches, dtype)


# None has a sigmoid near a multiple of 0.1.
LOGITS = st.sampled_from([-8.0, -3.0, -1.0, -0.3, 0.2, 0.9, 2.5, 9.0])


@given(
    runs(
        lambda shape: st.tuples(labels(shape, 2), hnp.arrays(np.float64, shape, elements=LOGITS)),
        weigh=exact_weights,
    ),
    curves,
    dtypes,
)
def test_auc_of_logits_matches_keras(given_batches: list[Batch], curve: Any, dtype: str) -> None:
    live_alike(lambda m: m.AUC(**curve, num_thresholds=11, from_logits=True), given_batches, dtype)


@given(scored((12,)))
def test_the_area_under_the_roc_curve_is_the_chance_that_a_positive_scores_higher(
    pair: Any,
) -> None:
    y_true, scores = pair
    distinct = np.unique(np.clip(scores, 0, 1))
    metric = metrics.AUC(thresholds=((distinct[1:] + distinct[:-1]) / 2).tolist())
    metric.update_state(y_true, np.clip(scores, 0, 1))
    positive = np.clip(scores[y_true == 1], 0, 1)[:, None]
    negative = np.clip(scores[y_true == 0], 0, 1)
    chance = (
        np.mean((positive > negative) + 0.5 * (positive == negative))
        if (positive.size and negative.size)
        else 0.0
    )
    # Neighbouring scores may have no number between them: then a threshold meets one of them.
    apart = distinct.size < 2 or np.min(np.diff(distinct)) > 1e-6
    if apart:
        assert float(metric.result()) == pytest.approx(chance, abs=1e-6)
    assert 0.0 <= float(metric.result()) <= 1.0


# -- corners ---------------------------------------------------------------------------------------

ALL = [
    *COUNTS,
    "Precision",
    "Recall",
    "AUC",
    "AUC at one threshold",
    "PrecisionAtRecall",
]


def made(m: Any, name: str) -> Any:
    if name == "AUC at one threshold":
        return m.AUC(thresholds=[0.5])
    return getattr(m, name)(*([0.5] if "At" in name else []))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("y_true", [[0, 0, 0], [1, 1, 1], [0.0, 2.0, -1.0], [True, False, True]])
@pytest.mark.parametrize(
    ("y_pred", "given_weights"),
    [
        ([0.5, 0.5, 0.5], None),
        ([np.nan, 0.7, np.nan], None),
        ([np.inf, -np.inf, 0.7], None),
        ([0.2, 0.7, 0.9], [np.inf, 1.0, 2.0]),
        ([0.2, 0.7, 0.9], [1.0, np.nan, 2.0]),
        ([0.2, 0.7, 0.9], [-1.0, 1.0, 0.0]),
    ],
)
def test_single_classes_ties_and_what_is_not_finite(
    name: str, y_true: Any, y_pred: Any, given_weights: Any
) -> None:
    def program(m: Any) -> Any:
        metric = made(m, name)
        metric.update_state(y_true, y_pred, sample_weight=given_weights)
        return [*metric.variables, metric.result()]

    hold(program(metrics), program(keras.metrics), 1e-6)


SHAPES: list[tuple[Any, Any]] = [
    ((3,), (3, 1)),
    ((3, 1), (3,)),
    ((3, 2), (3, 2, 1)),
    ((3, 2, 1), (3, 2)),
    ((0,), (0,)),
    ((3, 2), (3, 2)),
    ((3,), (3,)),
]
WEIGHTS: list[Any] = [None, (), (1,), (3,), (3, 1), (3, 2), (1, 2), (2,), (3, 2, 1)]


@pytest.mark.parametrize("name", ["TruePositives", "Precision", "AUC", "AUC at one threshold"])
@pytest.mark.parametrize(("true", "pred"), SHAPES)
def test_shapes_of_targets_predictions_and_weights(name: str, true: Any, pred: Any) -> None:
    """What Keras takes is taken and means the same; what it does not take is a ValueError."""

    def program(m: Any, weight_shape: Any) -> Any:
        metric = made(m, name)
        generator = np.random.default_rng(0)
        metric.update_state(
            generator.integers(0, 2, true),
            generator.choice(MEETING, pred),
            sample_weight=None
            if weight_shape is None
            else generator.choice(EXACT_WEIGHTS, weight_shape),
        )
        return [*metric.variables, metric.result()]

    for weight_shape in WEIGHTS:
        try:
            expected = program(keras.metrics, weight_shape)
        except (ValueError, tf.errors.InvalidArgumentError):
            with pytest.raises(ValueError, match="sample_weight"):
                program(metrics, weight_shape)
        else:
            hold(program(metrics, weight_shape), expected, 1e-6, f"weights {weight_shape}")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("true", "pred"), [((3,), (2,)), ((3, 2), (3,)), ((2, 3), (3, 2))])
def test_targets_and_predictions_that_do_not_fit_are_refused(
    name: str, true: Any, pred: Any
) -> None:
    metric = made(metrics, name)
    with pytest.raises(ValueError, match="same shape"):
        metric.update_state(np.ones(true), np.ones(pred))


def test_thresholds_that_are_nearly_even_count_as_even() -> None:
    nearly = [0.0, 0.5000001, 1.0]
    for y_pred in (0.5, 0.50000005, 0.5000002):
        found, expected = (
            array(library.metrics.TruePositives(thresholds=nearly)([1.0], [y_pred]))
            for library in (numpynn, keras)
        )
        hold(found, expected, 0)


@pytest.mark.parametrize(
    ("name", "options", "y_pred"),
    [
        ("Precision", {"class_id": 5}, (2, 2)),
        ("Precision", {"class_id": -3}, (2, 2)),
        ("Recall", {"class_id": 0}, (2,)),
        ("Precision", {"top_k": 3}, (2, 2)),
        ("AUC", {"label_weights": [1.0, 2.0]}, (3,)),
        ("AUC", {"label_weights": [1.0, 2.0]}, (3, 3)),
        ("AUC", {"multi_label": True}, (3,)),
        ("AUC", {"multi_label": True, "num_labels": 2}, (3,)),
        ("AUC", {"multi_label": True, "num_labels": 2}, (3, 3)),
    ],
)
def test_predictions_that_do_not_fit_the_options_are_refused(
    name: str, options: Any, y_pred: Any
) -> None:
    metric = getattr(metrics, name)(**options)
    with pytest.raises(ValueError, match="class|label"):
        metric.update_state(np.ones(y_pred), np.full(y_pred, 0.5))


# -- worked numbers --------------------------------------------------------------------------------


def test_the_fraud_tables_consistent_counts() -> None:
    """One test split explains the book's three balanced accuracies: 117 frauds of 56962."""
    for hits, false_alarms, balanced, accuracy in (
        (88, 5, 0.8760, 0.9994),
        (104, 779, 0.9376, 0.9861),
        (102, 328, 0.9330, 0.9940),
    ):
        y_true = np.repeat([1, 0], [117, 56962 - 117])
        y_pred = np.zeros(56962)
        y_pred[:hits] = y_pred[117 : 117 + false_alarms] = 0.9
        counts = {name: float(getattr(metrics, name)()(y_true, y_pred)) for name in COUNTS}
        assert counts == {
            "TruePositives": hits,
            "FalsePositives": false_alarms,
            "TrueNegatives": 56845 - false_alarms,
            "FalseNegatives": 117 - hits,
        }
        sensitivity = float(metrics.Recall()(y_true, y_pred))
        specificity = counts["TrueNegatives"] / 56845
        assert (sensitivity + specificity) / 2 == pytest.approx(balanced, abs=6e-5)
        assert float(metrics.BinaryAccuracy()(y_true, y_pred)) == pytest.approx(accuracy, abs=6e-5)


Y = [0, 0, 1, 1]
P = [0.0, 0.5, 0.3, 0.9]


@pytest.mark.parametrize(
    ("make", "given_weights", "expected"),
    [
        (lambda m: m.AUC(num_thresholds=3), None, 0.75),
        (lambda m: m.AUC(num_thresholds=3), [1, 0, 0, 1], 1.0),
        (lambda m: m.SensitivityAtSpecificity(0.5), None, 1.0),
        (lambda m: m.PrecisionAtRecall(1.0), None, 2 / 3),
        (lambda m: m.RecallAtPrecision(1.0), None, 0.5),
        (lambda m: m.Precision(), None, 1.0),
        (lambda m: m.Recall(), None, 0.5),
    ],
)
def test_worked_numbers(make: Any, given_weights: Any, expected: float) -> None:
    for library in (numpynn, keras):
        metric = make(library.metrics)
        metric.update_state(Y, P, sample_weight=given_weights)
        assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_an_area_without_data_is_zero() -> None:
    for curve in ("ROC", "PR", "PRGAIN"):
        for library in (numpynn, keras):
            assert float(library.metrics.AUC(curve=curve).result()) == 0.0


def test_several_labels_are_told_by_the_first_batch() -> None:
    metric = metrics.AUC(multi_label=True, num_thresholds=3)
    assert metric.variables == []
    metric.reset_state()
    with pytest.raises(ValueError, match="before the first batch"):
        metric.result()
    metric.update_state(np.eye(2), np.eye(2))
    assert [v.shape for v in metric.variables] == [(3, 2)] * 4
    assert float(metric.result()) == 1.0
