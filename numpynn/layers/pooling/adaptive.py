"""A given number of values along each axis, whatever its length. Source: PyTorch's layers."""

from __future__ import annotations

from numpynn.layers.pooling.base import AdaptivePooling
from numpynn.ops.nn.pooling import adaptive_average_pool, adaptive_max_pool
from numpynn.typing import Array


class AdaptiveMaxPooling(AdaptivePooling):
    """y = max over the window."""

    def call(self, inputs: Array) -> Array:
        return adaptive_max_pool(inputs, self.output_size, self.data_format)


class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """The largest value of each window of sequences:  x (B, T, D)   y (B, N, D)."""

    rank = 1


class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """The largest value of each window of images:  x (B, H, W, D)   y (B, N1, N2, D)."""

    rank = 2


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The largest value of each window of volumes:  x (B, D1, D2, D3, D)   y (B, N1, N2, N3, D)."""

    rank = 3


class AdaptiveAveragePooling(AdaptivePooling):
    """y = mean over the window."""

    def call(self, inputs: Array) -> Array:
        return adaptive_average_pool(inputs, self.output_size, self.data_format)


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The mean of each window of sequences:  x (B, T, D)   y (B, N, D)."""

    rank = 1


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The mean of each window of images:  x (B, H, W, D)   y (B, N1, N2, D)."""

    rank = 2


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The mean of each window of volumes:  x (B, D1, D2, D3, D)   y (B, N1, N2, N3, D)."""

    rank = 3
