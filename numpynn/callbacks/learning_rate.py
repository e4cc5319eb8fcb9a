"""Callbacks that change the learning rate from epoch to epoch, and log it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numpynn.callbacks.base import Callback, Logs
from numpynn.callbacks.monitor import MonitorCallback
from numpynn.utils.messages import print_message


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch:  η = schedule(epoch, η).

    schedule: of the epoch, counted from 0, and the present rate; or of the epoch alone. The logs
    get `learning_rate`. Raises ValueError where it returns something else than a float.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        for which, optimizer in optimizers_of(self.model):
            rate = self._scheduled(epoch, optimizer)
            optimizer.learning_rate = rate
            if self.verbose > 0:
                print_message(
                    f"\nEpoch {epoch + 1}: LearningRateScheduler setting {which}learning rate to "
                    f"{rate}."
                )

    def _scheduled(self, epoch: int, optimizer: Any) -> float:
        if not hasattr(optimizer, "learning_rate"):
            raise ValueError(f"The optimizer {optimizer!r} has no `learning_rate` to set.")
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:  # the older form, of the epoch alone
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.float32, np.float64)):
            raise ValueError(
                "The `schedule` of a LearningRateScheduler must return a float; in epoch "
                f"{epoch} it returned {rate!r}."
            )
        return rate

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        log_learning_rates(self.model, logs)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement.

        η = max(factor · η, min_lr)

    cooldown: epochs after a reduction that do not count. min_delta: by how much a value has to
    beat the best. The logs get `learning_rate`. Raises ValueError for a factor of 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau needs a factor below 1; got factor={factor}.")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._set_monitor_op()
        logs = {} if logs is None else logs
        log_learning_rates(self.model, logs)
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"Learning rate reduction looks at `{self.monitor}`, which is not among the logs: "
                f"{', '.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _reduce(self, epoch: int) -> bool:
        """Make every learning rate smaller that is above `min_lr`; whether there was one."""
        reduced = False
        for which, optimizer in optimizers_of(self.model):
            rate = float(optimizer.learning_rate)
            if np.float32(rate) <= np.float32(self.min_lr):  # either may have been rounded before
                continue
            reduced = True
            optimizer.learning_rate = rate = max(rate * self.factor, self.min_lr)
            if self.verbose > 0:
                print_message(
                    f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing {which}learning rate to "
                    f"{rate}."
                )
        return reduced

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0


def optimizers_of(model: Any) -> Iterator[tuple[str, Any]]:
    """The model's optimizer, or those it is made of, with what messages call each."""
    if hasattr(model.optimizer, "optimizers"):
        for optimizer in model.optimizer.optimizers:
            yield f"{optimizer.name} ", optimizer
    else:
        yield "", model.optimizer


def log_learning_rates(model: Any, logs: Logs) -> None:
    """Add `learning_rate`, or `learning_rate_…` of each optimizer, to the logs."""
    if logs is not None:
        for which, optimizer in optimizers_of(model):
            name = f"learning_rate_{which}" if which else "learning_rate"
            logs[name.rstrip()] = float(optimizer.learning_rate)
