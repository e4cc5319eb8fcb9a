"""Handwritten digits by softmax regression: one layer, ten linear functions of 784 pixels.

    p = softmax(x W + b)        L = -ln p_t

7850 parameters. Source: course book, chapter 4; LeCun et al. 1998.
"""

from __future__ import annotations

from numpynn import Input, Sequential, layers
from numpynn.datasets import mnist, train_test_split
from numpynn.losses import SparseCategoricalCrossentropy
from numpynn.systems import Split

CHAPTER = "4"
TASK = "handwritten digits by one layer"
EPOCHS = 10
BATCH_SIZE = 10
METRIC = "accuracy"


def data(seed: int = 0) -> Split:
    """Pixels scaled to 0 … 1; a fifth of the digits held out."""
    digits = mnist.load()
    x, x_test, y, y_test = train_test_split(digits.x, digits.y, 0.2, seed)
    return Split(x / 255, y, x_test / 255, y_test)


def model() -> Sequential:
    model = Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(10), layers.Softmax()])
    model.compile(
        optimizer="adam",
        loss=SparseCategoricalCrossentropy(from_logits=False),
        metrics=["accuracy"],
    )
    return model
