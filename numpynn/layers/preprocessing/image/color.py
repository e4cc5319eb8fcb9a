"""Images in other colours: grey, of another hue, of more or less colour. See `ops.image`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.layers.preprocessing.image.layer import (
    Recolouring,
    clipped,
    count_of,
    factor_range,
    in_range,
    sorted_range,
)
from numpynn.ops.image import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from numpynn.symbolic import KerasTensor
from numpynn.typing import Array


class RandomGrayscale(Recolouring):
    """In training, some images in shades of grey, in all channels; otherwise the identity.

        y = 0.2989 red + 0.587 green + 0.114 blue

    factor: the probability. The dtype stays. Raises ValueError for a factor beyond 0 … 1, and for
    images that have neither 3 channels nor 1. Source: Keras `RandomGrayscale`.
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if factor < 0 or factor > 1:
            raise ValueError(f"`factor` must be a probability, from 0 to 1; got {factor!r}.")
        self.factor = factor

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images become grey, (B, 1, 1, 1)."""
        return self.uniform((count_of(data), 1, 1, 1), 0, 1, seed) < self.factor

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        return np.where(transformation, rgb_to_grayscale(images, self.data_format), images)

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        if isinstance(inputs, KerasTensor):
            return KerasTensor(inputs.shape, inputs.dtype)
        return super().compute_output_spec(inputs, **kwargs)

    def get_config(self) -> dict[str, Any]:
        found = {**super().get_config(), "factor": self.factor}
        del found["seed"]  # which Keras leaves out
        return found


class RandomHue(Recolouring):
    """In training, each image's hues turned by up to half of the circle; otherwise the identity.

        h' = h ± f / 2   (mod 1)     in hue, saturation and value

    factor: the range of f; one number is 0 … f. The sign is drawn too.
    Raises ValueError for factors beyond 0 … 1. Source: Keras `RandomHue`.
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
        self.value_range = value_range

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """± f / 2 of each image, (B,)."""
        seed, each = self.generator if seed is None else seed, (count_of(data),)
        sign = np.where(self.uniform(each, 0, 1, seed) > 0.5, -1, 1)
        factor = self.uniform(each, *self.factor, seed)
        return {"factor": (sign * factor * 0.5).astype(factor.dtype)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        images = in_range(self._in_compute_dtype(images), tuple(self.value_range), (0, 1))
        turn = np.reshape(transformation["factor"], (-1, 1, 1)).astype(images.dtype)
        axis = -1 if self.data_format == "channels_last" else -3
        h, s, v = np.moveaxis(rgb_to_hsv(images, self.data_format), axis, 0)
        h = h + turn
        h = np.where(h > 1, h - 1, h)
        h = np.where(h < 0, h + 1, h)
        turned = hsv_to_rgb(np.stack([h, s, v], axis=axis), self.data_format)
        return in_range(np.clip(turned, 0, 1), (0, 1), tuple(self.value_range))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomSaturation(Recolouring):
    """In training, each image's colours stronger or weaker; otherwise the identity.

        s' = clip(s f / (1 - f), value_range)     in hue, saturation and value

    factor: the range of f: 0 is grey, ½ the image, 1 a thousandfold and more. One number is -f … f,
    and a negative f is grey. The colours are taken as they are, with s from 0 to 1.
    Raises ValueError for factors beyond -1 … 1, and for whole numbers. Source: Keras
    `RandomSaturation`.
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
        self.factor = factor_range(factor, -1, 1)
        self.value_range = sorted_range(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """f / (1 - f) of each image, (B,)."""
        factor = self.uniform((count_of(data),), *self.factor, seed)
        return {"factor": factor / (1 - factor + config.epsilon())}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        times = np.reshape(transformation["factor"], (-1, 1, 1)).astype(self.compute_dtype)
        axis = -1 if self.data_format == "channels_last" else -3
        h, s, v = np.moveaxis(rgb_to_hsv(images, self.data_format), axis, 0)
        s = clipped(s * times, self.value_range)
        return hsv_to_rgb(np.stack([h, s, v], axis=axis), self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}
