"""ProgbarLogger: what `fit`, `evaluate` and `predict` print while they run."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from numpynn import config
from numpynn.callbacks.base import Callback, Logs
from numpynn.utils.messages import print_message
from numpynn.utils.progress import Progbar


class ProgbarLogger(Callback):
    """Shows how far a run is and the running means; a line remains of every epoch.

    The `verbose` of the run says how: 1 or "auto" moves where somebody watches a terminal (through
    `rich` where it is installed) and is a line an epoch where the output goes to a file; 2 is a
    line an epoch in any case; 0 is silent. stream: standard output unless given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self.stream = stream
        self.verbose: int = 1
        self.epochs = 1
        self.target: int | None = None
        self.seen = 0
        self._in_fit = False
        self._display: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs = None) -> None:
        self._in_fit = True  # validation is silent

    def on_train_end(self, logs: Logs = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._begin(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._end(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._begin("Evaluation")

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._begin("Prediction")

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._advance(batch, None)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._end(None)

    def _begin(self, title: str) -> None:
        if self._display is not None:  # left behind by a run that failed
            self._display.stop()
        self.seen = 0
        self._display = _display(self.verbose, title, self.target, self.stream)

    def _advance(self, batch: int, logs: Logs) -> None:
        self.seen = batch + 1
        if self._display is not None:
            self._display.update(self.seen, logs or {})

    def _end(self, logs: Logs) -> None:
        if self.target is None:
            self.target = self.seen  # the next epoch has as many
        if self._display is not None:
            self._display.finish(self.target, logs or {})
            self._display = None


class _Line:
    """Nothing until the end, then one line."""

    def __init__(self, title: str, target: int | None, stream: TextIO | None) -> None:
        self.title = title
        self.target = target
        self.stream = stream
        self.start = time.perf_counter()

    def update(self, seen: int, logs: dict[str, Any]) -> None:
        """Show that `seen` steps are done."""

    def stop(self) -> None:
        """Leave the terminal as it was."""

    def finish(self, seen: int, logs: dict[str, Any]) -> None:
        self.stop()
        elapsed = time.perf_counter() - self.start
        parts = [self.title, f"{seen} steps", f"{elapsed:.2f}s", *_figures(logs)]
        print_message(" - ".join(parts), stream=self.stream)


class _Moving(_Line):
    """A bar by `rich` that disappears at the end, then the line."""

    def __init__(self, title: str, target: int | None, stream: TextIO | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().__init__(title, target, stream)
        text = [TextColumn(f"{{task.{field}}}") for field in ("description", "fields[figures]")]
        self.progress = Progress(
            text[0],
            BarColumn(),
            MofNCompleteColumn(),
            text[1],
            console=Console(file=stream or sys.stdout),
            transient=True,
        )
        self.task = self.progress.add_task(title, total=target, figures="")
        self.progress.start()

    def update(self, seen: int, logs: dict[str, Any]) -> None:
        self.progress.update(self.task, completed=seen, figures=" - ".join(_figures(logs)))

    def stop(self) -> None:
        self.progress.stop()


class _Plain(_Line):
    """The title, and under it a bar of our own."""

    def __init__(self, title: str, target: int | None, stream: TextIO | None) -> None:
        super().__init__(title, target, stream)
        print_message(title, stream=stream)
        self.bar = Progbar(target, stateless_metrics=(), stream=stream)

    def update(self, seen: int, logs: dict[str, Any]) -> None:
        self.bar.update(seen, logs.items(), finalize=False)

    def finish(self, seen: int, logs: dict[str, Any]) -> None:
        self.bar.target = seen
        self.bar.update(seen, logs.items(), finalize=True)


def _display(verbose: int, title: str, target: int | None, stream: TextIO | None) -> Any:
    """What fits the place that the output goes to; None for silence."""
    if not verbose:
        return None
    if verbose == 2 or not _watched(stream):
        return _Line(title, target, stream)
    try:
        return _Moving(title, target, stream)
    except ImportError:
        return _Plain(title, target, stream)


def _watched(stream: TextIO | None) -> bool:
    """Whether somebody sees a line move."""
    if stream is None and not config.is_interactive_logging_enabled():
        return False
    return (stream or sys.stdout).isatty()


def _figures(logs: dict[str, Any]) -> list[str]:
    return [f"{name}: {value:.4g}" for name, value in logs.items()]
