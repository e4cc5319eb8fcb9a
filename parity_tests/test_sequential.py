"""Sequential: building, adding and taking away, input ranks, nesting, configurations, summaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, array, both_float_types, derived, filled, hold, hold_gradients
from pairs import normal as drawn

import numpynn
from kerasref.bridge import copy_weights
from numpynn import layers

few = settings(max_examples=10)


@pytest.fixture(autouse=True)
def names_from_the_beginning() -> None:
    numpynn.utils.clear_session()
    keras.utils.clear_session()


def stack(library: Any, sizes: list[int], *, with_input: bool) -> Any:
    first = [library.Input((sizes[0],))] if with_input else []
    return library.Sequential([*first, *(library.layers.Dense(n, "tanh") for n in sizes[1:])])


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@few
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.booleans(), st.data())
def test_values_and_gradients_match_keras(
    dtype: str, sizes: list[int], with_input: bool, data: Any
) -> None:
    x = data.draw(filled((3, sizes[0]))).astype(dtype)
    with both_float_types(dtype):
        ours, theirs = (stack(lib, sizes, with_input=with_input) for lib in (numpynn, keras))
        ours(x), theirs(x)
        copy_weights(theirs, ours)
        value, gradients = derived(numpynn, ours, [x], ours.trainable_variables)
        expected, expected_gradients = derived(keras, theirs, [x], theirs.trainable_variables)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


# -- building --------------------------------------------------------------------------------------


def state(model: Any) -> Any:
    return (
        model.name,
        model.built,
        [layer.name for layer in model.layers],
        [(w.path, tuple(w.shape)) for w in model.weights],
    )


def shapes(model: Any) -> Any:
    return tuple(model.input_shape), tuple(model.output_shape)


BUILDINGS: dict[str, Callable[[Any, Any], Any]] = {
    "input first": lambda lib, dense: lib.Sequential([lib.Input((3,)), dense(2), dense(1)]),
    "input layer": lambda lib, dense: lib.Sequential(
        [lib.layers.InputLayer(batch_shape=(None, 3)), dense(2)]
    ),
    "input with a batch size": lambda lib, dense: lib.Sequential(
        [lib.Input((3,), batch_size=2), dense(2)]
    ),
    "deferred": lambda lib, dense: lib.Sequential([dense(2), dense(1)]),
    "built by hand": lambda lib, dense: built(lib.Sequential([dense(2), dense(1)])),
    "added one by one": lambda lib, dense: added(lib, lib.Input((3,)), dense(2), dense(1)),
    "added without input": lambda lib, dense: added(lib, dense(2), dense(1)),
    "named": lambda lib, dense: lib.Sequential([lib.Input((3,)), dense(2)], name="mine"),
    "popped": lambda lib, dense: popped(lib.Sequential([lib.Input((3,)), dense(2), dense(1)])),
    "popped and added": lambda lib, dense: popped(
        lib.Sequential([lib.Input((3,)), dense(2), dense(1)]), dense(4)
    ),
    "nested": lambda lib, dense: lib.Sequential(
        [lib.Input((3,)), dense(4), lib.Sequential([dense(2), dense(3)]), dense(1)]
    ),
    "nested with an input": lambda lib, dense: lib.Sequential(
        [lib.Sequential([lib.Input((3,)), dense(2)]), dense(1)]
    ),
}


def built(model: Any) -> Any:
    model.build((None, 3))
    return model


def added(library: Any, *layers: Any) -> Any:
    model = library.Sequential()
    for layer in layers:
        model.add(layer)
    return model


def popped(model: Any, *others: Any) -> Any:
    model.pop()
    for layer in others:
        model.add(layer)
    return model


@pytest.mark.parametrize("how", BUILDINGS)
def test_models_are_built_as_in_keras(how: str) -> None:
    ours, theirs = (BUILDINGS[how](library, library.layers.Dense) for library in (numpynn, keras))
    assert state(ours) == state(theirs)
    if theirs.built and theirs.weights:
        assert shapes(ours) == shapes(theirs)
    x = drawn(0, 2, 3).astype("float32")
    value, expected = array(ours(x)), array(theirs(x))
    assert value.shape == expected.shape
    assert state(ours)[2:] == state(theirs)[2:]
    copy_weights(theirs, ours)
    hold(ours(x), theirs(x), 1e-6)


def test_names_must_be_unique() -> None:
    model = numpynn.Sequential([layers.Dense(1, name="a")])
    with pytest.raises(ValueError, match="'a'"):
        model.add(layers.Dense(2, name="a"))
    shared = layers.Dense(2)
    with pytest.raises(ValueError, match="unique"):
        numpynn.Sequential([shared, layers.Flatten(), layers.Dense(2, name=shared.name)])


def test_a_layer_may_stand_twice_as_in_keras() -> None:
    def program(library: Any) -> Any:
        shared = library.layers.Dense(2, kernel_initializer="ones")
        relu = library.layers.Activation("relu")
        model = library.Sequential([library.Input((2,)), shared, relu, shared])
        return [model(drawn(0, 3, 2).astype("float32")), len(model.weights), len(model.layers)]

    hold(program(numpynn), program(keras), 1e-6)


def test_taking_away_from_nothing_is_refused() -> None:
    for library in (numpynn, keras):
        with pytest.raises(IndexError):
            library.Sequential().pop()


def test_a_model_with_an_input_is_not_built_for_another() -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="None, 4"):
            stack(library, [3, 2], with_input=True).build((None, 4))


def test_layers_are_found_by_name_and_number() -> None:
    model = stack(numpynn, [2, 3, 4], with_input=True)
    assert model.get_layer("dense_1") is model.get_layer(index=1) is model.layers[-1]
    for bad in ({"name": "dense_7"}, {"index": 2}, {}, {"name": "dense", "index": 0}):
        with pytest.raises(ValueError, match="layer"):
            model.get_layer(**bad)


# -- the rank of the input -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 1, 1)])
def test_n_and_n_1_are_the_same_input_for_one_feature(shape: tuple[int, ...]) -> None:
    x = drawn(0, 5).reshape(shape).astype("float32")
    ours, theirs = (stack(lib, [1, 2], with_input=True) for lib in (numpynn, keras))
    copy_weights(theirs, ours)
    if len(shape) == 3:  # a rank-3 input loses its last axis of length 1
        hold(ours(x), theirs(x), 1e-6)
    else:
        value = ours(x)
        assert value.shape == (5, 2)
        hold(value, theirs(x), 1e-6)
        hold(ours.predict(x, verbose=0), value, 1e-6)


@pytest.mark.parametrize("shape", [(5, 4), (5,), (5, 3, 2), (), (5, 3, 1, 1)])
def test_inputs_that_do_not_fit_are_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    ours, theirs = (stack(lib, [3, 2], with_input=True) for lib in (numpynn, keras))
    x = np.ones(shape, "float32")
    with pytest.raises(ValueError):
        theirs(x)
    with pytest.raises(ValueError, match=r"None, 3") as raised:
        ours(x)
    assert str(shape) in str(raised.value) and "sequential" in str(raised.value)


def test_unknown_sizes_of_an_input_may_vary() -> None:
    model = numpynn.Sequential([numpynn.Input((None, 2)), layers.Dense(3)])
    for time in (1, 4):
        assert model(np.ones((2, time, 2))).shape == (2, time, 3)
    assert model.output_shape == (None, None, 3)


# -- configurations and summaries ------------------------------------------------------------------


def test_a_configuration_makes_an_equal_model() -> None:
    inner = numpynn.Sequential([layers.Dense(2, "relu"), layers.Dropout(0.1)], name="inner")
    model = numpynn.Sequential(
        [numpynn.Input((3,)), layers.Dense(4, kernel_regularizer="l2"), inner, layers.Softmax()],
        name="outer",
    )
    again = numpynn.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert [w.name for w in again.weights] == [w.name for w in model.weights]
    again.set_weights(model.get_weights())
    x = drawn(0, 2, 3)
    np.testing.assert_array_equal(again(x), model(x))


def test_a_deferred_models_configuration_is_deferred_too() -> None:
    model = numpynn.Sequential([layers.Dense(2)])
    again = numpynn.Sequential.from_config(model.get_config())
    assert not again.built and len(again.layers) == 1


def test_the_summary_shows_layers_shapes_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    model = numpynn.Sequential(
        [
            numpynn.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, trainable=False),
        ]
    )
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    model.summary(line_length=100)
    printed = capsys.readouterr().out
    for text in ("\n".join(lines), printed):
        for wanted in (
            'Model: "sequential"',
            "flatten (Flatten)",
            "dense (Dense)",
            "(None, 128)",
            "100,480",
            "1,290",
            "Total params: 101,770",
            "Trainable params: 100,480",
            "Non-trainable params: 1,290",
        ):
            assert wanted in text, wanted


def test_the_summary_of_a_model_that_is_not_built_says_so() -> None:
    lines: list[str] = []
    numpynn.Sequential([layers.Dense(3)]).summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "dense (Dense)" in text and "unbuilt" in text and "Total params: 0" in text
