"""Callbacks around the weights: saving them as training goes, and exchanging them for their means.

How a run that was killed goes on is in `backup.py`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from numpynn.callbacks.base import Callback, Logs
from numpynn.callbacks.monitor import MonitorCallback
from numpynn.utils.messages import print_message
from numpynn.variables import Variable

_MODEL_FILES = (".keras", ".h5")
_WEIGHT_FILES = (".weights.h5", ".npz")


class ModelCheckpoint(MonitorCallback):
    """Saves the model after every epoch, or every `save_freq` batches.

    filepath: may speak of the epoch (from 1), the batch and the logs,
    "{epoch:02d}-{val_loss:.2f}.keras"; its folders are made. save_best_only: only when `monitor`
    improves on the best so far, at first on initial_value_threshold. save_weights_only: into
    ".weights.h5" or ".npz" instead of ".keras". A file is replaced at once or not at all.
    Raises ValueError for other endings and frequencies, KeyError for a log that there is not,
    OSError where a folder is in the way.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._count = BatchCount(save_freq)
        self._epoch = 0
        endings = _WEIGHT_FILES if save_weights_only else _MODEL_FILES
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"With save_weights_only={save_weights_only}, the `filepath` of ModelCheckpoint "
                f"must end in {' or '.join(endings)}; got {self.filepath!r}."
            )

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._count.due(batch):
            self._save(batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        self._set_monitor_op()
        if self.save_freq == "epoch":
            self._save(None, logs or {})

    def _save(self, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(batch, logs)
        if self.save_best_only and not self._improves(logs, path):
            return
        if not self.save_best_only:
            self._say(f"saving model to {path}")
        if os.path.isdir(path):
            raise OSError(f"ModelCheckpoint saves to files, and {path!r} is a folder.")
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)
        self._say(f"finished saving model to {path}")

    def _path(self, batch: int | None, logs: dict[str, Any]) -> str:
        known = {"epoch": self._epoch + 1, **logs}
        if batch is not None:
            known.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**known)
        except KeyError as error:
            raise KeyError(
                f"The filepath {self.filepath!r} of ModelCheckpoint speaks of {error}, which is "
                f"not among {', '.join(known)}."
            ) from error

    def _improves(self, logs: dict[str, Any], path: str) -> bool:
        """Whether to save; also where there is no one number to compare, with a warning."""
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"Cannot save the best model only: `{self.monitor}` is not among the logs: "
                f"{', '.join(logs)}. Saving this one.",
                stacklevel=4,
            )
            return True
        if np.ndim(value):
            warnings.warn(
                f"Cannot save the best model only: `{self.monitor}` is not one number: {value}. "
                "Saving this one.",
                stacklevel=4,
            )
            return True
        if self.best is not None:
            self._set_monitor_op()
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(value, self.best):
            self._say(f"{self.monitor} did not improve from {before}")
            return False
        self._say(f"{self.monitor} improved from {before} to {value:.5f}, saving model to {path}")
        self.best = value
        return True

    def _say(self, message: str) -> None:
        if self.verbose > 0:
            print_message(f"\nEpoch {self._epoch + 1}: {message}")


class BatchCount:
    """Tells after which batches something is due: every `frequency` batches, or never ("epoch").

    Batches may be reported in groups, by the number of the last.
    Raises ValueError for another word, and for what is no whole number.
    """

    def __init__(self, frequency: str | int) -> None:
        if frequency != "epoch" and not isinstance(frequency, int):
            raise ValueError(f"`save_freq` must be 'epoch' or a whole number; got {frequency!r}.")
        self.frequency = frequency
        self._since = 0
        self._last = -1

    def due(self, batch: int) -> bool:
        """Whether something is due after this batch, numbered within its epoch."""
        if isinstance(self.frequency, str):
            return False
        new_epoch = batch <= self._last
        self._since += batch + 1 if new_epoch else batch - self._last
        self._last = batch
        if self._since < self.frequency:
            return False
        self._since = 0
        return True


class SwapEMAWeights(Callback):
    """Lets evaluations see the means of the weights that an optimizer with `use_ema=True` keeps.

    The weights and their means change places before each evaluation and prediction, and back after
    it. swap_on_epoch: also between epochs, so that a ModelCheckpoint after this callback saves the
    means. Raises ValueError where no optimizer keeps means.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.swap_on_epoch:
            self._show_means(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.swap_on_epoch or self._swapped:
            return
        self._show_means(True)
        if epoch == self.params["epochs"] - 1:
            # After the last epoch `fit` copies the optimizer's means into the model. They are
            # there already: now the optimizer's are to be the same.
            for weight, mean in self._pairs():
                mean.assign(weight.numpy())

    def on_test_begin(self, logs: Logs = None) -> None:
        self._show_means(True)

    def on_test_end(self, logs: Logs = None) -> None:
        self._show_means(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._show_means(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._show_means(False)

    def _show_means(self, show: bool) -> None:
        """Let the model have the means, or its weights again."""
        if show == self._swapped:
            return
        for weight, mean in self._pairs():
            value = weight.numpy()
            weight.assign(mean.numpy())
            mean.assign(value)
        self._swapped = show

    def _pairs(self) -> Iterator[tuple[Variable, Variable]]:
        """Each weight with its mean."""
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        parts = getattr(optimizer, "optimizers", [optimizer])
        averaging = [part for part in parts if getattr(part, "use_ema", False)]
        if not averaging:
            raise ValueError(
                "SwapEMAWeights needs an optimizer that keeps means of the weights: "
                f"{type(optimizer).__name__}(…, use_ema=True)."
            )
        for part in averaging:
            yield from zip(
                part._trainable_variables, part._model_variables_moving_average, strict=True
            )
