"""The same prices by online gradient descent (chapter 2): one step a breakfast, in order."""

from kerasref.systems.food_prices_batch import descend, output
from numpynn.datasets import food_prices
from numpynn.systems.food_prices_online import LEARNING_RATE
from numpynn.typing import Array

__all__ = ["output", "step"]


def step(prices: Array, t: int) -> tuple[Array, Array]:
    data = food_prices.load()
    breakfast = [t % len(data.x)]
    return descend(prices, data.x[breakfast], data.y[breakfast], LEARNING_RATE)
