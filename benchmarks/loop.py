"""What `fit` adds to the arithmetic of its steps: batches, callbacks, metrics, running means.

A network of the iris data's size, batches of 32, one compiled metric, a callback at epochs' ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import numpynn
from numpynn.autograd.tape import recording, sweep

BATCH_SIZE, BATCHES, EPOCHS = 32, 100, 5

generator = np.random.default_rng(0)
X = generator.normal(size=(BATCH_SIZE * BATCHES, 4)).astype("float32")
Y = generator.integers(0, 3, len(X))


class EpochEnds(numpynn.callbacks.Callback):
    """Counts epochs."""

    epochs = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs += 1


def model() -> Any:
    """4-10-3, compiled; with the same weights each time."""
    numpynn.utils.set_random_seed(0)
    dense = numpynn.layers.Dense
    model = numpynn.Sequential(
        [numpynn.Input((4,)), dense(10, activation="relu"), dense(3, activation="softmax")]
    )
    loss = numpynn.losses.SparseCategoricalCrossentropy()
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def fit(model: Any, shuffle: bool = True) -> None:
    """Some epochs."""
    model.fit(X, Y, BATCH_SIZE, EPOCHS, verbose=0, shuffle=shuffle, callbacks=[EpochEnds()])


def bare(model: Any) -> None:
    """The same steps, nothing around them: forward, loss, backward, optimizer."""
    loss_function, optimizer = model.loss, model.optimizer
    weights = model.trainable_variables
    for _ in range(EPOCHS):
        for start in range(0, len(X), BATCH_SIZE):
            x, y = X[start : start + BATCH_SIZE], Y[start : start + BATCH_SIZE]
            with recording():
                loss = loss_function(y, model(x, training=True))
            found = sweep({loss.node: np.ones_like(loss.array)})
            optimizer.apply([found[weight.node] for weight in weights], weights)
