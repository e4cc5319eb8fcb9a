"""F-scores, intersection over union, R², correlations: against Keras at every option."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from metric_runs import Batch, dtypes, exact_weights, grid, live_alike, runs
from pairs import BARS, array, both_float_types, derived, hold, hold_gradients, labels, numbers

import numpynn
from numpynn import metrics

Run = list[Batch]


@st.composite
def tables(draw: Any, pairs: Any, columns: int, kinds: Any = ("none", "samples")) -> Run:
    """Batches of shape (B, columns); `pairs` draws (y_true, y_pred) for losses of a shape."""
    kind = draw(st.sampled_from(kinds))
    found = []
    for n in draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)):
        shapes: dict[str, tuple[int, ...]] = {
            "number": (),
            "samples": (n,),
            "column": (n, 1),
            "values": (n, columns),
        }
        given_weights = draw(exact_weights(shapes[kind])) if kind in shapes else None
        found.append((*draw(pairs((n, columns))), given_weights))
    return found


def whole(shape: Any, low: int = -3, high: int = 3) -> st.SearchStrategy[Any]:
    """Whole numbers as floats."""
    return hnp.arrays(np.int64, shape, elements=st.integers(low, high)).map(np.float64)


# -- F-scores --------------------------------------------------------------------------------------


def multi_labelled(shape: Any) -> st.SearchStrategy[Any]:
    return st.tuples(
        st.one_of(labels(shape, 2).map(np.float64), grid(shape)),
        st.one_of(grid(shape), whole(shape)),
    )


@given(
    st.integers(1, 3).flatmap(lambda columns: tables(multi_labelled, columns)),
    st.sampled_from([None, "micro", "macro", "weighted"]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from([None, 0.25, 0.5, 0.6, 1.0]),
    dtypes,
)
def test_f_scores_match_keras(
    batches: Run, average: Any, beta: float, threshold: Any, dtype: str
) -> None:
    live_alike(lambda m: m.FBetaScore(average, beta, threshold), batches, dtype)
    if beta == 1.0:
        live_alike(lambda m: m.F1Score(average, threshold), batches, dtype)


@pytest.mark.parametrize(
    "given_weights", [[[1.0], [2.0]], [[1.0, 2.0], [1.0, 1.0]], 2.0, [1.0] * 3]
)
@pytest.mark.parametrize("average", [None, "micro"])
def test_f_scores_take_one_weight_a_sample(average: Any, given_weights: Any) -> None:
    """Where Keras broadcasts (B, 1) against (B,), every sample is counted with every weight."""
    metric = metrics.FBetaScore(average)
    with pytest.raises(ValueError, match="One weight for each"):
        metric.update_state(np.eye(2), np.eye(2), sample_weight=given_weights)


@pytest.mark.parametrize(("true", "pred"), [((3,), (3,)), ((3, 1), (3, 2)), ((3, 2, 1), (3, 2))])
def test_f_scores_take_two_axes(true: Any, pred: Any) -> None:
    with pytest.raises(ValueError, match="one shape"):
        metrics.F1Score().update_state(np.ones(true), np.ones(pred))


def test_the_number_of_classes_stays() -> None:
    for metric in (metrics.F1Score(), metrics.R2Score()):
        metric.update_state(np.eye(2), np.eye(2))
        with pytest.raises(ValueError, match="so far"):
            metric.update_state(np.eye(3), np.eye(3))


@pytest.mark.parametrize("make", [lambda m: m.F1Score(), lambda m: m.R2Score()])
def test_there_is_no_result_before_the_first_batch(make: Any) -> None:
    with pytest.raises(ValueError, match="before its first batch"):
        make(metrics).result()


@pytest.mark.parametrize("y_pred", [[np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0], [-1.0, -1.0]])
def test_odd_predictions_are_found_as_in_keras(y_pred: Any) -> None:
    def program(m: Any) -> Any:
        metric = m.FBetaScore()
        metric.update_state(np.array([[0, 1], [1, 0]]), np.array([y_pred, [0.2, 0.2]], "float32"))
        return [*metric.variables, metric.result()]

    hold(program(metrics), program(keras.metrics), 1e-6)


# -- intersection over union -----------------------------------------------------------------------

CLASSES = 3
weights_of_iou = st.sampled_from([None, "float32", "float64"])


def segmented(shape: Any) -> st.SearchStrategy[Any]:
    """Class numbers, some of them outside."""
    numbered = hnp.arrays(np.int64, shape, elements=st.integers(-1, CLASSES))
    return st.tuples(numbered, numbered)


def one_hot(shape: Any) -> st.SearchStrategy[Any]:
    return st.tuples(
        labels(shape, CLASSES).map(lambda t: np.eye(CLASSES)[t]), grid((*shape, CLASSES))
    )


def binary(shape: Any) -> st.SearchStrategy[Any]:
    return st.tuples(labels(shape, 2), grid(shape))


# Keras flattens the weights, so it takes one for each value, or one in all.
flat = ("none", "number", "values")
OVERLAPS: dict[str, tuple[Any, Any]] = {
    "IoU": (lambda m, **o: m.IoU(CLASSES, [0, 2], **o), segmented),
    "IoU of scores": (
        lambda m, **o: m.IoU(CLASSES, (1,), sparse_y_true=False, sparse_y_pred=False, **o),
        one_hot,
    ),
    "MeanIoU": (lambda m, **o: m.MeanIoU(CLASSES, **o), segmented),
    "OneHotIoU": (lambda m, **o: m.OneHotIoU(CLASSES, [2, 0], **o), one_hot),
    "OneHotMeanIoU": (lambda m, **o: m.OneHotMeanIoU(CLASSES, **o), one_hot),
    "BinaryIoU": (lambda m, dtype: m.BinaryIoU(dtype=dtype), binary),
    "BinaryIoU at 0.75": (lambda m, dtype: m.BinaryIoU([1], 0.75, dtype=dtype), binary),
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_intersections_over_unions_match_keras(name: str) -> None:
    make, pairs = OVERLAPS[name]
    options = {} if "Binary" in name else {"ignore_class": st.sampled_from([None, 0, 1])}

    @given(
        runs(pairs, kinds=flat, weigh=exact_weights),
        st.fixed_dictionaries({"dtype": weights_of_iou, **options}),
        dtypes,
    )
    def holds(batches: Run, chosen: Any, dtype: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of weights that lose their fractions
            live_alike(lambda m: make(m, **chosen), batches, dtype, bar=1e-6)

    holds()


def test_fractions_of_weights_lost_to_whole_numbers_are_warned_of() -> None:
    for library in (numpynn, keras):
        metric = library.metrics.MeanIoU(2)
        with pytest.warns(UserWarning, match="dtype"):
            metric.update_state([0, 1, 1], [0.0, 1.7, 1.0], sample_weight=np.array([0.5, 1.5, 2.0]))
        assert array(metric.variables[0]).tolist() == [[0, 0], [0, 3]]


def test_classes_that_are_no_numbers_are_left_out() -> None:
    for library in (numpynn, keras):
        metric = library.metrics.MeanIoU(2)
        metric.update_state(np.array([0, np.nan, 1]), np.array([0, 1, np.inf]))
        assert array(metric.variables[0]).tolist() == [[1, 0], [0, 0]]


def test_scores_may_have_their_classes_first() -> None:
    """Keras uses `axis` a second time, for the classes' scores, and fails unless it is the last."""
    y_true = np.eye(CLASSES)[[[0, 1], [2, 2]]]
    metric, first = metrics.OneHotMeanIoU(CLASSES), metrics.OneHotMeanIoU(CLASSES, axis=1)
    metric.update_state(y_true, y_true[::-1])
    first.update_state(np.moveaxis(y_true, -1, 1), np.moveaxis(y_true[::-1], -1, 1))
    hold(first.result(), metric.result(), 0)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "given_weights"),
    [([0, 1], [0, 1, 1], None), ([0, 1, 1], [0, 1, 1], [1, 2]), ([0], [[0, 1]], None)],
)
def test_sizes_that_do_not_fit_are_refused(y_true: Any, y_pred: Any, given_weights: Any) -> None:
    with pytest.raises(ValueError, match="fit|as many"):
        metrics.MeanIoU(2).update_state(y_true, y_pred, sample_weight=given_weights)


