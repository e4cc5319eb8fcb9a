"""The mean of each window. Source: LeCun et al. 1989; Keras `AveragePooling2D`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.layers.pooling.base import Pooling
from numpynn.ops.nn.pooling import average_pool
from numpynn.typing import Array


class AveragePooling(Pooling):
    """y = mean over the window; cells that padding="same" adds do not count."""

    def call(self, inputs: Array) -> Array:
        return average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class AveragePooling1D(AveragePooling):
    """The mean of each window of sequences:  x (B, T, D)   y (B, N, D)."""

    rank = 1

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling2D(AveragePooling):
    """The mean of each window of images:  x (B, H, W, D)   y (B, N1, N2, D)."""

    rank = 2

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling3D(AveragePooling):
    """The mean of each window of volumes:  x (B, D1, D2, D3, D)   y (B, N1, N2, N3, D)."""

    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)
