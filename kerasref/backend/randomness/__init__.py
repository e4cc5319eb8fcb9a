"""Random layers that take their random numbers from outside.

Two libraries never draw the same numbers, so what is compared must not draw at all. Here Keras's
random layers become twins that read a variable, which is assigned before each `train_on_batch`. The
variable takes the place of the state of the layer's random generator: JAX hands it to the compiled
step, and it is no weight of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kerasref.backend.randomness import images, noise, recurrent
from numpynn.random import SeedGenerator
from numpynn.typing import Array

TWINS = {**noise.TWINS, **images.TWINS, **recurrent.TWINS}


def inject(model: Array, batch_size: int) -> InjectedModel:
    """Let the random layers of a Keras model take their numbers from outside.

    The model itself changes; measure times on another. `batch_size` is the largest that will come.
    Raises ValueError for a layer that draws random numbers and has no twin.
    """
    random_layers = [
        layer for layer in _in_order(model, set()) if layer._seed_generators and _draws(layer)
    ]
    for layer in random_layers:
        if type(layer) not in TWINS:
            raise ValueError(
                f"Layer '{layer.name}' ({type(layer).__name__}) draws random numbers that cannot "
                f"be given from outside. Known: {', '.join(kind.__name__ for kind in TWINS)}."
            )
    for layer in random_layers:
        layer.__class__ = TWINS[type(layer)]
        drawn = layer.draw(np.random.default_rng(0), batch_size)
        layer._seed_generators[0].state = keras.Variable(
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
            state = layer._seed_generators[0].state
            rows = state.numpy().copy()
            rows[: len(numbers)] = numbers
            state.assign(rows)

    def give(self, model: Array, drawn: Sequence[Array]) -> None:
        """Let the random layers of the same model in numpynn draw these numbers from now on."""
        random_layers = [
            layer
            for layer in model._flatten_layers()
            if layer._held(SeedGenerator) and _draws(layer)
        ]
        for layer, twin, numbers in zip(random_layers, self.layers, drawn, strict=True):
            layer.__dict__[twin.DRAWS] = twin.drawing(layer, numbers)


def _in_order(layer: Array, seen: set[int]) -> Iterator[Array]:
    """A layer and all in it, outermost first. Keras's own list turns around those inside of one."""
    if id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        for inner in layer._layers:
            yield from _in_order(inner, seen)


def _draws(layer: Array) -> bool:
    """False for cells without dropout, which have a random generator nevertheless."""
    rates = [getattr(layer, name, None) for name in ("dropout", "recurrent_dropout")]
    return rates != [0, 0]