# -- R² --------------------------------------------------------------------------------------------


def targets(shape: Any) -> st.SearchStrategy[Any]:
    return st.tuples(whole(shape), whole(shape))


@given(
    tables(targets, 2, ("none", "number", "samples", "column", "values")),
    st.sampled_from([None, "uniform_average", "variance_weighted_average"]),
    st.sampled_from([0, 1, 3]),
    dtypes,
)
@example([(np.array([[1.0, 2.0]]), np.array([[0.0, 2.0]]), None)], None, 0, "float64")  # 0, NaN
def test_r2_matches_keras(batches: Run, aggregation: Any, regressors: int, dtype: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of too few numbers, which the next test is about
        live_alike(lambda m: m.R2Score(aggregation, regressors), batches, dtype)


@pytest.mark.parametrize("regressors", [2, 3, 5])
def test_too_few_numbers_to_adjust_for_are_warned_of(regressors: int) -> None:
    y_true, y_pred = np.array([[1.0], [4.0], [3.0]]), np.array([[2.0], [4.0], [4.0]])
    for library in (numpynn, keras):
        metric = library.metrics.R2Score(num_regressors=regressors)
        metric.update_state(y_true, y_pred)
        with pytest.warns(UserWarning, match="R2"):
            assert float(metric.result()) == pytest.approx(0.57142854)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "given_weights"),
    [((3,), (3,), None), ((3, 2), (3, 1), None), ((3, 1), (3, 1), (2,)), ((3, 2), (3, 2), (3, 3))],
)
def test_r2_refuses_other_shapes(y_true: Any, y_pred: Any, given_weights: Any) -> None:
    weights = None if given_weights is None else np.ones(given_weights)
    with pytest.raises(ValueError, match="shape|outputs"):
        metrics.R2Score().update_state(np.ones(y_true), np.ones(y_pred), sample_weight=weights)


