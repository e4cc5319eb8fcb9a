"""What a run shows: Progbar's text is Keras's; ProgbarLogger's suits the place where it goes."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from callback_runs import run
from hypothesis import example, given, settings
from hypothesis import strategies as st
from networks import TARGETS, X, network

import numpynn
from numpynn.callbacks.progress import ProgbarLogger
from numpynn.utils.messages import print_message

LIBRARIES = (numpynn, keras)


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def no_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)


# -- Progbar ---------------------------------------------------------------------------------------


class Clock:
    """The time of both libraries, which moves only when told."""

    def __init__(self) -> None:
        self.now = 1e9

    def time(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    found = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for module in (sys.modules["keras.src.utils.progbar"], numpynn.utils.progress):
            patch.setattr(module, "time", SimpleNamespace(time=found.time))
        yield found


def shown(library: Any, clock: Clock, options: dict[str, Any], updates: list[Any]) -> str:
    clock.now = 1e9
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        bar = library.utils.Progbar(**options)
        for how, steps, seconds, values, finalize in copy.deepcopy(updates):
            clock.now += seconds
            if how == "add":
                bar.add(steps, values)
            else:
                bar.update(steps, values, finalize)
    return text.getvalue()


values = st.one_of(
    st.none(),
    st.lists(
        st.tuples(
            st.sampled_from(["loss", "mae", "acc"]),
            st.one_of(
                st.floats(0, 2.0**70),
                st.integers(0, 100),
                st.builds(lambda: np.array([0.5, 1.0])),  # Keras adds to what it was given
            ),
        ),
        max_size=3,
    ),
)
updates = st.lists(
    st.tuples(
        st.sampled_from(["add", "update"]),
        st.integers(0, 12),
        st.sampled_from([0.0, 1e-5, 0.01, 0.04, 0.06, 1.0, 59.9, 61.0, 4000.0]),
        values,
        st.sampled_from([None, True, False]),
    ),
    max_size=6,
)


@settings(max_examples=5 * settings.default.max_examples)
@given(
    st.fixed_dictionaries(
        {"target": st.one_of(st.none(), st.sampled_from([0, 1, 9, 10, 12, 100]))},
        optional={
            "width": st.sampled_from([0, 5, 30]),
            "verbose": st.sampled_from([0, 1, 2]),
            "interval": st.sampled_from([0.0, 1.0]),
            "unit_name": st.just("sample"),
        },
    ),
    st.sampled_from(
        [{}, {"stateful_metrics": ["mae"]}, {"stateless_metrics": []}, {"stateless_metrics": "ab"}]
    ),
    updates,
)
@example(
    {"target": 3},
    {},
    [("update", k, 2.0, [("loss", 1.0 / k), ("mae", 1e-4)], None) for k in (1, 2, 3)],
)
def test_progbar_shows_keras_text(
    clock: Clock, options: dict[str, Any], kinds: dict[str, Any], updates: list[Any]
) -> None:
    ours, theirs = (shown(library, clock, {**options, **kinds}, updates) for library in LIBRARIES)
    assert ours == theirs


def test_progbar_refuses_both_kinds_of_metrics() -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="stateless_metrics"):
            library.utils.Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_a_negative_figure_is_rounded_like_a_positive_one() -> None:
    """In Keras it is not where verbose=2."""
    text = io.StringIO()
    numpynn.utils.Progbar(1, verbose=2, stream=text).update(1, [("score", -0.5)])
    assert text.getvalue().endswith("score: -0.5000\n")


# -- where messages go -----------------------------------------------------------------------------


@pytest.fixture
def quiet() -> Iterator[None]:
    numpynn.config.disable_interactive_logging()
    yield
    numpynn.config.enable_interactive_logging()


def test_the_switch_of_interactive_logging_is_keras() -> None:
    for library in LIBRARIES:
        for place in (library.config, library.utils):
            assert place.is_interactive_logging_enabled()
            place.disable_interactive_logging()
            assert not place.is_interactive_logging_enabled()
            place.enable_interactive_logging()
            assert place.is_interactive_logging_enabled()


def test_without_interactive_logging_messages_go_to_the_log(
    quiet: None, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "numpynn"):
        network(numpynn).fit(X, TARGETS["regression"], epochs=2, verbose=1)
    assert [r.getMessage().split(" - ")[0] for r in caplog.records] == ["Epoch 1/2", "Epoch 2/2"]
    assert capsys.readouterr().out == ""


def test_what_a_stream_cannot_encode_is_replaced() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    print_message("━━ 1/2 ü", stream=stream)
    assert written.getvalue() == b"== 1/2 \n"


# -- ProgbarLogger ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_evaluate_and_predict_are_a_line_where_nobody_watches(verbose: Any) -> None:
    lines = io.StringIO()
    logger = ProgbarLogger(stream=lines)
    hooks = numpynn.callbacks.CallbackList(logger, verbose=verbose, epochs=1, steps=2)
    for kind, logs in (("test", {"loss": 0.5}), ("predict", {"outputs": np.ones(2)})):
        getattr(hooks, f"on_{kind}_begin")()
        for batch in range(2):
            getattr(hooks, f"on_{kind}_batch_begin")(batch)
            getattr(hooks, f"on_{kind}_batch_end")(batch, logs)
        getattr(hooks, f"on_{kind}_end")(logs)
    first, second = lines.getvalue().splitlines()
    assert first.startswith("Evaluation - 2 steps - ") and first.endswith("s - loss: 0.5")
    assert second.startswith("Prediction - 2 steps - ") and second.endswith("s")


def test_validation_within_fit_is_silent() -> None:
    lines = io.StringIO()
    network(numpynn).fit(
        X,
        TARGETS["regression"],
        epochs=2,
        validation_split=0.3,
        callbacks=[ProgbarLogger(stream=lines)],
    )
    assert [line.split(" - ")[0] for line in lines.getvalue().splitlines()] == [
        "Epoch 1/2",
        "Epoch 2/2",
    ]


def test_an_unknown_number_of_steps_is_known_after_the_first_epoch() -> None:
    lines = io.StringIO()
    logger = ProgbarLogger(stream=lines)
    hooks = numpynn.callbacks.CallbackList(logger, verbose=1, epochs=2, steps=None)
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        for batch in range(3):
            hooks.on_train_batch_end(batch, {"loss": 1.0})
        assert logger.target == (3 if epoch else None)
        hooks.on_epoch_end(epoch, {"loss": 1.0})
    assert logger.target == 3
    assert lines.getvalue().count(" - 3 steps - ") == 2


def test_a_terminal_sees_a_moving_bar_then_a_line() -> None:
    terminal = Terminal()
    run(numpynn, ProgbarLogger(stream=terminal), [{"loss": 0.5}] * 2, verbose=1)
    lines = [line for line in terminal.getvalue().splitlines() if " - 2 steps - " in line]
    assert len(lines) == 2 and all("loss: 0.5" in line for line in lines)
    assert "\x1b[" in terminal.getvalue()


def test_without_rich_the_bar_is_progbar(no_rich: None) -> None:
    terminal = Terminal()
    run(numpynn, ProgbarLogger(stream=terminal), [{"loss": 0.5}] * 2, verbose=1)
    text = terminal.getvalue()
    assert text.startswith("Epoch 1/2\n")
    assert text.count("\x1b[1m2/2\x1b[0m") == 2 and text.count("loss: 0.5000") >= 2


def test_a_run_after_a_failed_one_shows_its_own_bar() -> None:
    terminal = Terminal()
    logger = ProgbarLogger(stream=terminal)

    def fail(epoch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    failing = numpynn.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(KeyboardInterrupt):
        run(numpynn, [failing, logger], [{"loss": 0.5}], verbose=1)
    run(numpynn, logger, [{"loss": 0.5}], verbose=1)
    assert terminal.getvalue().count(" - 2 steps - ") == 1
