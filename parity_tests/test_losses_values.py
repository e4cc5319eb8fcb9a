"""Losses where it is difficult.

Saturated probabilities and the logits behind them, infinite and huge numbers, kinks, second
derivatives, foreign arrays.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from factory import Call, same_kind, verify
from loss_cases import CASES, class_of, compare, softmax
from pairs import (
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    hold,
    hold_gradients,
    normal,
)
from standin import StandIn

import numpynn
from numpynn import losses
from numpynn.autograd import Tensor, vjp

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

# -- saturated probabilities, and the logits behind them -------------------------------------------

EXTREME = np.array([[0.0, 1.0, 1e-9, 1 - 1e-9, 1e-7, 0.5], [1.0, 0.0, 1e-30, 1.0, 1 - 1e-7, 1e-3]])
BINARY_TARGETS = [np.zeros((2, 6)), np.ones((2, 6)), np.full((2, 6), 0.3)]
CLASS_TARGETS = [np.eye(6)[[0, 1]], np.eye(6)[[1, 2]]]
SATURATED: dict[str, list[Any]] = {
    "binary_crossentropy": BINARY_TARGETS,
    "binary_focal_crossentropy": BINARY_TARGETS,
    "categorical_crossentropy": CLASS_TARGETS,
    "categorical_focal_crossentropy": CLASS_TARGETS,
    "sparse_categorical_crossentropy": [
        np.array(pair) for pair in ([0, 1], [1, 0], [2, 2], [5, 4])
    ],
    "kl_divergence": [*BINARY_TARGETS, *CLASS_TARGETS],
}


@each_float_type
@pytest.mark.parametrize("name", SATURATED)
def test_saturated_probabilities_are_kept_from_infinity_as_in_keras(name: str, dtype: str) -> None:
    y_pred = EXTREME.astype("float32").astype(dtype)
    for y_true in SATURATED[name]:
        results = []
        for library in (numpynn, keras):
            loss = getattr(library.losses, name)
            with both_float_types(dtype):
                results.append(
                    derived(library, lambda p, loss=loss, y=y_true: loss(y, p), [y_pred])
                )
        (value, gradients), (expected, expected_gradients) = results
        assert np.all(np.isfinite(value)) and value.max() < 100
        # 1 - 1e-7 in float32 is 6e-8 off, so its logarithm is known to two digits or so
        hold(value, expected, 1e-12 if dtype == "float64" else 1e-5)
        hold_gradients(gradients, expected_gradients, 1e-10 if dtype == "float64" else 1e-4)


LOGITS = np.array([[-60.0, 80.0, 3.0], [40.0, -2.0, 100.0], [0.0, 0.0, -90.0]])
NAMES = {
    "BinaryCrossentropy": ("sigmoid", np.eye(3)),
    "BinaryFocalCrossentropy": ("sigmoid", np.eye(3)),
    "CategoricalCrossentropy": ("softmax", np.eye(3)),
    "CategoricalFocalCrossentropy": ("softmax", np.eye(3)),
    "SparseCategoricalCrossentropy": ("softmax", np.arange(3)),
}


@each_float_type
@pytest.mark.parametrize("place", ["layers", "activations", "ops"])
@pytest.mark.parametrize("name", NAMES)
def test_logits_are_found_behind_softmax_and_sigmoid(name: str, place: str, dtype: str) -> None:
    activation, y_true = NAMES[name]

    def make(library: Any) -> Any:
        loss = getattr(library.losses, name)()
        if place == "layers":
            activate = library.layers.Activation(activation)
        else:
            activate = getattr(getattr(library, place), activation)
        return lambda y_true, z: loss(y_true, activate(z))

    with both_float_types(dtype):
        compare(make, y_true, LOGITS, dtype)
        if activation == "softmax" and "Focal" not in name:
            z, peak = LOGITS, LOGITS.max(1, keepdims=True)
            exact = np.mean(np.log(np.exp(z - peak).sum(1)) + peak[:, 0] - np.diag(z))
            value = make(numpynn)(y_true, Tensor(z.astype(dtype)))
            hold(value, np.asarray(exact, dtype), 1e-5)


@each_float_type
@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("Sparse")])
def test_logits_are_taken_as_they_are(name: str, dtype: str) -> None:
    with both_float_types(dtype):
        compare(
            lambda library: getattr(library.losses, name)(from_logits=True),
            NAMES[name][1],
            LOGITS,
            dtype,
        )


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


def test_probabilities_said_to_be_logits_are_warned_of_as_in_keras() -> None:
    y_true = np.eye(3, dtype="float32")
    for library in (numpynn, keras):
        y = library.activations.softmax(library.ops.convert_to_tensor(LOGITS.astype("float32")))
        with pytest.warns(UserWarning, match="from_logits=True"):
            library.losses.categorical_crossentropy(y_true, y, from_logits=True)


def test_a_loss_computes_in_its_own_dtype() -> None:
    z = np.array([[40.0], [-40.0]], "float32")
    y_true = np.array([[0.0], [1.0]])

    def program(library: Any) -> Any:
        y = library.activations.sigmoid(library.ops.convert_to_tensor(z))
        return library.losses.BinaryCrossentropy(dtype="float64")(y_true, y)

    ours, theirs = array(program(numpynn)), array(program(keras))
    assert ours.dtype == theirs.dtype == np.float64
    hold(ours, theirs, 1e-6)


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


def test_what_is_predicted_for_an_ignored_class_does_not_matter() -> None:
    y_pred = np.array([[np.nan, np.inf, 0.5], [0.1, 0.2, 0.7]])

    def make(library: Any) -> Any:
        return library.losses.SparseCategoricalCrossentropy(ignore_class=-1)

    with both_float_types("float64"):
        compare(make, np.array([-1, 2]), y_pred, "float64")


def test_ignoring_a_class_forgets_the_logits_as_in_keras() -> None:
    def make(library: Any) -> Any:
        loss = library.losses.SparseCategoricalCrossentropy(ignore_class=-1, reduction=None)
        return lambda y_true, z: loss(y_true, library.activations.softmax(z))

    with both_float_types("float64"):
        compare(make, np.array([0, 1, -1]), LOGITS, "float64")
        value = make(numpynn)(np.array([0, 1, -1]), Tensor(LOGITS))
    assert float(value[0]) == pytest.approx(-math.log(1e-7), rel=1e-6)


def test_a_batch_of_ignored_classes_costs_nothing() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert float(loss(np.array([-1, -1]), softmax(normal(0, 2, 3)))) == 0


@pytest.mark.parametrize("bad", [3, -1, 100])
def test_class_numbers_out_of_range_are_refused(bad: int) -> None:
    for from_logits in (False, True):
        loss = losses.SparseCategoricalCrossentropy(from_logits=from_logits)
        with pytest.raises(ValueError, match=rf"class {bad} .*0 … 2"):
            loss(np.array([0, bad]), softmax(normal(0, 2, 3)))


# -- infinite, huge and tiny numbers ---------------------------------------------------------------

SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, -1e-30, 1e300]
# Probabilities that are none: NumPy's root of -inf is NaN, TensorFlow's is inf; and where a factor
# overflows, TensorFlow leaves out a gradient that is multiplied by 0 here.
LEFT_OUT = {"generalized": -np.inf, "focal": 1e300, "focal balanced": 1e300}


@pytest.mark.parametrize("case", [c for c in CASES if CASES[c].name != "circle"])
def test_infinite_and_huge_numbers_stand_where_they_stand_in_keras(case: str) -> None:
    """One special number among the predictions of each sample.

    A NaN makes the loss NaN. Its gradient is NaN too, or 0 after a comparison, and is not compared.
    """
    found = CASES[case]
    special = [x for x in SPECIAL if x != LEFT_OUT.get(case)]
    number = ~np.isnan(special)
    y_pred = np.concatenate([np.array(special)[:, None], np.full((len(special), 2), 0.25)], axis=1)
    arguments = {**found.arguments, "axis": -1} if "axis" in found.arguments else found.arguments
    for target in range(2):
        hot = np.eye(3)[np.full(len(special), target)]
        y_true = np.full(len(special), target) if found.of_labels else hot
        results = []
        with both_float_types("float64"), np.errstate(all="ignore"):
            for library in (numpynn, keras):
                loss = getattr(library.losses, found.name)
                results.append(
                    derived(
                        library, lambda p, loss=loss, t=y_true: loss(t, p, **arguments), [y_pred]
                    )
                )
        (value, gradients), (expected, expected_gradients) = results
        same_kind(value, expected, f"values for class {target}")
        same_kind(gradients[0][number], expected_gradients[0][number], f"gradients, class {target}")
        finite = np.isfinite(expected)
        np.testing.assert_allclose(value[finite], expected[finite], rtol=1e-9)


# -- kinks -----------------------------------------------------------------------------------------

KINKS: dict[str, tuple[Any, Any]] = {
    "mean_absolute_error": ([[1.0, 0.0]], [[1.0, -0.0]]),
    "mean_absolute_percentage_error": ([[1.0, 0.0, 1e-7]], [[1.0, 0.0, 1e-7]]),
    "mean_squared_logarithmic_error": ([[1.0, 0.0, 1e-7]], [[1e-7, 0.0, 1.0]]),
    "huber": ([[0.0, 0.0, 2.0]], [[1.0, -1.0, 2.0]]),
    "hinge": ([[1.0, -1.0, 1.0]], [[1.0, -1.0, 2.0]]),
    "squared_hinge": ([[1.0, -1.0, 1.0]], [[1.0, -1.0, 2.0]]),
    "categorical_hinge": ([[1.0, 0.0, 0.0], [1, 0, 0]], [[2.0, 1.0, 1.0], [3, 1, 1]]),
    "kl_divergence": ([[1.0, 1e-7, 0.0]], [[1e-7, 1.0, 0.0]]),
    "cosine_similarity": ([[0.0, 0.0], [3.0, 4.0]], [[3.0, 4.0], [0.0, 0.0]]),
    "dice": ([[0.0, 0.0]], [[0.0, 0.0]]),
    "tversky": ([[0.0, 0.0]], [[0.0, 0.0]]),
    "poisson": ([[0.0, 1.0]], [[0.0, 0.0]]),
}


@pytest.mark.parametrize("name", KINKS)
def test_derivatives_at_kinks_are_keras(name: str) -> None:
    y_true, y_pred = (np.array(part) for part in KINKS[name])
    with both_float_types("float64"):
        compare(
            lambda library: getattr(library.losses, name),
            y_true,
            y_pred,
            "float64",
            of_labels=False,
        )


# -- derivatives of any order ----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_second_derivatives_match_keras(case: str) -> None:
    """Also held: float32 stays float32, and derivatives are what differences say.

    Keras's second derivative of the circle loss is NaN, so that differences alone hold ours.
    """
    found = CASES[case]
    if found.name == "circle":
        x = normal(4, 5, 3)
        y_true, y_pred = np.array([0, 1, 0, 2, 1]), 0.9 * x / np.linalg.norm(x, axis=1)[:, None]
    else:
        y_pred = found.predict(0.3 + np.abs(normal(4, 2, 3, 3)))
        hot = np.eye(3)[np.array([[0, 1, 2], [2, 0, 0]])]
        y_true = np.argmax(hot, axis=-1) if found.of_labels else hot
    y_pred = y_pred.astype("float32").astype("float64")

    def ours(y_pred: Any) -> Any:
        return getattr(losses, found.name)(y_true, y_pred, **found.arguments)

    def theirs(y_pred: Any) -> Any:
        return getattr(keras.losses, found.name)(y_true, y_pred, **found.arguments)

    with both_float_types("float64"):
        verify(ours, None if found.name == "circle" else theirs, Call([y_pred]), numpy=False)


# -- arrays that are not NumPy's -------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_losses_run_on_foreign_arrays(case: str) -> None:
    found = CASES[case]
    loss = class_of(numpynn, found.name)(dtype="float64", **found.arguments)
    y_pred = found.predict(np.abs(normal(4, 4, 3)))
    hot = np.eye(3)[np.array([0, 1, 2, 0])]
    y_true = np.argmax(hot, axis=-1) if found.of_labels else hot
    expected, pull = vjp(lambda p: loss(y_true, p), y_pred)
    value, foreign_pull = vjp(lambda p: loss(StandIn(y_true), p), StandIn(y_pred))
    assert isinstance(value.array, StandIn)
    one = value.array * 0 + 1
    (gradient,) = foreign_pull(one)
    hold(value.array.revealed(), expected, 1e-15)
    hold(gradient.array.revealed(), pull(np.ones(()))[0], 1e-15)
