"""Twins of the layers for images: Keras's own code, but for the numbers it draws.

Nearly all that they draw is uniform in minval … maxval. A twin gives the numbers:

    minval + u (maxval - minval)     u (B, NUMBERS), a column each time that the layer draws

and numpynn's layer, which draws by methods of the same names, gets the same ones.
"""

from __future__ import annotations

import math
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
        return GivenNumbers(vars(self)["backend"], vars(self).get("given_stream"))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        images = data["images"] if isinstance(data, dict) else data
        self.given_stream = GivenStream(given(self, images))
        return super().get_random_transformation(data, training=training, seed=seed)

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from 0 … 1, multiples of 1/4096, which float32 computes with exactly."""
        return (generator.integers(4096, size=(batch_size, NUMBERS)) + 0.5) / 4096

    def drawing(self, layer: Array, numbers: Array) -> Callable[..., Array]:
        def transformation(data: Any, training: bool = True, seed: Any = None) -> Any:
            stream = GivenStream(numbers)
            layer.uniform = lambda *given: np.asarray(stream.uniform(*given))
            layer.normal = lambda *given: np.asarray(stream.normal(*given))
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
            keras.layers.RandomBrightness,
            keras.layers.RandomContrast,
            keras.layers.RandomErasing,
            keras.layers.RandomFlip,
            keras.layers.RandomGrayscale,
            keras.layers.RandomHue,
            keras.layers.RandomInvert,
            keras.layers.RandomPosterization,
            keras.layers.RandomRotation,
            keras.layers.RandomSaturation,
            keras.layers.RandomSharpness,
            keras.layers.RandomShear,
            keras.layers.RandomTranslation,
            keras.layers.RandomZoom,
            keras.layers.Solarization,
        )
    },
}


class GivenNumbers:
    """A Keras back-end that draws given numbers, and else does what it did.

    Where floatx() is float64, it does not round to float32 what layers ask it to.
    """

    def __init__(self, backend: Array, stream: GivenStream | None) -> None:
        self._original = backend
        self.random = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def cast(self, x: Array, dtype: Any) -> Array:
        return self._original.cast(x, keras.config.floatx() if dtype == "float32" else dtype)


class GivenStream:
    """The functions that draw, giving u (B, NUMBERS) column by column."""

    def __init__(self, numbers: Array) -> None:
        self._numbers = numbers
        self._used = 0

    def _next(self, shape: Any, dtype: Any) -> Array:
        """u for each image, or for all where there is no axis of images."""
        columns = math.prod(shape[1:])
        count = shape[0] if len(shape) else 1
        found = self._numbers[:count, self._used : self._used + columns]
        self._used += columns
        return keras.ops.reshape(keras.ops.cast(found, dtype or keras.config.floatx()), shape)

    def uniform(
        self,
        shape: Any,
        minval: float = 0.0,
        maxval: float = 1.0,
        seed: Any = None,
        dtype: Any = None,
    ) -> Array:
        return minval + self._next(shape, dtype) * (maxval - minval)

    def randint(
        self, shape: Any, minval: int, maxval: int, seed: Any = None, dtype: Any = None
    ) -> Array:
        return keras.ops.cast(keras.ops.floor(self.uniform(shape, minval, maxval)), dtype)

    def normal(self, shape: Any, seed: Any = None, dtype: Any = None) -> Array:
        """One number from -3 … 3 for a whole image."""
        one_for_each = (shape[0] if len(shape) == 4 else 1, 1, 1, 1)
        return 6 * self._next(one_for_each, dtype) - 3
