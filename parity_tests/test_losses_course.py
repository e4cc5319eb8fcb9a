"""The worked numbers of the course, and its own losses, written as a user writes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loss_cases import compare, sigmoid, simplex
from pairs import FLOAT_TYPES, array, both_float_types, filled, labels, normal, numbers

import numpynn
from numpynn import losses
from numpynn.autograd import vjp

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

# -- the worked numbers of the course --------------------------------------------------------------

ONE_HOT = np.eye(3)
LIKELY = np.array([[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]])


def known(loss: Any, y_true: Any, y_pred: Any, dtype: str = "float64") -> float:
    with both_float_types(dtype):
        return float(loss(np.array(y_true, dtype), np.array(y_pred, dtype)))


def test_the_squared_error_of_the_book() -> None:
    assert known(losses.MeanSquaredError(), [0, 0, 1, 1], [1, 1, 1, 0]) == 0.75


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_the_categorical_crossentropies_of_the_book(dtype: str) -> None:
    """It prints 0.0945, which is cut, not rounded."""
    for loss, y_true in (
        (losses.CategoricalCrossentropy(dtype=dtype), ONE_HOT),
        (losses.SparseCategoricalCrossentropy(dtype=dtype), [0, 1, 2]),
    ):
        assert known(loss, y_true, LIKELY, dtype) == pytest.approx(0.0945899, abs=1e-6)
    each = losses.categorical_crossentropy(ONE_HOT, LIKELY)
    np.testing.assert_allclose(each, [0.105361, 0.116534, 0.061875], atol=1e-6)


def test_the_binary_crossentropy_of_the_book_knows_1_less_well_in_float32() -> None:
    """1 - 1e-7 is 1 - 2⁻²³ there: -ln of the rest is 15.9424 and not 16.1181."""
    y_true, y_pred = [0, 0, 1, 1], [1, 0.1, 1, 0]
    single = known(losses.BinaryCrossentropy(dtype="float32"), y_true, y_pred, "float32")
    double = known(losses.BinaryCrossentropy(dtype="float64"), y_true, y_pred)
    assert single == pytest.approx(8.0414603, abs=1e-6)
    assert double == pytest.approx(8.0853880, abs=1e-7)
    assert known(losses.BinaryCrossentropy(), [0.0], [1.0], "float32") == pytest.approx(15.9424)


def test_the_divergence_is_not_symmetric() -> None:
    even, uneven = [[0.5, 0.5]], [[0.9, 0.1]]
    assert known(losses.KLDivergence(), even, uneven) == pytest.approx(0.5108256, abs=1e-7)
    assert known(losses.KLDivergence(), uneven, even) == pytest.approx(0.3680642, abs=1e-7)


@given(st.integers(2, 200))
@example(105)  # 4.653960 in nats: ages
@example(109)  # 4.691348
def test_uniform_predictions_cost_the_logarithm_of_the_number_of_classes(classes: int) -> None:
    uniform = np.full((1, classes), 1 / classes)
    for loss, y_true in (
        (losses.CategoricalCrossentropy(dtype="float64"), np.eye(classes)[:1]),
        (losses.SparseCategoricalCrossentropy(dtype="float64"), np.zeros(1)),
    ):
        assert known(loss, y_true, uniform) == pytest.approx(math.log(classes), rel=1e-12)


@given(filled((2, 3)), filled((2, 3)), numbers(0.5, 3.0))
@example(np.zeros((2, 3)), np.full((2, 3), 0.5), 1.0)
def test_huber_is_delta_times_the_smooth_absolute_error(
    y_true: Any, y_pred: Any, delta: float
) -> None:
    """Smooth L1:  ½ e²/β  below β,  |e| - ½ β  beyond; equal at β = 1."""
    size = np.abs(y_true - y_pred)
    smooth = np.where(size < delta, 0.5 * size**2 / delta, size - 0.5 * delta).mean(-1)
    found = losses.huber(y_true, y_pred, delta)
    np.testing.assert_allclose(found, delta * smooth, rtol=1e-12, atol=1e-12)
    _, pull = vjp(lambda p: losses.huber(y_true, p, delta), y_pred)
    slope = np.clip(y_pred - y_true, -delta, delta) / 3
    np.testing.assert_allclose(array(pull(np.ones(2))[0]), slope, rtol=1e-12, atol=1e-12)


def test_the_focal_loss_counts_easy_ones_less() -> None:
    """(1 - p)² is 0.01 at p = 0.9 and 0.25 at p = 0.5."""
    for p, share in ((0.9, 0.01), (0.5, 0.25)):
        y_pred = np.array([[p, 1 - p]])
        focal = losses.CategoricalFocalCrossentropy(1.0, 2.0, dtype="float64")
        assert known(focal, [[1, 0]], y_pred) == pytest.approx(-share * math.log(p), rel=1e-12)


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(simplex((n, 2)), labels((n,), 2))))
def test_over_two_classes_the_binary_and_the_categorical_crossentropy_are_one(drawn: Any) -> None:
    p = drawn[0] / drawn[0].sum(-1, keepdims=True)
    t = np.eye(2)[drawn[1]]
    np.testing.assert_allclose(
        losses.binary_crossentropy(t, p), losses.categorical_crossentropy(t, p), rtol=1e-9
    )


@given(filled((3, 4)), labels((3,), 4))
def test_the_gradient_of_a_softmax_crossentropy_is_p_minus_t(z: Any, t: Any) -> None:
    _, pull = vjp(lambda z: losses.sparse_categorical_crossentropy(t, z, from_logits=True), z)
    e = np.exp(z)
    expected = e / e.sum(-1, keepdims=True) - np.eye(4)[t]
    np.testing.assert_allclose(array(pull(np.ones(3))[0]), expected, atol=1e-12)


def test_the_mean_of_a_softmax_is_a_loss_without_gradient() -> None:
    """The y_loss of the two-output example: 0.5 whatever happens, and nothing is learnt from it."""
    loss = losses.LossFunctionWrapper(lambda y_true, y_pred: y_pred, dtype="float64")
    y, pull = vjp(lambda z: loss(np.eye(2), numpynn.activations.softmax(z)), normal(0, 2, 2))
    assert float(y) == pytest.approx(0.5, abs=1e-15)
    np.testing.assert_allclose(array(pull(np.ones(()))[0]), 0.0, atol=1e-16)


def test_a_prior_in_the_logits_begins_at_its_own_entropy() -> None:
    prior = np.array([0.7, 0.2, 0.1])
    each = losses.sparse_categorical_crossentropy(
        np.arange(3), np.tile(np.log(prior + 1e-8), (3, 1)), from_logits=True
    )
    np.testing.assert_allclose(each, -np.log(prior), rtol=1e-6)
    assert prior @ each == pytest.approx(-prior @ np.log(prior), rel=1e-6)


# -- losses of the course that are not Keras's, written as a user writes them ----------------------


def multi_label_crossentropy(ops: Any) -> Any:
    """log(1 + Σ_neg e^s) + log(1 + Σ_pos e^(-s)): softmax cross-entropy for several labels."""

    def loss(y_true: Any, y_pred: Any) -> Any:
        scores = (1.0 - 2.0 * y_true) * y_pred
        zeros = ops.zeros_like(scores[..., :1])
        negative = ops.concatenate([scores - y_true * 1e12, zeros], axis=-1)
        positive = ops.concatenate([scores - (1.0 - y_true) * 1e12, zeros], axis=-1)
        return ops.logsumexp(negative, axis=-1) + ops.logsumexp(positive, axis=-1)

    return loss


@each_float_type
@given(st.lists(st.booleans(), min_size=31, max_size=31), filled((1, 31)))
@example([True, True, *[False] * 29], np.zeros((1, 31)))
def test_several_labels_at_zero_logits_cost_what_the_counts_say(
    dtype: str, hot: list[bool], scores: Any
) -> None:
    y_true = np.array([hot], "float64")
    wrapped = losses.LossFunctionWrapper(multi_label_crossentropy(numpynn.ops), dtype="float64")
    positives = sum(hot)
    expected = math.log(1 + positives) + math.log(1 + 31 - positives)
    with both_float_types("float64"):
        assert float(wrapped(y_true, np.zeros((1, 31)))) == pytest.approx(expected, rel=1e-12)
    if positives == 2:
        assert expected == pytest.approx(4.49981, abs=1e-5)  # ln 30 + ln 3
    with both_float_types(dtype):
        compare(
            lambda library: library.losses.get(multi_label_crossentropy(library.ops)),
            y_true.astype(dtype),
            scores,
            dtype,
        )


def test_the_squared_error_with_a_pull_to_one_half_has_the_minimum_of_the_formula() -> None:
    """CustomMSE of the course:  mean (y - p)² + λ mean (½ - p)²,  least at (y + ½ λ)/(1 + λ)."""

    def program(library: Any) -> Any:
        class CustomMSE(library.losses.Loss):
            def __init__(self, regularization_factor: float = 0.1, name: str = "custom_mse"):
                super().__init__(name=name)
                self.regularization_factor = regularization_factor

            def call(self, y_true: Any, y_pred: Any) -> Any:
                mse = library.ops.mean(library.ops.square(y_true - y_pred))
                pull = library.ops.mean(library.ops.square(0.5 - y_pred))
                return mse + pull * self.regularization_factor

        return CustomMSE()

    y_true = sigmoid(normal(0, 4, 3))
    with both_float_types("float64"):
        compare(program, y_true, sigmoid(normal(1, 4, 3)), "float64", of_labels=False)
        _, pull = vjp(lambda p: program(numpynn)(y_true, p), (y_true + 0.05) / 1.1)
        np.testing.assert_allclose(array(pull(np.ones(()))[0]), 0.0, atol=1e-16)
