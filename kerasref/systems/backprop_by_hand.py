"""A 2-3-2 network of sigmoids without biases (chapter 2), the gradient being the library's.

E = ½ Σ (target - output)² of one example a step, in order. What is learnt is the twelve weights in
one vector: the (2, 3) kernel, then the (3, 2) one, both row by row.
"""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.backprop_by_hand import INPUTS, LEARNING_RATE, START, TARGETS
from numpynn.typing import Array


def output(x: Array) -> Array:
    return network(ops.convert_to_tensor(START, dtype=x.dtype), x)


def step(weights: Array, t: int) -> tuple[Array, Array]:
    example = [t % len(INPUTS)]
    x = ops.convert_to_tensor(INPUTS[example], dtype=weights.dtype)
    target = ops.convert_to_tensor(TARGETS[example], dtype=weights.dtype)

    def error(weights: Array) -> Array:
        return ops.sum(ops.square(target - network(weights, x))) / 2

    value, [gradient] = value_and_gradients(error, [weights])
    return weights - LEARNING_RATE * gradient, value


def network(weights: Array, x: Array) -> Array:
    hidden = ops.sigmoid(ops.matmul(x, ops.reshape(weights[:6], (2, 3))))
    return ops.sigmoid(ops.matmul(hidden, ops.reshape(weights[6:], (3, 2))))
