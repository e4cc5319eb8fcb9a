"""The same prices by online gradient descent: one step after every breakfast, in order.

    w ← w + η (t - w · x) x        η = 1/35

In batch mode this η would diverge; step by step it contracts by 0.867 a pass.
Source: course book, chapter 2.
"""

from __future__ import annotations

from numpynn.datasets import food_prices
from numpynn.systems.food_prices_batch import descend, inputs, measure, output, start
from numpynn.typing import Array

__all__ = ["inputs", "measure", "output", "start", "step"]

CHAPTER = "2"
TASK = "prices from totals, one breakfast at a time"
STEPS = 500
METRIC = "largest error"
LEARNING_RATE = 1 / 35


def step(prices: Array, t: int) -> tuple[Array, Array]:
    data = food_prices.load()
    breakfast = [t % len(data.x)]
    return descend(prices, data.x[breakfast], data.y[breakfast], LEARNING_RATE)
