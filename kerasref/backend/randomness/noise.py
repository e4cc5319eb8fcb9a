"""Twins of the layers that drop values, and of those that add or multiply with noise."""

from __future__ import annotations

import math

import keras
import numpy as np

from kerasref.backend.randomness.twin import Injected, given
from numpynn.typing import Array

# -- layers that drop values -----------------------------------------------------------------------


class InjectedDropout(Injected, keras.layers.Dropout):
    """Dropout with a given mask:  y = x / (1 - rate) where the mask is true, else 0.

    x (B, ...)   mask (B, ...) or (more than B, ...), of which the first B rows count   y (B, ...)
    """

    DRAWS = "keep_mask"

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        kept = given(self, inputs)
        return keras.ops.where(kept, inputs * self._scale(), keras.ops.zeros_like(inputs))

    def mask_shape(self, batch_size: int) -> tuple[int, ...]:
        """The input's shape, but for the axes that `noise_shape` fixes."""
        shape = (batch_size, *self.input.shape[1:])
        fixed = self.noise_shape or shape
        return tuple(b if a is None else a for a, b in zip(fixed, shape))

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        return generator.random(self.mask_shape(batch_size)) >= self.rate

    def as_drawn(self, numbers: Array) -> Array:
        return numbers * self._scale()

    def _scale(self) -> float:
        return 1 / (1 - self.rate) if self.rate < 1 else 0.0


class InjectedSpatialDropout(InjectedDropout):
    """Dropout of whole channels with a given mask, (B, 1, D) or the like."""

    def mask_shape(self, batch_size: int) -> tuple[int, ...]:
        return (batch_size, *self._get_noise_shape(self.input)[1:])


class InjectedSpatialDropout1D(InjectedSpatialDropout, keras.layers.SpatialDropout1D):
    """Of sequences."""


class InjectedSpatialDropout2D(InjectedSpatialDropout, keras.layers.SpatialDropout2D):
    """Of images."""


class InjectedSpatialDropout3D(InjectedSpatialDropout, keras.layers.SpatialDropout3D):
    """Of volumes."""


class InjectedAlphaDropout(Injected, keras.layers.AlphaDropout):
    """AlphaDropout with a given mask:  y = a x + b where the mask is true, else a α' + b."""

    DRAWS = "keep_mask"
    SATURATION = -1.7580993408473766  # α', the least value of selu

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        a = ((1 - self.rate) * (1 + self.rate * self.SATURATION**2)) ** -0.5
        b = -a * self.SATURATION * self.rate
        kept = keras.ops.cast(given(self, inputs), inputs.dtype)
        return a * (inputs * kept + self.SATURATION * (1 - kept)) + b

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        shape = (batch_size, *self.input.shape[1:])
        fixed = self.noise_shape or shape
        mask_shape = [b if a is None else a for a, b in zip(fixed, shape)]
        return generator.random(mask_shape) >= self.rate


# -- layers that add or multiply with noise --------------------------------------------------------


class InjectedGaussianNoise(Injected, keras.layers.GaussianNoise):
    """y = x + ε with given noise ε."""

    DRAWS = "noise"

    def call(self, inputs: Array, training: bool = False) -> Array:
        return inputs + given(self, inputs) if training else inputs

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from N(0, stddev²)."""
        shape = (batch_size, *self.input.shape[1:])
        return generator.normal(0.0, self.stddev, shape).astype(self.compute_dtype)


class InjectedGaussianDropout(Injected, keras.layers.GaussianDropout):
    """y = x ε with given noise ε."""

    DRAWS = "noise"

    def call(self, inputs: Array, training: bool = False) -> Array:
        return inputs * given(self, inputs) if training else inputs

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from N(1, rate / (1 - rate))."""
        shape = (batch_size, *self.input.shape[1:])
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return generator.normal(1.0, deviation, shape).astype(self.compute_dtype)


TWINS = {
    keras.layers.Dropout: InjectedDropout,
    keras.layers.SpatialDropout1D: InjectedSpatialDropout1D,
    keras.layers.SpatialDropout2D: InjectedSpatialDropout2D,
    keras.layers.SpatialDropout3D: InjectedSpatialDropout3D,
    keras.layers.AlphaDropout: InjectedAlphaDropout,
    keras.layers.GaussianNoise: InjectedGaussianNoise,
    keras.layers.GaussianDropout: InjectedGaussianDropout,
}
