"""What the twins of random layers share."""

from __future__ import annotations

from collections.abc import Callable

import keras

from numpynn.typing import Array


class Injected:
    """A twin. DRAWS: the method of numpynn's layer that draws."""

    DRAWS: str

    def drawing(self, layer: Array, numbers: Array) -> Callable[..., Array]:
        """This method of numpynn's layer, but giving what was drawn elsewhere."""
        return lambda inputs: self.as_drawn(numbers).astype(inputs.dtype)

    def as_drawn(self, numbers: Array) -> Array:
        """What the method gives for these numbers."""
        return numbers


def given(layer: Array, inputs: Array) -> Array:
    """The numbers for these inputs: as many rows as they have."""
    return layer._seed_generators[0].state.value[: keras.ops.shape(inputs)[0]]
