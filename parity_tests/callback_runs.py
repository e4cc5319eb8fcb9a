"""A training run without a model: the hooks of `fit` in their order, with given logs.

A stand-in for the model remembers what callbacks do to it, the same for both libraries.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


class StandIn:
    """What callbacks know of a model: weights, an optimizer with a learning rate, saving."""

    def __init__(self, learning_rate: float = 0.5, metrics: Sequence[Any] = ()) -> None:
        self.optimizer = SimpleNamespace(learning_rate=learning_rate)
        self.metrics = list(metrics)
        self.stop_training = False
        self.history: Any = None
        self.value = 0.0  # of the only weight
        self.saved: list[tuple[str, str, float]] = []

    def get_weights(self) -> list[Any]:
        return [np.array(self.value)]

    def set_weights(self, weights: list[Any]) -> None:
        self.value = float(weights[0])

    def save(self, path: str, overwrite: bool = True) -> None:
        self._save("model", path)

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self._save("weights", path)

    def _save(self, what: str, path: str) -> None:
        Path(path).write_text(str(self.value))
        self.saved.append((what, os.path.basename(path), self.value))


def run(
    library: Any,
    callbacks: Any,
    logs: Sequence[dict[str, Any]],
    batches: Sequence[int] = (0, 1),
    model: Any = None,
    initial_epoch: int = 0,
    verbose: int = 0,
) -> Any:
    """Drive callbacks through epochs with these logs; the stand-in, with `epochs` and `rates`.

    batches: the numbers at the ends of the batches. Its weight counts them.
    """
    model = StandIn() if model is None else model
    model.epochs, model.rates = [], []
    model.stop_training = False
    epochs = initial_epoch + len(logs)
    hooks = library.callbacks.CallbackList(
        callbacks,
        add_history=True,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=len(batches),
    )
    hooks.on_train_begin()
    for epoch, found in enumerate(logs, initial_epoch):
        hooks.on_epoch_begin(epoch)
        for batch in batches:
            hooks.on_train_batch_begin(batch)
            model.value += 1
            hooks.on_train_batch_end(batch, found)
            if model.stop_training:
                break
        hooks.on_epoch_end(epoch, dict(found))
        model.epochs.append(epoch)
        model.rates.append(model.optimizer.learning_rate)
        if model.stop_training:
            break
    hooks.on_train_end()
    return model
