"""Gradient descent on f(x) = x² / 2 (chapter 2):  x ← x - η f'(x) = (1 - η) x."""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.gradient_descent_1d import STEP_SIZE
from numpynn.typing import Array


def output(x: Array) -> Array:
    return ops.square(x) / 2


def step(x: Array, t: int) -> tuple[Array, Array]:
    value, [gradient] = value_and_gradients(lambda x: ops.sum(output(x)), [x])
    return x - STEP_SIZE * gradient, value
