"""Random layers that take their random numbers from outside.

Two libraries never draw the same numbers, so what is compared must not draw at all. Here Keras's random layers become
twins that read a variable, which is assigned before each `train_on_batch`. The variable stands where Keras keeps the
state of the layer's random generator: JAX hands it to the compiled step, and it is no weight of the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from numpynn.typing import Array


class InjectedDropout(keras.layers.Dropout):
    """Dropout with a given mask:  y = x / (1 - rate) where the mask is true, else 0.

    x (B, ...)   mask (at least B, ...), its first B rows are used   y (B, ...)
    """

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        mask = self.seed_generator.state.value[: keras.ops.shape(inputs)[0]]
        scale = 1 / (1 - self.rate) if self.rate < 1 else 0.0
        return keras.ops.where(mask, inputs * scale, keras.ops.zeros_like(inputs))

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        return generator.random(shape) >= self.rate


TWINS = {keras.layers.Dropout: InjectedDropout}


def inject(model: Array, batch_size: int) -> InjectedModel:
    """Let the random layers of a Keras model, which changes, take their numbers from outside.

    `batch_size` is the largest that will come. Raises ValueError for a layer that draws random numbers and has no twin.
    """
    return InjectedModel(model, batch_size)


class InjectedModel:
    """A Keras model whose random layers read what `assign` gave them last.

    model    the model itself, to be trained with `train_on_batch`
    layers   its random layers in the order of the masks
    """

    def __init__(self, model: Array, batch_size: int) -> None:
        self.model = model
        self.layers = [layer for layer in model._flatten_layers() if layer._seed_generators]
        for layer in self.layers:
            if type(layer) not in TWINS:
                known = ", ".join(original.__name__ for original in TWINS)
                raise ValueError(
                    f"The random numbers of layer '{layer.name}' ({type(layer).__name__}) cannot be "
                    f"given from outside. That is possible for: {known}."
                )
        for layer in self.layers:
            layer.__class__ = TWINS[type(layer)]
            layer.seed_generator.state = keras.Variable(
                np.zeros(self._shape(layer, batch_size), bool), dtype="bool", trainable=False
            )

    def draw(self, generator: np.random.Generator, batch_size: int) -> list[Array]:
        """New masks for one batch, one a random layer."""
        return [layer.draw(generator, self._shape(layer, batch_size)) for layer in self.layers]

    def assign(self, masks: Sequence[Array]) -> None:
        """Give each random layer its mask; one with fewer rows than the model was made for is enough for its batch."""
        for layer, mask in zip(self.layers, masks, strict=True):
            state = layer.seed_generator.state
            rows = state.numpy()
            rows[: len(mask)] = mask
            state.assign(rows)

    @staticmethod
    def _shape(layer: Array, batch_size: int) -> tuple[int, ...]:
        shape = (batch_size, *layer.input.shape[1:])
        noise_shape = layer.noise_shape or shape
        return tuple(size if given is None else given for size, given in zip(shape, noise_shape))
