"""Handwritten digits by a hidden layer of 128 with dropout; the outputs are logits.

    h = dropout(relu(x W₁ + b₁))        z = h W₂ + b₂        L = -ln softmax(z)_t

101,770 parameters. Source: course book, chapter 4.
"""

from __future__ import annotations

from numpynn import Input, Sequential, layers
from numpynn.losses import SparseCategoricalCrossentropy
from numpynn.systems.mnist_softmax import BATCH_SIZE, EPOCHS, METRIC, data

__all__ = ["BATCH_SIZE", "EPOCHS", "METRIC", "data", "model"]

CHAPTER = "4"
TASK = "handwritten digits by a hidden layer with dropout"


def model() -> Sequential:
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="Nadam",
        loss=SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
