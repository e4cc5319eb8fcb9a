"""Coming back from an error: no epoch and no step is lost, and a later fit goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from networks import SAMPLES, TARGETS, X, network
from pairs import both_float_types, hold

import numpynn
from numpynn import layers

Y = TARGETS["regression"]
SIZE, BATCHES = 5, 5  # the last batch is short
RUN: dict[str, Any] = {"batch_size": SIZE, "shuffle": False, "verbose": 0}


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


class Watched(layers.Layer):
    """Gives its input on; does something to the run in the n-th training step, from 0."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        super().__init__()
        self.at, self.act, self.step = at, act, -1

    def call(self, x: Any, training: bool = False) -> Any:
        self.step += bool(training)
        if training and self.step == self.at:
            self.act()
        return x


def watched(at: int = -1, act: Callable[[], None] = lambda: None) -> Any:
    numpynn.utils.set_random_seed(0)
    model = numpynn.Sequential(
        [numpynn.Input((3,)), Watched(at, act), layers.Dense(4, "tanh"), layers.Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def after(steps: int) -> list[Any]:
    """The weights after so many steps, one by one."""
    model = watched()
    for step in range(steps):
        rows = slice(step % BATCHES * SIZE, step % BATCHES * SIZE + SIZE)
        model.train_on_batch(X[rows], Y[rows])
    return list(model.get_weights())


def hold_what_remains(model: Any, steps: int) -> None:
    """The weights of the last finished step, the finished epochs; and a later fit goes on."""
    hold(model.get_weights(), after(steps), 1e-12)
    assert int(model.optimizer.iterations) == steps
    epochs = steps // BATCHES
    expected = watched()
    if epochs:
        history = expected.fit(X, Y, **RUN, epochs=epochs).history
        hold(model.history.history, history, 1e-12)
        assert model.history.epoch == list(range(epochs))
    else:
        assert model.history.history == {}
    assert len(model.fit(X, Y, **RUN, epochs=2).history["mae"]) == 2
    assert int(model.optimizer.iterations) == steps + 2 * BATCHES


def raise_error() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("at", [0, 2, 5, 12])
def test_an_error_in_a_step_loses_nothing_before_it(at: int) -> None:
    model = watched(at, raise_error)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, **RUN, epochs=4)
    hold_what_remains(model, at)


@pytest.mark.parametrize("at", [0, 3, 11])
def test_data_that_raise_lose_nothing_before_it(at: int) -> None:
    def data() -> Iterator[Any]:
        for step in range(20):
            if step == at:
                raise OSError("disk")
            rows = slice(step % BATCHES * SIZE, step % BATCHES * SIZE + SIZE)
            yield X[rows], Y[rows]

    model = watched()
    before = model.history
    with pytest.raises(OSError, match="disk"):
        model.fit(data(), steps_per_epoch=BATCHES, epochs=4, shuffle=False, verbose=0)
    if at < 2:  # a generator is looked at before the run
        assert model.history is before
        model.fit(X, Y, **RUN)
    else:
        hold_what_remains(model, at)


# hook that raises when it is called for the second time: steps and epochs that are finished then
FINISHED = {
    "on_epoch_begin": (BATCHES, 1),
    "on_train_batch_begin": (1, 0),
    "on_train_batch_end": (2, 0),
    "on_test_begin": (2 * BATCHES, 1),
    "on_test_batch_begin": (BATCHES, 0),
    "on_test_batch_end": (BATCHES, 0),
    "on_test_end": (2 * BATCHES, 1),
    "on_epoch_end": (2 * BATCHES, 1),
    "on_train_begin": (3 * BATCHES, 3),  # of the second fit
    "on_train_end": (3 * BATCHES + 3 * BATCHES, 3),
}


@pytest.mark.parametrize("hook", FINISHED)
def test_a_callback_that_raises_loses_nothing_before_it(hook: str) -> None:
    calls = []

    def fail(self: Any, *args: Any, **kwargs: Any) -> None:
        calls.append(hook)
        if len(calls) == 2:
            raise LookupError

    callback = type("Failing", (numpynn.callbacks.Callback,), {hook: fail})()
    model = watched()
    with pytest.raises(LookupError):
        for _ in range(2):
            model.fit(X, Y, **RUN, epochs=3, validation_data=(X[:6], Y[:6]), callbacks=[callback])
    steps, epochs = FINISHED[hook]
    hold(model.get_weights(), after(steps), 1e-12)
    assert len(model.history.history.get("val_loss", [])) == epochs
    model.fit(X, Y, **RUN)
    assert int(model.optimizer.iterations) == steps + BATCHES


def press() -> None:
    """What Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("at", [0, 3, 9])
def test_ctrl_c_within_a_step_waits_for_its_end(at: int) -> None:
    model = watched(at, press)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **RUN, epochs=4)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    steps = at + 1
    hold(model.get_weights(), after(steps), 1e-12)
    assert int(model.optimizer.iterations) == steps
    assert len(model.history.history.get("loss", [])) == at // BATCHES
    model.fit(X, Y, **RUN)


def test_ctrl_c_pressed_twice_waits_no_longer() -> None:
    def twice() -> None:
        press()
        press()

    model = watched(2, twice)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **RUN, epochs=2)
    hold_what_remains(model, 2)


def test_ctrl_c_between_steps_ends_the_run_at_once() -> None:
    class Pressing(numpynn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                press()

    model = watched()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **RUN, callbacks=[Pressing()])
    hold_what_remains(model, 2)


def test_a_handler_of_somebody_else_is_left_alone() -> None:
    pressed = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        model = watched(1, press)
        model.fit(X, Y, **RUN)
        assert pressed == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, previous)
    hold_what_remains(model, BATCHES)


def test_other_threads_train_too() -> None:
    model, failures = watched(), []

    def train() -> None:
        try:
            model.fit(X, Y, **RUN)
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert not failures and model.history.epoch == [0]


# -- what is refused before anything is trained ----------------------------------------------------

REFUSED: dict[str, dict[str, Any]] = {
    "class weights of no classes": {"y": np.zeros((SAMPLES, 2, 2)), "class_weight": {0: 1.0}},
    "class weights in a list": {"y": Y, "class_weight": [1.0, 2.0]},
    "class weights and weights": {
        "y": Y,
        "class_weight": {0: 1.0},
        "sample_weight": np.ones(SAMPLES),
    },
    "class weights without targets": {"y": None, "class_weight": {0: 1.0}},
    "too few weights": {"y": Y, "sample_weight": np.ones(3)},
    "too few targets": {"y": Y[:4]},
    "no such validation": {"y": Y, "validation_data": (X, Y, Y, Y)},
    "validation that does not fit": {"y": Y, "validation_data": (X, Y[:3])},
    "no such frequency": {"y": Y, "validation_split": 0.5, "validation_freq": "often"},
}


@pytest.mark.parametrize("case", REFUSED)
def test_arguments_that_are_refused_change_nothing(case: str) -> None:
    model = network(numpynn)
    history = model.fit(X, Y, epochs=2, verbose=0)
    weights, figures = model.get_weights(), dict(history.history)
    with pytest.raises(ValueError):
        model.fit(X, **REFUSED[case], verbose=0)
    assert model.history is history and history.history == figures
    hold(model.get_weights(), weights, 0)
    assert int(model.optimizer.iterations) == 2


def test_a_generator_that_ends_early_keeps_what_was_learnt() -> None:
    rows = [slice(start, start + SIZE) for start in range(0, 20, SIZE)]
    model = watched()
    with pytest.warns(UserWarning, match="data ended"):
        history = model.fit(
            ((X[r], Y[r]) for r in rows), steps_per_epoch=10, shuffle=False, verbose=0
        )
    assert len(history.history["loss"]) == 1
    hold(model.get_weights(), after(4), 1e-12)
    model.fit(X, Y, **RUN)


@pytest.mark.parametrize(
    "wrong", [{"optimizer": "adamm"}, {"loss": "msee"}, {"metrics": ["maee"]}, {"metrics": "mae"}]
)
def test_a_compile_that_is_refused_changes_nothing(wrong: dict[str, Any]) -> None:
    model = watched()
    model.fit(X, Y, **RUN)
    optimizer = model.optimizer
    with pytest.raises(ValueError):
        model.compile(**{"optimizer": "sgd", "loss": "mae", "metrics": ["mse"], **wrong})
    assert model.optimizer is optimizer and model.loss == "mse"
    assert list(model.fit(X, Y, **RUN).history) == ["loss", "mae"]
    hold(model.get_weights(), after(2 * BATCHES), 1e-12)
