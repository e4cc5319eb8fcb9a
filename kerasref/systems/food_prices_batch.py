"""The prices of three foods from five bills, by batch gradient descent (chapter 2).

E = ½ Σ (bill - portions · prices)², one step a pass over all five.
"""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.datasets import food_prices
from numpynn.systems.food_prices_batch import LEARNING_RATE, START
from numpynn.typing import Array


def output(portions: Array) -> Array:
    return bills(ops.convert_to_tensor(START, dtype=portions.dtype), portions)


def step(prices: Array, t: int) -> tuple[Array, Array]:
    data = food_prices.load()
    return descend(prices, data.x, data.y, LEARNING_RATE)


def bills(prices: Array, portions: Array) -> Array:
    return ops.matmul(portions, prices)


def descend(prices: Array, portions: Array, bill: Array, rate: float) -> tuple[Array, Array]:
    """One step down the gradient of the error on some breakfasts: the new prices, the old error."""
    portions = ops.convert_to_tensor(portions, dtype=prices.dtype)
    bill = ops.convert_to_tensor(bill, dtype=prices.dtype)

    def error(prices: Array) -> Array:
        return ops.sum(ops.square(bill - bills(prices, portions))) / 2

    value, [gradient] = value_and_gradients(error, [prices])
    return prices - rate * gradient, value
