"""Loops of one's own, as Keras's guides write them: steps, losses, metrics, compile, functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import SAMPLES, TARGETS, X, hold_recorders, pair, recorder
from pairs import both_float_types, hold

import numpynn

Y = TARGETS["regression"]
WEIGHTS = np.linspace(0, 2, SAMPLES)


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


def tape(library: Any) -> Any:
    return numpynn.GradientTape() if library is numpynn else tf.GradientTape()


def sources(library: Any, weights: Any) -> Any:
    return weights if library is numpynn else [weight.value for weight in weights]


def layers(library: Any) -> list[Any]:
    dense = library.layers.Dense
    return [library.Input((3,)), dense(4, activation="tanh"), dense(1)]


def low_level(library: Any) -> Any:
    """Metrics of its own, listed by an overridden property; nothing compiled but the optimizer."""

    class LowLevel(library.Sequential):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.loss_tracker = library.metrics.Mean(name="loss")
            self.mae_metric = library.metrics.MeanAbsoluteError(name="mae")
            self.loss_fn = library.losses.MeanSquaredError()

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tape(library) as t:
                y_pred = self(x, training=True)
                loss = self.loss_fn(y, y_pred)
            weights = self.trainable_variables
            self.optimizer.apply(t.gradient(loss, sources(library, weights)), weights)
            self.loss_tracker.update_state(loss)
            self.mae_metric.update_state(y, y_pred)
            return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

        def test_step(self, data: Any) -> Any:
            x, y = data
            self.mae_metric.update_state(y, self(x, training=False))
            return {"mae": self.mae_metric.result()}

        @property
        def metrics(self) -> Any:
            return [self.loss_tracker, self.mae_metric]

    model = LowLevel(layers(library))
    model.compile(optimizer="adam", run_eagerly=True)
    return model


def weighted_steps(library: Any) -> Any:
    """Takes sample weights where there are some; reports what it likes."""

    class Weighted(library.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y, sample_weight = library.utils.unpack_x_y_sample_weight(data)
            with tape(library) as t:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            weights = self.trainable_variables
            gradients = t.gradient(loss, sources(library, weights))
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred, sample_weight=sample_weight)
            return {"doubled": 2.0 * loss, "nested": {"b": loss, "a": loss + 1.0}}

    model = Weighted(layers(library))
    model.compile("sgd", "mse", weighted_metrics=["mae"], run_eagerly=True)
    return model


def own_loss_and_metrics(library: Any) -> Any:
    """compute_loss and compute_metrics overridden, and what both leave to the loop."""

    class Own(library.Sequential):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.own = library.metrics.Mean(name="own")

        def compute_loss(
            self,
            x: Any = None,
            y: Any = None,
            y_pred: Any = None,
            sample_weight: Any = None,
            training: bool = True,
        ) -> Any:
            loss = super().compute_loss(x, y, y_pred, sample_weight)
            self.own.update_state(loss)
            return loss + (0.1 if training else 0.0) * library.ops.sum(y_pred**2)

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            results["first"] = library.ops.sum(y_pred[0])
            return results

    model = Own(layers(library))
    model.compile("rmsprop", "mse", metrics=["mae"], run_eagerly=True)
    return model


def two_optimizers(library: Any) -> Any:
    """compile with arguments of its own, as the guide's GAN has it."""

    class Adversaries(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = library.layers.Dense(1), library.layers.Dense(1)
            self.gap = library.metrics.Mean(name="gap")

        def compile(self, first: Any, second: Any, loss_fn: Any) -> None:
            super().compile(run_eagerly=True)
            self.first_optimizer, self.second_optimizer = first, second
            self.loss_fn = loss_fn

        def call(self, x: Any) -> Any:
            return self.first(x) - self.second(x)

        def train_step(self, data: Any) -> Any:
            x, y = data
            for layer, optimizer, sign in (
                (self.first, self.first_optimizer, 1.0),
                (self.second, self.second_optimizer, -1.0),
            ):
                with tape(library) as t:
                    loss = sign * self.loss_fn(y, self(x))
                weights = layer.trainable_weights
                optimizer.apply(t.gradient(loss, sources(library, weights)), weights)
            self.gap.update_state(loss)
            return {"gap": self.gap.result()}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"gap": self.loss_fn(y, self(x))}

    model = Adversaries()
    model(X[:1])
    optimizer = library.optimizers.SGD
    model.compile(optimizer(0.01), optimizer(0.02), library.losses.MeanSquaredError())
    return model


