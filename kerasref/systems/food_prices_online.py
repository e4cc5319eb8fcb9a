"""The same prices by online gradient descent (chapter 2): one step a meal, in order."""

from kerasref.backend import value_and_gradients
from kerasref.systems.food_prices_batch import MEALS, TOTALS, loss, output
from numpynn.typing import Array

__all__ = ["output", "step"]

LEARNING_RATE = 1 / 35


def step(prices: Array, t: int) -> tuple[Array, Array]:
    meal = slice(t % len(MEALS), t % len(MEALS) + 1)
    value, [gradient] = value_and_gradients(
        lambda prices: loss(prices, MEALS[meal], TOTALS[meal]), [prices]
    )
    return prices - LEARNING_RATE * gradient, value
