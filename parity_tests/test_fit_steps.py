"""How fit, evaluate and predict go from batch to batch: groups of steps, limits, ends."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import keras
import pytest
from networks import TARGETS, X, hold_recorders, network, pair, recorder
from pairs import both_float_types, hold

import numpynn

Y = TARGETS["regression"]


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


@pytest.mark.parametrize(
    ("steps", "options"),
    [
        (2, {}),
        (3, {"validation_split": 0.3}),
        (10, {}),
        (2, {"steps_per_epoch": 3, "batch_size": 3}),
    ],
)
def test_several_steps_between_hooks_are_keras(steps: int, options: dict[str, Any]) -> None:
    runs, models = [], pair(lambda library: network(library, steps_per_execution=steps))
    for library, model in zip((numpynn, keras), models, strict=True):
        record = recorder(library)
        given: dict[str, Any] = {"batch_size": 5, "verbose": 0, "callbacks": [record]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            history = model.fit(X, Y, epochs=3, shuffle=False, **{**given, **options})
        found = [history.history, model.evaluate(X, Y, **given)]
        found += [model.predict(X, **given), model.train_on_batch(X, Y)]
        runs.append((record, found))
    hold_recorders(runs[0][0], runs[1][0])
    hold(runs[0][1], runs[1][1], 1e-10)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-8)


def test_limits_for_trying_out_are_keras() -> None:
    runs = []
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        record = recorder(library)
        library.config.set_max_epochs(2)
        library.config.set_max_steps_per_epoch(3)
        try:
            assert (library.config.max_epochs(), library.config.max_steps_per_epoch()) == (2, 3)
            with pytest.warns(UserWarning, match="(?i)limit"):
                history = model.fit(
                    X,
                    Y,
                    4,
                    5,
                    shuffle=False,
                    verbose=0,
                    callbacks=[record],
                    validation_split=0.4,
                    validation_batch_size=2,
                )
            with pytest.warns(UserWarning, match="(?i)limit"):
                predicted = model.predict(X, batch_size=4, verbose=0)
        finally:
            library.config.set_max_epochs(None)
            library.config.set_max_steps_per_epoch(None)
        runs.append((record, [history.history, predicted, model.get_weights()]))
    hold_recorders(runs[0][0], runs[1][0])
    hold(runs[0][1], runs[1][1], 1e-10)


def test_means_of_the_weights_are_in_place_after_fit() -> None:
    def make(library: Any) -> Any:
        optimizer = library.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.5)
        return network(library, optimizer=optimizer)

    models = pair(make)
    for model in models:
        model.fit(X, Y, batch_size=5, shuffle=False, verbose=0)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-10)


def test_gradients_are_accumulated_over_steps_and_epochs() -> None:
    def make(library: Any) -> Any:
        optimizer = library.optimizers.SGD(0.1, gradient_accumulation_steps=3)
        return network(library, optimizer=optimizer)

    models = pair(make)
    histories = [model.fit(X, Y, 6, 3, shuffle=False, verbose=0).history for model in models]
    hold(*histories, 1e-10)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-10)


def test_a_loss_that_is_scaled_is_reported_unscaled() -> None:
    def make(library: Any) -> Any:
        optimizer = library.optimizers.LossScaleOptimizer(
            library.optimizers.SGD(0.1), initial_scale=4.0, dynamic_growth_steps=2
        )
        return network(library, optimizer=optimizer)

    models = pair(make)
    histories = [model.fit(X, Y, 6, 2, shuffle=False, verbose=0).history for model in models]
    hold(*histories, 1e-10)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-10)


@pytest.mark.parametrize("kind", ["evaluate", "predict"])
def test_evaluation_and_prediction_stop_where_keras_stops(kind: str) -> None:
    stops = {"evaluate": "stop_evaluating", "predict": "stop_predicting"}
    hook = {"evaluate": "on_test_batch_end", "predict": "on_predict_batch_begin"}[kind]
    runs = []
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        record = recorder(library)

        def stop(self: Any, batch: int, logs: Any = None) -> None:
            setattr(self.model, stops[kind], batch == 1)

        stopper = type("Stopper", (library.callbacks.Callback,), {hook: stop})()
        given = (X, Y) if kind == "evaluate" else (X,)
        found = getattr(model, kind)(*given, batch_size=5, verbose=0, callbacks=[stopper, record])
        runs.append((record, found))
    hold_recorders(runs[0][0], runs[1][0])
    hold(runs[0][1], runs[1][1], 1e-10)


def test_a_callback_list_is_taken_as_it_is() -> None:
    """It calls its own callbacks, with its own parameters; nothing is added."""
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        record = recorder(library)
        hooks = library.callbacks.CallbackList([record], add_history=True, model=model, mine=3)
        found = model.fit(X, Y, epochs=2, callbacks=hooks)
        assert found.epoch == [0, 1]
        assert record.params == {"mine": 3}
        assert record.calls.count(("on_epoch_end", 1)) == 1

        class Loud(library.callbacks.CallbackList):
            def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            model.fit(X, Y, callbacks=Loud(model=model, add_history=True))
