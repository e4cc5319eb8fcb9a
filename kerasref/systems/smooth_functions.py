"""Smooth maximum and argmax, and a line by cross-entropy, smooth accuracy and F1 (appendix B)."""

from keras import losses, ops

from kerasref.backend import value_and_gradients
from numpynn.systems.smooth_functions import STEP_SIZE, points
from numpynn.typing import Array


def output(x: Array) -> Array:
    places = ops.arange(x.shape[-1], dtype=x.dtype)
    largest = [ops.logsumexp(k * x, axis=-1) / k for k in (1, 3, 9)]
    argmax = [ops.matmul(ops.softmax(k * x), places) for k in (1, 3, 9)]
    return ops.stack([*largest, *argmax], axis=-1)


def step(lines: Array, t: int) -> tuple[Array, Array]:
    x, labels = (ops.convert_to_tensor(a, dtype=lines.dtype) for a in points())

    def total_loss(lines: Array) -> Array:
        z = ops.matmul(lines[:, :2], ops.transpose(x)) + lines[:, 2:]
        p = ops.sigmoid(z)
        cross_entropy = losses.binary_crossentropy(labels, z[0], from_logits=True)
        accuracy = ops.mean(labels * p[1] + (1 - labels) * (1 - p[1]))
        f1 = 2 * ops.sum(labels * p[2]) / ops.sum(labels + p[2])
        return cross_entropy + (1 - accuracy) + (1 - f1)

    value, [gradient] = value_and_gradients(total_loss, [lines])
    return lines - STEP_SIZE * gradient, value
