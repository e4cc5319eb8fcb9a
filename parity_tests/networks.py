"""A small network in both libraries, its data, and a callback that writes down what is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from pairs import hold, normal

import numpynn
from kerasref.bridge import copy_weights

SAMPLES = 23
X = normal(0, SAMPLES, 3)
TARGETS = {"regression": normal(1, SAMPLES, 1), "classes": np.arange(SAMPLES) % 3}
LOSS = {"regression": "mse", "classes": "sparse_categorical_crossentropy"}
METRIC = {"regression": "mae", "classes": "accuracy"}


def network(library: Any, task: str = "regression", **compiled: Any) -> Any:
    """A compiled network; Keras runs eagerly, which spares it the tracing."""
    outputs = [library.layers.Dense(1)]
    if task == "classes":
        outputs = [library.layers.Dense(3, activation="softmax")]
    hidden = library.layers.Dense(4, activation="tanh", kernel_regularizer="l2")
    model = library.Sequential([library.Input((3,)), hidden, *outputs])
    given = {"optimizer": "adam", "loss": LOSS[task], "metrics": [METRIC[task]], **compiled}
    model.compile(**given, run_eagerly=True)
    return model


def pair(make: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The model of both libraries, with the same weights."""
    ours, theirs = make(numpynn), make(keras)
    copy_weights(theirs, ours)
    return ours, theirs


HOOKS = [f"on_{run}_{moment}" for run in ("train", "test", "epoch") for moment in ("begin", "end")]
HOOKS += [f"on_{run}_batch_{moment}" for run in ("train", "test") for moment in ("begin", "end")]
HOOKS += ["on_predict_begin", "on_predict_end", "on_predict_batch_begin"]


def recorder(library: Any) -> Any:
    """A callback that writes down which hooks are called, with which numbers and logs."""

    def written(hook: str) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> None:
            *number, logs = (*args, *kwargs.values())
            assert isinstance(logs, dict)
            assert all(type(value) is float for value in logs.values())
            self.calls.append((hook, *number))
            self.logs.append(logs)

        return method

    kind = type("Recorder", (library.callbacks.Callback,), {hook: written(hook) for hook in HOOKS})
    made = kind()
    made.calls, made.logs = [], []
    return made


def hold_recorders(ours: Any, theirs: Any, bar: float = 1e-10) -> None:
    assert ours.calls == theirs.calls
    for call, mine, other in zip(ours.calls, ours.logs, theirs.logs, strict=True):
        assert list(mine) == list(other), call
        hold(mine, other, bar, str(call))
    assert ours.params == theirs.params
