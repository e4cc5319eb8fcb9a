"""A 2-3-2 network of sigmoids without biases (chapter 2), trained by the gradient that the library computes.

E = ½ Σ (target - output)² of one example a step, in order. The quantity is the twelve weights in one vector: the
(2, 3) kernel, then the (3, 2) one, both in rows.
"""

import numpy as np

from keras import ops
from kerasref.backend import value_and_gradients
from numpynn.typing import Array

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = np.array([[0, 0], [1, 0], [1, 0], [0, 1]])  # sum and carry of the two bits
START = np.linspace(-1, 1, 12)
LEARNING_RATE = 0.5


def network(weights: Array, x: Array) -> Array:
    hidden = ops.sigmoid(x @ ops.reshape(weights[:6], (2, 3)))
    return ops.sigmoid(hidden @ ops.reshape(weights[6:], (3, 2)))


def output(x: Array) -> Array:
    return network(ops.cast(START, x.dtype), x)


def step(weights: Array, t: int) -> tuple[Array, Array]:
    example = slice(t % len(INPUTS), t % len(INPUTS) + 1)
    x, target = INPUTS[example].astype(weights.dtype), TARGETS[example]

    def loss(weights: Array) -> Array:
        return ops.sum(ops.square(ops.cast(target, weights.dtype) - network(weights, x))) / 2

    value, [gradient] = value_and_gradients(loss, [weights])
    return weights - LEARNING_RATE * gradient, value
