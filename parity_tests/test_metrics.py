"""Metrics against Keras: accumulated over batches, weighted, masked, reset; their functions too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from metric_runs import WEIGHT_KINDS, Batch, dtypes, grid, live_alike, runs
from pairs import (
    BARS,
    array,
    both_float_types,
    filled,
    hold,
    labels,
    normal,
    weights,
)

import numpynn
from numpynn import metrics
from numpynn.autograd import Tensor

CLASSES = 3
PAIRS: dict[str, Callable[[Any], Any]] = {
    "regression": lambda shape: st.tuples(filled((*shape, 2)), filled((*shape, 2))),
    "positive": lambda shape: st.tuples(filled((*shape, 2), 0.1, 3), filled((*shape, 2), 0.1, 3)),
    "signs": lambda shape: st.tuples(
        labels((*shape, 2), 2).map(lambda t: 2.0 * t - 1.0), filled((*shape, 2))
    ),
    "distributions": lambda shape: st.tuples(
        filled((*shape, CLASSES), 0.1, 1).map(lambda t: t / t.sum(-1, keepdims=True)),
        filled((*shape, CLASSES), 0.1, 1).map(lambda p: p / p.sum(-1, keepdims=True)),
    ),
    "equal": lambda shape: st.tuples(grid(shape), grid(shape)),
    "binary": lambda shape: st.tuples(labels(shape, 2).map(np.float64), grid(shape)),
    "probable": lambda shape: st.tuples(
        labels((*shape, 2), 2).map(np.float64), filled((*shape, 2), 0.05, 0.95)
    ),
    "one-hot": lambda shape: st.tuples(
        labels(shape, CLASSES).map(lambda t: np.eye(CLASSES)[t]),
        filled((*shape, CLASSES), 0.05, 0.95),
    ),
    "one-hot with ties": lambda shape: st.tuples(
        labels(shape, CLASSES).map(lambda t: np.eye(CLASSES)[t]), grid((*shape, CLASSES))
    ),
    "sparse": lambda shape: st.tuples(
        labels(shape, CLASSES), filled((*shape, CLASSES), 0.05, 0.95)
    ),
    "sparse with ties": lambda shape: st.tuples(labels(shape, CLASSES), grid((*shape, CLASSES))),
    "sorted classes": lambda shape: st.tuples(labels(shape, 4), labels((*shape, CLASSES), 4)),
    "sparse columns": lambda shape: st.tuples(
        labels((*shape, 1), CLASSES).map(np.float64), grid((*shape, CLASSES))
    ),
}

METRICS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mean_squared_error": (lambda m: m.MeanSquaredError(), "regression"),
    "mean_absolute_error": (lambda m: m.MeanAbsoluteError(), "regression"),
    "mean_absolute_percentage_error": (lambda m: m.MeanAbsolutePercentageError(), "positive"),
    "mean_squared_logarithmic_error": (lambda m: m.MeanSquaredLogarithmicError(), "positive"),
    "root_mean_squared_error": (lambda m: m.RootMeanSquaredError(), "regression"),
    "log_cosh_error": (lambda m: m.LogCoshError(), "regression"),
    "cosine_similarity": (lambda m: m.CosineSimilarity(), "regression"),
    "hinge": (lambda m: m.Hinge(), "signs"),
    "squared_hinge": (lambda m: m.SquaredHinge(), "signs"),
    "categorical_hinge": (lambda m: m.CategoricalHinge(), "one-hot"),
    "kl_divergence": (lambda m: m.KLDivergence(), "distributions"),
    "poisson": (lambda m: m.Poisson(), "positive"),
    "accuracy": (lambda m: m.Accuracy(), "equal"),
    "binary_accuracy": (lambda m: m.BinaryAccuracy(), "binary"),
    "binary_accuracy at 0.75": (lambda m: m.BinaryAccuracy(threshold=0.75), "binary"),
    "categorical_accuracy": (lambda m: m.CategoricalAccuracy(), "one-hot with ties"),
    "sparse_categorical_accuracy": (lambda m: m.SparseCategoricalAccuracy(), "sparse"),
    "sparse accuracy of columns": (lambda m: m.SparseCategoricalAccuracy(), "sparse columns"),
    "top_k_categorical_accuracy": (lambda m: m.TopKCategoricalAccuracy(k=2), "one-hot with ties"),
    "sparse_top_k_categorical_accuracy": (
        lambda m: m.SparseTopKCategoricalAccuracy(k=2),
        "sparse with ties",
    ),
    "sparse top k of sorted classes": (
        lambda m: m.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True),
        "sorted classes",
    ),
    "binary_crossentropy": (lambda m: m.BinaryCrossentropy(label_smoothing=0.1), "probable"),
    "binary logits": (lambda m: m.BinaryCrossentropy(from_logits=True), "probable"),
    "categorical_crossentropy": (lambda m: m.CategoricalCrossentropy(), "one-hot"),
    "smoothed categorical logits": (
        lambda m: m.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        "one-hot",
    ),
    "sparse_categorical_crossentropy": (lambda m: m.SparseCategoricalCrossentropy(), "sparse"),
    "sparse logits": (lambda m: m.SparseCategoricalCrossentropy(from_logits=True), "sparse"),
    "sparse without class 1": (lambda m: m.SparseCategoricalCrossentropy(ignore_class=1), "sparse"),
    "a function of one's own": (lambda m: m.MeanMetricWrapper(_largest_error, power=2), "one-hot"),
    "a loss object": (lambda m: m.MeanMetricWrapper(_library_of(m).losses.Huber()), "regression"),
}
# A loss gives one value a batch; values that mask themselves take no weights of samples.
WEIGHTS = {
    "a loss object": ("none", "number"),
    "sparse without class 1": ("none", "number", "column", "values"),
}
# TensorFlow's in_top_k knows float32 only.
SINGLE = {name for name in METRICS if "top_k" in name}


def _largest_error(y_true: Any, y_pred: Any, power: int) -> Any:
    return (abs(y_true - y_pred) ** power)[..., 0]


def _library_of(module: Any) -> Any:
    return keras if module is keras.metrics else numpynn


@pytest.mark.parametrize("name", METRICS)
def test_means_accumulate_as_in_keras(name: str) -> None:
    make, kind = METRICS[name]
    drawn = runs(PAIRS[kind], kinds=WEIGHTS.get(name, WEIGHT_KINDS))

    @given(drawn, st.just("float32") if name in SINGLE else dtypes)
    def holds(batches: list[Batch], dtype: str) -> None:
        live_alike(make, batches, dtype)

    holds()


@given(st.data(), st.sampled_from(["Mean", "Sum"]), st.integers(1, 3), dtypes)
def test_mean_and_sum_match_keras(data: Any, kind: str, rank: int, dtype: str) -> None:
    batches = data.draw(runs(lambda shape: st.tuples(st.none(), filled(shape)), ranks=(rank,)))

    def program(library: Any) -> list[Any]:
        metric = getattr(library.metrics, kind)()
        results = [array(metric.result())]
        for _, values, given_weights in batches:
            metric.update_state(values.astype(dtype), sample_weight=given_weights)
            results.extend([array(metric.result()), *map(array, metric.variables)])
        metric.reset_state()
        return [*results, array(metric.result())]

    with both_float_types(dtype):
        hold(program(numpynn), program(keras), BARS[dtype]["forward"])


SHAPES = [(), (1,), (3,), (3, 1), (3, 2), (3, 2, 1), (1, 2), (3, 2, 2), (3, 1, 2), (2, 2)]


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (3, 2), (3, 2, 2)])
def test_weights_of_every_rank_weigh_as_in_keras_or_are_refused(
    kind: str, shape: tuple[int, ...]
) -> None:
    values = normal(0, *shape).astype("float32")

    def program(library: Any, given_weights: Any) -> Any:
        metric = getattr(library.metrics, kind)()
        metric.update_state(values, sample_weight=given_weights)
        return metric.variables

    for weight_shape in SHAPES:
        given_weights = abs(normal(1, *weight_shape)).astype("float32")
        try:
            expected = program(keras, given_weights)
        except (ValueError, tf.errors.InvalidArgumentError):
            with pytest.raises(ValueError, match="sample_weight"):
                program(numpynn, given_weights)
        else:
            hold(program(numpynn, given_weights), expected, 1e-6, f"weights {weight_shape}")


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_batches_count_as_in_keras(shape: tuple[int, ...]) -> None:
    def program(library: Any) -> Any:
        metric = library.metrics.Mean()
        metric.update_state(np.zeros(shape, "float32"))
        return [metric.result(), *metric.variables]

    hold(program(numpynn), program(keras), 0)


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
@pytest.mark.parametrize("values", [[1.0, np.nan], [np.inf, 2.0], [3e38, -3e38]])
def test_what_is_not_finite_shows(kind: str, values: list[float]) -> None:
    def program(library: Any) -> Any:
        metric = getattr(library.metrics, kind)()
        metric.update_state(values, sample_weight=[1.0, 0.5])
        return metric.result()

    hold(program(numpynn), program(keras), 1e-6)


@pytest.mark.parametrize("dtype", ["int32", "float16"])
def test_other_dtypes_of_results(dtype: str) -> None:
    def program(library: Any, kind: str) -> Any:
        metric = getattr(library.metrics, kind)(dtype=dtype)
        metric.update_state([1.75, 2.5], sample_weight=[1, 2])
        return array(metric.result())

    for kind in ("Mean", "Sum"):
        found, expected = program(numpynn, kind), program(keras, kind)
        assert found.dtype == expected.dtype
        hold(found, expected, 2e-3 if dtype == "float16" else 1e-6)


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
def test_single_numbers_are_taken(kind: str) -> None:
    def program(library: Any) -> list[Any]:
        metric = getattr(library.metrics, kind)(name="mine")
        metric.update_state(2.0)
        metric.update_state(5, sample_weight=3.0)
        return [metric.result(), *metric.variables, np.array(metric.name == "mine")]

    hold(program(numpynn), program(keras), 1e-6)


def test_batches_of_sequences_count_by_samples_however_long() -> None:
    """Keras weighs a batch by its samples, not by its time steps."""

    def program(library: Any) -> Any:
        metric = library.metrics.MeanSquaredError()
        for time in (2, 7):
            metric.update_state(normal(0, 3, time, 2), normal(time, 3, time, 2))
        return metric.result()

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "CategoricalAccuracy", "RootMeanSquaredError"]
)
def test_masked_means_ignore_padding(name: str) -> None:
    """But for the root of the mean, as in Keras."""

    @given(
        mask=hnp.arrays(bool, (3, 4)),
        given_weights=st.sampled_from([None, (), (3, 1), (3, 4), (3, 4, 1)]).flatmap(
            lambda shape: st.none() if shape is None else weights(shape)
        ),
    )
    def holds(mask: Any, given_weights: Any) -> None:
        y_true, y_pred = normal(0, 3, 4, 2), normal(1, 3, 4, 2).astype("float32")

        def program(library: Any) -> Any:
            prediction = library.ops.convert_to_tensor(y_pred)
            if library is numpynn:
                prediction.mask = mask
            else:
                prediction._keras_mask = keras.ops.convert_to_tensor(mask)
            metric = getattr(library.metrics, name)()
            metric.update_state(y_true, prediction, sample_weight=given_weights)
            return [metric.result(), *metric.variables]

        hold(program(numpynn), program(keras), 1e-5)

    holds()


def test_weights_that_fit_no_mask_are_refused() -> None:
    prediction = Tensor(np.zeros((3, 4, 2)))
    prediction.mask = np.ones((3, 4), bool)
    with pytest.raises(ValueError, match="mask"):
        metrics.MeanSquaredError().update_state(
            np.zeros((3, 4, 2)), prediction, sample_weight=np.ones(3)
        )


def test_metrics_find_the_logits_behind_predictions_as_losses_do() -> None:
    z = np.array([[60.0, -60.0], [-50.0, 70.0]], "float32")

    def program(library: Any) -> list[Any]:
        logits = library.ops.convert_to_tensor(z)
        binary = library.metrics.BinaryCrossentropy()
        binary.update_state(np.ones((2, 2)), library.activations.sigmoid(logits))
        sparse = library.metrics.SparseCategoricalCrossentropy()
        sparse.update_state(np.array([1, 0]), library.activations.softmax(logits))
        return [binary.result(), sparse.result()]

    found = program(numpynn)
    hold(found, program(keras), 1e-6)
    assert float(found[1]) == pytest.approx(120)


# -- functions -------------------------------------------------------------------------------------

FUNCTIONS = {
    "binary_accuracy": "binary",
    "categorical_accuracy": "one-hot with ties",
    "sparse_categorical_accuracy": "sparse",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_match_keras(name: str) -> None:
    @given(st.lists(st.integers(1, 4), min_size=1, max_size=2).flatmap(PAIRS[FUNCTIONS[name]]))
    def holds(pair: Any) -> None:
        y_true, y_pred = pair
        found = getattr(metrics, name)(y_true, y_pred)
        expected = getattr(keras.metrics, name)(y_true, y_pred)
        assert array(found).dtype == np.float32
        hold(found, expected, 0)

    holds()


@pytest.mark.parametrize(("true", "pred"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 2), (4, 2, 1))])
def test_n_and_n_1_never_broadcast(true: tuple[int, ...], pred: tuple[int, ...]) -> None:
    y_true = (normal(0, *true) > 0).astype("float32")
    y_pred = normal(1, *pred).astype("float32")
    for name in ("BinaryAccuracy", "Accuracy", "MeanSquaredError"):
        results = []
        for library in (numpynn, keras):
            metric = getattr(library.metrics, name)()
            metric.update_state(y_true, y_pred.round() if name == "Accuracy" else y_pred)
            results.append(metric.result())
        if name != "MeanSquaredError" or len(true) == len(pred) == 1:
            hold(*results, 1e-6)


def test_a_threshold_is_strict() -> None:
    metric = metrics.BinaryAccuracy(threshold=0.5)
    metric.update_state([1, 0], np.array([0.5, 0.5]))
    assert float(metric.result()) == 0.5


# -- state -----------------------------------------------------------------------------------------


def test_state_is_kept_in_variables_that_training_leaves_alone() -> None:
    metric = metrics.MeanSquaredError()
    metric.update_state(np.ones(4), np.zeros(4))
    assert [v.name for v in metric.variables] == ["total", "count"]
    assert not any(v.trainable for v in metric.variables)
    metric.reset_state()
    assert [float(v.numpy()) for v in metric.variables] == [0.0, 0.0]
    assert float(metric.result()) == 0.0


def test_long_epochs_do_not_lose_digits() -> None:
    metric = metrics.Mean()
    for _ in range(2000):
        metric.update_state(np.full(1000, 0.1, "float32"))
    assert float(metric.result()) == pytest.approx(np.float32(0.1), rel=1e-7)


def test_predictions_with_a_history_are_measured_without_one() -> None:
    metric = metrics.MeanSquaredError()
    with numpynn.GradientTape():
        metric.update_state(np.ones((2, 1)), Tensor(np.zeros((2, 1)), requires_grad=True) * 2.0)
    assert not metric.result().requires_grad


def test_a_metric_of_ones_own_ports_from_keras() -> None:
    def program(library: Any) -> list[Any]:
        class Largest(library.metrics.Metric):
            def __init__(self, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.largest = self.add_variable((), "zeros", name="largest")
                self.calls = self.add_weight((), "zeros", name="calls")

            def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
                error = library.ops.max(library.ops.abs(y_true - y_pred))
                self.largest.assign(library.ops.maximum(self.largest, error))
                self.calls.assign(self.calls + 1.0)

            def result(self) -> Any:
                return self.largest * 1.0

        metric = Largest()
        results = [metric(normal(i, 3).astype("float32"), np.zeros(3, "float32")) for i in range(3)]
        calls = array(metric.calls)
        metric.reset_state()
        return [*results, calls, metric.result()]

    hold(program(numpynn), program(keras), 1e-6)


def test_a_mean_whose_result_is_ones_own_shows_it_in_the_logs() -> None:
    class Root(metrics.Mean):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
            super().update_state((y_true - y_pred) ** 2, sample_weight)

        def result(self) -> Any:
            return super().result() ** 0.5

    model = numpynn.Sequential([numpynn.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Root(name="mine"), metrics.RootMeanSquaredError()])
    logs = model.evaluate(normal(0, 8, 2), normal(1, 8, 1), verbose=0, return_dict=True)
    assert logs["mine"] == pytest.approx(logs["root_mean_squared_error"])