def penalised(library: Any) -> Any:
    """Losses that layers add, and no compiled loss."""

    class Size(library.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(library.ops.mean(library.ops.square(x)))
            return x

    model = library.Sequential([*layers(library), Size(activity_regularizer="l1")])
    model.compile("adam", run_eagerly=True)
    return model


KINDS = [low_level, weighted_steps, own_loss_and_metrics, two_optimizers, penalised]


@pytest.mark.parametrize("kind", KINDS)
def test_models_with_loops_of_their_own_port_from_keras(kind: Callable[[Any], Any]) -> None:
    runs = []
    models = pair(kind)
    for library, model in zip((numpynn, keras), models, strict=True):
        record = recorder(library)
        options: dict[str, Any] = {"batch_size": 10, "shuffle": False, "verbose": 0}
        if kind is weighted_steps:
            options["sample_weight"] = WEIGHTS
        history = model.fit(
            X, Y, **options, epochs=2, validation_data=(X[:7], Y[:7]), callbacks=[record]
        ).history
        measured = model.evaluate(X, Y, verbose=0, return_dict=True)
        batch = None if kind in (low_level, two_optimizers) else model.train_on_batch(X, Y)
        runs.append([record, list(history), list(measured), history, measured, batch])
    hold_recorders(runs[0][0], runs[1][0])
    assert runs[0][1:3] == runs[1][1:3]
    hold(runs[0][3:5], runs[1][3:5], 1e-10)
    if runs[0][5] is not None:
        hold(runs[0][5], runs[1][5], 1e-10)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-9)


def test_functions_over_batches_may_be_made_anew() -> None:
    """A `make_train_function` of one's own looks beyond one batch; tests and predictions too."""

    def make(library: Any) -> Any:
        class Pairs(library.Sequential):
            """Trains on the first of two batches."""

            def make_train_function(self, force: bool = False) -> None:
                def function(batches: Any) -> Any:
                    logs = self.train_step(next(batches))
                    next(batches, None)
                    return logs

                self.train_function = function

            def make_test_function(self, force: bool = False) -> None:
                self.test_function = lambda batches: self.test_step(next(batches))

            def make_predict_function(self, force: bool = False) -> None:
                self.predict_function = lambda data: 2 * np.asarray(self.predict_step(data[0]))

        model = Pairs(layers(library))
        model.compile("sgd", "mse", run_eagerly=True)
        return model

    results = []
    models = pair(make)
    for model in models:
        history = model.fit(X, Y, batch_size=6, steps_per_epoch=2, shuffle=False, verbose=0).history
        results.append([history, model.evaluate(X, Y, verbose=0), model.get_weights()])
        model.make_train_function(force=True)
    hold(*results, 1e-10)
    hold(models[0].predict(X, verbose=0), 2 * models[0](X), 1e-12)


def test_what_train_on_batch_gives_a_step_is_always_three_parts() -> None:
    for library in (numpynn, keras):
        seen: list[Any] = []

        class Watching(library.Sequential):
            def train_step(self, data: Any) -> Any:
                seen.append([part is not None for part in data])  # noqa: B023
                return {"loss": 0.0}

        model = Watching(layers(library))
        model.compile("sgd", "mse", run_eagerly=True)
        model.train_on_batch(X, Y)
        model.train_on_batch(X, Y, WEIGHTS)
        model.train_on_batch(X)
        assert seen == [[True, True, False], [True, True, True], [True, False, False]]


def test_deprecated_names_of_keras_warn() -> None:
    for library in (numpynn, keras):
        model = library.Sequential(layers(library))
        model.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
        model.train_on_batch(X, Y)
        model.reset_metrics()
        with pytest.warns(UserWarning, match="compiled_loss"):
            loss = model.compiled_loss(Y, model(X))
        assert float(loss) > 0
        with pytest.warns(UserWarning, match="compiled_metrics"):
            model.compiled_metrics.update_state(Y, model(X))
        assert float(model.get_metrics_result()["mae"]) > 0
