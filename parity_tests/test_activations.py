"""Every activation of Keras: values, derivatives, names."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import Domain, calls, check, elementwise, sized

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


@pytest.mark.parametrize("wrong", ["reluu", "", 3, 2.5, ["relu"]])
def test_unknown_activations_are_refused(wrong: Any) -> None:
    for library in (keras.activations, activations):
        with pytest.raises(ValueError):
            library.get(wrong)


def test_the_error_names_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"Unknown activation 'sigmoidd'.*sigmoid"):
        activations.get("sigmoidd")
