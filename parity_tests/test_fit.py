"""fit: its histories, the hooks it calls with which logs, what it prints."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import LOSS, METRIC, SAMPLES, TARGETS, X, hold_recorders, network, pair, recorder
from pairs import both_float_types, hold

import numpynn


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


# -- fit -------------------------------------------------------------------------------------------


@st.composite
def ways_to_fit(draw: Any, task: str) -> dict[str, Any]:
    """Arguments of fit, nearly all of them."""
    y = TARGETS[task]
    optional: dict[str, Any] = {
        "batch_size": st.sampled_from([1, 4, 8, 23, 50]),
        "initial_epoch": st.sampled_from([0, 1, 5]),
        "validation_batch_size": st.sampled_from([2, 9]),
        "validation_freq": st.sampled_from([1, 2, [1, 3]]),
        "steps_per_epoch": st.sampled_from([1, 2, 3]),
        "validation_steps": st.sampled_from([1, 2]),
    }
    weights = np.linspace(0, 2, SAMPLES)
    weighting = {"sample_weight": st.sampled_from([weights, weights[:, None]])}
    if task == "classes":
        weighting["class_weight"] = st.sampled_from([{0: 2.0, 2: 0.5}, {1: 0.0}])
    validation = {
        "validation_split": st.sampled_from([0.2, 0.5]),
        "validation_data": st.sampled_from(
            [(X[:7] + 1, y[:7]), (X[:7], y[:7], weights[:7]), [X[:5], y[:5]]]
        ),
    }
    options = draw(st.fixed_dictionaries({"epochs": st.integers(1, 4)}, optional=optional))
    for choice in (weighting, validation):
        name = draw(st.sampled_from([None, *choice]))
        if name is not None:
            options[name] = draw(choice[name])
    return options


@pytest.mark.parametrize("task", TARGETS)
def test_histories_hooks_and_weights_are_keras(task: str) -> None:
    @settings(max_examples=max(10, settings.default.max_examples // 2))
    @given(ways_to_fit(task))
    def holds(options: dict[str, Any]) -> None:
        metric = METRIC[task]
        ours, theirs = pair(
            lambda library: network(library, task, weighted_metrics=[metric, LOSS[task]])
        )
        runs = []
        for library, model in ((numpynn, ours), (keras, theirs)):
            record = recorder(library)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # the data may end before the steps
                history = model.fit(
                    X, TARGETS[task], shuffle=False, verbose=0, callbacks=[record], **options
                )
            assert model.history is history
            runs.append((record, history))
        (record, history), (expected_record, expected) = runs
        assert history.epoch == expected.epoch
        assert list(history.history) == list(expected.history)
        hold(history.history, expected.history, 1e-10)
        hold(ours.get_weights(), theirs.get_weights(), 1e-8)
        hold_recorders(record, expected_record)

    holds()


def test_data_that_end_before_the_steps_warn() -> None:
    for library in (numpynn, keras):
        with pytest.warns(UserWarning, match="data"):
            network(library).fit(
                X, TARGETS["regression"], batch_size=8, steps_per_epoch=2, epochs=2, verbose=0
            )


def test_the_reported_loss_is_the_mean_over_samples_not_batches() -> None:
    model = numpynn.Sequential([numpynn.Input((1,)), numpynn.layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile(numpynn.optimizers.SGD(0.0), "mse")
    x = np.arange(5.0)
    loss = model.fit(x, np.zeros(5), batch_size=3, verbose=0).history["loss"]
    assert loss == [pytest.approx(np.mean(x**2))]


def test_the_split_takes_the_tail_before_shuffling() -> None:
    model = network(numpynn)
    seen: list[Any] = []
    model.train_step = lambda data: seen.append(data[0]) or {"loss": 0.0}
    model.fit(X, TARGETS["regression"], validation_split=0.25, verbose=0)
    trained = np.concatenate(seen)
    np.testing.assert_array_equal(np.sort(trained, axis=0), np.sort(X[:17], axis=0))
    assert not np.array_equal(trained, X[:17])


def test_shuffling_sees_every_sample_once_in_a_new_order_each_epoch() -> None:
    model = network(numpynn)
    seen: list[Any] = []
    model.train_step = lambda data: seen.append(data[0][:, 0]) or {"loss": 0.0}
    model.fit(X, TARGETS["regression"], batch_size=5, epochs=2, verbose=0)
    assert [len(batch) for batch in seen] == [5, 5, 5, 5, 3] * 2
    first, second = np.concatenate(seen[:5]), np.concatenate(seen[5:])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.sort(X[:, 0]))
    np.testing.assert_array_equal(np.sort(second), np.sort(X[:, 0]))


@pytest.mark.parametrize("x_shape", [(SAMPLES, 1), (SAMPLES,)])
@pytest.mark.parametrize("y_shape", [(SAMPLES, 1), (SAMPLES,)])
def test_n_and_n_1_train_alike(x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> None:
    def make(library: Any) -> Any:
        model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
        return model

    histories = [
        model.fit(
            X[:, 0].reshape(x_shape),
            TARGETS["regression"].reshape(y_shape),
            shuffle=False,
            verbose=0,
        ).history
        for model in pair(make)
    ]
    hold(*histories, 1e-10)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_inputs_of_any_number_type_are_taken(dtype: str) -> None:
    x = (np.abs(X) * 10).astype(dtype)
    y = TARGETS["classes"].astype("uint8")
    ours, theirs = pair(lambda library: network(library, "classes"))
    for model in (ours, theirs):
        model.fit(x, y, shuffle=False, verbose=0)
    hold(ours.get_weights(), theirs.get_weights(), 1e-8)
    hold(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), 1e-8)


def test_unweighted_and_weighted_metrics_of_one_name_are_told_apart() -> None:
    def make(library: Any) -> Any:
        given_metrics = ["mae", "mae", library.metrics.MeanSquaredError(name="mae")]
        return network(library, metrics=given_metrics, weighted_metrics=["mae", "mse"])

    histories = [
        model.fit(
            X,
            TARGETS["regression"],
            sample_weight=np.linspace(0, 2, SAMPLES),
            shuffle=False,
            verbose=0,
        ).history
        for model in pair(make)
    ]
    assert list(histories[0]) == ["loss", "mae", "mae_1", "mae_2", "mse", "weighted_mae"]
    hold(*histories, 1e-10)


METRICS_BY_SHAPE = {
    "binary": (1, np.arange(SAMPLES) % 2, "sigmoid", "binary_crossentropy"),
    "binary columns": (1, (np.arange(SAMPLES) % 2)[:, None], "sigmoid", "crossentropy"),
    "sparse": (3, TARGETS["classes"], "softmax", "crossentropy"),
    "sparse columns": (3, TARGETS["classes"][:, None], "softmax", "ce"),
    "categorical": (3, np.eye(3)[TARGETS["classes"]], "softmax", "crossentropy"),
}


@pytest.mark.parametrize("name", METRICS_BY_SHAPE)
@pytest.mark.parametrize("metric", ["accuracy", "acc", "Accuracy"])
def test_accuracy_and_crossentropy_follow_the_shapes(name: str, metric: str) -> None:
    units, y, activation, loss = METRICS_BY_SHAPE[name]

    def make(library: Any) -> Any:
        dense = library.layers.Dense(units, activation=activation)
        model = library.Sequential([library.Input((3,)), dense])
        model.compile("sgd", loss, metrics=[metric], run_eagerly=True)
        return model

    ours, theirs = pair(make)
    found = ours.evaluate(X, y, verbose=0, return_dict=True)
    expected = theirs.evaluate(X, y, verbose=0, return_dict=True)
    assert list(found) == list(expected)
    hold(found, expected, 1e-10)


def test_runs_go_on_across_fits_compiles_and_freezing() -> None:
    """The optimizer remembers from fit to fit; a new compile forgets; frozen layers rest."""
    y = TARGETS["regression"]
    results = []
    for library, model in zip((numpynn, keras), pair(network), strict=True):

        class Slower(library.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                rate = self.model.optimizer.learning_rate
                self.model.optimizer.learning_rate = float(rate) / (1 + epoch)

        options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "verbose": 0}
        found = [model.fit(X, y, epochs=2, **options).history]
        found.append(model.fit(X, y, epochs=3, callbacks=[Slower()], **options).history)
        model.layers[0].trainable = False
        model.compile(library.optimizers.RMSprop(0.01), "mae", run_eagerly=True)
        frozen = model.layers[0].get_weights()
        found.append(model.fit(X, y, epochs=2, **options).history)
        hold(model.layers[0].get_weights(), frozen, 0)
        model.layers[0].trainable = True
        model.compile("sgd", "mse", run_eagerly=True)
        found.append(model.fit(X, y, **options).history)
        results.append([found, model.get_weights(), float(model.optimizer.learning_rate)])
    hold(*results, 1e-8)


# -- callbacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, "auto"])
def test_hooks_of_evaluate_and_predict_are_keras(verbose: Any) -> None:
    ours, theirs = pair(network)
    records = []
    for library, model in ((numpynn, ours), (keras, theirs)):
        record = recorder(library)
        model.evaluate(X, TARGETS["regression"], 10, verbose=verbose, callbacks=[record])
        model.predict(X, batch_size=10, steps=2, verbose=verbose, callbacks=[record])
        records.append(record)
    hold_recorders(*records)


@pytest.mark.parametrize(
    ("hook", "at"),
    [
        ("on_train_begin", None),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1),
        ("on_epoch_begin", 1),
        ("on_epoch_end", 0),
        ("on_test_end", None),
    ],
)
def test_training_stops_where_keras_stops(hook: str, at: int | None) -> None:
    records = []
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        record = recorder(library)

        def stop(self: Any, *args: Any, **kwargs: Any) -> None:
            if at is None or args[0] == at:
                self.model.stop_training = True

        stopper = type("Stopper", (library.callbacks.Callback,), {hook: stop})()
        model.fit(
            X,
            TARGETS["regression"],
            batch_size=5,
            epochs=4,
            shuffle=False,
            validation_split=0.3,
            verbose=0,
            callbacks=[stopper, [record]],
        )
        records.append(record)
    hold_recorders(*records)


def test_older_names_of_batch_hooks_are_called() -> None:
    seen: list[Any] = []

    class Old(numpynn.callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, list(logs)))

    network(numpynn).fit(X, TARGETS["regression"], batch_size=12, verbose=0, callbacks=Old())
    assert seen == [(0, ["loss", "mae"]), (1, ["loss", "mae"])]


def test_a_history_of_ones_own_is_filled_and_goes_on() -> None:
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        mine = library.callbacks.History()
        for _ in range(2):
            found = model.fit(X, TARGETS["regression"], epochs=2, verbose=0, callbacks=[mine])
            assert found is mine is model.history
        assert len(mine.history["loss"]) == 4 and mine.epoch == [0, 1]


def test_weights_and_history_survive_a_callback_that_raises() -> None:
    class Failing(numpynn.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    model = network(numpynn)
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, TARGETS["regression"], epochs=5, verbose=0, callbacks=[Failing()])
    assert len(model.history.history["loss"]) == 1
    assert not np.array_equal(model.get_weights()[0], before[0])
    model.fit(X, TARGETS["regression"], verbose=0)  # and goes on


# -- what is printed -------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_fit_prints_a_line_an_epoch(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    network(numpynn).fit(
        X, TARGETS["regression"], epochs=2, batch_size=5, verbose=verbose, validation_split=0.3
    )
    lines = capsys.readouterr().out.splitlines()
    if verbose == 0:
        assert not lines
        return
    assert len(lines) == 2
    for number, line in enumerate(lines, 1):
        assert line.startswith(f"Epoch {number}/2 - 4 steps")
        for name in ("loss", "mae", "val_loss", "val_mae"):
            assert f"{name}: " in line
