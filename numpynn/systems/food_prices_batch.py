"""Prices of three foods from the totals of five breakfasts, by batch gradient descent.

    y_n = w · x_n        L = ½ Σ_n (t_n - y_n)²        w ← w + η Σ_n (t_n - y_n) x_n

The totals fit the prices (150, 50, 100) exactly. The slowest direction, the smallest eigenvalue
3.94 of XᵀX, sets the pace; the largest, 287, the bound η < 2/287 = 0.00697.
Source: course book, chapter 2, the perceptron rule without a library.
"""

from __future__ import annotations

import numpy as np

from numpynn.datasets import food_prices
from numpynn.typing import Array

CHAPTER = "2"
TASK = "prices from totals, all breakfasts at once"
STEPS = 500
METRIC = "largest error"
LEARNING_RATE = 0.005
START = np.array([50.0, 50.0, 50.0])
PRICES = np.array([150.0, 50.0, 100.0])


def inputs() -> Array:
    return food_prices.load().x


def output(x: Array) -> Array:
    """The totals at the prices to begin with."""
    return x @ START.astype(x.dtype)


def start() -> Array:
    return START.copy()


def step(prices: Array, t: int) -> tuple[Array, Array]:
    data = food_prices.load()
    return descend(prices, data.x, data.y, LEARNING_RATE)


def descend(prices: Array, x: Array, total: Array, learning_rate: float) -> tuple[Array, Array]:
    """One step of the perceptron rule, and the loss before it."""
    x, total = x.astype(prices.dtype), total.astype(prices.dtype)
    error = total - x @ prices
    return prices + learning_rate * (error @ x), np.sum(np.square(error)) / 2


def measure(prices: Array) -> float:
    """The error of the worst price."""
    return float(np.max(np.absolute(prices - PRICES)))
