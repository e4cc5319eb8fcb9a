"""One value for each channel, whatever the size: the largest, or the mean. Source: Lin et al. 2013.

Where several values are the largest, they share the gradient evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.layers.pooling.base import GlobalPooling
from numpynn.ops.dtypes import floating
from numpynn.typing import Array


class GlobalMaxPooling(GlobalPooling):
    """y = max over all spatial axes."""

    def call(self, inputs: Array) -> Array:
        return np.max(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of a sequence:  x (B, T, D)   y (B, D)."""

    rank = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of an image:  x (B, H, W, D)   y (B, D)."""

    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of a volume:  x (B, D1, D2, D3, D)   y (B, D)."""

    rank = 3


class GlobalAveragePooling(GlobalPooling):
    """y = mean over all spatial axes."""

    def call(self, inputs: Array) -> Array:
        return np.mean(floating(inputs), axis=self._axes, keepdims=self.keepdims)


class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of a sequence:  x (B, T, D)   y (B, D).

    mask (B, T): which steps count; the output has none. A sequence without any gives NaN.
    """

    rank = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Array, mask: Array | None = None) -> Array:
        if mask is None:
            return super().call(inputs)
        inputs = floating(inputs)
        (steps,) = self._axes
        counts = np.expand_dims(mask, 3 - steps).astype(bool)
        total = np.sum(np.where(counts, inputs, 0.0), axis=steps, keepdims=self.keepdims)
        number = np.sum(counts.astype(inputs.dtype), axis=steps, keepdims=self.keepdims)
        with np.errstate(invalid="ignore"):
            return total / number

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: there are no steps any more."""


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of an image:  x (B, H, W, D)   y (B, D)."""

    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of a volume:  x (B, D1, D2, D3, D)   y (B, D)."""

    rank = 3
