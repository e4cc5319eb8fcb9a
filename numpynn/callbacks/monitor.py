"""MonitorCallback: what the callbacks share that follow one figure and know which way is better."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from numpynn.callbacks.base import Callback


class MonitorCallback(Callback):
    """Follows the log `monitor`; a value is better where it beats the best by `min_delta`.

        mode "min":  value + |min_delta| < best          mode "max":  value - |min_delta| > best

    mode: "auto" takes "min" for losses and asks the metric itself otherwise. baseline: the best at
    the beginning; without it the first value is an improvement.
    Raises ValueError, at the end of the first epoch, where "auto" finds no direction.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, using 'auto'.", stacklevel=3
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best: Any = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Any = None

    def _set_monitor_op(self) -> None:
        """Find the direction: in the first epoch's end, when the model has made its metrics."""
        if self.monitor_op is not None:
            return
        direction = self._direction() if self.mode == "auto" else self.mode
        if direction is None:
            raise ValueError(
                f"{type(self).__name__} cannot tell whether {self.monitor!r} should grow or "
                "shrink: pass mode='max' or mode='min'."
            )
        self.monitor_op = np.less if direction == "min" else np.greater
        if direction == "min":
            self.min_delta *= -1

    def _direction(self) -> str | None:
        name = self.monitor.removeprefix("val_")
        found = "min" if name == "loss" else None
        for group in getattr(self.model, "metrics", ()):  # the compiled ones are held together
            for metric in getattr(group, "metrics", ()):
                if metric.name == name and hasattr(metric, "_direction"):
                    found = "max" if metric._direction == "up" else "min"
        return found

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        if reference is None:
            return True
        return bool(self.monitor_op(value - self.min_delta, reference))
