"""Progbar: a bar, the time left and the running figures, on one line that is written over."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

from numpynn.utils.messages import print_message

BOLD, GREEN, WHITE, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """How far a loop is:  `3/10 ━━━━━━━━━━━━━━━━━━━━ 4s 600ms/step - loss: 0.1234`.

    target: the number of steps, None if unknown. width: of the bar. verbose: 0 nothing, 1 a bar,
    2 only the last line. interval: seconds between two looks. stateful_metrics: those shown as
    they come, the others as means over the steps; stateless_metrics: the other way round.
    unit_name: what a step is called. stream: standard output unless given.
    Raises ValueError where both kinds of metrics are named.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        stream: TextIO | None = None,
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Only one of `stateful_metrics` and `stateless_metrics` can be given; got "
                f"{list(stateful_metrics)} and {list(stateless_metrics)}."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics: set[str] | None = None
        self.stateless_metrics: set[str] | None = None
        if stateless_metrics is not None:
            self.stateless_metrics = set(stateless_metrics)
        else:
            self.stateful_metrics = set(stateful_metrics or ())
        self._stream = stream
        self._written_over = _writes_over(stream or sys.stdout)
        self._sums: dict[str, tuple[Any, int]] = {}  # of each metric: the sum, and of how many
        self._seen = 0
        self._start = time.time()
        self._after_first_step: float | None = None
        self._last_look = 0.0
        self._last_width = 0

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that `current` steps are done.

        values: pairs of name and value of the last step. finalize: whether this is the end; by
        default when the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._add(name, value, max(current - self._seen, 1), finalize)
        self._seen = current
        now = time.time()
        seconds = self._seconds_a_step(current, now)
        if self.verbose == 1:
            if now - self._last_look < self.interval and not finalize:
                return
            self._show(current, now, seconds, finalize)
        elif self.verbose == 2 and finalize and self.target:
            line = f"{_of(current, self.target)} - {now - self._start:.0f}s - "
            line += f"{_duration(seconds)}/{self.unit_name}{self._figures()}\n"
            print_message(line, line_break=False, stream=self._stream)
        self._last_look = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _add(self, name: str, value: Any, steps: int, finalize: bool) -> None:
        if self.stateless_metrics is not None:
            averaged = name in self.stateless_metrics
        else:
            averaged = name not in (self.stateful_metrics or ())
        if averaged and not finalize:
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value * steps, count + steps)
        else:  # the value as it is; a last one is the mean already
            self._sums[name] = (value, 1)

    def _seconds_a_step(self, current: int, now: float) -> float:
        """The mean time of a step, without the first, which prepares what the others use."""
        if not current:
            return 0.0
        if self._after_first_step is not None and current > 1:
            return (now - self._after_first_step) / (current - 1)
        if current == 1:
            self._after_first_step = now
        return (now - self._start) / current

    def _show(self, current: int, now: float, seconds: float, finalize: bool) -> None:
        if self.target:
            done = int(self.width * (current / self.target))
            bar = f"{BOLD}{_of(current, self.target)}{PLAIN} "
            bar += f"{GREEN}{'━' * done}{PLAIN}" if done > 0 else ""
            bar += f"{WHITE}{'━' * (self.width - done)}{PLAIN}"
        else:
            bar = f"{current:7d}/Unknown"
        if self.target and not finalize:
            clock = _time_left(seconds * (self.target - current))
        else:
            clock = f"{now - self._start:.0f}s"
        line = f"{bar} {BOLD}{clock}{PLAIN} {_duration(seconds)}/{self.unit_name}{self._figures()}"
        width = len(line)
        for code in (BOLD, GREEN, WHITE, PLAIN):
            width -= len(code) * line.count(code)
        back = "\b" * self._last_width + "\r" if self._written_over else "\n"
        rest = " " * max(self._last_width - width, 0)
        end = "\n" if finalize else ""
        print_message(f"{back}{line}{rest}{end}", line_break=False, stream=self._stream)
        self._last_width = width

    def _figures(self) -> str:
        return "".join(
            f" - {name}: {_figure(total, count)}" for name, (total, count) in self._sums.items()
        )


def _writes_over(stream: TextIO) -> bool:
    """Whether a line can be written over where `stream` goes."""
    return (
        (hasattr(stream, "isatty") and stream.isatty())
        or "ipykernel" in sys.modules
        or "posix" in sys.modules
        or "PYCHARM_HOSTED" in os.environ
    )


def _of(current: int, target: int) -> str:
    """`current/target`, as wide for every `current`."""
    return f"{current:{int(math.log10(target)) + 1}d}/{target}"


def _figure(total: Any, count: int) -> str:
    mean = (total if isinstance(total, float) else np.mean(total)) / max(1, count)
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _time_left(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"
