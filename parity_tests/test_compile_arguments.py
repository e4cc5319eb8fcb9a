"""compile: losses and metrics of one's own, and the configuration that files hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from compiled_runs import CLASSES, SPARSE, VALUES, functional, hold_runs, run, single
from pairs import both_float_types, hold

import numpynn
from kerasref.bridge import copy_weights


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


# -- losses and metrics of one's own ---------------------------------------------------------------


def per_sample(library: Any) -> Any:
    def cubed_error(y_true: Any, y_pred: Any) -> Any:
        return library.ops.mean(library.ops.abs(y_true - y_pred) ** 3, -1)

    return cubed_error


def scalar(library: Any) -> Any:
    def overall_error(y_true: Any, y_pred: Any) -> Any:
        return library.ops.mean(library.ops.abs(y_true - y_pred))

    return overall_error


def scalar_class(library: Any) -> Any:
    class Overall(library.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return library.ops.mean(library.ops.abs(y_true - y_pred))

    return Overall()


OWN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "functions": (per_sample, per_sample),
    "scalars": (scalar, scalar),
    "a Loss": (scalar_class, lambda k: k.losses.MeanAbsoluteError()),
    "a lambda": (lambda k: lambda t, p: k.ops.mean(k.ops.square(t - p), -1), lambda k: "mae"),
    "classes": (lambda k: k.losses.MeanSquaredError, lambda k: k.metrics.MeanAbsoluteError),
    "no reduction": (lambda k: k.losses.MeanSquaredError(reduction=None), lambda k: "mae"),
    "a sum": (lambda k: k.losses.MeanSquaredError(reduction="sum"), lambda k: "mae"),
}


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("form", ["single", "list"])
def test_losses_and_metrics_of_ones_own_are_keras(case: str, form: str) -> None:
    loss, metric = OWN[case]
    results = []
    models = [
        single(library, "") if form == "single" else functional(library, "list")
        for library in (numpynn, keras)
    ]
    copy_weights(models[1], models[0])
    for library, model in zip((numpynn, keras), models, strict=True):
        y: Any = VALUES if form == "single" else [VALUES, np.eye(3)[CLASSES]]
        given_loss = loss(library) if form == "single" else [loss(library), "mse"]
        metrics = [metric(library)] if form == "single" else [[metric(library)], None]
        results.append(run(library, model, {"loss": given_loss, "metrics": metrics}, {"y": y}))
    assert results[0][0] == results[1][0]
    hold(results[0][1:], results[1][1:], 1e-10)


def test_metrics_that_layers_hold_are_listed_as_in_keras() -> None:
    def make(library: Any) -> Any:
        class Inner(library.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.size = library.metrics.Mean(name="inner")

            def call(self, x: Any) -> Any:
                self.size.update_state(library.ops.mean(x))
                return x

        class Outer(library.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.inner = Inner()
                self.size = library.metrics.Mean(name="outer")

            def call(self, x: Any) -> Any:
                self.size.update_state(library.ops.mean(x) + 1)
                return self.inner(x)

        return library.Sequential([library.Input((3,)), Outer(), library.layers.Dense(1)])

    hold_runs(make, {"loss": "mse", "metrics": ["mae"]}, {"y": VALUES})


# -- configuration ---------------------------------------------------------------------------------


def compilations(library: Any) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"optimizer": "adam", "loss": "mse", "metrics": ["mae", library.metrics.AUC(name="auc")]}
    yield {
        "optimizer": library.optimizers.SGD(0.5, momentum=0.25, name="sgd"),
        "loss": {"a": library.losses.MeanAbsoluteError(reduction="sum"), "b": SPARSE},
        "loss_weights": {"a": 0.5, "b": 2.0},
        "metrics": {"a": ["mae"], "b": None},
        "weighted_metrics": [["mse"], "accuracy"],
        "run_eagerly": True,
        "steps_per_execution": 3,
        "jit_compile": False,
    }


@pytest.mark.parametrize("number", range(3))
def test_the_compile_configuration_is_keras_and_comes_back(number: int) -> None:
    configurations = []
    for library in (numpynn, keras):
        library.utils.clear_session()  # names begin anew
        model = single(library, "")
        assert model.get_compile_config() == {}
        model.compile(**list(compilations(library))[number])
        configurations.append(model.get_compile_config())
    ours, theirs = (json.loads(json.dumps(found)) for found in configurations)
    for config in (ours, theirs):
        config["optimizer"]["config"]["learning_rate"] = float(
            np.float32(config["optimizer"]["config"]["learning_rate"])
        )
    assert ours == theirs
    for config in configurations:
        numpynn.utils.clear_session()
        again = single(numpynn, "")
        again.compile_from_config(json.loads(json.dumps(config)))
        found = json.loads(json.dumps(again.get_compile_config()))
        found["optimizer"]["config"]["learning_rate"] = ours["optimizer"]["config"]["learning_rate"]
        assert found == ours
        assert again.optimizer.built


def test_a_compile_of_ones_own_is_not_guessed_at() -> None:
    class Own(numpynn.Sequential):
        def compile(self, *args: Any, **kwargs: Any) -> None:
            super().compile(*args, **kwargs)

    model = Own([numpynn.layers.Dense(1)])
    with pytest.warns(UserWarning, match="own `compile"):
        model.compile_from_config({"optimizer": "adam"})
    assert not model.compiled


def test_what_is_set_and_what_warns() -> None:
    for library in (numpynn, keras):
        model = single(library, "")
        assert not model.compiled
        with pytest.warns(UserWarning, match="jit_compile"):
            model.compile(run_eagerly=True, jit_compile=True, steps_per_execution=4)
        assert (model.run_eagerly, model.jit_compile, model.steps_per_execution) == (True, False, 4)
        assert model.compiled and model.loss is None
        assert not model.stop_training
