"""What happens beside training: hooks before and after every batch, epoch and run."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from numpynn.autograd.structure import leaves


class Callback:
    """Base class: override the hooks you need. `self.model` and `self.params` are set before use.

    Setting `self.model.stop_training = True` ends the run after the current batch.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None: ...

    def on_train_end(self, logs: Any = None) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None: ...

    def on_batch_begin(self, batch: int, logs: Any = None) -> None: ...

    def on_batch_end(self, batch: int, logs: Any = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None: ...

    def on_test_end(self, logs: Any = None) -> None: ...

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None: ...

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None: ...

    def on_predict_begin(self, logs: Any = None) -> None: ...

    def on_predict_end(self, logs: Any = None) -> None: ...

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None: ...

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None: ...


def _overrides(callback: Any, hook: str) -> bool:
    """Whether a callback does something in `hook`; the per-batch hooks also have an older name."""
    names = [hook]
    if hook.startswith("on_train_batch"):
        names.append(hook.replace("train_", ""))
    return any(getattr(type(callback), name, None) is not getattr(Callback, name) for name in names)


class CallbackList:
    """Calls the hooks of several callbacks in order, and only those that somebody overrides."""

    def __init__(self, callbacks: Any, model: Any, **params: Any) -> None:
        callbacks = [] if callbacks is None else leaves(callbacks)
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(
                    f"`callbacks` must be Callback instances; got {callback!r} of type "
                    f"{type(callback).__name__}."
                )
        self.callbacks: list[Callback] = []
        self.model = model
        self.params = params
        self._by_hook: dict[str, list[Any]] = {}
        for callback in callbacks:
            self.append(callback)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        callback.set_model(self.model)
        callback.set_params(self.params)
        self.callbacks.append(callback)
        self._by_hook.clear()

    def history(self) -> History:
        """The History among the callbacks, a new one unless the user gave one."""
        for callback in self.callbacks:
            if isinstance(callback, History):
                return callback
        made = History()
        self.append(made)
        return made

    def listeners(self, hook: str) -> list[Any]:
        """The bound methods that do something in `hook`."""
        found = self._by_hook.get(hook)
        if found is None:
            found = [getattr(c, hook) for c in self.callbacks if _overrides(c, hook)]
            self._by_hook[hook] = found
        return found

    def call(self, hook: str, *args: Any) -> None:
        for method in self.listeners(hook):
            method(*args)


class History(Callback):
    """What `fit` returns: `epoch`, the epochs' numbers, and `history`, a list for each log."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


def _figures(logs: dict[str, float]) -> str:
    return " - ".join(f"{name}: {value:.4g}" for name, value in logs.items())


class ProgbarLogger(Callback):
    """A line an epoch; while it runs, how far it is and the running means.

    verbose 1: live (with `rich` where installed, and a terminal is there). verbose 2: at the end of
    epochs only.
    """

    def __init__(self, verbose: int = 1, stream: Any = None) -> None:
        super().__init__()
        self.verbose = verbose
        self.stream = stream or sys.stdout
        self._live: Any = None
        self._start = 0.0
        self._epochs = 1

    def on_train_begin(self, logs: Any = None) -> None:
        self._epochs = self.params.get("epochs", 1)
        self._live = _live_progress(self.stream) if self.verbose == 1 else None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()
        if self._live is not None:
            self._live.start()
            self._task = self._live.add_task(
                f"Epoch {epoch + 1}/{self._epochs}", total=self.params.get("steps"), figures=""
            )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._live is not None:
            self._live.update(self._task, completed=batch + 1, figures=_figures(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        elapsed = time.perf_counter() - self._start
        if self._live is not None:
            self._live.remove_task(self._task)
            self._live.stop()
        steps = self.params.get("steps")
        head = f"Epoch {epoch + 1}/{self._epochs} - {steps} steps - {elapsed:.2f}s"
        print(
            f"{head} - {_figures(logs or {})}",
            file=self.stream,
            flush=True,
        )

    def on_train_end(self, logs: Any = None) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _live_progress(stream: Any) -> Any:
    """A `rich` progress display, or None where it is not installed or nobody watches."""
    if not stream.isatty():
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    except ImportError:
        return None
    columns: Sequence[Any] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    return Progress(*columns, console=Console(file=stream), transient=True)
