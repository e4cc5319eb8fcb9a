"""Gradients, where Keras has none of its own: three short equivalents, one a library.

Everything else here is written once, on top of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np

from numpynn.typing import Array


def value_and_gradients(
    function: Callable[..., Array], arrays: Sequence[Array]
) -> tuple[Array, list[Array]]:
    """The value of a scalar function of arrays, and its gradient for each of them.

    `function(*arrays)` is written with `keras.ops`. Value and gradients come as NumPy arrays, each
    gradient in the shape of its array; it is zero where the value does not depend on the array.
    """
    value, _, gradients = _differentiate(lambda *tensors: (function(*tensors), ()), arrays)
    return value, gradients


class ModelGradients(NamedTuple):
    """What one training step computes before the optimizer acts, as NumPy arrays."""

    loss: Array  # scalar, regularisers and activity losses included
    outputs: Array
    weights: list[Array]  # one a trainable weight, in the order of `model.trainable_weights`
    inputs: Array  # in the nesting of the inputs; zero for whole numbers


def model_gradients(
    model: Array, x: Array, y: Array, sample_weight: Array = None
) -> ModelGradients:
    """The loss of a compiled Keras model on one batch in training mode, and all its gradients.

    x, y: arrays (B, ...), or nestings of them; y may be None. The model is left as it was: weights,
    running statistics and random state do not move.
    """
    trainable = model.trainable_variables
    y, sample_weight = keras.tree.map_structure(_as_tensor, (y, sample_weight))
    given = [np.asarray(array) for array in keras.tree.flatten(x)]
    places = [i for i, array in enumerate(given) if array.dtype.kind == "f"]
    real = [given[i].astype(model.compute_dtype) for i in places]
    tensors = [_as_tensor(array) for array in given]

    def loss_and_outputs(*arrays: Array) -> tuple[Array, Array]:
        inputs = keras.tree.pack_sequence_as(x, _replaced(tensors, places, arrays))
        state = list(zip(trainable, arrays[len(real) :], strict=True))
        with keras.StatelessScope(state, collect_losses=True):
            outputs = model(inputs, training=True)
            loss = model.compute_loss(inputs, y, outputs, sample_weight, training=True)
            return loss, outputs

    loss, outputs, gradients = _differentiate(loss_and_outputs, [*real, *_values(trainable)])
    zeros = [np.zeros(array.shape, model.compute_dtype) for array in given]
    of_inputs = keras.tree.pack_sequence_as(x, _replaced(zeros, places, gradients))
    return ModelGradients(loss, outputs, gradients[len(real) :], of_inputs)


def _replaced(values: list[Array], places: list[int], new: Sequence[Array]) -> list[Array]:
    """The values, with the first ones of `new` in these places."""
    found = list(values)
    for i, value in zip(places, new, strict=False):
        found[i] = value
    return found


def _as_tensor(array: Array) -> Array:
    return None if array is None else keras.ops.convert_to_tensor(array)


def _values(variables: Sequence[Array]) -> list[Array]:
    return [variable.numpy() for variable in variables]


def _differentiate(
    function: Callable[..., tuple[Array, Array]], arrays: Sequence[Array]
) -> tuple[Array, Array, list[Array]]:
    """For a function that returns a scalar and something beside it: both, and the gradients."""
    differentiate = {
        "tensorflow": _differentiate_tensorflow,
        "jax": _differentiate_jax,
        "torch": _differentiate_torch,
    }[keras.backend.backend()]
    dtypes = [keras.backend.standardize_dtype(array.dtype) for array in arrays]
    tensors = [keras.ops.convert_to_tensor(a, dtype=d) for a, d in zip(arrays, dtypes)]
    value, beside, gradients = differentiate(function, tensors)
    as_arrays = keras.tree.map_structure(keras.ops.convert_to_numpy, (value, beside, gradients))
    return as_arrays[0], as_arrays[1], list(as_arrays[2])


def _differentiate_tensorflow(function: Callable[..., Array], tensors: list[Array]) -> Array:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value, beside = function(*tensors)
    return value, beside, tape.gradient(value, tensors, unconnected_gradients="zero")


def _differentiate_jax(function: Callable[..., Array], tensors: list[Array]) -> Array:
    import jax

    by_all_arguments = jax.value_and_grad(
        function, argnums=tuple(range(len(tensors))), has_aux=True
    )
    (value, beside), gradients = by_all_arguments(*tensors)
    return value, beside, gradients


def _differentiate_torch(function: Callable[..., Array], tensors: list[Array]) -> Array:
    import torch

    tensors = [tensor.detach().requires_grad_() for tensor in tensors]
    value, beside = function(*tensors)
    return value, beside, torch.autograd.grad(value, tensors, materialize_grads=True)
