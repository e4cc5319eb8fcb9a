"""The gradient of a function's sum, by us and by Keras on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from factory import array

from numpynn.autograd import vjp


def gradient(function: Callable[..., Any], x: Any) -> Any:
    y, pull = vjp(function, x)
    return array(pull(np.ones_like(array(y)))[0])


def gradient_of_keras(function: Callable[..., Any], x: Any) -> Any:
    variable = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        y = function(variable)
    return tape.gradient(y, variable).numpy()
