"""Recurrent layers: what they refuse, with Keras's error types and with the numbers in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from pairs import normal

import numpynn
from numpynn import layers

X = normal(0, 2, 4, 3).astype("float32")


class NoCall:
    state_size = 2


class NoSize:
    def call(self, inputs: Any, states: Any) -> Any:
        return inputs, states


class Named(NoSize):
    state_size = "two"


REFUSED_BY_BOTH: list[Callable[[Any], Any]] = [
    lambda k: k.LSTM(0),
    lambda k: k.GRU(-1),
    lambda k: k.SimpleRNN(2.5),
    lambda k: k.LSTM(2, activation="no such"),
    lambda k: k.GRU(2, kernel_initializer="no such"),
    lambda k: k.LSTM(2, no_such_argument=1),
    lambda k: k.SimpleRNN(2, implementation=1),
    lambda k: k.LSTM(2, use_cudnn=3),
    lambda k: k.RNN(None),
    lambda k: k.RNN(NoCall()),
    lambda k: k.RNN(NoSize()),
    lambda k: k.RNN(Named()),
    lambda k: k.StackedRNNCells([NoCall()]),
    lambda k: k.StackedRNNCells([NoSize()]),
    lambda k: k.Bidirectional("lstm"),
    lambda k: k.Bidirectional(k.LSTM(2), merge_mode="average"),
    lambda k: k.Bidirectional(k.LSTM(2), backward_layer="lstm"),
    lambda k: k.Bidirectional(k.LSTM(2), backward_layer=k.LSTM(2)),
    lambda k: k.Bidirectional(
        k.LSTM(2), backward_layer=k.LSTM(2, return_sequences=True, go_backwards=True)
    ),
    lambda k: k.TimeDistributed("dense"),
]
REFUSED_WITH_DATA: list[Callable[[Any], Any]] = [
    lambda k: k.LSTM(2)(X[0]),
    lambda k: k.GRU(2)(X[..., None]),
    lambda k: k.LSTM(2)([X, X[:, 0, :2], X[:, 0, :2]]),
    lambda k: k.LSTM(2, use_cudnn=True)(X),
    lambda k: k.LSTM(2)(X, initial_state=[X[:, 0, :2]] * 3),
    lambda k: k.SimpleRNN(2)(X, initial_state=[X[:, 0, :2]] * 2),
    lambda k: k.GRU(2)(X, mask=np.ones((2, 5), bool)),
    lambda k: k.LSTM(2, stateful=True).build((None, 4, 3)),
    lambda k: k.Bidirectional(k.LSTM(2, stateful=True)).build((None, 4, 3)),
    lambda k: _again(k.LSTM(2, stateful=True), X[:1]),
    lambda k: _again(k.Bidirectional(k.GRU(2, stateful=True)), X[:1]),
    lambda k: k.TimeDistributed(k.Dense(2))(X[0]),
    lambda k: k.TimeDistributed(k.Dense(2))(X[:, :0]),
    lambda k: k.TimeDistributed(k.Dense(2))(X, mask=np.ones(4, bool)),
    lambda k: k.TimeDistributed(k.Dense(2))(X, mask=np.ones((2, 5), bool)),
]


def _again(layer: Any, x: Any) -> Any:
    layer(X)
    return layer(x)


def test_misuse_raises_what_keras_raises() -> None:
    for misuse in (*REFUSED_BY_BOTH, *REFUSED_WITH_DATA):
        for library in (keras, numpynn):
            with pytest.raises(ValueError):
                misuse(library.layers)
    for library in (keras, numpynn):
        with pytest.raises(ValueError):
            library.layers.LSTM(2, stateful=True)(library.Input((4, 3)))
        with pytest.raises(AttributeError):
            library.layers.Bidirectional(library.layers.LSTM(2)).reset_state()


def test_messages_hold_the_numbers() -> None:
    h = np.zeros((2, 2))
    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: layers.LSTM(2)(X, initial_state=h), "has 2 states.*holds 1"),
        (lambda: layers.GRU(2)(X, initial_state=np.ones((2, 3))), r"shape \(2, 2\).*\(2, 3\)"),
        (lambda: layers.GRU(2)(X, initial_state=[h, h]), "has 1 states.*holds 2"),
        (lambda: layers.GRU(2)(X, mask=np.ones(4)), r"\(batch, steps\) = \(2, 4\).*got \(4,\)"),
        (lambda: layers.GRU(2)(X, mask=np.ones((2, 4, 3))), r"got \(2, 4, 3\)"),
        (lambda: layers.LSTM(2)(X[:, :0]), r"one step or more; got the shape \(None, 0, 3\)"),
        (lambda: layers.RNN(layers.LSTMCell(2))(X[0]), r"got the shape \(None, 3\)"),
        (lambda: _again(layers.GRU(2, stateful=True), X[:1]), r"of 2 samples.*\(1, 4, 3\)"),
        (lambda: layers.GRU(2, stateful=True)(numpynn.Input((4, 3))), "batch_shape="),
        (lambda: layers.RNN([]), "one cell or more"),
        (lambda: layers.RNN(NoCall()), "needs `call`"),
        (lambda: layers.RNN(Named()), "'two'"),
        (lambda: layers.LSTM(2)(numpynn.Input((4, None))), r"\(None, None\)"),
        (lambda: layers.GRU(2.5), "units.*got 2.5"),
        (lambda: layers.LSTM(2, use_cudnn=True)(X), "no cuDNN"),
        (lambda: layers.Bidirectional(layers.LSTM(2), weights=[h]), "set_weights"),
        (lambda: layers.RNN(Wide()).compute_output_shape((2, 4, 3)), r"output_size.*2.5"),
        (lambda: layers.RNN(Forgetful())(X), "made 0 states of 1"),
        (lambda: layers.RNN(Silent())(X), "return its output and its states"),
    ]
    for misuse, message in cases:
        with pytest.raises(ValueError, match=message):
            misuse()


class Wide(NoSize):
    state_size = 3
    output_size = 2.5


class Forgetful(NoSize):
    state_size = 3

    def call(self, inputs: Any, states: Any) -> Any:
        return inputs, []


class Silent(Forgetful):
    def call(self, inputs: Any, states: Any) -> Any:
        return inputs
