"""Every activation of Keras: values, derivatives, names."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import Domain, array, calls, check, elementwise, same_kind, sized
from slopes import gradient, gradient_of_keras

from numpynn import activations
from numpynn.autograd import Tensor

NAMES = [
    name
    for name in dir(keras.activations)
    if not name.startswith("_") and name not in ("get", "serialize", "deserialize")
]
BY_HAND = ("gelu", "leaky_relu")  # Keras rounds their constants through float32; see test_ops_nn
APART = ("threshold", "softsign", "sparsemax")  # they have tests of their own there too


def test_every_activation_of_keras_is_here() -> None:
    assert len(NAMES) > 30 and not [name for name in NAMES if not hasattr(activations, name)]


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults_are_keras(name: str) -> None:
    ours = inspect.signature(getattr(activations, name)).parameters
    theirs = inspect.signature(getattr(keras.activations, name)).parameters
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


@pytest.mark.parametrize("name", [n for n in NAMES if n not in (*BY_HAND, *APART)])
def test_values_and_derivatives_match_keras(name: str) -> None:
    kinks = (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0)
    domain = Domain(-4.0, 4.0, avoid=kinks, margin=0.05)
    if name in ("softmax", "log_softmax", "glu"):
        domain = Domain(-3.0, 3.0, margin=0.05, distinct=True)
    check(
        getattr(activations, name),
        getattr(keras.activations, name),
        calls(sized((3, 4)), domain),
    )


RELUS: list[dict[str, Any]] = [
    {},
    {"negative_slope": 0.3},
    {"max_value": 6.0},
    {"max_value": 2.0},
    {"threshold": 1.0},
    {"threshold": -1.0},
    {"negative_slope": 0.3, "max_value": 2.0},
    {"negative_slope": 0.3, "threshold": 1.0},
    {"negative_slope": -0.3, "max_value": 6.0, "threshold": 0.5},
]


@pytest.mark.parametrize("keywords", RELUS, ids=str)
def test_relu_with_arguments_matches_keras(keywords: dict[str, Any]) -> None:
    def reference(x: Any, **keywords: Any) -> Any:
        slope, ceiling = keywords.get("negative_slope", 0.0), keywords.get("max_value")
        threshold = keywords.get("threshold", 0.0)
        y = tf.where(x > threshold, x, tf.zeros_like(x))
        y = y if ceiling is None else tf.clip_by_value(y, 0.0, ceiling)
        return y - slope * tf.nn.relu(threshold - x)

    domain = Domain(-8.0, 8.0, avoid=(-1.0, 0.0, 0.5, 1.0, 2.0, 6.0), margin=0.05)
    check(
        lambda x: activations.relu(x, **keywords),
        lambda x: reference(x, **keywords),
        elementwise(domain),
    )
    x = np.array([-7.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 6.0, 7.0], "float32")
    theirs = keras.activations.relu(x, **keywords).numpy()
    np.testing.assert_allclose(activations.relu(x, **keywords), theirs, rtol=1e-6)


# -- kinks and extremes ----------------------------------------------------------------------------

POINTS = [-6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 7.0]
REST = [n for n in NAMES if n not in ("threshold", "celu", "softmax", "log_softmax", "glu")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in REST if n != "sparsemax"])
def test_slopes_at_every_kink_are_keras(name: str, dtype: str) -> None:
    """Points between the kinks are there too: the slope must be right on either side."""
    x = np.array(POINTS, dtype)
    ours = gradient(getattr(activations, name), x)
    theirs = gradient_of_keras(getattr(keras.activations, name), x)
    assert ours.dtype == theirs.dtype == dtype
    rounded = dtype == "float32" or name in BY_HAND  # whose constants are float32 there
    np.testing.assert_allclose(ours, theirs, rtol=1e-5 if rounded else 1e-12, atol=1e-7)


def test_celu_is_smooth_where_keras_counts_both_sides() -> None:
    """TensorFlow gives a tie to maximum and to minimum, and gets 2 for slope 1."""
    assert gradient(activations.celu, np.zeros(1)) == [1.0]
    assert gradient_of_keras(keras.activations.celu, np.zeros(1)) == [2.0]


@pytest.mark.parametrize("keywords", RELUS, ids=str)
def test_slopes_of_relu_with_arguments_at_its_kinks_are_keras(keywords: dict[str, Any]) -> None:
    x = np.array([*POINTS, -7.0], "float32")
    ours = gradient(lambda x: activations.relu(x, **keywords), x)
    theirs = gradient_of_keras(lambda x: keras.activations.relu(x, **keywords), x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_equal_scores_share_as_in_keras(name: str) -> None:
    x = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [2.0, 1.0, 1.0]], "float32")
    weight = np.arange(9.0, dtype="float32").reshape(3, 3)
    ours = gradient(lambda x: getattr(activations, name)(x) * weight, x)
    theirs = gradient_of_keras(lambda x: getattr(keras.activations, name)(x) * weight, x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["linear", "exponential", "mish", "relu", "gelu", "sigmoid"])
def test_infinite_and_huge_numbers_give_what_they_give_in_keras(name: str, dtype: str) -> None:
    x = np.array([-np.inf, -1e30, -1000, -100, 0, 100, 1000, 1e30, np.inf, np.nan], dtype)
    with np.errstate(all="ignore"):
        ours = getattr(activations, name)(x)
    theirs = array(getattr(keras.activations, name)(x))
    assert ours.dtype == theirs.dtype
    same_kind(ours, theirs, name)
    finite = np.isfinite(theirs)  # and what is subnormal is 0 in TensorFlow
    np.testing.assert_allclose(ours[finite], theirs[finite], rtol=1e-5, atol=1e-37)


# -- options ---------------------------------------------------------------------------------------

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("celu", {"alpha": 0.5}),
    ("elu", {"alpha": 2.0}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 0}),
    ("hard_shrink", {"threshold": 1.0}),
    ("leaky_relu", {"negative_slope": 0.4}),
    ("log_softmax", {"axis": 0}),
    ("soft_shrink", {"threshold": 1.0}),
    ("softmax", {"axis": 0}),
    ("sparsemax", {"axis": 0}),
    ("squareplus", {"b": 1.5}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
]


@pytest.mark.parametrize(("name", "keywords"), OPTIONS, ids=[name for name, _ in OPTIONS])
def test_options_match_keras(name: str, keywords: dict[str, Any]) -> None:
    """In float32, where Keras's constants are as good as ours."""
    x = np.random.default_rng(3).uniform(-2, 2, (4, 6)).astype("float32")
    weight = np.random.default_rng(4).uniform(0.5, 1.5, (4, 6)).astype("float32")

    def values(library: Any, x: Any) -> Any:
        y = getattr(library, name)(x, **keywords)
        return y * weight[: y.shape[0], : y.shape[1]]

    np.testing.assert_allclose(
        values(activations, x), values(keras.activations, x).numpy(), rtol=1e-5, atol=1e-6
    )
    ours = gradient(lambda x: values(activations, x), x)
    theirs = gradient_of_keras(lambda x: values(keras.activations, x), x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


# -- what is remembered ----------------------------------------------------------------------------


def test_softmax_and_sigmoid_remember_their_logits() -> None:
    x = Tensor(np.ones((2, 3), "float32"))
    for name in ("softmax", "sigmoid"):
        y = getattr(activations, name)(x)
        assert y.logits is x and (y * 1.0).logits is None
        assert isinstance(getattr(activations, name)(x.numpy()), np.ndarray)
    assert activations.relu(x).logits is None


def test_linear_is_the_identity() -> None:
    x = Tensor(np.ones(2))
    assert activations.linear(x) is x


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_activations_go_by_their_names(name: str) -> None:
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.serialize(function) == keras.activations.serialize(
        keras.activations.get(name)
    )
    assert activations.deserialize(activations.serialize(function)) is function


def test_functions_and_none_are_taken_as_they_are() -> None:
    def own(x: Any) -> Any:
        return x

    assert activations.get(own) is own and activations.get(None) is activations.linear
    assert activations.deserialize("own", custom_objects={"own": own}) is own


def test_an_object_that_can_be_called_is_an_activation_too() -> None:
    class Scaled:
        def __call__(self, x: Any) -> Any:
            return x * 2

    scaled = Scaled()
    assert activations.get(scaled) is scaled


def test_configurations_of_functions_are_keras() -> None:
    for name in ("relu", "swish", "log_softmax"):
        written = keras.saving.serialize_keras_object(getattr(keras.activations, name))
        assert activations.get(written) is getattr(activations, name)

    def own(x: Any) -> Any:
        return x

    assert activations.serialize(own) == keras.activations.serialize(own)


@pytest.mark.parametrize("wrong", ["reluu", "", 3, 2.5, ["relu"]])
def test_unknown_activations_are_refused(wrong: Any) -> None:
    for library in (keras.activations, activations):
        with pytest.raises(ValueError):
            library.get(wrong)


def test_the_error_names_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"Unknown activation 'sigmoidd'.*sigmoid"):
        activations.get("sigmoidd")
