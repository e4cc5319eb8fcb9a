"""Moving averages by convolution, and two filters learnt by it (chapter 5)."""

import numpy as np
from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.convolution_examples import AVERAGE, STEP_SIZES, samples
from numpynn.typing import Array


def output(x: Array) -> Array:
    sequences = ops.expand_dims(x, -1)
    kernel = ops.convert_to_tensor(AVERAGE[::-1].reshape(3, 1, 1), dtype=x.dtype)
    padded = ops.pad(sequences, [[0, 0], [2, 2], [0, 0]])
    averages = [
        ops.conv(padded, kernel),
        ops.conv(sequences, kernel),
        ops.conv(sequences, kernel, strides=2),
    ]
    return ops.concatenate(averages, axis=1)[:, :, 0]


def step(filters: Array, t: int) -> tuple[Array, Array]:
    def loss(filters: Array) -> Array:
        kernels = (ops.reshape(filters[:3], (3, 1, 1)), ops.reshape(filters[3:], (3, 3, 1, 1)))
        total = 0.0
        for kernel, (x, y) in zip(kernels, samples(), strict=True):
            inputs = ops.convert_to_tensor(x[..., np.newaxis], dtype=filters.dtype)
            found = ops.reshape(ops.conv(inputs, kernel), y.shape)
            total += ops.mean(ops.square(found - ops.convert_to_tensor(y, dtype=filters.dtype)))
        return total

    value, [gradient] = value_and_gradients(loss, [filters])
    return filters - STEP_SIZES.astype(filters.dtype) * gradient, value
