"""Callbacks against Keras's on the same histories: when they stop, restore, reduce and save."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from callback_runs import StandIn, run
from hypothesis import example, given, settings
from hypothesis import strategies as st
from networks import TARGETS, X, network, pair
from pairs import both_float_types, hold, normal

import numpynn

LIBRARIES = (numpynn, keras)

# Numbers whose sums and differences are exact in float32 too, in which Keras compares.
drawn = settings(max_examples=5 * settings.default.max_examples)  # they are quick
steps = st.integers(-8, 8).map(lambda k: k / 8)
figures = st.one_of(steps, st.sampled_from([math.nan, math.inf, -math.inf]))
histories = st.lists(figures, min_size=1, max_size=12)
deltas = st.sampled_from([0, 0.125, -0.25, 1.0])
modes = st.sampled_from(["auto", "min", "max"])


def on_both(program: Any) -> None:
    """What a program gives, prints and warns of is the same in both libraries."""
    results = []
    for library in LIBRARIES:
        printed = io.StringIO()
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            found = program(library)
        kinds = [w.category for w in warned if not issubclass(w.category, DeprecationWarning)]
        results.append((found, printed.getvalue(), kinds))
    ours, theirs = results
    np.testing.assert_equal(ours, theirs)


def state(callback: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(callback, name) for name in names}


# -- EarlyStopping ---------------------------------------------------------------------------------


@drawn
@given(
    st.lists(histories, min_size=1, max_size=2),
    st.fixed_dictionaries(
        {"monitor": st.just("val_loss")},
        optional={
            "min_delta": deltas,
            "patience": st.integers(0, 4),
            "verbose": st.sampled_from([0, 1]),
            "mode": modes,
            "baseline": steps,
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 4),
        },
    ),
)
@example([[math.nan, 0.5, 0.25]], {"monitor": "val_loss", "restore_best_weights": True})
@example([[1.0, 1.0, 1.0], [2.0, 2.0]], {"monitor": "val_loss", "patience": 1, "verbose": 1})
def test_early_stopping_is_keras(runs: list[list[float]], options: dict[str, Any]) -> None:
    def program(library: Any) -> Any:
        callback = library.callbacks.EarlyStopping(**options)
        model, found = StandIn(), []
        for values in runs:  # one object for all runs
            run(library, callback, [{"val_loss": value} for value in values], model=model)
            found.append((model.epochs, model.value))
            found.append(state(callback, "wait", "stopped_epoch", "best_epoch", "best"))
            found.append((callback.best_weights, callback.min_delta))
        return found

    on_both(program)


def test_early_stopping_warns_of_a_missing_figure() -> None:
    def program(library: Any) -> Any:
        return run(library, library.callbacks.EarlyStopping("val_mae", mode="min"), [{"loss": 1}])

    for library in LIBRARIES:
        with pytest.warns(UserWarning, match="val_mae"):
            assert program(library).epochs == [0]


def test_an_unknown_mode_warns_and_is_auto() -> None:
    for library in LIBRARIES:
        with pytest.warns(UserWarning, match="mode 'least' is unknown"):
            assert library.callbacks.EarlyStopping(mode="least").mode == "auto"


def test_a_direction_that_nobody_knows_is_refused() -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="mode='max'"):
            run(library, library.callbacks.EarlyStopping("speed"), [{"speed": 1.0}])


# -- learning rates --------------------------------------------------------------------------------


@drawn
@given(
    st.lists(histories, min_size=1, max_size=2),
    st.fixed_dictionaries(
        {"monitor": st.just("val_loss"), "min_delta": deltas},
        optional={
            "factor": st.sampled_from([0.1, 0.5, 0.0, -1.0]),
            "patience": st.integers(0, 3),
            "verbose": st.sampled_from([0, 1]),
            "mode": modes,
            "cooldown": st.integers(0, 3),
            "min_lr": st.sampled_from([0.0, 0.01, 0.5, 1.0]),
        },
    ),
)
def test_reduce_lr_on_plateau_is_keras(runs: list[list[float]], options: dict[str, Any]) -> None:
    def program(library: Any) -> Any:
        callback = library.callbacks.ReduceLROnPlateau(**options)
        model, found = StandIn(learning_rate=0.5), []
        for values in runs:
            run(library, callback, [{"val_loss": value} for value in values], model=model)
            found.append((model.rates, model.history.history))
            found.append(state(callback, "wait", "cooldown_counter", "best"))
        return found

    on_both(program)


def test_reduce_lr_on_plateau_refuses_a_factor_that_does_not_reduce() -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="factor"):
            library.callbacks.ReduceLROnPlateau(factor=1.0)


def test_reduce_lr_on_plateau_warns_of_a_missing_figure() -> None:
    for library in LIBRARIES:
        with pytest.warns(UserWarning, match=r"val_mae.*loss"):
            callback = library.callbacks.ReduceLROnPlateau("val_mae", mode="max")
            assert run(library, callback, [{"loss": 1.0}]).rates == [0.5]


SCHEDULES = {
    "of both": lambda epoch, rate: rate / (1 + epoch),
    "of the epoch": lambda epoch: 1.0 / (1 + epoch),
    "numpy": lambda epoch, rate: np.float64(rate) * 0.5,
}


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_learning_rate_scheduler_is_keras(schedule: str, verbose: int) -> None:
    def program(library: Any) -> Any:
        callback = library.callbacks.LearningRateScheduler(SCHEDULES[schedule], verbose)
        model = run(library, callback, [{"loss": 1.0}] * 4)
        return model.rates, model.history.history

    on_both(program)


@pytest.mark.parametrize("result", [1, "0.1", None, np.array([0.1])])
def test_a_schedule_must_return_a_float(result: Any) -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="float"):
            run(library, library.callbacks.LearningRateScheduler(lambda *_: result), [{"loss": 1}])


def test_each_of_several_optimizers_gets_its_learning_rate() -> None:
    class Several(StandIn):
        def __init__(self) -> None:
            super().__init__()
            parts = [StandIn(0.5).optimizer, StandIn(0.25).optimizer]
            parts[0].name, parts[1].name = "first", "second"
            self.optimizer.optimizers = parts

    def program(library: Any) -> Any:
        named = library.callbacks
        callbacks = [
            named.LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1),
            named.ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1),
        ]
        return run(library, callbacks, [{"loss": 1.0}] * 3, model=Several()).history.history

    on_both(program)


# -- ModelCheckpoint -------------------------------------------------------------------------------


@drawn
@given(
    st.lists(figures, min_size=1, max_size=6),
    st.sampled_from([(0, 1, 2), (0,), (1, 3), (2,)]),
    st.sampled_from(["best", "in/{epoch:02d}-{loss:.2f}", "{epoch}-{val_loss}"]),
    st.fixed_dictionaries(
        {"save_weights_only": st.booleans()},
        optional={
            "monitor": st.sampled_from(["loss", "val_loss"]),
            "verbose": st.sampled_from([0, 1]),
            "save_best_only": st.booleans(),
            "mode": modes,
            "save_freq": st.sampled_from(["epoch", 1, 2, 4, 5]),
        },
    ),
    st.one_of(st.none(), steps),
)
def test_model_checkpoint_is_keras(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[float],
    batches: tuple[int, ...],
    name: str,
    options: dict[str, Any],
    threshold: float | None,
) -> None:
    if options.get("save_freq", "epoch") == "epoch":
        options["initial_value_threshold"] = threshold
    else:  # Keras knows no direction, and fails, before the first epoch ends
        options["save_best_only"] = False
    folder = tmp_path_factory.mktemp("checkpoints")
    ending = ".weights.h5" if options["save_weights_only"] else ".keras"

    def program(library: Any) -> Any:
        callback = library.callbacks.ModelCheckpoint(folder / f"{name}{ending}", **options)
        logs = [{"loss": value, "val_loss": -value} for value in values]
        model = run(library, callback, logs, batches)
        return model.saved, callback.best

    on_both(program)


def test_a_batch_in_the_file_name(tmp_path: Path) -> None:
    for library in LIBRARIES:
        name = tmp_path / "{epoch}-{batch}.keras"
        callback = library.callbacks.ModelCheckpoint(name, save_freq=2)
        callback.on_epoch_begin(3)
        callback.set_model(StandIn())
        for batch in range(5):
            callback.on_train_batch_end(batch, {"loss": 1.0})
        assert [name for _, name, _ in callback.model.saved] == ["4-2.keras", "4-4.keras"]


def test_a_threshold_holds_before_the_first_epoch_ends(tmp_path: Path) -> None:
    """Keras fails here: it has not chosen the direction yet."""
    callback = numpynn.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.keras",
        monitor="loss",
        save_best_only=True,
        save_freq=1,
        initial_value_threshold=0.5,
    )
    model = run(numpynn, callback, [{"loss": 1.0}, {"loss": 0.25}], batches=(0,))
    assert [name for _, name, _ in model.saved] == ["2.keras"]


@pytest.mark.parametrize("figure", ["missing", "array"])
def test_without_one_number_to_compare_each_model_is_saved(figure: str, tmp_path: Path) -> None:
    logs = {"loss": 1.0, **({} if figure == "missing" else {"val_loss": np.ones(2)})}
    for library in LIBRARIES:
        callback = library.callbacks.ModelCheckpoint(
            tmp_path / "{epoch}.keras", save_best_only=True
        )
        with pytest.warns(UserWarning, match="save (the )?best model only"):
            assert len(run(library, callback, [logs, logs]).saved) == 2


def test_model_checkpoint_refuses_what_keras_refuses(tmp_path: Path) -> None:
    for library in LIBRARIES:
        make = library.callbacks.ModelCheckpoint
        for options in (
            {"filepath": "model"},
            {"filepath": "model.keras", "save_weights_only": True},
            {"filepath": "model.keras", "save_freq": "batch"},
            {"filepath": "model.keras", "save_freq": 1.5},
        ):
            with pytest.raises(ValueError, match=r"model|save_freq"):
                make(**options)
        with pytest.raises(KeyError, match="val_acc"):
            run(library, make(tmp_path / "{val_acc}.keras"), [{"loss": 1.0}])
        with pytest.raises(ValueError, match="mode='max'"):  # even if it is not needed
            run(library, make(tmp_path / "a.keras", monitor="speed"), [{"loss": 1.0}])
        (tmp_path / "folder.keras").mkdir(exist_ok=True)
        with pytest.raises(OSError, match="folder"):
            run(library, make(tmp_path / "folder.keras"), [{"loss": 1.0}])


# -- TerminateOnNaN, LambdaCallback ----------------------------------------------------------------


@pytest.mark.parametrize("loss", [1.0, math.nan, math.inf, -math.inf, None])
@pytest.mark.parametrize("raise_error", [False, True])
def test_terminate_on_nan_is_keras(loss: float | None, raise_error: bool) -> None:
    logs: dict[str, Any] = {"mae": 2.0} if loss is None else {"loss": loss}

    def program(library: Any) -> Any:
        callback = library.callbacks.TerminateOnNaN(raise_error)
        try:
            model = run(library, callback, [logs] * 3)
        except RuntimeError:
            return "raised"
        return model.epochs, model.value

    on_both(program)


def test_lambda_callback_calls_the_functions() -> None:
    def program(library: Any) -> Any:
        seen: list[Any] = []

        def noting(name: str) -> Any:
            return lambda *args, **kwargs: seen.append((name, args, kwargs))

        hooks = ["on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end"]
        hooks += ["on_train_batch_begin", "on_train_batch_end"]
        first = library.callbacks.LambdaCallback(**{hook: noting(hook) for hook in hooks})
        second = library.callbacks.LambdaCallback(on_batch_end=noting("on_batch_end"))
        run(library, [first, second], [{"loss": 1.0}])
        return seen

    on_both(program)


# -- CallbackList ----------------------------------------------------------------------------------


def test_history_comes_after_the_given_callbacks_and_the_bar_last() -> None:
    for library in LIBRARIES:
        named = library.callbacks
        mine = named.Callback()
        hooks = named.CallbackList(
            [mine], add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1
        )
        assert [type(c).__name__ for c in hooks.callbacks] == [
            "Callback",
            "History",
            "ProgbarLogger",
        ]
        assert mine.params == {"verbose": 0, "epochs": 1, "steps": 1}
        own = [named.History(), named.ProgbarLogger()]
        hooks = named.CallbackList(
            own, add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1
        )
        assert hooks.callbacks == own


@given(
    st.recursive(
        st.dictionaries(
            st.sampled_from("abcdef"),
            st.one_of(
                st.floats(),
                st.integers(-(2**60), 2**60),
                st.booleans(),
                st.just(np.float32(0.1)),
                st.just(np.ones(2)),
                st.just("text"),
            ),
        ),
        lambda inner: st.dictionaries(st.sampled_from("abcdef"), inner, max_size=3),
        max_leaves=4,
    )
)
def test_logs_come_as_keras_gives_them(logs: dict[str, Any]) -> None:
    def program(library: Any) -> Any:
        seen: list[Any] = []
        callback = library.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(list(logs.items()))
        )
        library.callbacks.CallbackList(callback).on_epoch_end(0, logs)
        return seen, [type(value) for _, value in seen[0]]

    on_both(program)


def test_only_hooks_that_somebody_overrides_are_called() -> None:
    class Batches(numpynn.callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None: ...

    theirs = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    hooks = numpynn.callbacks.CallbackList([Batches(), numpynn.callbacks.Callback(), theirs])
    assert len(hooks.listeners("on_train_batch_end")) == 1
    assert len(hooks.listeners("on_epoch_end")) == 1
    for hook in ("on_train_batch_begin", "on_train_begin", "on_test_end", "on_epoch_begin"):
        assert not hooks.listeners(hook)


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(ValueError, match=r"callbacks.*early"):
        numpynn.callbacks.CallbackList(["early"])


# -- in fit ----------------------------------------------------------------------------------------


def test_a_run_with_several_callbacks_is_keras(tmp_path: Path) -> None:
    """What one callback logs the next one sees; the best weights are restored."""

    def callbacks(library: Any) -> list[Any]:
        named = library.callbacks
        return [
            named.LearningRateScheduler(lambda epoch, rate: 0.5 ** (4 + epoch % 3)),
            named.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=0.05),
            named.CSVLogger(tmp_path / f"{library.__name__}.csv"),
            named.EarlyStopping("val_loss", 0.005, patience=4, restore_best_weights=True),
            named.TerminateOnNaN(),
        ]

    with both_float_types("float64"):
        histories = []
        models = pair(lambda library: network(library, optimizer=library.optimizers.Adam(0.05)))
        for model in models:
            weights = [0.1 * normal(i, *w.shape) for i, w in enumerate(model.get_weights())]
            model.set_weights(weights)
        for library, model in zip(LIBRARIES, models, strict=True):
            history = model.fit(
                X,
                TARGETS["regression"],
                epochs=12,
                validation_split=0.3,
                shuffle=False,
                verbose=0,
                callbacks=callbacks(library),
            )
            histories.append(history.history)
        assert len(histories[0]["loss"]) == 6
        assert list(histories[0]) == list(histories[1])
        hold(*histories, 1e-10)
        hold(models[0].get_weights(), models[1].get_weights(), 1e-8)
    ours, theirs = ((tmp_path / f"{library.__name__}.csv").read_text() for library in LIBRARIES)
    assert ours.splitlines()[0] == theirs.splitlines()[0]
    assert len(ours.splitlines()) == len(theirs.splitlines())


def test_callbacks_see_the_weights_in_the_order_that_others_see() -> None:
    """And so do the files that they save: trainable or not, a layer's weights stay together."""

    def make(library: Any) -> Any:
        layers = [library.layers.Dense(2), library.layers.Dense(2), library.layers.Dense(1)]
        model = library.Sequential([library.Input((3,)), *layers])
        model.layers[0].trainable = False
        model.compile("sgd", "mse")
        return model

    for library in LIBRARIES:
        seen: list[Any] = []
        model = make(library)
        names = [weight.path for weight in model.weights]
        noting = library.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, model=model, seen=seen: seen.extend(
                weight.path for weight in model.weights
            )
        )
        model.fit(X, TARGETS["regression"], verbose=0, callbacks=[noting])
        assert seen == names


