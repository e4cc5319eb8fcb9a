"""Random layers that take their random numbers from outside.

Two libraries never draw the same numbers, so what is compared must not draw at all. Here Keras's
random layers become twins that read a variable, which is assigned before each `train_on_batch`. The
variable takes the place of the state of the layer's random generator: JAX hands it to the compiled
step, and it is no weight of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        nothing = np.zeros(layer.mask_shape(batch_size), bool)
        layer.seed_generator.state = keras.Variable(nothing, dtype="bool", trainable=False)
    return InjectedModel(model, random_layers)


@dataclass(frozen=True)
class InjectedModel:
    """A Keras model whose random layers read what `assign` gave them last."""

    model: Array  # to be trained with `train_on_batch`
    layers: list[Array]  # the random layers, in the order of the masks

    def draw(self, generator: np.random.Generator, batch_size: int) -> list[Array]:
        """New masks for one batch: a (batch_size, ...) array of booleans a random layer."""
        return [layer.draw(generator, batch_size) for layer in self.layers]

    def assign(self, masks: Sequence[Array]) -> None:
        """Give each random layer its mask, which has as many rows as the batch that comes next."""
        for layer, mask in zip(self.layers, masks, strict=True):
            state = layer.seed_generator.state
            rows = state.numpy().copy()
            rows[: len(mask)] = mask
            state.assign(rows)


class InjectedDropout(keras.layers.Dropout):
    """Dropout with a given mask:  y = x / (1 - rate) where the mask is true, else 0.

    x (B, ...)   mask (B, ...) or (more than B, ...), of which the first B rows count   y (B, ...)
    """

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training:
            return inputs
        mask = self.seed_generator.state.value[: keras.ops.shape(inputs)[0]]
        scale = 1 / (1 - self.rate) if self.rate < 1 else 0.0
        return keras.ops.where(mask, inputs * scale, keras.ops.zeros_like(inputs))

    def mask_shape(self, batch_size: int) -> tuple[int, ...]:
        """The input's shape, but for the axes that `noise_shape` fixes."""
        shape = (batch_size, *self.input.shape[1:])
        fixed = self.noise_shape or shape
        return tuple(b if a is None else a for a, b in zip(fixed, shape))

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """A mask that keeps each element with probability 1 - rate."""
        return generator.random(self.mask_shape(batch_size)) >= self.rate


TWINS = {keras.layers.Dropout: InjectedDropout}