# -- correlations ----------------------------------------------------------------------------------


@st.composite
def varied(draw: Any, shape: tuple[int, ...]) -> Any:
    """Arrays that vary along every axis, so that a coefficient is well conditioned."""
    order = np.array(draw(st.permutations(range(shape[0] * shape[1]))), "float64").reshape(shape)
    return order + draw(hnp.arrays(np.float64, shape, elements=numbers(-0.25, 0.25)))


axes = st.sampled_from([-1, 0, 1, (0, 1)])
shapes = st.tuples(st.integers(2, 4), st.integers(3, 5))
CORRELATIONS = ["pearson_correlation", "concordance_correlation"]


@pytest.mark.parametrize("name", CORRELATIONS)
@given(st.data(), shapes, axes, dtypes)
def test_correlations_and_their_gradients_match_keras(
    name: str, data: Any, shape: Any, axis: Any, dtype: str
) -> None:
    y_true, y_pred = (data.draw(varied(shape)).astype(dtype) for _ in range(2))

    def program(library: Any) -> Any:
        def compute(t: Any, y: Any) -> Any:
            return getattr(library.metrics, name)(t, y, axis=axis)

        return derived(library, compute, (y_true, y_pred))

    with both_float_types(dtype):
        (found, gradients), (expected, expected_gradients) = program(numpynn), program(keras)
    assert found.dtype == np.dtype(dtype)
    hold(found, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


@pytest.mark.parametrize(
    "name", ["PearsonCorrelation", "ConcordanceCorrelation", "CosineSimilarity"]
)
@given(
    runs(targets, ranks=(2,), kinds=("none", "number", "samples", "column")),
    st.sampled_from([-1, 1]),
    dtypes,
)
def test_mean_correlations_match_keras(name: str, batches: Run, axis: int, dtype: str) -> None:
    """A constant row makes Pearson's coefficient NaN, and a row of zeros a cosine of 0."""
    live_alike(lambda m: getattr(m, name)(axis=axis), batches, dtype)


def test_the_worked_correlations() -> None:
    y_true, y_pred = [[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]
    for library in (numpynn, keras):
        pearson = library.metrics.pearson_correlation(y_true, y_pred)
        concordance = library.metrics.concordance_correlation(y_true, y_pred)
        assert array(pearson) == pytest.approx([1.0, 0.99339927], abs=1e-6)
        assert array(concordance) == pytest.approx([0.97560976, 0.98765432], abs=1e-6)


def test_root_mean_squared_error_is_the_root_of_the_mean_over_all_batches() -> None:
    metric = metrics.RootMeanSquaredError()
    metric.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    assert float(metric.result()) == 0.5
    metric.reset_state()
    metric.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]], sample_weight=[1, 0])
    assert float(metric.result()) == pytest.approx(0.70710677)
    metric.update_state([0.0], [2.0], sample_weight=[-0.5])
    assert np.isnan(float(metric.result()))