# -- SwapEMAWeights --------------------------------------------------------------------------------


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_the_means_of_the_weights_stand_in_for_them_as_in_keras(swap_on_epoch: bool) -> None:
    """In validation and prediction; with swap_on_epoch for the callbacks at an epoch's end."""

    def averaging(library: Any) -> Any:
        return network(library, optimizer=library.optimizers.SGD(0.1, use_ema=True))

    with both_float_types("float64"):
        results = []
        for library, model in zip(LIBRARIES, pair(averaging), strict=True):
            seen: list[Any] = []

            def note(*_: Any, model: Any = model, seen: Any = seen, **__: Any) -> None:
                seen.extend(model.get_weights())

            swapping = library.callbacks.SwapEMAWeights(swap_on_epoch)
            noting = library.callbacks.LambdaCallback(on_epoch_end=note, on_test_batch_end=note)
            history = model.fit(
                X,
                TARGETS["regression"],
                batch_size=5,
                epochs=3,
                validation_split=0.3,
                shuffle=False,
                verbose=0,
                callbacks=[swapping, noting],
            )
            predicted = model.predict(X, verbose=0, callbacks=[swapping])
            results.append([history.history, seen, model.get_weights(), predicted])
        hold(*results, 1e-8)


def test_swapping_needs_means() -> None:
    for library in LIBRARIES:
        model = network(library, optimizer="sgd")
        with pytest.raises(ValueError, match="use_ema=True"):
            model.evaluate(
                X,
                TARGETS["regression"],
                verbose=0,
                callbacks=[library.callbacks.SwapEMAWeights()],
            )


