"""Models of two outputs in every nesting, and what comparing their runs in both libraries takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from pairs import hold, normal

import numpynn
from kerasref.bridge import copy_weights

SAMPLES = 7
X, VALUES = normal(0, SAMPLES, 3), normal(1, SAMPLES, 1)
CLASSES = np.arange(SAMPLES) % 3
WEIGHTS = np.linspace(0, 2, SAMPLES), np.linspace(1, 3, SAMPLES)
SPARSE = "sparse_categorical_crossentropy"
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "list": lambda a, b: [a, b],
    "tuple": lambda a, b: (a, b),
    "dict": lambda a, b: {"z": a, "a": b},  # not in the order of the alphabet
    "nested": lambda a, b: {"q": [a, b], "a": b},
    "nested list": lambda a, b: [a, {"a": a, "q": b}],  # in it: TensorFlow would sort the losses
    "one": lambda a, b: [a],
}


def functional(library: Any, form: str) -> Any:
    x = library.Input((3,), name="x")
    values = library.layers.Dense(1, name="zeta")(x)
    classes = library.layers.Dense(3, activation="softmax", name="alpha")(x)
    return library.Model(x, FORMS[form](values, classes))


def subclassed(library: Any, form: str) -> Any:
    class Two(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.values = library.layers.Dense(1)
            self.classes = library.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return FORMS[form](self.values(x), self.classes(x))

    model = Two()
    model(X[:1])
    return model


KINDS = {"functional": functional, "subclassed": subclassed}


def single(library: Any, form: str) -> Any:
    """One output, a tensor."""
    return library.Sequential([library.Input((3,)), library.layers.Dense(1)])


def run(library: Any, model: Any, compiled: dict[str, Any], fitted: dict[str, Any]) -> list[Any]:
    """What fit and evaluate report, with their names in their order, and the weights."""
    model.compile("sgd", run_eagerly=True, **compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some weights get no gradient
        history = model.fit(X, **fitted, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    measured = model.evaluate(X, **fitted, batch_size=SAMPLES, verbose=0)
    names = [list(history), model.metrics_names, type(measured)]
    return [names, history, measured, model.get_weights()]


def hold_runs(
    make: Callable[[Any], Any], compiled: dict[str, Any], fitted: dict[str, Any]
) -> list[str]:
    """Hold a model's runs in both libraries equal; returns the names in the logs."""
    models = make(numpynn), make(keras)
    copy_weights(models[1], models[0])
    ours, theirs = (
        run(library, model, compiled, fitted)
        for library, model in zip((numpynn, keras), models, strict=True)
    )
    assert ours[0] == theirs[0]
    hold(ours[1:], theirs[1:], 1e-10)
    names: list[str] = ours[0][0]
    return names
