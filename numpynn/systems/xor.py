"""XOR: what no single layer can do, and two hidden units can.

    h = max(0, x W + c)        y = h ω + b

With W = [[1, 1], [1, 1]], c = (0, -1), ω = (1, -2), b = 0 the hidden layer folds the plane: (0,1)
and (1,0) both become (1, 0), and a line separates what is left. A linear model is right on three of
the four points at best. Source: course book, chapter 2; Goodfellow et al. 2016, section 6.1.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import xor
from numpynn.initializers import Constant, RandomUniform
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "2"
TASK = "exclusive or, by two hidden units"
EPOCHS = 500
BATCH_SIZE = 1
METRIC = "loss"

BOOK_WEIGHTS = (
    np.array([[1.0, 1.0], [1.0, 1.0]]),
    np.array([0.0, -1.0]),
    np.array([[1.0], [-2.0]]),
    np.array([0.0]),
)
"""W, c, ω, b of the network that needs no training."""


def data(seed: int = 0) -> Split:
    points = xor.load()
    return Split(points.x, points.y, points.x, points.y)


def model() -> Sequential:
    """Start with both hidden units alive: from the usual start four runs in five get stuck."""
    hidden = layers.Dense(
        2,
        activation="relu",
        kernel_initializer=RandomUniform(0, 3),
        bias_initializer=Constant(0.25),
    )
    model = Sequential([Input((2,)), hidden, layers.Dense(1)])
    model.compile(optimizer=Adam(0.03), loss="mse")
    return model


def by_hand() -> Sequential:
    """The network with the book's weights: y = 0, 1, 1, 0, exactly."""
    model = Sequential([Input((2,)), layers.Dense(2, activation="relu"), layers.Dense(1)])
    model.set_weights(BOOK_WEIGHTS)
    return model


def hidden_map(x: Array) -> Array:
    """What the hidden layer of the book's network makes of the points: (0,1) and (1,0) coincide."""
    kernel, bias = BOOK_WEIGHTS[:2]
    return np.maximum(x @ kernel + bias, 0.0)