# -- with the metrics and files of models ----------------------------------------------------------


def test_the_better_direction_is_the_metrics_own() -> None:
    def program(library: Any) -> Any:
        metrics = library.metrics
        model = library.Sequential([library.Input((3,)), library.layers.Dense(1, "sigmoid")])
        given = ["accuracy", "mae", "mse", "hinge", "cosine_similarity", metrics.AUC(name="auc")]
        given += [metrics.Precision(name="precision"), metrics.R2Score(name="r2")]
        given += [metrics.LogCoshError(name="log_cosh"), metrics.FalsePositives(name="false")]
        given += [metrics.F1Score("micro", threshold=0.5, name="f1")]
        model.compile("sgd", "binary_crossentropy", metrics=given, run_eagerly=True)
        model.evaluate(X[:4], TARGETS["classes"][:4, None] % 2, verbose=0)
        found = {}
        for name in [*(getattr(m, "name", m) for m in given), "loss", "speed"]:
            callback = library.callbacks.EarlyStopping(f"val_{name}")
            callback.set_model(model)
            try:
                callback._set_monitor_op()
                found[name] = callback.monitor_op.__name__
            except ValueError:
                found[name] = "unknown"
        return found

    on_both(program)


def test_keras_loads_what_the_callbacks_save(tmp_path: Path) -> None:
    ours, theirs = pair(network)
    checkpoint = numpynn.callbacks.ModelCheckpoint
    ours.fit(
        X,
        TARGETS["regression"],
        epochs=2,
        verbose=0,
        callbacks=[
            checkpoint(tmp_path / "{epoch}.keras"),
            checkpoint(tmp_path / "last.weights.h5", save_weights_only=True, save_freq=1),
            checkpoint(tmp_path / "last.npz", save_weights_only=True),
        ],
    )
    expected = ours.predict(X, verbose=0)
    assert (tmp_path / "1.keras").exists()
    hold(keras.models.load_model(tmp_path / "2.keras").predict(X, verbose=0), expected, 1e-6)
    theirs.load_weights(tmp_path / "last.weights.h5")
    hold(theirs.predict(X, verbose=0), expected, 1e-6)
    again = network(numpynn)
    again.load_weights(tmp_path / "last.npz")
    hold(again.predict(X, verbose=0), expected, 0)


def test_orbax_is_named_in_the_error() -> None:
    with pytest.raises(AttributeError, match=r"orbax.*ModelCheckpoint"):
        numpynn.callbacks.OrbaxCheckpoint  # noqa: B018
