"""Twins of the cells with dropout, whose masks are drawn once for a sequence.

The numbers of a cell are its masks side by side, one for all gates or one for each:

    (B, n D + n U): n masks of the inputs, if it has dropout, and n of the state, if it has
    recurrent_dropout
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasref.backend.randomness.twin import Injected, given
from numpynn.typing import Array


class InjectedCell(Injected, keras.layers.Layer):
    """A cell with given masks."""

    DRAWS = "keep_mask"

    def get_dropout_mask(self, step_input: Array) -> Any:
        return self._factors(step_input, "dropout")

    def get_recurrent_dropout_mask(self, step_input: Array) -> Any:
        return self._factors(step_input, "recurrent_dropout")

    def _factors(self, values: Array, part: str) -> Any:
        rate = getattr(self, part)
        if not rate:
            return None
        scale = 1 / (1 - rate) if rate < 1 else 0.0
        masks = keras.ops.split(given(self, values)[:, self.columns(part)], self.count, axis=1)
        factors = [keras.ops.cast(mask, values.dtype) * scale for mask in masks]
        return factors[0] if getattr(self, "dropout_mask_count", None) is None else factors

    @property
    def count(self) -> int:
        """How many masks a part has."""
        return getattr(self, "dropout_mask_count", None) or 1

    def columns(self, part: str) -> slice:
        """Where the masks of a part stand."""
        of_inputs = self.count * self.kernel.shape[0] if self.dropout else 0
        of_state = self.count * self.units if self.recurrent_dropout else 0
        if part == "dropout":
            return slice(0, of_inputs)
        return slice(of_inputs, of_inputs + of_state)

    def draw(self, generator: np.random.Generator, batch_size: int) -> Array:
        """Masks that keep each element with probability 1 - rate."""
        parts = []
        for part in ("dropout", "recurrent_dropout"):
            columns = self.columns(part)
            shape = (batch_size, columns.stop - columns.start)
            parts.append(generator.random(shape) >= getattr(self, part))
        return np.concatenate(parts, axis=1)

    def drawing(self, layer: Array, numbers: Array) -> Callable[..., Array]:
        def keep_mask(values: Array, part: str) -> Array:
            masks = np.split(numbers[: len(values), self.columns(part)], self.count, axis=1)
            return np.stack(masks)

        return keep_mask


TWINS = {
    kind: type(f"Injected{kind.__name__}", (InjectedCell, kind), {})
    for kind in (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)
}
