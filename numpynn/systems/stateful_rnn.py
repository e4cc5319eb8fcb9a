"""A long sequence in chunks: a layer that begins a batch with the states the last one left.

    one stream     x_1 … x_60, each now and then a pulse, +1 or -1, and 0 otherwise
    six chunks     x_1 … x_10 | x_11 … x_20 | …, each a sample of a batch of its own
    target         at each step the sign of the last pulse so far

Most chunks begin with no pulse, so what to say there is known only from the chunk before. With
`stateful=True` sample i of a batch goes on where sample i of the batch before it ended. It asks for

    a fixed batch size               the streams, side by side
    shuffle=False                    the first chunks of all streams, then their second ones, …
    reset_state() before each epoch  when the streams begin again

and the gradient ends where the chunk begins: back-propagation through time, cut short. Values are
those of one pass over the whole stream. Otherwise each chunk begins with zeros (the book says with
random numbers), and a quarter of all steps are wrong instead of none.

The book tells this in words; streams and model, LSTM(8) and a sigmoid, are made for it.
329 parameters. Source: course book, chapter 8; the streams are generated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.callbacks import Callback
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "8"
TASK = "long streams in chunks, the state kept from chunk to chunk"
EPOCHS = 40
BATCH_SIZE = 32
METRIC = "accuracy"

CHUNK, CHUNKS, UNITS = 10, 6, 8
PULSES = 0.1
"""How often there is one."""


def data(seed: int = 0) -> Split:
    """32 streams to learn from and 32 others, chunk after chunk: x and y (6 · 32, 10, 1)."""
    random = np.random.default_rng(seed)
    parts = [in_chunks(part) for _ in range(2) for part in streams(random, BATCH_SIZE)]
    return Split(*parts)


def streams(random: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Pulses (B, 60), the first at the first step, and whether the last one so far was +1."""
    shape = (size, CHUNK * CHUNKS)
    there = random.random(shape) < PULSES
    there[:, 0] = True
    signs = random.choice([-1.0, 1.0], shape)
    last = np.maximum.accumulate(np.where(there, np.arange(shape[1]), 0), axis=1)
    up = np.take_along_axis(signs, last, axis=1) > 0
    return np.where(there, signs, 0), up.astype("float64")


def in_chunks(rows: Array) -> Array:
    """Streams (B, 60) as batches of chunks, one after the other: (6 B, 10, 1)."""
    return np.concatenate(np.split(rows, CHUNKS, axis=1))[..., np.newaxis]


class ResetStates(Callback):
    """The streams begin again with each epoch, and others begin when training is over."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.layers[0].reset_state()

    def on_train_end(self, logs: Any = None) -> None:
        self.model.layers[0].reset_state()


def callbacks() -> list[Any]:
    return [ResetStates()]


def fit_arguments(split: Split) -> dict[str, Any]:
    return {"shuffle": False}


def model(stateful: bool = True) -> Sequential:
    model = Sequential(
        [
            Input(batch_shape=(BATCH_SIZE, CHUNK, 1)),
            layers.LSTM(UNITS, return_sequences=True, stateful=stateful),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model
