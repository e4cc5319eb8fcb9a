"""Twins of the layers for images: Keras's own code, but for the numbers it draws.

They all draw by one function, `uniform(shape, minval, maxval)`. A twin gives it its numbers:

    minval + u (maxval - minval)     u (B, NUMBERS), a column each time that the layer draws

and numpynn's layer, which draws by a method of the same name, gets the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasref.backend.randomness.twin import Injected, given
from numpynn.typing import Array

NUMBERS = 8  # for an image; no layer draws more often


class InjectedImageLayer(Injected, keras.layers.Layer):
    """A layer for images with given u."""

    DRAWS = "get_random_transformation"

    @property
    def backend(self) -> Array:
        return GivenNumbers(vars(self)["backend"], vars(self).get("given_uniform"))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        images = data["images"] if isinstance(data, dict) else data
        self.given_uniform = uniform_of(given(self, images))
        return super().get_random_transformation(data, training=training, seed=seed)

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from 0 … 1, multiples of 1/4096, which float32 computes with exactly."""
        return (generator.integers(4096, size=(batch_size, NUMBERS)) + 0.5) / 4096

    def drawing(self, layer: Array, numbers: Array) -> Callable[..., Array]:
        def transformation(data: Any, training: bool = True, seed: Any = None) -> Any:
            uniform = uniform_of(numbers)
            layer.uniform = lambda *given, **named: np.asarray(uniform(*given, **named))
            return type(layer).get_random_transformation(layer, data, training, seed)

        return transformation


class InjectedRandomCrop(InjectedImageLayer, keras.layers.RandomCrop):
    """Keras cannot tell the shape of a window at a place that is computed; float64 needs it."""

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        top, left = transformation
        if isinstance(top, int) or not training:
            return super().transform_images(images, transformation, training)
        images = keras.ops.cast(images, self.compute_dtype)
        rows = top + keras.ops.arange(self.height, dtype="int32")
        columns = left + keras.ops.arange(self.width, dtype="int32")
        images = keras.ops.take(images, rows, axis=self.height_axis)
        return keras.ops.take(images, columns, axis=self.width_axis)


TWINS = {
    keras.layers.RandomCrop: InjectedRandomCrop,
    **{
        kind: type(f"Injected{kind.__name__}", (InjectedImageLayer, kind), {})
        for kind in (
            keras.layers.RandomContrast,
            keras.layers.RandomFlip,
            keras.layers.RandomRotation,
            keras.layers.RandomTranslation,
            keras.layers.RandomZoom,
        )
    },
}


class GivenNumbers:
    """A Keras back-end that draws given numbers, and else does what it did.

    Where floatx() is float64, it does not round to float32 what layers ask it to.
    """

    def __init__(self, backend: Array, uniform: Array) -> None:
        self._original = backend
        self.random = self
        self.uniform = uniform

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def cast(self, x: Array, dtype: Any) -> Array:
        return self._original.cast(x, keras.config.floatx() if dtype == "float32" else dtype)


def uniform_of(numbers: Array) -> Callable[..., Array]:
    """A `uniform` that gives u (B, NUMBERS), column by column."""
    columns = iter(range(NUMBERS))

    def uniform(
        shape: Any, minval: float = 0.0, maxval: float = 1.0, seed: Any = None, dtype: Any = None
    ) -> Array:
        column = numbers[:, next(columns)]
        count = shape[0] if len(shape) else 1  # one number for each image, or one for all
        drawn = keras.ops.cast(column[:count], dtype or keras.config.floatx())
        return keras.ops.reshape(minval + drawn * (maxval - minval), shape)

    return uniform
