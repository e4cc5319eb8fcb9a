"""The same prices as a Keras program: one linear unit, here with a bias.

    y = w · x + b        L = (t - y)²

Source: course book, chapter 3.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import food_prices
from numpynn.systems import Split

CHAPTER = "3"
TASK = "prices from totals, as a Keras program"
EPOCHS = 500
BATCH_SIZE = 1
METRIC = "mse"


def data(seed: int = 0) -> Split:
    breakfasts = food_prices.load()
    return Split(breakfasts.x, breakfasts.y, np.ones((1, 3)), np.array([300.0]))


def model() -> Sequential:
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mse"])
    return model
