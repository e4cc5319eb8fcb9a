"""What every layer does: building, naming, tracking, freezing, configurations."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, agree, array, both_float_types, filled, hold, normal, on_both

import numpynn
from numpynn import layers

# -- names, weights, counts ------------------------------------------------------------------------


def names_and_shapes(layer: Any) -> list[tuple[str, str, tuple[int, ...], str]]:
    return [(w.name, w.path, tuple(w.shape), str(np.dtype(str(w.dtype)))) for w in layer.weights]


def test_weights_are_named_and_ordered_as_in_keras() -> None:
    def program(library: Any) -> Any:
        model = library.Sequential(
            [
                library.Input((4, 3)),
                library.layers.Dense(5, name="first"),
                library.layers.Flatten(),
                library.layers.Dense(2, use_bias=False),
                library.layers.Dropout(0.5),
                library.layers.Dense(2),
            ]
        )
        alone = library.layers.Dense(3)
        alone.build((None, 2))
        names = [layer.name for layer in model.layers]
        return model.name, names, names_and_shapes(model), names_and_shapes(alone)

    ours, theirs = on_both(program)
    assert ours == theirs


@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4), bias=st.booleans())
def test_count_params_counts_every_number(sizes: list[int], bias: bool) -> None:
    model = numpynn.Sequential(
        [numpynn.Input((sizes[0],)), *(layers.Dense(n, use_bias=bias) for n in sizes[1:])]
    )
    expected = sum(a * b + b * bias for a, b in itertools.pairwise(sizes))
    assert model.count_params() == expected == sum(w.size for w in model.weights)


def custom_layers(library: Any) -> Any:
    """Layers of the user's own, written for Keras; `library` is what the import names."""
    ops = library.ops

    class Affine(library.layers.Layer):
        def __init__(self, units: int = 4, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="glorot_normal", name="scale"
            )
            self.shift = self.add_weight(shape=(self.units,), initializer="zeros", name="shift")
            self.calls = self.add_weight(
                shape=(), initializer="zeros", trainable=False, name="calls"
            )

        def call(self, x: Any) -> Any:
            self.calls.assign(self.calls + 1.0)
            return ops.matmul(x, self.scale) + self.shift

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    class Branches(library.layers.Layer):
        """Sub-layers as attributes, in a list, in a dict."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.first = Affine(3, name="first")
            self.others = [library.layers.Dense(3, name=f"other_{i}") for i in range(2)]
            self.named = {"gate": library.layers.Dense(3, activation="sigmoid", name="gate")}

        def call(self, x: Any, training: Any = None) -> Any:
            y = self.first(x)
            for layer in self.others:
                y = y + layer(x)
            y = y * self.named["gate"](x)
            return y * 2.0 if training else y

    return Affine, Branches


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@given(x=filled((3, 2)), training=st.booleans())
def test_custom_layers_port_by_changing_the_import(dtype: str, x: Any, training: bool) -> None:
    with both_float_types(dtype):
        agree(lambda library: custom_layers(library)[0](3), [x], dtype)
        agree(lambda library: custom_layers(library)[1](), [x], dtype, training=training)


def test_sub_layers_are_tracked_in_attributes_lists_and_dicts() -> None:
    def program(library: Any) -> Any:
        layer = custom_layers(library)[1](name="branches")
        layer(np.ones((1, 2), "float32"))
        kinds = (layer.weights, layer.trainable_weights, layer.non_trainable_weights)
        return [sorted(w.path for w in kind) for kind in kinds]

    ours, theirs = on_both(program)
    assert ours == theirs
    assert len(ours[0]) == 9 and ours[2] == ["branches/first/calls"]


def test_sub_layers_that_are_added_later_are_tracked_too() -> None:
    class Growing(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[Any] = []

        def call(self, x: Any) -> Any:
            for part in self.parts:
                x = part(x)
            return x

    layer = Growing()
    layer.parts.append(layers.Dense(2))
    layer(np.ones((1, 3)))
    assert [w.shape for w in layer.weights] == [(3, 2), (2,)]
    layer.parts.append(layers.Dense(1))
    layer(np.ones((1, 3)))
    assert len(layer.weights) == 4


def test_shared_layers_are_counted_once() -> None:
    class Twice(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.a = self.b = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.b(self.a(x))

    layer = Twice()
    layer(np.ones((1, 2)))
    assert len(layer.weights) == 2


# -- Input -----------------------------------------------------------------------------------------

INPUTS: dict[str, Callable[[Any], Any]] = {
    "shape": lambda library: library.Input((3,)),
    "list": lambda library: library.Input([4, None]),
    "batch size": lambda library: library.Input((3,), batch_size=5),
    "batch shape": lambda library: library.Input(batch_shape=(2, 3)),
    "dtype": lambda library: library.Input((3,), dtype="int32"),
    "name": lambda library: library.Input((), name="mine"),
}


@pytest.mark.parametrize("how", INPUTS)
def test_inputs_have_keras_shapes_dtypes_and_names(how: str) -> None:
    ours, theirs = on_both(INPUTS[how])
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert (str(ours.dtype), ours.ndim) == (theirs.dtype, theirs.ndim)
    if how == "name":
        assert ours.name == theirs.name == "mine"


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
def test_an_input_layer_changes_nothing(library: Any) -> None:
    layer = library.layers.InputLayer((3,))
    assert not layer.weights and tuple(layer.batch_shape) == (None, 3)
    assert layer.built and not layer.get_weights()


# -- add_weight ------------------------------------------------------------------------------------


def test_add_weight_has_keras_defaults() -> None:
    def program(library: Any) -> Any:
        layer = library.layers.Layer()
        made = [
            layer.add_weight(shape=(30, 20)),
            layer.add_weight(),
            layer.add_weight(shape=(2,), dtype="int32"),
            layer.add_weight(shape=(3,), initializer="ones", trainable=False, name="third"),
            layer.add_weight((2, 2), "ones", "float64"),
        ]
        facts = [(tuple(w.shape), str(w.dtype), w.trainable) for w in made]
        uniform = np.abs(array(made[0])).max() < np.sqrt(6 / 50) + 1e-6
        return facts, bool(uniform), array(made[2]).tolist(), array(made[3]).tolist(), made[3].name

    ours, theirs = on_both(program)
    assert ours == theirs


def test_add_weight_takes_constraints_and_regularizers_by_name() -> None:
    def program(library: Any) -> Any:
        layer = library.layers.Layer()
        w = layer.add_weight(
            shape=(3,), initializer="ones", constraint="non_neg", regularizer="l2", name="w"
        )
        penalty = float(layer.losses[0])
        library.optimizers.SGD(1.0).apply([np.array([0.5, 2.0, 0.0], "float32")], [w])
        return [penalty, w]

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-6)
    np.testing.assert_allclose(array(ours[1]), [0.5, 0, 1])


# -- trainable and frozen --------------------------------------------------------------------------


def trainable_paths(layer: Any) -> tuple[list[str], list[str]]:
    return [w.path for w in layer.trainable_weights], [w.path for w in layer.non_trainable_weights]


def test_freezing_and_thawing_follows_keras() -> None:
    def program(library: Any) -> Any:
        affine, branches = custom_layers(library)
        model = library.Sequential(
            [
                library.Input((2,)),
                affine(3),
                library.layers.Dense(2, trainable=False),
                branches(),
            ]
        )
        states = [trainable_paths(model)]
        for target, value in (
            (model.layers[0], False),
            (model.layers[0], True),  # what add_weight made untrainable stays so
            (model.layers[1], True),
            (model, False),
            (model.layers[2].others[1], True),
            (model, True),
        ):
            target.trainable = value
            states.append(trainable_paths(model))
        return states

    ours, theirs = on_both(program)
    for mine, other in zip(ours, theirs, strict=True):
        assert [sorted(paths) for paths in mine] == [sorted(paths) for paths in other]


def test_a_model_made_untrainable_trains_nothing() -> None:
    def program(library: Any) -> Any:
        dense = library.layers.Dense(1)
        return trainable_paths(library.Sequential([library.Input((2,)), dense], trainable=False))

    ours, theirs = on_both(program)
    assert ours == theirs and not ours[0]


def test_frozen_layers_keep_their_weights_and_lose_their_penalty() -> None:
    def program(library: Any) -> Any:
        model = library.Sequential(
            [
                library.Input((2,)),
                library.layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2"),
                library.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l1"),
            ]
        )
        model.layers[0].trainable = False
        model.compile(library.optimizers.SGD(0.1), "mse")
        loss = model.train_on_batch(np.ones((2, 2), "float32"), np.zeros((2, 1), "float32"))
        return [loss, *model.get_weights()]

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-6)
    np.testing.assert_array_equal(ours[1], np.ones((2, 2)))


def test_a_model_without_trainable_weights_still_measures() -> None:
    def program(library: Any) -> Any:
        model = library.Sequential(
            [library.Input((2,)), library.layers.Dense(1, kernel_initializer="ones")]
        )
        model.trainable = False
        model.compile("sgd", "mse", metrics=["mae"])
        with pytest.warns(UserWarning, match="trainable weights"):
            history = model.fit(np.ones((3, 2)), np.zeros(3), verbose=0)
        return history.history, model.get_weights()

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-6)


# -- configurations --------------------------------------------------------------------------------

CONFIGURED: dict[str, Callable[[Any], Any]] = {
    "Dense": lambda library: library.layers.Dense(
        3,
        activation="relu",
        use_bias=False,
        kernel_initializer=library.initializers.HeNormal(seed=3),
        kernel_regularizer=library.regularizers.L2(0.1),
        activity_regularizer="l1",
        kernel_constraint=library.constraints.MaxNorm(1.5),
        trainable=False,
        name="layer",
    ),
    "Activation": lambda library: library.layers.Activation("tanh", name="layer"),
    "Softmax": lambda library: library.layers.Softmax(axis=1, name="layer"),
    "Flatten": lambda library: library.layers.Flatten("channels_first", name="layer"),
    "Reshape": lambda library: library.layers.Reshape((2, -1), name="layer"),
    "Dropout": lambda library: library.layers.Dropout(0.3, (None, 1), seed=4, name="layer"),
    "InputLayer": lambda library: library.layers.InputLayer((3,), name="layer"),
}


@pytest.mark.parametrize("kind", CONFIGURED)
def test_configurations_make_equal_layers(kind: str) -> None:
    layer = CONFIGURED[kind](numpynn)
    config = layer.get_config()
    again = type(layer).from_config(copy.deepcopy(config))
    assert again.get_config() == config
    theirs = CONFIGURED[kind](keras).get_config()
    plain = {
        key: value
        for key, value in theirs.items()
        if isinstance(value, (int, float, str, bool, type(None))) and key in config
    }
    assert {key: config[key] for key in plain} == plain
    ours_only = set(config) - set(theirs)
    assert not ours_only


def test_a_layer_of_the_same_configuration_computes_the_same() -> None:
    layer = CONFIGURED["Dense"](numpynn)
    again = layers.Dense.from_config(layer.get_config())
    x = normal(0, 2, 4)
    np.testing.assert_array_equal(layer(x), again(x))


def test_a_custom_layers_configuration_round_trips() -> None:
    affine = custom_layers(numpynn)[0]
    again = affine.from_config(affine(7, name="seven").get_config())
    assert (again.units, again.name) == (7, "seven")
