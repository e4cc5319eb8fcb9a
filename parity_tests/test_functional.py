"""Functional models: the same graph, the same layers in the same order, values, gradients, form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from graphs import build, data, plans
from hypothesis import given
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, array, both_float_types, hold, hold_gradients

import numpynn
from kerasref.bridge import copy_weights
from numpynn.autograd.structure import leaves, map_structure


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


def both(plan: Any) -> tuple[Any, Any]:
    for library in (keras, numpynn):
        library.utils.clear_session(free_memory=False)
    theirs, ours = build(keras, plan), build(numpynn, plan)
    copy_weights(theirs, ours)
    return ours, theirs


def values(result: Any) -> list[Any]:
    return [array(x) for x in leaves(result)]


# -- graphs ----------------------------------------------------------------------------------------


@given(plans(), st.sampled_from(FLOAT_TYPES))
def test_drawn_graphs_match_keras(plan: Any, dtype: str) -> None:
    with both_float_types(dtype):
        ours, theirs = both(plan)
        assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
        assert [op.name for op in ours.operations] == [op.name for op in theirs.operations]
        assert ours.output_names == theirs.output_names
        assert ours.input_shape == theirs.input_shape
        assert ours.output_shape == theirs.output_shape
        x = map_structure(lambda a: a.astype(dtype), data(plan))
        with tf.GradientTape() as keras_tape:
            expected = theirs(x)
            total = sum(tf.reduce_sum(part) for part in leaves(expected))
        with numpynn.GradientTape() as tape:
            found = ours(x)
            ours_total = sum(part.sum() for part in leaves(found))
        hold(found, expected, BARS[dtype]["forward"])
        assert type(found) is type(expected) or not isinstance(found, (list, dict))
        if ours.trainable_variables:
            weights = [w.value for w in theirs.trainable_variables]
            theirs_g = keras_tape.gradient(total, weights, unconnected_gradients="zero")
            ours_g = tape.gradient(
                ours_total, ours.trainable_variables, unconnected_gradients="zero"
            )
            hold_gradients(ours_g, theirs_g, BARS[dtype]["gradient"])


@given(plans())
def test_configurations_are_keras_and_come_back(plan: Any) -> None:
    ours, theirs = both(plan)
    found, expected = (json.loads(json.dumps(m.get_config())) for m in (ours, theirs))
    for layer in expected["layers"]:
        for node in layer["inbound_nodes"]:  # Keras also writes what these are unless given
            assert node["kwargs"].pop("training", False) is False
            assert node["kwargs"].pop("mask", None) is None
    assert found == expected
    x = data(plan)
    for config in (ours.get_config(), theirs.get_config()):
        again = numpynn.models.Functional.from_config(json.loads(json.dumps(config)))
        again.set_weights(ours.get_weights())
        hold(again.predict(x, verbose=0), ours.predict(x, verbose=0), 0.0)
    back = type(theirs).from_config(json.loads(json.dumps(ours.get_config())))
    back.set_weights(theirs.get_weights())
    hold(back.predict(x, verbose=0), theirs.predict(x, verbose=0), 0.0)


@given(plans())
def test_clones_have_weights_of_their_own(plan: Any) -> None:
    ours, _ = both(plan)
    clone = numpynn.models.clone_model(ours)
    assert [layer.name for layer in clone.layers] == [layer.name for layer in ours.layers]
    shared = {id(w) for w in ours.weights} & {id(w) for w in clone.weights}
    assert not shared
    clone.set_weights(ours.get_weights())
    hold(clone(data(plan)), ours(data(plan)), 0.0)


@given(plans())
def test_summaries_and_pictures_name_every_layer(plan: Any) -> None:
    ours, theirs = both(plan)
    lines: list[str] = []
    ours.summary(print_fn=lines.append, expand_nested=True)
    text = "\n".join(lines)
    for layer in ours.layers:
        assert layer.name in text
    assert f"Total params: {theirs.count_params():,}" in text
    source = numpynn.utils.model_to_dot(ours, show_shapes=True).source
    assert all(operation.name in source for operation in ours.operations)


# -- forms of inputs and outputs -------------------------------------------------------------------


def two_inputs(library: Any, as_dict: bool = False) -> Any:
    library.utils.clear_session(free_memory=False)
    a, b = library.Input((2,), name="a"), library.Input((3,), name="b")
    c = library.layers.Concatenate()([a, b])
    outputs = {"sum": library.layers.Dense(1, name="sum")(c), "all": c}
    return library.Model({"a": a, "b": b} if as_dict else [a, b], outputs)


@pytest.mark.parametrize("as_dict", [True, False])
def test_inputs_come_as_lists_tuples_or_dicts_by_name(as_dict: bool) -> None:
    theirs, ours = two_inputs(keras, as_dict), two_inputs(numpynn, as_dict)
    copy_weights(theirs, ours)
    a, b = np.ones((4, 2)), np.arange(12.0).reshape(4, 3)
    forms: list[Any] = [{"a": a, "b": b}, {"b": b, "a": a, "more": a}]
    if not as_dict:
        forms += [[a, b], (a, b)]
    for form in forms:
        found = ours(form)
        assert list(found) == ["sum", "all"]
        hold(found, theirs({"a": a, "b": b}), 1e-12)


@pytest.mark.parametrize(
    "inputs", [[np.ones((4, 2))], {"a": np.ones((4, 2))}, [np.ones((4, 3)), np.ones((4, 3))]]
)
def test_inputs_that_do_not_fit_raise(inputs: Any) -> None:
    for library in (keras, numpynn):
        with pytest.raises((ValueError, KeyError)):
            two_inputs(library)(inputs)
    with pytest.raises(ValueError, match=r"expects|lacks"):
        two_inputs(numpynn)(inputs)


def test_vectors_fit_columns_and_columns_fit_vectors() -> None:
    for shape, given_shape in (((1,), (5,)), ((), (5, 1))):
        results = []
        for library in (keras, numpynn):
            x = library.Input(shape)
            model = library.Model(x, x * 2.0)
            results.append(array(model(np.ones(given_shape))))
        assert results[0].shape == results[1].shape
        hold(results[1], results[0], 0.0)


def test_optional_inputs_may_be_none() -> None:
    def model(library: Any, optional: bool) -> Any:
        class Sum(library.layers.Layer):  # type: ignore[name-defined,misc]
            def call(self, x: Any, y: Any = None) -> Any:
                return x if y is None else x + y

            def compute_output_shape(self, x_shape: Any, y_shape: Any = None) -> Any:
                return x_shape

        a, b = library.Input((2,)), library.Input((2,), optional=optional)
        return library.Model([a, b], Sum()(a, b))

    x = np.ones((3, 2))
    for library in (keras, numpynn):
        hold(model(library, True)([x, None]), x, 0.0)
        with pytest.raises(ValueError, match="optional"):
            model(library, False)([x, None])


# -- parts of models -------------------------------------------------------------------------------


def test_models_of_intermediate_outputs_share_their_layers() -> None:
    def program(library: Any) -> Any:
        model = library.Sequential(
            [library.Input((4,))] + [library.layers.Dense(3, "tanh", name=n) for n in "abc"]
        )
        inner = library.Model(model.inputs, model.get_layer(index=1).output)
        tail = library.Model(model.get_layer("a").output, model.outputs)
        return model, inner, tail

    theirs, ours = program(keras), program(numpynn)
    copy_weights(theirs[0], ours[0])
    x = np.random.default_rng(0).normal(size=(5, 4))
    hold(ours[1](x), theirs[1](x), 1e-12)
    hold(ours[2](array(ours[0].layers[0](x))), ours[0](x), 1e-12)
    assert ours[1].layers[-1] is ours[0].layers[1]
    assert [layer.name for layer in ours[2].layers[1:]] == ["b", "c"]


def test_layers_are_found_by_name_and_number() -> None:
    theirs, ours = two_inputs(keras), two_inputs(numpynn)
    for index in range(len(theirs.layers)):
        assert ours.get_layer(index=index).name == theirs.layers[index].name
    assert ours.get_layer("sum") is ours.layers[-1]
    for library, model in ((keras, theirs), (numpynn, ours)):
        for wrong in ({"name": "none"}, {"index": 99}, {}):
            with pytest.raises(ValueError, match="layer"):
                model.get_layer(**wrong)
        assert library.utils.is_keras_tensor(model.inputs[0])


def test_freezing_reaches_the_layers_of_a_model() -> None:
    ours, theirs = both_frozen()
    assert [w.path for w in ours.trainable_weights] == [w.path for w in theirs.trainable_weights]
    assert len(ours.weights) == len(theirs.weights)


def both_frozen() -> tuple[Any, Any]:
    def program(library: Any) -> Any:
        x = library.Input((3,))
        base = library.Sequential([library.layers.Dense(4, name="base_dense")], name="base")
        model = library.Model(x, library.layers.Dense(1, name="head")(base(x)))
        base.trainable = False
        return model

    return program(numpynn), program(keras)


def test_subclasses_may_build_their_graph() -> None:
    def program(library: Any) -> Any:
        class Net(library.Model):  # type: ignore[name-defined,misc]
            def __init__(self, units: int) -> None:
                x = library.Input((3,))
                super().__init__(inputs=x, outputs=library.layers.Dense(units, name="d")(x))
                self.units = units

        return Net(2)

    theirs, ours = program(keras), program(numpynn)
    copy_weights(theirs, ours)
    x = np.ones((4, 3))
    hold(ours(x), theirs(x), 1e-12)
    assert isinstance(ours, numpynn.models.Functional)
    assert ours.units == 2


def test_the_surrounding_call_decides_on_training() -> None:
    x = numpynn.Input((1000,))
    model = numpynn.Model(x, numpynn.layers.Dropout(0.5)(x, training=True))
    ones = np.ones((2, 1000))
    assert (array(model(ones)) == 0).any()
    assert (array(model(ones, training=False)) == 1).all()


# -- what cannot be --------------------------------------------------------------------------------


def test_graphs_that_do_not_hang_together_raise() -> None:
    for library in (keras, numpynn):
        a, b = library.Input((2,)), library.Input((2,))
        c = library.layers.Add()([a, b])
        with pytest.raises(ValueError, match=r"connected|parent"):
            library.Model(a, c)
        with pytest.raises(ValueError, match=r"symbolic|KerasTensor|Input"):
            library.Model(np.ones(3), c)
        same = [library.layers.Dense(1, name="same")(a), library.layers.Dense(1, name="same")(b)]
        with pytest.raises(ValueError, match="same"):
            library.Model([a, b], same)


def test_symbolic_tensors_have_no_values() -> None:
    for library in (keras, numpynn):
        x = library.Input((2,))
        for use in (np.asarray, float, int, bool, list):
            with pytest.raises((TypeError, ValueError, NotImplementedError)):
                use(x)


def test_numpy_functions_record_themselves() -> None:
    x = numpynn.Input((4, 3))
    y = np.concatenate([np.tanh(x), np.mean(x, axis=1, keepdims=True)], axis=1)
    assert y.shape == (None, 5, 3)
    model = numpynn.Model(x, np.einsum("bij,bij->b", y, y))
    data = np.random.default_rng(0).normal(size=(2, 4, 3))
    joined = np.concatenate([np.tanh(data), data.mean(1, keepdims=True)], axis=1)
    hold(model(data), (joined**2).sum((1, 2)), 1e-12)


def test_shapes_are_found_by_running_the_formula() -> None:
    class Pairs(numpynn.layers.Layer):
        def call(self, x: Any) -> Any:
            flat = np.reshape(x, (x.shape[0], -1))
            return np.concatenate([flat, flat[:, ::-1]], axis=-1), x.sum(axis=(1, 2))

    first, second = Pairs()(numpynn.Input((None, 3)))
    assert first.shape == (None, None)
    assert second.shape == (None,)
    assert Pairs()(numpynn.Input((2, 3)))[0].shape == (None, 12)
    assert Pairs().compute_output_shape((None, 2, 3)) == ((None, 12), (None,))


def test_masks_are_known_before_there_are_data() -> None:
    def program(library: Any) -> Any:
        class Needs(library.layers.Layer):  # type: ignore[name-defined,misc]
            def call(self, x: Any, mask: Any = None) -> Any:
                assert mask is not None
                return x * library.ops.cast(mask, x.dtype)[..., None]

        x = library.Input((5, 3))
        masked = library.layers.Masking()(x)
        return library.Model(x, Needs()(library.layers.Add()([masked, masked])))

    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    x[:, 2] = 0.0
    hold(program(numpynn)(x), program(keras)(x), 1e-12)


@pytest.mark.parametrize("stride", [2, 3, 5])
def test_lengths_that_strides_make_of_unknown_ones_are_unknown(stride: int) -> None:
    x = numpynn.Input((None, 4))
    assert x[:, ::stride].shape == (None, None, 4)
    assert x[:, :1].shape == (None, 1, 4)
