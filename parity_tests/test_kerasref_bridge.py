"""Weights cross between two models of one structure, and nothing crosses between others."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from kerasref.bridge import copy_weights
from numpynn.typing import Array


def dense_network(sizes: list[int]) -> Array:
    hidden = [layers.Dense(size, bias_initializer="random_normal") for size in sizes[1:]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden])


def assert_same_weights(a: Array, b: Array) -> None:
    for left, right in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@settings(max_examples=10)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_networks_of_the_same_sizes_become_equal(sizes: list[int]) -> None:
    source, target = dense_network(sizes), dense_network(sizes)
    copy_weights(source, target)
    assert_same_weights(source, target)


def branched_network() -> Array:
    """A nested model, a shared layer, wrapped layers, weights that are not trained."""
    x = keras.Input((4, 3))
    shared = layers.Dense(3)
    inner = keras.Sequential([keras.Input((4, 3)), shared, layers.BatchNormalization()])
    y = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(inner(shared(x)))
    cells = layers.RNN(layers.StackedRNNCells([layers.GRUCell(2), layers.GRUCell(2)]))
    return keras.Model(x, layers.Dense(1)(cells(y)))


def test_nested_models_shared_layers_and_wrappers_are_followed() -> None:
    source, target = branched_network(), branched_network()
    source.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in source.weights])
    copy_weights(source, target)
    assert_same_weights(source, target)


class Scaled(keras.Model):
    """A model with a weight of its own beside its layers'."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)
        self.scale = self.add_weight(shape=(), name="scale", initializer="random_normal")

    def call(self, x: Array) -> Array:
        return self.dense(x) * self.scale


def test_weights_of_the_model_itself_cross_too() -> None:
    source, target = Scaled(), Scaled()
    for model in (source, target):
        model(np.ones((1, 3)))
    copy_weights(source, target)
    assert_same_weights(source, target)


def plain_model(**weights: Array) -> Array:
    """What the bridge asks of a model, without Keras: layers, weights, paths, shapes, numpy()."""

    def variable(name: str, value: Array) -> Array:
        held = SimpleNamespace(path=f"model/dense/{name}", shape=value.shape, numpy=lambda: value)
        held.assign = lambda new: setattr(held, "numpy", lambda: new)
        return held

    variables = [variable(name, value) for name, value in weights.items()]
    layer = SimpleNamespace(name="dense", weights=variables)
    return SimpleNamespace(name="model", layers=[layer], weights=variables)


def test_weights_are_matched_by_name_whatever_library_they_are_from() -> None:
    plain = plain_model(bias=np.ones(2), kernel=np.full((3, 2), 2.0))
    network = dense_network([3, 2])
    copy_weights(plain, network)
    np.testing.assert_array_equal(network.layers[0].kernel, np.full((3, 2), 2.0))
    network.layers[0].bias.assign([5.0, 6.0])
    copy_weights(network, plain)
    np.testing.assert_array_equal(plain.weights[0].numpy(), [5.0, 6.0])


def test_another_number_of_layers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 2 layers .*got 1 \(.*Dense\)"):
        copy_weights(dense_network([3, 2]), dense_network([3, 2, 1]))


def test_a_model_that_is_not_built_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 1 layers .*got 0 \(none\)"):
        copy_weights(keras.Sequential([layers.Dense(2)]), dense_network([3, 2]))


def test_other_weights_are_refused() -> None:
    normalised = keras.Sequential([keras.Input((3,)), layers.LayerNormalization(name="norm")])
    with pytest.raises(ValueError, match=r"'norm'.*\['beta', 'gamma'\].*\['bias', 'kernel'\]"):
        copy_weights(dense_network([3, 2]), normalised)


def test_another_shape_is_refused_and_nothing_is_copied() -> None:
    source, target = dense_network([3, 4, 2]), dense_network([3, 4, 5])
    before = target.get_weights()
    name = target.layers[1].name
    with pytest.raises(ValueError, match=rf"'bias' of layer '{name}'.*\(5,\), got \(2,\)"):
        copy_weights(source, target)
    for old, new in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
