"""Batches of the small network's data, from generators and PyDatasets of both libraries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from networks import SAMPLES, TARGETS, X
from pairs import array

from numpynn.models.data import Epochs, batches_of

Y = TARGETS["regression"]
WEIGHTS = np.linspace(0, 2, SAMPLES)
SIZE = 5  # of a batch; the last is short


def batches(count: int = 5, parts: int = 2) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        rows = slice(number % 5 * SIZE, number % 5 * SIZE + SIZE)
        yield (X[rows], Y[rows], WEIGHTS[rows])[:parts]


def numbered(library: Any, count: int | None = 5, parts: int = 2, **options: Any) -> Any:
    """A PyDataset that writes down what it is asked; endless with a count of None."""
    every = list(batches(5, parts))

    class Numbered(library.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__(**options)
            self.asked: list[Any] = []

        @property
        def num_batches(self) -> int | None:
            return count

        def __getitem__(self, index: int) -> Any:
            self.asked.append(index)
            return every[index % 5]

        def on_epoch_begin(self) -> None:
            self.asked.append("begin")

        def on_epoch_end(self) -> None:
            self.asked.append("end")

    return Numbered()


def model_of(library: Any) -> Any:
    """A functional model with a named input; Keras runs eagerly."""
    x = library.Input((3,), name="input")
    hidden = library.layers.Dense(4, activation="tanh")(x)
    model = library.Model(x, library.layers.Dense(1)(hidden))
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    return model


def drawn(data: Any, epochs: int = 1, steps: int | None = None, **options: Any) -> list[list[Any]]:
    """The inputs of the batches of each epoch."""
    dealt = Epochs(batches_of(data, steps=steps, **options), steps)
    return [[array(next(taken)[0]) for _, _, taken in dealt] for _ in range(epochs)]
