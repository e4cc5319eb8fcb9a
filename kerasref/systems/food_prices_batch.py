"""The prices of three foods from the totals of five meals, by batch gradient descent (chapter 2).

L = ½ Σ (total - meal · prices)², one step a pass over all meals.
"""

import numpy as np

from keras import ops
from kerasref.backend import value_and_gradients
from numpynn.typing import Array

MEALS = np.array([[2, 5, 3], [1, 4, 7], [2, 3, 5], [3, 6, 9], [7, 4, 1]])
TOTALS = np.array([850, 1050, 950, 1650, 1350])
START = np.array([50, 50, 50])
LEARNING_RATE = 0.005


def output(meals: Array) -> Array:
    return meals @ ops.cast(START, meals.dtype)


def loss(prices: Array, meals: Array, totals: Array) -> Array:
    errors = ops.cast(totals, prices.dtype) - ops.cast(meals, prices.dtype) @ prices
    return ops.sum(ops.square(errors)) / 2


def step(prices: Array, t: int) -> tuple[Array, Array]:
    value, [gradient] = value_and_gradients(lambda prices: loss(prices, MEALS, TOTALS), [prices])
    return prices - LEARNING_RATE * gradient, value
