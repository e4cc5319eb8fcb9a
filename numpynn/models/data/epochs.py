"""Epochs: batches dealt out, so and so many an epoch."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

from numpynn import config
from numpynn.models.data.sources import Batches


class Epochs:
    """The epochs of a run. Iterating once is one epoch: (first step, last step, batches to take).

    steps: how many batches an epoch has, unless it is a pass over the data; the next epoch then
    goes on where this one ended. grouped: how many batches the taker takes at a time.

        for first, last, batches in epochs:
            try:
                batch = next(batches)         # up to `grouped` of them
            except StopIteration:
                epochs.ran_out()
                break
    """

    def __init__(self, source: Batches, steps: int | None = None, grouped: int = 1) -> None:
        self.source = source
        self.steps = steps
        self.grouped = grouped
        self._pass: Any = None  # an iterator
        self._pass_size = source.size
        self._taken = 0  # batches of the pass
        self._first = 0  # the step that the next epoch begins with

    @property
    def size(self) -> int | None:
        """How many batches an epoch has; None where that is not known yet."""
        return self.steps or self._pass_size

    def reset(self) -> None:
        """Let the next epoch begin with the first batch."""
        self.close()
        self._pass_size, self._taken = self.source.size, 0
        self.source.on_epoch_end()

    def __iter__(self) -> Iterator[tuple[int, int, Iterator[Any]]]:
        self.source.on_epoch_begin()
        size, grouped = self.size, self.grouped
        if self._pass is None or (self.steps is None and not self._first):
            self._begin_pass()
        first, self._first = self._first, 0
        steps = itertools.count(first, grouped) if size is None else range(first, size, grouped)
        for step in steps:
            if self._pass_size and self._taken >= self._pass_size:
                if self.steps:
                    self._warn()
                break
            self._taken += grouped
            yield step, step + grouped - 1, self._pass
        if self._pass_size and self._taken >= self._pass_size:
            self._pass = None
        self.source.on_epoch_end()

    def ran_out(self) -> None:
        """The data ended before the epoch: the next begins anew."""
        if self._pass_size is None:
            self._pass_size = self._taken
        self._warn()
        self._pass = None
        self.source.on_epoch_end()

    def close(self) -> None:
        """Stop what makes batches ahead."""
        close = getattr(self._pass, "close", None)
        if close is not None:
            close()
        self._pass = None

    def skip(self, count: int) -> Any:
        """Let the next epoch begin after `count` batches. Returns the first of the others."""
        self._begin_pass(count)
        self._first = count
        found = list(itertools.islice(self._pass, 1))
        self._pass = itertools.chain(found, self._pass)
        return found[0] if found else None

    def _begin_pass(self, skip: int = 0) -> None:
        self._pass = self.source.batches(skip)
        self._taken = skip

    def _warn(self) -> None:
        warnings.warn(
            "The data ended before the epoch did. Give at least `steps_per_epoch * epochs` "
            "batches, or data that repeat.",
            stacklevel=4,
        )


def limited(steps: int | None) -> int | None:
    """`steps`, or fewer where `config.set_max_steps_per_epoch` says so, with a warning."""
    most = config.max_steps_per_epoch()
    if not most or (steps and steps <= most):
        return steps
    warnings.warn(f"An epoch is limited to {most} steps.", stacklevel=4)
    return most
