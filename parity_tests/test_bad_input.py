"""Bad input: the Python type that Keras raises, and words that say what was wrong, where."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from pairs import hold, normal

import numpynn
from numpynn import layers

X, Y = normal(0, 8, 3), normal(1, 8, 1)
LABELS = np.arange(8) % 3


def network(library: Any, *, compiled: bool = True, units: int = 1, **arguments: Any) -> Any:
    model = library.Sequential([library.Input((3,)), library.layers.Dense(units)])
    if compiled:
        model.compile(**{"optimizer": "sgd", "loss": "mse", "run_eagerly": True, **arguments})
    return model


def raised(library: Any, act: Callable[[Any], Any]) -> BaseException | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            act(library)
        except (AttributeError, LookupError, NotImplementedError, TypeError, ValueError) as error:
            return error
    return None


# name: what is done, which words must be in the message; where Keras raises, its type is ours
SAME_TYPE: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    # unknown names
    "activation": (lambda k: k.layers.Dense(2, activation="rellu"), ["rellu", "relu"]),
    "activation layer": (lambda k: k.layers.Activation("bogus"), ["activation", "bogus"]),
    "initializer": (
        lambda k: k.layers.Dense(2, kernel_initializer="glorot"),
        ["initializer", "glorot", "glorot_uniform"],
    ),
    "regularizer": (lambda k: k.layers.Dense(2, kernel_regularizer="l3"), ["regularizer", "l3"]),
    "constraint": (lambda k: k.layers.Dense(2, bias_constraint="pos"), ["constraint", "pos"]),
    "optimizer": (lambda k: network(k, optimizer="adamm"), ["optimizer", "adamm", "'adam'"]),
    "loss": (lambda k: network(k, loss="msee").fit(X, Y), ["loss", "msee", "'mse'"]),
    "metric": (lambda k: network(k, metrics=["acuracy"]).fit(X, Y), ["metric", "acuracy"]),
    "optimizer of another kind": (lambda k: network(k, optimizer=3), ["optimizer", "3"]),
    "loss of another kind": (lambda k: k.losses.get(3), ["loss", "3"]),
    "no list of metrics": (lambda k: network(k, metrics="mae"), ["metrics", "list", "mae"]),
    "reduction": (lambda k: k.losses.MeanSquaredError(reduction="avg"), ["reduction", "avg"]),
    # layers
    "no units": (lambda k: k.layers.Dense(0), ["units", "Dense", "0"]),
    "half a unit": (lambda k: k.layers.Dense(1.5), ["units", "1.5"]),
    "a rate above 1": (lambda k: k.layers.Dropout(1.5), ["rate", "0 to 1", "1.5"]),
    "noise shape of text": (lambda k: k.layers.Dropout(0.5, noise_shape="ab"), ["noise_shape"]),
    "empty noise shape": (lambda k: k.layers.Dropout(0.5, noise_shape=(0, 2)), ["noise_shape"]),
    "data format": (lambda k: k.layers.Flatten("last"), ["data_format", "last", "channels_last"]),
    "two open sizes": (lambda k: k.layers.Reshape((-1, -1)), ["target_shape", "-1"]),
    "sizes that do not fit": (
        lambda k: k.layers.Reshape((5,), name="shaper")(np.ones((2, 3))),
        ["shaper", "(5,)", "(3,)"],
    ),
    "unknown argument": (lambda k: k.layers.Dense(2, unit=3), ["Dense", "unit"]),
    "name": (lambda k: k.layers.Dense(2, name=3), ["name", "3"]),
    "trainable": (lambda k: k.layers.Dense(2, trainable="no"), ["trainable", "no"]),
    "call is missing": (lambda k: k.layers.Layer()(np.ones((1, 1))), ["call"]),
    "shape that is a number": (lambda k: k.Input(3), ["shape", "3"]),
    "no shape": (lambda k: k.Input(), ["shape"]),
    "weight shape": (lambda k: k.layers.Layer().add_weight(shape=3), ["shape", "3"]),
    "class numbers as a layer": (lambda k: k.Sequential([3]), ["Sequential", "3", "int"]),
    # shapes and ranks of inputs
    "features of a layer": (
        lambda k: built(k.layers.Dense(2, name="mine"))(np.ones((2, 4))),
        ["mine", "3", "(2, 4)"],
    ),
    "rank of a layer": (
        lambda k: built(k.layers.Dense(2, name="mine"))(np.ones(3)),
        ["mine", "rank 2", "(3,)"],
    ),
    "features of a model": (lambda k: network(k)(np.ones((2, 4))), ["(None, 3)", "(2, 4)"]),
    "rank of a model": (lambda k: network(k)(np.ones((2, 3, 4))), ["(None, 3)", "(2, 3, 4)"]),
    "features in fit": (lambda k: network(k).fit(X[:, :2], Y), ["(None, 3)", "(8, 2)"]),
    "features in predict": (lambda k: network(k).predict(X[:, :2]), ["(None, 3)", "(8, 2)"]),
    "unknown features": (lambda k: k.layers.Dense(2).build((None, None)), ["last", "None"]),
    # weights
    "number of weights": (lambda k: network(k).set_weights([np.ones((3, 1))]), ["2", "1"]),
    "shape of a weight": (
        lambda k: network(k).set_weights([np.ones((3, 2)), np.ones(1)]),
        ["(3, 1)", "(3, 2)"],
    ),
    "count before building": (lambda k: k.layers.Dense(2, name="d").count_params(), ["d"]),
    # data
    "lengths": (lambda k: network(k).fit(X, Y[:5]), ["x: [8]", "y: [5]"]),
    "lengths of weights": (
        lambda k: network(k).fit(X, Y, sample_weight=np.ones(3)),
        ["sample_weight: [3]"],
    ),
    "list of numbers": (lambda k: network(k).fit([1.0, 2.0], Y), ["`x`", "list", "np.array"]),
    "mixed list": (lambda k: network(k).fit([X, "abc"], Y), ["`x`", "list"]),
    "list of targets": (lambda k: network(k).fit(X, list(range(8))), ["`y`", "list"]),
    "text": (lambda k: network(k).fit(np.array([["a"] * 3] * 8), Y), ["numbers", "<U1"]),
    "objects": (
        lambda k: network(k).fit(np.array([[None] * 3] * 8), Y),
        ["`x`", "numbers", "object"],
    ),
    "a number": (lambda k: network(k).predict(3.0), ["`x`", "float"]),
    "text in a layer": (lambda k: k.layers.Dense(1)(np.array([["a"]])), ["<U1", "numbers"]),
    "objects in a layer": (lambda k: k.layers.Dense(1)(np.array([[object()]])), ["object"]),
    "both weights": (
        lambda k: network(k).fit(X, Y, sample_weight=np.ones(8), class_weight={0: 2.0}),
        ["sample_weight", "class_weight"],
    ),
    "split that leaves nothing": (
        lambda k: network(k).fit(X[:1], Y[:1], validation_split=0.1),
        ["validation_split", "0.1"],
    ),
    "validation frequency": (
        lambda k: network(k).fit(X, Y, validation_split=0.5, validation_freq="each"),
        ["validation_freq", "each"],
    ),
    # order
    "fit before compile": (lambda k: network(k, compiled=False).fit(X, Y), ["compile()", "fit()"]),
    "evaluate before compile": (
        lambda k: network(k, compiled=False).evaluate(X, Y),
        ["compile()", "evaluate()"],
    ),
    "train_on_batch before compile": (
        lambda k: network(k, compiled=False).train_on_batch(X, Y),
        ["compile()", "train_on_batch()"],
    ),
    "no loss": (lambda k: network(k, loss=None).fit(X, Y), ["no loss", "compile()"]),
    "float type": (lambda k: k.config.set_floatx("float31"), ["float31", "float32"]),
    "seed": (lambda k: k.utils.set_random_seed(-3), ["seed", "-3"]),
    "identity of three axes": (
        lambda k: k.initializers.Identity()((2, 2, 2)),
        ["two", "(2, 2, 2)"],
    ),
    "orthogonal of one axis": (lambda k: k.initializers.Orthogonal()((2,)), ["two", "(2,)"]),
    "scale": (lambda k: k.initializers.VarianceScaling(-1.0), ["scale", "-1.0"]),
    "mode": (lambda k: k.initializers.VarianceScaling(mode="in"), ["mode", "'in'"]),
}

# where Keras has a back-end error, fails later, or goes on with something else: ValueError at once
CLEARER: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "label too large": (
        lambda k: network(k, units=3, loss=sparse(k)).train_on_batch(X, LABELS + 1),
        ["class 3", "position (2,)", "0 … 2"],
    ),
    "negative label": (
        lambda k: network(k, units=3, loss=sparse(k)).evaluate(X, LABELS - 1, verbose=0),
        ["class -1", "position (0,)", "0 … 2"],
    ),
    "empty fit": (lambda k: network(k).fit(X[:0], Y[:0], verbose=0), ["no samples", "(0, 3)"]),
    "empty evaluate": (lambda k: network(k).evaluate(X[:0], Y[:0]), ["no samples", "(0, 3)"]),
    "empty predict": (lambda k: network(k).predict(X[:0], verbose=0), ["no samples", "(0, 3)"]),
    "nothing to predict": (lambda k: network(k).predict(None), ["no samples", "x"]),
    "batch size 0": (lambda k: network(k).fit(X, Y, batch_size=0), ["batch_size", "positive", "0"]),
    "negative batch size": (lambda k: network(k).fit(X, Y, batch_size=-2), ["batch_size", "-2"]),
    "half a batch": (lambda k: network(k).predict(X, batch_size=2.5), ["batch_size", "2.5"]),
    "targets that would broadcast": (
        lambda k: network(k, units=2).fit(X, Y, verbose=0),
        ["mean_squared_error", "y_true (8, 1)", "y_pred (8, 2)"],
    ),
    "targets of another rank": (
        lambda k: network(k, units=2).fit(X, Y[:, 0], verbose=0),
        ["mean_squared_error", "y_true (8,)", "y_pred (8, 2)"],
    ),
    "one-hot targets for class numbers": (
        lambda k: network(k, units=3, loss=sparse(k)).fit(X, np.eye(3)[LABELS], verbose=0),
        ["sparse_categorical_crossentropy", "(8, 3)"],
    ),
    "class numbers for one-hot targets": (
        lambda k: network(k, units=3, loss="categorical_crossentropy").fit(X, LABELS, verbose=0),
        ["categorical_crossentropy", "(8,)", "(8, 3)", "sparse"],
    ),
    "no targets": (lambda k: network(k).fit(X, verbose=0), ["mse", "targets", "y"]),
    "no targets for metrics": (
        lambda k: network(k, loss=None, metrics=["mae"]).evaluate(X, verbose=0),
        ["y"],
    ),
    "a callback that is none": (
        lambda k: network(k).fit(X, Y, callbacks=["early"], verbose=0),
        ["callbacks", "early", "str"],
    ),
    "validation data of four parts": (
        lambda k: network(k).fit(X, Y, validation_data=(X, Y, Y, Y), verbose=0),
        ["validation_data", "(x, y)"],
    ),
    "wide sample weights": (
        lambda k: network(k).fit(X, Y, sample_weight=np.ones((8, 3)), verbose=0),
        ["sample weights", "(8, 3)", "(8,)"],
    ),
    "classes outside the one-hot vector": (
        lambda k: k.utils.to_categorical([0, 3], 2),
        ["class 3", "position 1", "0 … 1"],
    ),
}


def built(layer: Any) -> Any:
    layer.build((None, 3))
    return layer


def sparse(library: Any) -> Any:
    return library.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize("what", SAME_TYPE)
def test_the_type_is_keras_and_the_words_say_what_was_wrong(what: str) -> None:
    act, words = SAME_TYPE[what]
    ours, theirs = raised(numpynn, act), raised(keras, act)
    assert ours is not None, "nothing was raised"
    assert type(ours) is type(theirs), f"{ours!r} where Keras raises {theirs!r}"
    assert all(word in str(ours) for word in words), str(ours)
    assert "\n" not in str(ours)


@pytest.mark.parametrize("what", CLEARER)
def test_what_keras_lets_pass_or_breaks_on_is_a_value_error_at_once(what: str) -> None:
    act, words = CLEARER[what]
    error = raised(numpynn, act)
    assert type(error) is ValueError, repr(error)
    assert all(word in str(error) for word in words), str(error)


def test_a_model_is_as_it_was_after_data_were_refused() -> None:
    model = network(numpynn, metrics=["mae"])
    model.fit(X, Y, verbose=0)
    before, steps = model.get_weights(), int(model.optimizer.iterations)
    for bad in ((X[:, :2], Y), (X, Y[:3]), (X[:0], Y[:0])):
        with pytest.raises(ValueError):
            model.fit(*bad, verbose=0)
    hold(model.get_weights(), before, 0)
    assert int(model.optimizer.iterations) == steps
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == steps + 1


# -- NaN -------------------------------------------------------------------------------------------


def test_nan_in_the_data_trains_on_with_loss_nan_as_in_keras() -> None:
    x = X.copy()
    x[3, 1] = np.nan

    def program(library: Any) -> Any:
        model = library.Sequential(
            [library.Input((3,)), library.layers.Dense(2, "tanh"), library.layers.Dense(1)]
        )
        for weight in model.weights:
            weight.assign(np.full(weight.shape, 0.5))
        model.compile(library.optimizers.Adam(0.1), "mse", metrics=["mae"], run_eagerly=True)
        with np.errstate(all="ignore"):
            history = model.fit(x, Y, batch_size=3, epochs=2, shuffle=False, verbose=0).history
        return [history, model.get_weights()]

    found = program(numpynn)
    assert np.isnan(found[0]["loss"]).all() and len(found[0]["loss"]) == 2
    hold(found, program(keras), 1e-5)


def test_nan_in_the_targets_spoils_only_what_it_reaches() -> None:
    y = np.concatenate([Y, Y], axis=1)
    y[0, 1] = np.nan

    def program(library: Any) -> Any:
        model = network(library, units=2)
        for weight in model.weights:
            weight.assign(np.full(weight.shape, 0.5))
        model.fit(X, y, batch_size=8, verbose=0)
        return model.get_weights()

    found = program(numpynn)
    assert np.isnan(found[1]).tolist() == [False, True]
    hold(found, program(keras), 1e-5)


def test_attributes_of_layers_that_are_not_built_are_named() -> None:
    with pytest.raises(AttributeError, match="kernel"):
        layers.Dense(2).kernel  # noqa: B018
