"""The fused cross-entropies of `ops.nn`: values, derivatives, bounds, labels out of range."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import Domain, array, calls, check, error, shape, sized
from hypothesis import given
from hypothesis import strategies as st
from slopes import gradient, gradient_of_keras

from numpynn import activations, config, ops
from numpynn.autograd import Tensor

FLOAT_TYPES = ("float32", "float64")

SHARES = Domain(0.1, 0.95)
SCORES = Domain(-4.0, 4.0)


def normalized(t: Any, axis: int) -> Any:
    total = np.sum if isinstance(t, np.ndarray | Tensor) else tf.reduce_sum
    return t / total(t, axis=axis, keepdims=True)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize(("sizes", "axis"), [((3, 4), -1), ((2, 3, 2), 1), ((4,), -1)])
def test_categorical_crossentropy_matches_keras(
    from_logits: bool, sizes: tuple[int, ...], axis: int
) -> None:
    """TensorFlow's second derivatives leave the targets out, so those are taken for the scores."""
    outputs = SCORES if from_logits else SHARES

    def program(library: Any) -> Callable[..., Any]:
        return lambda t, y: library.categorical_crossentropy(t, y, from_logits, axis)

    check(
        lambda t, y: program(ops)(normalized(t, axis), y),
        lambda t, y: program(keras.ops)(normalized(t, axis), y),
        calls(sized(sizes, sizes), SHARES, outputs),
        second=False,
    )
    t = normalized(np.arange(1.0, 1.0 + math.prod(sizes)).reshape(sizes), axis)
    check(
        lambda y: program(ops)(t, y),
        lambda y: program(keras.ops)(t.astype(y.dtype.as_numpy_dtype), y),
        calls(sized(sizes), outputs),
    )


def test_the_slope_of_softmax_crossentropy_is_p_minus_t_whatever_t_sums_to() -> None:
    random = np.random.default_rng(0)
    t, z = random.uniform(size=(5, 4)), random.normal(size=(5, 4))
    theirs = gradient_of_keras(lambda z: keras.ops.categorical_crossentropy(t, z, True), z)
    ours = gradient(lambda z: ops.categorical_crossentropy(t, z, True), z)
    assert error(ours, theirs) < 1e-12
    assert error(ours, np.asarray(ops.softmax(z)) - t) < 1e-12


@pytest.mark.parametrize("from_logits", [True, False])
def test_sparse_categorical_crossentropy_matches_keras(from_logits: bool) -> None:
    labels = np.array([[0, 3, 1], [2, 2, 0]])
    for numbers in (labels, labels[..., None], labels.astype("float32"), labels.astype("uint8")):
        check(
            lambda y, n=numbers: ops.sparse_categorical_crossentropy(n, y, from_logits),
            lambda y, n=numbers: keras.ops.sparse_categorical_crossentropy(n, y, from_logits),
            calls(sized((2, 3, 4)), SCORES if from_logits else SHARES),
        )


@pytest.mark.parametrize("from_logits", [True, False])
def test_binary_crossentropy_matches_keras(from_logits: bool) -> None:
    check(
        lambda t, y: ops.binary_crossentropy(t, y, from_logits),
        lambda t, y: keras.ops.binary_crossentropy(t, y, from_logits),
        calls(
            shape(1).map(lambda s: (s[0], s[0])),
            SHARES,
            SCORES if from_logits else Domain(0.05, 0.95),
        ),
    )


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_probabilities_at_their_bounds_match_keras(dtype: str) -> None:
    """Values are kept in [ε, 1 - ε], and outside no gradient flows."""
    p = np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1e-8, 1e-3, 1.0]], dtype)
    t = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype)
    labels = np.array([0, 1, 2])
    for function in (
        lambda o: lambda p: o.categorical_crossentropy(t, p),
        lambda o: lambda p: o.sparse_categorical_crossentropy(labels, p),
        lambda o: lambda p: o.binary_crossentropy(t, p),
    ):
        ours, theirs = function(ops), function(keras.ops)
        assert error(ours(p), theirs(p).numpy()) <= (1e-5 if dtype == "float32" else 1e-12)
        a, b = gradient(ours, p), gradient_of_keras(theirs, p)
        assert error(a, b) <= (1e-4 if dtype == "float32" else 1e-10)


def test_extreme_logits_give_finite_losses_and_slopes() -> None:
    z = np.array([[1e4, -1e4, 0.0], [0.0, 1e4, 1e4], [-1e4, -1e4, -1e4]], "float32")
    t = np.eye(3, dtype="float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function in (
            lambda z: ops.categorical_crossentropy(t, z, True),
            lambda z: ops.sparse_categorical_crossentropy([0, 1, 2], z, True),
            lambda z: ops.binary_crossentropy(t, z, True),
        ):
            assert (
                np.isfinite(array(function(z))).all() and np.isfinite(gradient(function, z)).all()
            )


def test_epsilon_is_that_of_the_config() -> None:
    t, p = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    before = config.epsilon()
    config.set_epsilon(1e-3)
    try:
        assert error(ops.categorical_crossentropy(t, p), -np.log([1e-3])) < 1e-12
    finally:
        config.set_epsilon(before)


def test_the_output_of_an_activation_goes_back_to_its_logits() -> None:
    z = Tensor(np.array([[200.0, -200.0]], "float32"))
    t = np.array([[0.0, 1.0]], "float32")
    for name, activation in (("categorical", "softmax"), ("binary", "sigmoid")):
        function = getattr(ops, f"{name}_crossentropy")
        remembered = getattr(activations, activation)(z)
        assert array(function(t, remembered)).max() >= 200.0
        with pytest.warns(UserWarning, match="from_logits=True"):
            function(t, remembered, from_logits=True)


@pytest.mark.parametrize("from_logits", [True, False])
def test_a_class_number_out_of_range_is_named(from_logits: bool) -> None:
    y = np.full((2, 3, 4), 0.25)
    for wrong in (4, -1, 100):
        labels = np.zeros((2, 3), int)
        labels[1, 2] = wrong
        with pytest.raises(ValueError, match=rf"class {wrong} at position \(1, 2\).* 0 … 3"):
            ops.sparse_categorical_crossentropy(labels, y, from_logits)


def test_crossentropies_refuse_shapes_that_do_not_fit() -> None:
    for name in ("categorical_crossentropy", "binary_crossentropy"):
        for theirs in (ops, keras.ops):
            with pytest.raises(ValueError):
                getattr(theirs, name)(np.ones((3, 1)), np.ones((3, 4)))
            with pytest.raises(ValueError):
                getattr(theirs, name)(np.ones(3), np.ones((3, 3)))
    for theirs in (ops, keras.ops):
        with pytest.raises(ValueError):
            theirs.sparse_categorical_crossentropy(np.zeros((2, 3), int), np.ones((2, 4)))
        with pytest.raises(ValueError, match="axis"):
            theirs.sparse_categorical_crossentropy(np.zeros(2, int), np.ones((2, 4)), axis=0)


@given(st.integers(0, 3), st.integers(1, 5))
def test_crossentropies_of_empty_batches_are_empty(rows: int, classes: int) -> None:
    y = np.full((0, classes), 0.5, "float32")
    assert ops.categorical_crossentropy(y, y, True).shape == (0,)
    assert ops.sparse_categorical_crossentropy(np.zeros(0, int), y, True).shape == (0,)
    assert ops.binary_crossentropy(y, y, True).shape == (0, classes)
    assert rows >= 0
