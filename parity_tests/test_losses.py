"""Losses against Keras: values and gradients, reductions, weights, masks, logits behind outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    labels,
    normal,
    numbers,
    weights,
)

import numpynn
from numpynn import losses
from numpynn.autograd import Tensor

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
shapes = hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=4)
probabilities = numbers(0.01, 0.99)


def simplex(shape: Any) -> Any:
    """Positive values whose last axis sums to about 1."""
    return hnp.arrays(np.float64, shape, elements=probabilities).map(
        lambda p: (p / p.sum(-1, keepdims=True)).astype("float32").astype("float64")
    )


@st.composite
def regression(draw: Any) -> tuple[Any, Any]:
    shape = draw(shapes)
    return draw(filled(shape)), draw(filled(shape))


@st.composite
def binary(draw: Any) -> tuple[Any, Any]:
    """Targets 0 and 1 or between, and scores; `probable` makes them probabilities."""
    shape = draw(shapes)
    certain = labels(shape, 2).map(lambda t: t.astype("float64"))
    return draw(st.one_of(certain, filled(shape, 0, 1))), draw(filled(shape, -4, 4))


@st.composite
def categorical(draw: Any) -> tuple[Any, Any]:
    shape = draw(shapes)
    one_hot = labels(shape[:-1], shape[-1]).map(lambda t: np.eye(shape[-1])[t])
    return draw(st.one_of(one_hot, simplex(shape))), draw(filled(shape, -4, 4))


@st.composite
def sparse(draw: Any) -> tuple[Any, Any]:
    """Class numbers, as integers or floats, with or without an axis of length 1."""
    shape = draw(shapes)
    t = draw(labels(shape[:-1], shape[-1]))
    t = t.astype(draw(st.sampled_from(["int64", "int32", "uint8", "float32"])))
    return draw(st.sampled_from([t, t[..., None]])), draw(filled(shape, -4, 4))


def sigmoid(z: Any) -> Any:
    return (1 / (1 + np.exp(-z))).astype("float32").astype("float64")


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype("float32").astype("float64")


# name of the loss, what is drawn, what makes its predictions of drawn scores, further arguments
CASES: dict[str, tuple[str, Any, Callable[[Any], Any], dict[str, Any]]] = {
    "squared": ("mean_squared_error", regression(), np.asarray, {}),
    "absolute": ("mean_absolute_error", regression(), np.asarray, {}),
    "binary": ("binary_crossentropy", binary(), sigmoid, {}),
    "binary smoothed": ("binary_crossentropy", binary(), sigmoid, {"label_smoothing": 0.2}),
    "binary logits": ("binary_crossentropy", binary(), np.asarray, {"from_logits": True}),
    "binary axis": ("binary_crossentropy", binary(), sigmoid, {"axis": 1}),
    "categorical": ("categorical_crossentropy", categorical(), softmax, {}),
    "categorical unnormalised": ("categorical_crossentropy", categorical(), np.exp, {}),
    "categorical smoothed": (
        "categorical_crossentropy",
        categorical(),
        softmax,
        {"label_smoothing": 0.3},
    ),
    "categorical logits": (
        "categorical_crossentropy",
        categorical(),
        np.asarray,
        {"from_logits": True, "label_smoothing": 0.1},
    ),
    "categorical axis": (
        "categorical_crossentropy",
        categorical(),
        softmax,
        {"axis": 1, "label_smoothing": 0.1},
    ),
    "sparse": ("sparse_categorical_crossentropy", sparse(), softmax, {}),
    "sparse unnormalised": (
        "sparse_categorical_crossentropy",
        sparse(),
        lambda z: np.exp(z - 4.0),
        {},
    ),
    "sparse logits": (
        "sparse_categorical_crossentropy",
        sparse(),
        np.asarray,
        {"from_logits": True},
    ),
    "sparse ignoring": (
        "sparse_categorical_crossentropy",
        sparse(),
        softmax,
        {"ignore_class": 0},
    ),
    "sparse logits ignoring": (
        "sparse_categorical_crossentropy",
        sparse(),
        np.asarray,
        {"from_logits": True, "ignore_class": 1},
    ),
}


def class_of(library: Any, name: str) -> Any:
    return getattr(library.losses, "".join(part.capitalize() for part in name.split("_")))


def compare(
    make: Callable[[Any], Any], y_true: Any, y_pred: Any, dtype: str, sample_weight: Any = None
) -> None:
    """Hold the value and the gradient for the predictions of a loss that both libraries make."""
    results = []
    for library in (numpynn, keras):
        loss = make(library)
        extra = [] if sample_weight is None else [sample_weight]

        def compute(y_pred: Any, loss: Any = loss, extra: Any = extra) -> Any:
            return loss(y_true, y_pred, *extra)

        results.append(derived(library, compute, [y_pred.astype(dtype)]))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


@each_float_type
@pytest.mark.parametrize("case", CASES)
def test_functions_match_keras(case: str, dtype: str) -> None:
    name, drawn, predict, arguments = CASES[case]

    @given(drawn)
    def holds(pair: tuple[Any, Any]) -> None:
        y_true, z = pair

        def make(library: Any) -> Any:
            function = getattr(library.losses, name)
            return lambda y_true, y_pred: function(y_true, y_pred, **arguments)

        with both_float_types(dtype):
            compare(make, y_true, predict(z), dtype)

    holds()


REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


@st.composite
def weightings(draw: Any, shape: tuple[int, ...]) -> Any:
    """Weights that Keras takes for losses of a shape, some of them 0; or none."""
    n, *rest = shape
    options = [shape, (n, *[1] * len(rest)), (*shape, 1), (), (1,) * len(shape)]
    chosen = draw(st.sampled_from([None, *options]))
    return None if chosen is None else draw(weights(chosen))


@each_float_type
@pytest.mark.parametrize("case", CASES)
def test_classes_match_keras_with_every_reduction_and_weights(case: str, dtype: str) -> None:
    name, drawn, predict, arguments = CASES[case]

    @given(drawn, st.sampled_from(REDUCTIONS), st.data())
    def holds(pair: tuple[Any, Any], reduction: str | None, data: Any) -> None:
        y_true, z = pair
        axis = arguments.get("axis", -1) % z.ndim
        sample_weight = data.draw(weightings(z.shape[:axis] + z.shape[axis + 1 :]))
        with both_float_types(dtype):
            compare(
                lambda library: class_of(library, name)(reduction=reduction, **arguments),
                y_true,
                predict(z),
                dtype,
                sample_weight,
            )

    holds()


@each_float_type
@given(st.data(), st.sampled_from(REDUCTIONS), st.booleans())
def test_masks_of_predictions_match_keras(
    dtype: str, data: Any, reduction: str | None, weighted: bool
) -> None:
    y_true, y_pred = data.draw(regression().filter(lambda pair: pair[0].ndim == 3))
    mask = data.draw(hnp.arrays(bool, y_pred.shape[:2]))
    given_weights = data.draw(weights(mask.shape)) if weighted else None

    def make(library: Any) -> Any:
        loss = library.losses.MeanSquaredError(reduction=reduction)

        def masked(y_true: Any, y_pred: Any) -> Any:
            if library is numpynn:
                y_pred.mask = mask
            else:
                y_pred._keras_mask = keras.ops.convert_to_tensor(mask)
            return loss(y_true, y_pred, given_weights)

        return masked

    with both_float_types(dtype):
        compare(make, y_true, y_pred, dtype)


# -- ranks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "mean_absolute_error", "binary_crossentropy"]
)
@pytest.mark.parametrize(
    ("true", "pred"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (4, 3, 1)), ((4, 3, 1), (4, 3))]
)
def test_n_and_n_1_never_broadcast(name: str, true: Any, pred: Any) -> None:
    y_true = (normal(0, *true) > 0).astype("float32")
    y_pred = sigmoid(normal(1, *pred)).astype("float32")
    values = [
        class_of(library, name)(reduction=None)(y_true, y_pred) for library in (numpynn, keras)
    ]
    hold(*values, 1e-6)


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "mean_absolute_error", "binary_crossentropy"]
)
def test_shapes_that_do_not_match_are_refused(name: str) -> None:
    for true, pred in (((4,), (3,)), ((4, 1), (4, 3)), ((4, 3), (4,)), ((2, 3, 4), (2, 4, 3))):
        with pytest.raises(ValueError, match="y_true .* y_pred") as raised:
            class_of(numpynn, name)()(np.ones(true), np.ones(pred))
        assert str(true) in str(raised.value) and str(pred) in str(raised.value)


# -- saturated probabilities, and the logits behind them -------------------------------------------

EXTREME = np.array([[0.0, 1.0, 1e-9, 1 - 1e-9, 1e-7, 0.5], [1.0, 0.0, 1e-30, 1.0, 1 - 1e-7, 1e-3]])


@each_float_type
@pytest.mark.parametrize("name", ["binary", "categorical", "sparse"])
def test_saturated_probabilities_are_kept_from_infinity_as_in_keras(name: str, dtype: str) -> None:
    y_pred = EXTREME.astype("float32").astype(dtype)
    targets = {
        "binary": [np.zeros((2, 6)), np.ones((2, 6)), np.full((2, 6), 0.3)],
        "categorical": [np.eye(6)[[0, 1]], np.eye(6)[[1, 2]]],
        "sparse": [np.array(pair) for pair in ([0, 1], [1, 0], [2, 2], [5, 4])],
    }[name]
    full = {"sparse": "sparse_categorical_crossentropy"}.get(name, f"{name}_crossentropy")
    for y_true in targets:
        results = []
        for library in (numpynn, keras):
            loss = getattr(library.losses, full)
            with both_float_types(dtype):
                results.append(
                    derived(library, lambda p, loss=loss, y=y_true: loss(y, p), [y_pred])
                )
        (value, gradients), (expected, expected_gradients) = results
        assert np.all(np.isfinite(value)) and value.max() < 18
        # 1 - 1e-7 in float32 is 6e-8 off, so its logarithm is known to two digits or so
        hold(value, expected, 1e-12 if dtype == "float64" else 1e-5)
        hold_gradients(gradients, expected_gradients, 1e-10 if dtype == "float64" else 1e-4)


LOGITS = np.array([[-60.0, 80.0, 3.0], [40.0, -2.0, 100.0], [0.0, 0.0, -90.0]])


@each_float_type
@pytest.mark.parametrize("layer", [False, True])
@pytest.mark.parametrize("name", ["binary", "categorical", "sparse"])
def test_logits_are_found_behind_softmax_and_sigmoid(name: str, layer: bool, dtype: str) -> None:
    y_true = {"binary": np.eye(3), "categorical": np.eye(3), "sparse": np.arange(3)}[name]
    full = {"sparse": "SparseCategorical"}.get(name, name.capitalize()) + "Crossentropy"
    activation = "sigmoid" if name == "binary" else "softmax"

    def make(library: Any) -> Any:
        loss = getattr(library.losses, full)()
        outer = library.layers.Activation(activation) if layer else None
        activate = outer or getattr(library.activations, activation)
        return lambda y_true, z: loss(y_true, activate(z))

    with both_float_types(dtype):
        compare(make, y_true, LOGITS, dtype)
        value = make(numpynn)(y_true, Tensor(LOGITS.astype(dtype)))
        z = LOGITS if name != "binary" else None
        if z is not None:
            exact = np.mean(
                np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - np.diag(z)
            )
            hold(value, np.asarray(exact, dtype), 1e-5)


@pytest.mark.parametrize(
    "between",
    [lambda y: y * 1.0, lambda y: y[:2], lambda y: y + 0.0],
    ids=["scaled", "sliced", "shifted"],
)
def test_logits_are_forgotten_where_anything_comes_between(between: Any) -> None:
    y_true = np.eye(3)

    def program(library: Any) -> Any:
        z = library.ops.convert_to_tensor(LOGITS.astype("float32"))
        y = between(library.activations.softmax(z))
        return library.losses.CategoricalCrossentropy()(y_true[: y.shape[0]], y)

    hold(program(numpynn), program(keras), 1e-5)


# -- ignored classes -------------------------------------------------------------------------------


@pytest.mark.parametrize("ignored", [-1, 255])
def test_ignored_classes_may_be_no_class_at_all(ignored: int) -> None:
    y_true = np.array([[0, ignored, 2], [ignored, ignored, 1]])
    with both_float_types("float64"):
        for logits in (False, True):
            y_pred = normal(3, 2, 3, 3) if logits else softmax(normal(3, 2, 3, 3))
            for reduction in ("sum_over_batch_size", "sum", None):
                compare(
                    lambda library, logits=logits, reduction=reduction: class_of(
                        library, "sparse_categorical_crossentropy"
                    )(from_logits=logits, ignore_class=ignored, reduction=reduction),
                    y_true,
                    y_pred,
                    "float64",
                )


def test_a_batch_of_ignored_classes_costs_nothing() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert float(loss(np.array([-1, -1]), softmax(normal(0, 2, 3)))) == 0


@pytest.mark.parametrize("bad", [3, -1, 100])
def test_class_numbers_out_of_range_are_refused(bad: int) -> None:
    for from_logits in (False, True):
        loss = losses.SparseCategoricalCrossentropy(from_logits=from_logits)
        with pytest.raises(ValueError, match=rf"class {bad} .*0 … 2"):
            loss(np.array([0, bad]), softmax(normal(0, 2, 3)))


# -- names, configurations, losses of one's own ----------------------------------------------------


NAMES = ["mse", "MSE", "mae", "MAE", "bce", "BCE", "mean_squared_error", "MeanSquaredError"]
NAMES += ["binary_crossentropy", "categorical_crossentropy", "SparseCategoricalCrossentropy"]


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_found_by_their_names(name: str) -> None:
    found, theirs = losses.get(name), keras.losses.get(name)
    assert type(found).__name__ == type(theirs).__name__
    assert getattr(found, "__name__", None) == getattr(theirs, "__name__", None)


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES.values()}))
def test_configurations_make_equal_losses(name: str) -> None:
    extra = {} if name.startswith("mean") else {"from_logits": True}
    loss = class_of(numpynn, name)(reduction="sum", name="mine", **extra)
    config = losses.serialize(loss)
    again = losses.deserialize(config)
    assert type(again) is type(loss) and again.get_config() == loss.get_config()
    theirs = class_of(keras, name)(reduction="sum", name="mine", **extra).get_config()
    assert theirs.items() <= config["config"].items()
    assert class_of(keras, name).from_config(config["config"]).get_config() == theirs


def test_a_loss_of_ones_own_is_reduced_as_keras_reduces_it() -> None:
    def program(library: Any) -> Any:
        class Cubic(library.losses.Loss):
            def call(self, y_true: Any, y_pred: Any) -> Any:
                return library.ops.mean(library.ops.abs(y_true - y_pred) ** 3, axis=-1)

        y_true, y_pred = normal(0, 4, 3), normal(1, 4, 3)
        given_weights = np.array([0.0, 1.0, 2.0, 3.0])
        wrapped = library.losses.get(lambda t, p: library.ops.sum((t - p) ** 2, axis=-1))
        return [
            Cubic()(y_true, y_pred),
            Cubic(reduction="sum")(y_true, y_pred, given_weights),
            Cubic(reduction=None)(y_true, y_pred, given_weights),
            wrapped(y_true, y_pred),
        ]

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


@given(st.integers(2, 6), st.booleans())
def test_weights_multiply_and_the_divisor_stays_the_number_of_samples(n: int, whole: bool) -> None:
    y_true, y_pred, given_weights = normal(0, n, 3), normal(1, n, 3), np.arange(n, dtype="float64")
    with both_float_types("float64"):
        found = losses.MeanSquaredError()(
            y_true, y_pred, given_weights if whole else given_weights[:, None]
        )
    expected = np.sum(np.mean((y_true - y_pred) ** 2, axis=1) * given_weights) / n
    assert float(array(found)) == pytest.approx(expected, rel=1e-12)


def test_a_loss_computes_in_its_own_dtype() -> None:
    z = np.array([[40.0], [-40.0]], "float32")
    y_true = np.array([[0.0], [1.0]])

    def program(library: Any) -> Any:
        y = library.activations.sigmoid(library.ops.convert_to_tensor(z))
        return library.losses.BinaryCrossentropy(dtype="float64")(y_true, y)

    ours, theirs = array(program(numpynn)), array(program(keras))
    assert ours.dtype == theirs.dtype == np.float64
    hold(ours, theirs, 1e-6)
