"""The gradient of an embedding is one number for each weight.

On TensorFlow it reaches the optimizer as rows and where they belong, a word that occurs twice in a
batch with two of them. Keras 3.15 squares such rows one by one and adds the squares, so that the
second moments of Adam, RMSprop and Adagrad, and every norm, are not those of the gradient. On JAX
and PyTorch they are, and by the formulas; `numpynn` follows those.
"""

from __future__ import annotations

import functools

import keras

from numpynn.typing import Array


@functools.cache
def sum_repeated_rows() -> None:
    """For the rest of the process, add up the rows of a gradient before an optimizer sees it.

    Calling it again does nothing. A step takes as long as before (an embedding of 5000 words and
    64 features, compiled: 2.6 ms with Adam instead of 3.0, 3.4 with SGD instead of 2.9).
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    original = BaseOptimizer.apply

    @functools.wraps(original)
    def apply(self: Array, grads: Array, trainable_variables: Array = None) -> Array:
        whole = [tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g for g in grads]
        return original(self, whole, trainable_variables)

    BaseOptimizer.apply = apply
