"""Random layers that take their random numbers from outside.

Two libraries never draw the same numbers, so what is compared must not draw at all. Here Keras's
random layers become twins that read a variable, which is assigned before each `train_on_batch`. The
variable takes the place of the state of the layer's random generator: JAX hands it to the compiled
step, and it is no weight of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from numpynn.typing import Array


def inject(model: Array, batch_size: int) -> InjectedModel:
    """Let the random layers of a Keras model take their numbers from outside.

    The model itself changes; measure times on another. `batch_size` is the largest that will come.
    Raises ValueError for a layer that draws random numbers and has no twin.
    """
    random_layers = [layer for layer in model._flatten_layers() if layer._seed_generators]
    for layer in random_layers:
        if type(layer) not in TWINS:
            raise ValueError(
                f"Layer '{layer.name}' ({type(layer).__name__}) draws random numbers that cannot "
                f"be given from outside. Known: {', '.join(kind.__name__ for kind in TWINS)}."
            )
    for layer in random_layers:
        layer.__class__ = TWINS[type(layer)]
        drawn = layer.draw(np.random.default_rng(0), batch_size)
        layer.seed_generator.state = keras.Variable(
            np.zeros_like(drawn), dtype=str(drawn.dtype), trainable=False
        )
    return InjectedModel(model, random_layers)


@dataclass(frozen=True)
class InjectedModel:
    """A Keras model whose random layers read what `assign` gave them last."""

    model: Array  # to be trained with `train_on_batch`
    layers: list[Array]  # the random layers, in the order of the masks

    def draw(self, generator: np.random.Generator, batch_size: int) -> list[Array]:
        """New numbers for one batch: a (batch_size, ...) array a random layer.

        Booleans for the layers that drop values, noise for those that add it or multiply with it.
        """
        return [layer.draw(generator, batch_size) for layer in self.layers]

    def assign(self, drawn: Sequence[Array]) -> None:
        """Give each random layer its numbers, with as many rows as the batch that comes next."""
        for layer, numbers in zip(self.layers, drawn, strict=True):
            state = layer.seed_generator.state
            rows = state.numpy().copy()
            rows[: len(numbers)] = numbers
            state.assign(rows)

    def give(self, model: Array, drawn: Sequence[Array]) -> None:
        """Let the random layers of the same model in numpynn draw these numbers from now on."""
        random_layers = [x for x in model._flatten_layers() if hasattr(x, "seed_generator")]
        for layer, twin, numbers in zip(random_layers, self.layers, drawn, strict=True):
            layer.__dict__[twin.DRAWS] = _always(twin.as_drawn(numbers))


def _always(numbers: Array) -> Callable[[Array], Array]:
    """A method that draws, but gives what was drawn elsewhere."""
    return lambda inputs: numbers.astype(inputs.dtype)


def _given(layer: Array, inputs: Array) -> Array:
    """The numbers for these inputs: as many rows as they have."""
    return layer.seed_generator.state.value[: keras.ops.shape(inputs)[0]]


# -- layers that drop values -----------------------------------------------------------------------


class InjectedDropout(keras.layers.Dropout):
    """Dropout with a given mask:  y = x / (1 - rate) where the mask is true, else 0.

    x (B, ...)   mask (B, ...) or (more than B, ...), of which the first B rows count   y (B, ...)
    """

    DRAWS = "keep_mask"  # the method of numpynn's layer that draws

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        kept = _given(self, inputs)
        return keras.ops.where(kept, inputs * self._scale(), keras.ops.zeros_like(inputs))

    def mask_shape(self, batch_size: int) -> tuple[int, ...]:
        """The input's shape, but for the axes that `noise_shape` fixes."""
        shape = (batch_size, *self.input.shape[1:])
        fixed = self.noise_shape or shape
        return tuple(b if a is None else a for a, b in zip(fixed, shape))

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        return generator.random(self.mask_shape(batch_size)) >= self.rate

    def as_drawn(self, mask: Array) -> Array:
        """What numpynn's method gives for a mask."""
        return mask * self._scale()

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


class InjectedAlphaDropout(keras.layers.AlphaDropout):
    """AlphaDropout with a given mask:  y = a x + b where the mask is true, else a α' + b."""

    DRAWS = "keep_mask"
    SATURATION = -1.7580993408473766  # α', the least value of selu

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        a = ((1 - self.rate) * (1 + self.rate * self.SATURATION**2)) ** -0.5
        b = -a * self.SATURATION * self.rate
        kept = keras.ops.cast(_given(self, inputs), inputs.dtype)
        return a * (inputs * kept + self.SATURATION * (1 - kept)) + b

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        shape = (batch_size, *self.input.shape[1:])
        fixed = self.noise_shape or shape
        mask_shape = [b if a is None else a for a, b in zip(fixed, shape)]
        return generator.random(mask_shape) >= self.rate

    def as_drawn(self, mask: Array) -> Array:
        """What numpynn's method gives for a mask."""
        return mask


# -- layers that add or multiply with noise --------------------------------------------------------


class InjectedGaussianNoise(keras.layers.GaussianNoise):
    """y = x + ε with given noise ε."""

    DRAWS = "noise"

    def call(self, inputs: Array, training: bool = False) -> Array:
        return inputs + _given(self, inputs) if training else inputs

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from N(0, stddev²)."""
        shape = (batch_size, *self.input.shape[1:])
        return generator.normal(0.0, self.stddev, shape).astype(self.compute_dtype)

    def as_drawn(self, noise: Array) -> Array:
        """What numpynn's method gives for this noise."""
        return noise


class InjectedGaussianDropout(keras.layers.GaussianDropout):
    """y = x ε with given noise ε."""

    DRAWS = "noise"

    def call(self, inputs: Array, training: bool = False) -> Array:
        return inputs * _given(self, inputs) if training else inputs

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Numbers from N(1, rate / (1 - rate))."""
        shape = (batch_size, *self.input.shape[1:])
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return generator.normal(1.0, deviation, shape).astype(self.compute_dtype)

    def as_drawn(self, noise: Array) -> Array:
        """What numpynn's method gives for this noise."""
        return noise


TWINS = {
    keras.layers.Dropout: InjectedDropout,
    keras.layers.SpatialDropout1D: InjectedSpatialDropout1D,
    keras.layers.SpatialDropout2D: InjectedSpatialDropout2D,
    keras.layers.SpatialDropout3D: InjectedSpatialDropout3D,
    keras.layers.AlphaDropout: InjectedAlphaDropout,
    keras.layers.GaussianNoise: InjectedGaussianNoise,
    keras.layers.GaussianDropout: InjectedGaussianDropout,
}
