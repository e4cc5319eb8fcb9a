"""Images with sharper or softer edges, and images of which a part is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config, random
from numpynn.layers.preprocessing.image.layer import (
    Recolouring,
    clipped,
    count_of,
    factor_range,
    shape_of,
    sorted_range,
)
from numpynn.typing import Array


class RandomSharpness(Recolouring):
    """In training, each image farther from its blurred self or nearer to it; else the identity.

        y = clip(x + (1 - 2 f) (b - x), value_range)

    b is the mean of a pixel, five times, and its 8 neighbours; beyond the edges there is 0.
    factor: the range of f: 0 is b, ½ is x, 1 is 2 x - b. One number is 0 … f.
    Raises ValueError for factors beyond 0 … 1. Source: Cubuk et al. 2019, arXiv:1909.13719; Keras
    `RandomSharpness`.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range(factor, 0, 1)
        self.value_range = sorted_range(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """f of each image, (B,)."""
        return {"factor": self.uniform((count_of(data),), *self.factor, seed)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        x = self._in_compute_dtype(images)
        if not training:
            return x
        factor = np.reshape(transformation["factor"], (-1, 1, 1, 1)).astype(self.compute_dtype)
        of_three = _of_three(_of_three(x, self._height_axis), self._height_axis + 1)
        blurred = (of_three + 4.0 * x) / 13.0
        return clipped(x + (1.0 - 2.0 * factor) * (blurred - x), self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


def _of_three(x: Array, axis: int) -> Array:
    """The sum of each value and its two neighbours along an axis."""
    x = np.moveaxis(x, axis, -1)
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 1)])
    return np.moveaxis(x[..., :-2] + x[..., 1:-1] + x[..., 2:], -1, axis)


class RandomErasing(Recolouring):
    """In training, a rectangle of some images painted over; otherwise the identity.

        w = W √a,  h = H √b     its corner from 0 … W - w and 0 … H - h

    factor: the range of the probability, drawn for each image too; one number p is 0 … p.
    scale: the range of a and b. fill_value: a number, or one for each of three channels; None
    paints noise from N(0, high²). It is clipped to value_range = (low, high).
    Raises ValueError for factors and scales beyond 0 … 1, and for other fill values.
    Source: Zhong et al. 2017, arXiv:1708.04896; Keras `RandomErasing`.
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range(factor, 0, 1)
        self.scale = factor_range(scale, 0, 1)
        known = fill_value is None or isinstance(fill_value, (int, float))
        if not known and not (isinstance(fill_value, (tuple, list)) and len(fill_value) == 3):
            raise ValueError(f"`fill_value` must be a number, or three; got {fill_value!r}.")
        self.fill_value = fill_value
        self.value_range = value_range

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images lose a part, (B,), which part, (B, H, W, 1), and what is there instead."""
        if not training:
            return None
        shape, dtype = shape_of(data), self.compute_dtype
        seed, each = self.generator if seed is None else seed, (count_of(data),)
        height, width = self._height_and_width(shape)
        share = np.sqrt(self.uniform((*each, 2), *self.scale, seed, dtype))
        columns = self._covered(width, share[:, 0], seed)
        rows = self._covered(height, share[:, 1], seed)
        part = np.expand_dims(
            rows[:, :, None] & columns[:, None, :], -1 if self.data_format == "channels_last" else 1
        )
        probability = self.uniform(each, *self.factor, seed)
        chosen = self.uniform(each, 0, 1, seed) < probability
        filling = clipped(self._filling(shape, seed), self.value_range)
        return {"apply_erasing": chosen, "batch_masks": part, "fill_value": filling.astype(dtype)}

    def _covered(self, length: int, share: Array, seed: Any) -> Array:
        """(B, length): which rows or columns lie in a span of a share of the length."""
        span = share * length
        start = self.uniform(span.shape, 0, 1, seed, span.dtype) * (length - span)
        place = np.arange(length, dtype=span.dtype)
        return (place >= start[:, None]) & (place < (start + span)[:, None])

    def _filling(self, shape: tuple[int, ...], seed: Any) -> Array:
        if self.fill_value is None:
            return self.normal(shape, seed) * self.value_range[1]
        if self.data_format == "channels_last":
            return np.asarray(self.fill_value)
        return np.reshape(self.fill_value, (-1, 1, 1))

    def normal(self, shape: Sequence[int], seed: Any = None) -> Array:
        """Draws from N(0, 1); from `seed` where one is given."""
        stream = random.generator_of(self.generator if seed is None else seed)
        return stream.standard_normal(shape).astype(config.floatx())

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        images = self._in_compute_dtype(images)
        if not training:
            return images
        chosen = np.reshape(transformation["apply_erasing"], (-1, 1, 1, 1))
        erased = chosen & transformation["batch_masks"]
        return np.where(erased, transformation["fill_value"], images)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": self.factor,
            "scale": self.scale,
            "fill_value": self.fill_value,
            "value_range": self.value_range,
        }
