"""evaluate, predict, single batches, and models of one's own: figures and forms are Keras's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import LOSS, SAMPLES, TARGETS, X, hold_recorders, network, pair, recorder
from pairs import array, both_float_types, hold

import numpynn


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


# -- evaluate and predict --------------------------------------------------------------------------


@pytest.mark.parametrize("metrics", [None, ["mae"], ["mse", "mae"]])
@pytest.mark.parametrize("options", [{}, {"batch_size": 4}, {"steps": 2}])
def test_evaluate_has_keras_forms(metrics: Any, options: dict[str, Any]) -> None:
    ours, theirs = pair(lambda library: network(library, metrics=metrics))
    y, weights = TARGETS["regression"], np.linspace(0, 2, SAMPLES)
    for more in ({}, {"return_dict": True}, {"sample_weight": weights}):
        found = ours.evaluate(X, y, verbose=0, **options, **more)
        expected = theirs.evaluate(X, y, verbose=0, **options, **more)
        assert type(found) is type(expected)
        if isinstance(expected, dict):
            assert list(found) == list(expected)
        hold(found, expected, 1e-10)


@given(st.sampled_from([None, 1, 5, 23, 100]), st.sampled_from([None, 1, 2]))
def test_predict_matches_keras_for_every_batch_size(batch_size: int | None, steps: Any) -> None:
    ours, theirs = pair(network)
    found = ours.predict(X, batch_size=batch_size, steps=steps, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = theirs.predict(X, batch_size=batch_size, steps=steps, verbose=0)
    assert type(found) is np.ndarray
    hold(found, expected, 1e-12)


def test_predict_needs_no_compile_and_uses_no_dropout() -> None:
    model = numpynn.Sequential(
        [numpynn.Input((3,)), numpynn.layers.Dropout(0.9), numpynn.layers.Dense(2)]
    )
    hold(model.predict(X, verbose=0), model(X, training=False), 1e-12)
    hold(model.predict_on_batch(X), model(X), 1e-12)


# -- one batch at a time ---------------------------------------------------------------------------


@pytest.mark.parametrize("task", TARGETS)
def test_single_batches_match_keras(task: str) -> None:
    ours, theirs = pair(lambda library: network(library, task, weighted_metrics=[LOSS[task]]))
    y, weights = TARGETS[task], np.linspace(0, 2, SAMPLES)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("train_on_batch", {}),
        ("train_on_batch", {"sample_weight": weights}),
        ("test_on_batch", {}),
        ("train_on_batch", {"return_dict": True}),
        ("test_on_batch", {"sample_weight": weights, "return_dict": True}),
    ]
    if task == "classes":
        calls.append(("train_on_batch", {"class_weight": {0: 3.0, 1: 0.0}}))
    for method, options in calls:
        found = getattr(ours, method)(X, y, **options)
        expected = getattr(theirs, method)(X, y, **options)
        if isinstance(expected, dict):
            assert list(found) == list(expected)
        hold(found, expected, 1e-10)
    hold(ours.get_weights(), theirs.get_weights(), 1e-10)
    hold(ours.predict_on_batch(X), array(theirs.predict_on_batch(X)), 1e-10)


# -- models of one's own ---------------------------------------------------------------------------


def subclassed(library: Any) -> Any:
    """A model with an input of two parts, a metric and a penalty of its own."""

    class Two(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a = library.layers.Dense(3, activation="tanh")
            self.b = library.layers.Dense(3)
            self.out = library.layers.Dense(1)
            self.size = library.metrics.Mean(name="size")

        def call(self, inputs: Any, training: Any = None) -> Any:
            y = self.out(self.a(inputs["a"]) * self.b(inputs["b"]))
            self.add_loss(0.01 * library.ops.mean(library.ops.abs(y)))
            self.size.update_state(library.ops.abs(y))
            return y

    model = Two()
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    model({"a": X[:1], "b": X[:1, :2]})
    return model


def test_subclassed_models_with_nested_inputs_train_alike() -> None:
    ours, theirs = pair(subclassed)
    x = {"a": X, "b": X[:, :2]}
    histories = [
        model.fit(
            x,
            TARGETS["regression"],
            batch_size=5,
            epochs=2,
            shuffle=False,
            validation_split=0.3,
            verbose=0,
        ).history
        for model in (ours, theirs)
    ]
    assert list(histories[0]) == list(histories[1])
    hold(*histories, 1e-10)
    hold(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), 1e-10)


def own_steps(library: Any) -> Any:
    tape_of = numpynn.GradientTape
    if library is keras:
        import tensorflow as tf

        tape_of = tf.GradientTape

    class Own(library.Sequential):
        """The loop written out, as Keras's guide has it; the gradients are halved."""

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tape_of() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            weights = self.trainable_variables
            sources = weights if library is numpynn else [w.value for w in weights]
            gradients = [0.5 * g for g in tape.gradient(loss, sources)]
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    return Own


def own_loss(library: Any) -> Any:
    class Own(library.Sequential):
        """A loss of one's own, written before `training` was an argument."""

        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            return library.ops.mean(library.ops.abs(y - y_pred) ** 1.5)

    return Own


def own_test(library: Any) -> Any:
    class Own(library.Sequential):
        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"largest": library.ops.max(library.ops.abs(y - self(x, training=False)))}

    return Own


@pytest.mark.parametrize("kind", [own_steps, own_loss, own_test])
def test_overridden_steps_port_from_keras(kind: Callable[[Any], Any]) -> None:
    def make(library: Any) -> Any:
        dense = library.layers.Dense(4, activation="tanh")
        model = kind(library)([library.Input((3,)), dense, library.layers.Dense(1)])
        model.compile(library.optimizers.SGD(0.1), "mse", metrics=["mae"], run_eagerly=True)
        return model

    ours, theirs = pair(make)
    runs = []
    for library, model in ((numpynn, ours), (keras, theirs)):
        record = recorder(library)
        history = model.fit(
            X,
            TARGETS["regression"],
            batch_size=10,
            epochs=3,
            shuffle=False,
            validation_split=0.3,
            verbose=0,
            callbacks=[record],
        )
        runs.append((history.history, record))
    assert list(runs[0][0]) == list(runs[1][0])
    hold(runs[0][0], runs[1][0], 1e-10)
    hold_recorders(runs[0][1], runs[1][1])
    hold(ours.get_weights(), theirs.get_weights(), 1e-10)


def test_the_parts_of_a_batch_are_as_many_as_there_are() -> None:
    x, y, w = np.ones((2, 1)), np.zeros(2), np.ones(2)
    for parts in ((x,), (x, y), (x, y, w)):
        for library in (numpynn, keras):
            packed = library.utils.pack_x_y_sample_weight(*parts)
            unpacked = library.utils.unpack_x_y_sample_weight(packed)
            assert [part is given for part, given in zip(unpacked, parts, strict=False)]
            assert unpacked[len(parts) :] == (None,) * (3 - len(parts))
            assert (packed is x) == (len(parts) == 1)
