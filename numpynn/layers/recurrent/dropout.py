"""Dropout in recurrent layers: which values stay is drawn once for a sequence.

Drawn anew at every step it would be noise in the memory, the more of it the longer the sequence;
the same mask at all steps trains a network that lacks a few units.
Source: Gal and Ghahramani 2016, arXiv:1512.05287.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import random
from numpynn.autograd.tensor import unwrapped
from numpynn.typing import Array


class DropoutRNNCell:
    """The part of a cell that draws masks and keeps them until the sequence ends.

    dropout, recurrent_dropout: which share of the inputs, and of the state, becomes 0. The others
    are divided by 1 - rate. dropout_mask_count: masks to draw where every gate has its own.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: random.SeedGenerator
    dropout_mask_count: int | None = None

    _dropout_mask: Any = None
    _recurrent_dropout_mask: Any = None

    def get_dropout_mask(self, step_input: Array) -> Any:
        """Factors for the inputs of this sequence: one array, or a list with one for each gate.

        None without dropout.
        """
        if self._dropout_mask is None and self.dropout > 0:
            self._dropout_mask = self._factors(step_input, "dropout")
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, step_input: Array) -> Any:
        """The same for the state."""
        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:
            self._recurrent_dropout_mask = self._factors(step_input, "recurrent_dropout")
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        """The next sequence draws anew."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """The next sequence draws anew."""
        self._recurrent_dropout_mask = None

    def keep_mask(self, values: Array, part: str) -> Array:
        """True for what stays: as many masks (masks, B, D) for values (B, D) as are needed.

        part: "dropout" or "recurrent_dropout".
        """
        drawn = random.generator_of(self.seed_generator).random(
            (self.dropout_mask_count or 1, *values.shape), dtype=np.float32
        )
        return drawn >= getattr(self, part)

    def _factors(self, values: Array, part: str) -> Any:
        rate = getattr(self, part)
        kept = self.keep_mask(values, part) * (1 / (1 - rate) if rate < 1 else 0.0)
        factors = np.asarray(kept, values.dtype, like=unwrapped(values))
        return factors[0] if self.dropout_mask_count is None else list(factors)
