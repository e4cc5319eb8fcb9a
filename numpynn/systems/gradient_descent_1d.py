"""Gradient descent on a parabola:  f(x) = x²/2,  f'(x) = x.

    x ← x - η f'(x) = (1 - η) x        so  x_t = (1 - η)ᵗ x_0

which converges for 0 < η < 2, and at once for η = 1. Source: course book, chapters 2 and 15.
"""

from __future__ import annotations

import numpy as np

from numpynn.autograd import grad
from numpynn.typing import Array

CHAPTER = "2"
TASK = "downhill on a parabola"
STEPS = 100
METRIC = "distance"
STEP_SIZE = 0.1


def inputs() -> Array:
    return np.linspace(-2.0, 2.0, 9)


def output(x: Array) -> Array:
    return np.square(x) / 2


def start() -> Array:
    return np.array([-1.0, 1.0])


def step(x: Array, t: int) -> tuple[Array, Array]:
    objective = np.sum(output(x))
    return x - STEP_SIZE * grad(lambda x: np.sum(output(x)))(x), objective


def measure(x: Array) -> float:
    """How far from the minimum."""
    return float(np.max(np.absolute(x)))
