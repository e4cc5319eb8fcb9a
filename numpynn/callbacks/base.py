"""Callback: hooks before and after every batch, epoch and run. CallbackList: calls them in order.

    fit        train begin, then for every epoch:  epoch begin,  batches,  validation,  epoch end
    evaluate   test begin,     batches,  test end            (validation in `fit` is one of these)
    predict    predict begin,  batches,  predict end

The callbacks are called in the order they were given, then History, then the progress bar: what a
callback adds to an epoch's `logs` is seen by those after it, and recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from numpynn.autograd.structure import leaves
from numpynn.autograd.tensor import Tensor

Hook = TypeVar("Hook", bound=Callable[..., None])
Logs = dict[str, Any] | None


def default(hook: Hook) -> Hook:
    """Mark a hook that does nothing, so that nobody calls it.

    The mark is Keras's own: callbacks written against Keras's base class are understood too.
    """
    hook.__dict__["_is_default"] = True
    return hook


class Callback:
    """Base class: override the hooks you need. `self.model` and `self.params` are set before use.

    params: {"verbose", "epochs", "steps"}. logs: the figures so far, by name.
    Setting `self.model.stop_training = True` ends the run after the current batch.
    """

    def __init__(self) -> None:
        self.params: Any = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    @default
    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch of `fit`."""

    @default
    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch; not where training ended by an error."""

    @default
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before each epoch of `fit`; they count from 0."""

    @default
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After each epoch and its validation, whose figures are named `val_…`."""

    @default
    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """An older name of `on_train_batch_begin`."""

    @default
    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """An older name of `on_train_batch_end`."""

    @default
    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before each batch of an epoch."""
        self.on_batch_begin(batch, logs=logs)

    @default
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After each batch, with the running means of the epoch."""
        self.on_batch_end(batch, logs=logs)

    @default
    def on_test_begin(self, logs: Logs = None) -> None:
        """Before an evaluation, validation included."""

    @default
    def on_test_end(self, logs: Logs = None) -> None:
        """After an evaluation, with its figures."""

    @default
    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before each batch of an evaluation."""

    @default
    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After each batch of an evaluation, with the running means."""

    @default
    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before a prediction."""

    @default
    def on_predict_end(self, logs: Logs = None) -> None:
        """After a prediction."""

    @default
    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before each batch of a prediction."""

    @default
    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After each batch of a prediction, with its `outputs`."""


class History(Callback):
    """What `fit` returns: `epoch`, the epochs' numbers, and `history`, a list for each log."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self


class CallbackList(Callback):
    """Several callbacks as one: a hook calls those of them that override it, in order.

    callbacks: a callback, or several in a nesting. add_history, add_progbar: whether to add a
    History and a ProgbarLogger at the end, where none is given. params: for all of them.
    Raises ValueError for what is no callback.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = leaves(callbacks) if callbacks else []
        for callback in self.callbacks:
            if not hasattr(callback, "set_model"):
                raise ValueError(
                    f"`callbacks` must be Callback instances; got {callback!r} of type "
                    f"{type(callback).__name__}."
                )
        self._history: History | None = self._given(History)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar:
            from numpynn.callbacks.progress import ProgbarLogger

            if self._given(ProgbarLogger) is None:
                self.callbacks.append(ProgbarLogger())
        self._listening: dict[str, list[Any]] = {}
        self.set_model(model)
        self.set_params(params)

    def _given(self, kind: type) -> Any:
        """The last of the callbacks that is a `kind`, or None."""
        return next((c for c in reversed(self.callbacks) if isinstance(c, kind)), None)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks their model, and the model its History."""
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def listeners(self, hook: str) -> list[Any]:
        """The bound methods that do something in `hook`, found once: a run looks here, so that a
        batch costs nothing where nobody listens."""
        found = self._listening.get(hook)
        if found is None:
            found = [getattr(c, hook) for c in self.callbacks if _overrides(c, hook)]
            self._listening[hook] = found
        return found

    def _of_run(self, hook: str, logs: Logs) -> None:
        if methods := self.listeners(hook):
            logs = plain_logs(logs)
            for method in methods:
                method(logs)

    def _of_epoch(self, hook: str, epoch: int, logs: Logs) -> None:
        if methods := self.listeners(hook):
            logs = plain_logs(logs)
            for method in methods:
                method(epoch, logs)

    def _of_batch(self, hook: str, batch: int, logs: Logs) -> None:
        if methods := self.listeners(hook):
            logs = plain_logs(logs)
            for method in methods:
                method(batch, logs=logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        self._of_run("on_train_begin", logs)

    def on_train_end(self, logs: Logs = None) -> None:
        self._of_run("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._of_epoch("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._of_epoch("on_epoch_end", epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_batch_end", batch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_train_batch_end", batch, logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        self._of_run("on_test_begin", logs)

    def on_test_end(self, logs: Logs = None) -> None:
        self._of_run("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_test_batch_end", batch, logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._of_run("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._of_run("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._of_batch("on_predict_batch_end", batch, logs)


def _overrides(callback: Any, hook: str) -> bool:
    """Whether a callback does something in `hook`; the batch hooks of training have two names."""
    names = [hook, hook.replace("train_batch", "batch")]
    return any(not getattr(getattr(callback, name), "_is_default", False) for name in names)


def plain_logs(logs: Logs) -> dict[str, Any]:
    """The logs by name in alphabetical order, numbers as Python's floats, nested dicts flattened.

    Arrays of several values stay arrays.
    """
    found: dict[str, Any] = {}
    for name in sorted(logs or {}):
        value = (logs or {})[name]
        if type(value) is float:
            found[name] = value
        elif isinstance(value, dict):
            found.update(plain_logs(value))
        else:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    value = value.array if isinstance(value, Tensor) else value
    if isinstance(value, (bool, int, np.number, np.bool_, np.ndarray)) and np.size(value) == 1:
        return float(np.asarray(value).reshape(()))
    return value
