"""Losses against Keras: values and gradients, reductions, weights, masks."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import CASES, class_of, compare, regression, sigmoid, softmax
from pairs import (
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    hold,
    hold_gradients,
    normal,
    weights,
)

import numpynn
from numpynn import losses

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


@each_float_type
@pytest.mark.parametrize("case", CASES)
def test_functions_match_keras(case: str, dtype: str) -> None:
    found = CASES[case]

    @given(found.drawn)
    def holds(pair: tuple[Any, Any]) -> None:
        y_true, z = pair

        def make(library: Any) -> Any:
            function = getattr(library.losses, found.name)
            return lambda y_true, y_pred: function(y_true, y_pred, **found.arguments)

        with both_float_types(dtype):
            compare(make, y_true, found.predict(z), dtype, of_labels=found.of_labels)

    holds()


REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


@st.composite
def weightings(draw: Any, shape: tuple[int, ...]) -> Any:
    """Weights that Keras takes for losses of a shape, some of them 0; or none."""
    options: list[Any] = [shape, (*shape, 1), (), (1,) * len(shape)]
    options.append((shape[0], *[1] * (len(shape) - 1)) if shape else (3,))
    chosen = draw(st.sampled_from([None, *options]))
    return None if chosen is None else draw(weights(chosen))


@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, "float64") for case in CASES]
    + [(case, "float32") for case in ("squared", "dice", "circle mild", "sparse ignoring")],
)
def test_classes_match_keras_with_every_reduction_and_weights(case: str, dtype: str) -> None:
    found = CASES[case]

    @given(found.drawn, st.sampled_from(REDUCTIONS), st.data())
    def holds(pair: tuple[Any, Any], reduction: str | None, data: Any) -> None:
        y_true, y_pred = pair[0], found.predict(pair[1])
        each = getattr(losses, found.name)(y_true, y_pred, **found.arguments)
        sample_weight = data.draw(weightings(np.shape(each)))
        with both_float_types(dtype):
            compare(
                lambda library: class_of(library, found.name)(
                    reduction=reduction, **found.arguments
                ),
                y_true,
                y_pred,
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


@given(st.integers(2, 6), st.booleans())
def test_weights_multiply_and_the_divisor_stays_the_number_of_samples(n: int, whole: bool) -> None:
    y_true, y_pred, given_weights = normal(0, n, 3), normal(1, n, 3), np.arange(n, dtype="float64")
    with both_float_types("float64"):
        found = losses.MeanSquaredError()(
            y_true, y_pred, given_weights if whole else given_weights[:, None]
        )
    expected = np.sum(np.mean((y_true - y_pred) ** 2, axis=1) * given_weights) / n
    assert float(array(found)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_have_gradients_too(reduction: str | None) -> None:
    y_true, y_pred, given_weights = normal(0, 4, 3), normal(1, 4, 3), np.arange(1.0, 5.0)
    results = []
    with both_float_types("float64"):
        for library in (numpynn, keras):
            loss = library.losses.MeanSquaredError(reduction=reduction)
            results.append(
                derived(library, lambda w, loss=loss: loss(y_true, y_pred, w), [given_weights])
            )
    (value, gradients), (expected, expected_gradients) = results
    hold(value, expected, 1e-12)
    hold_gradients(gradients, expected_gradients, 1e-10)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(0, 3), (0, 2, 3)])
def test_nothing_at_all_costs_what_it_costs_in_keras(
    shape: tuple[int, ...], reduction: str | None
) -> None:
    for given_weights in (None, np.zeros(shape[:-1])):
        found, expected = (
            library.losses.MeanSquaredError(reduction=reduction)(
                np.zeros(shape), np.zeros(shape), given_weights
            )
            for library in (numpynn, keras)
        )
        hold(found, expected, 0)


def test_weights_that_sum_to_zero_cost_nothing_whatever_the_loss() -> None:
    y_pred = np.array([[np.inf], [1.0]], "float32")
    found, expected = (
        library.losses.MeanAbsoluteError(reduction="mean_with_sample_weight")(
            np.zeros((2, 1)), y_pred, np.zeros(2)
        )
        for library in (numpynn, keras)
    )
    assert float(found) == float(expected) == 0.0


# -- shapes ----------------------------------------------------------------------------------------

MATCHING = sorted({case.name for case in CASES.values() if not case.of_labels})
ALIKE = [name for name in MATCHING if "categorical" not in name]  # need no axis of classes


@pytest.mark.parametrize("name", ALIKE)
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


@pytest.mark.parametrize("name", MATCHING)
def test_shapes_that_do_not_match_are_refused(name: str) -> None:
    for true, pred in (((4,), (3,)), ((4, 1), (4, 3)), ((4, 3), (4,)), ((2, 3, 4), (2, 4, 3))):
        with pytest.raises(ValueError, match="y_true .* y_pred") as raised:
            class_of(numpynn, name)()(np.ones(true), np.ones(pred))
        assert str(true) in str(raised.value) and str(pred) in str(raised.value)


def test_labels_and_embeddings_are_equally_many() -> None:
    with pytest.raises(ValueError, match=r"3 labels and embeddings of shape \(4, 2\)"):
        losses.circle(np.arange(3), np.ones((4, 2)))


def test_class_numbers_may_have_an_axis_of_length_1() -> None:
    y_true, y_pred = np.array([0, 2, 1, 1]), softmax(normal(0, 4, 3))
    for loss in (losses.CategoricalGeneralizedCrossEntropy(), losses.Circle()):
        hold(loss(y_true[:, None], y_pred), loss(y_true, y_pred), 0)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_a_single_class_is_warned_of_as_in_keras(name: str) -> None:
    y = np.ones((4, 1), "float32")
    for library in (numpynn, keras):
        with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
            getattr(library.losses, name)(y, y)
        with pytest.raises(ValueError, match="axis"):
            getattr(library.losses, name)(y, y, axis=True)


def test_predictions_without_an_axis_of_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="axis of classes"):
        losses.categorical_crossentropy(np.float32(1), np.float32(1))


# -- pairs of embeddings ---------------------------------------------------------------------------


@pytest.mark.parametrize("remove_diagonal", [False, True])
def test_circle_takes_references_of_its_own(remove_diagonal: bool) -> None:
    x, r = (
        0.9 * v / np.linalg.norm(v, axis=1)[:, None] for v in (normal(0, 5, 3), normal(1, 4, 3))
    )
    results = []
    with both_float_types("float64"):
        for library in (numpynn, keras):

            def compute(x: Any, r: Any, library: Any = library) -> Any:
                return library.losses.circle(
                    np.array([0, 1, 2, 1, 0]), x, np.array([1, 0, 0, 2]), r, remove_diagonal
                )

            results.append(derived(library, compute, [x, r]))
    (value, gradients), (expected, expected_gradients) = results
    hold(value, expected, 1e-12)
    hold_gradients(gradients, expected_gradients, 1e-10)


@pytest.mark.filterwarnings("error")
def test_embeddings_without_a_partner_or_without_a_rival_count_nothing() -> None:
    x = normal(0, 4, 3) / np.linalg.norm(normal(0, 4, 3), axis=1)[:, None]
    for y_true in ([0, 1, 2, 3], [5, 5, 5, 5], [0, 0, 1, 2]):
        for reduction in ("sum_over_batch_size", "sum", None):
            with both_float_types("float64"):
                compare(
                    lambda library, reduction=reduction: library.losses.Circle(
                        2.0, reduction=reduction
                    ),
                    np.array(y_true),
                    x,
                    "float64",
                )
