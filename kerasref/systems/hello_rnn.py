"""A recurrent network of three units learns to write "hello" (chapter 8)."""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.hello_rnn import LEARNING_RATE, one_hot, start
from numpynn.typing import Array


def scores(weights: Array, x: Array) -> Array:
    """After each letter of x (B, T, 4)."""
    kernel, recurrent_kernel, output_kernel, bias = ops.split(weights, [12, 21, 33])
    kernel, output_kernel = ops.reshape(kernel, (4, 3)), ops.reshape(output_kernel, (3, 4))
    recurrent_kernel = ops.reshape(recurrent_kernel, (3, 3))
    states, h = [], ops.zeros((len(x), 3), dtype=x.dtype)
    for t in range(x.shape[1]):
        h = ops.tanh(ops.matmul(x[:, t], kernel) + ops.matmul(h, recurrent_kernel))
        states.append(h)
    return ops.matmul(ops.stack(states, axis=1), output_kernel) + bias


def output(x: Array) -> Array:
    return scores(ops.convert_to_tensor(start(), dtype=x.dtype), x)


def step(weights: Array, t: int) -> tuple[Array, Array]:
    def loss(weights: Array) -> Array:
        x, y = (
            ops.convert_to_tensor(one_hot(text)[None], dtype=weights.dtype)
            for text in ("hell", "ello")
        )
        losses = ops.categorical_crossentropy(y, scores(weights, x), from_logits=True)
        return ops.mean(losses)

    value, [gradient] = value_and_gradients(loss, [weights])
    return weights - LEARNING_RATE * gradient, value
