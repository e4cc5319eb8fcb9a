"""Images brighter, darker, with more contrast, in fewer shades: every channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.layers.preprocessing.image.layer import (
    Recolouring,
    clipped,
    count_of,
    factor_range,
    in_range,
    one_for_each,
    sorted_range,
)
from numpynn.typing import Array


class RandomBrightness(Recolouring):
    """In training, every image brighter or darker by a share f of the range; else the identity.

        y = clip(x + f (high - low), low, high)     low, high = value_range

    factor: the range of f; one number 0.2 is -0.2 … 0.2. Raises ValueError for factors beyond
    -1 … 1, and a value_range that is no pair. Whole numbers become floats.
    Source: Keras `RandomBrightness`.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = factor_range(factor or 0.0, -1, 1)
        self.value_range = sorted_range(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What each image gains, (B, 1, 1, 1)."""
        if not training:
            return {"rgb_delta": np.zeros(one_for_each(data), self.compute_dtype)}
        low, high = self.value_range
        share = self.uniform(one_for_each(data), *self.factor, seed)
        return {"rgb_delta": share * (high - low)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        more = transformation["rgb_delta"].astype(self.compute_dtype)
        return clipped(self._in_compute_dtype(images) + more, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomContrast(Recolouring):
    """In training, each image's distances from the mean colour by a factor c; else the identity.

        y = clip(m + c (x - m), value_range)     m (B, 1, 1, D) the mean of each channel

    factor: c is drawn from 1 - factor[0] … 1 + factor[1]; one number f is (0, f): it only adds
    contrast. value_range: the least and the greatest value of a pixel.
    Raises ValueError for factors beyond 0 … 1. Whole numbers become floats.
    Source: Krizhevsky et al. 2012, section 4.1; Keras `RandomContrast`.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = factor_range(factor, 0, 1)
        self.value_range = value_range

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """c of each image, (B, 1, 1, 1)."""
        each = one_for_each(data)
        if not training:
            return {"contrast_factor": np.zeros(each, self.compute_dtype)}
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": self.uniform(each, low, high, seed, self.compute_dtype)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        images = self._in_compute_dtype(images)
        mean = np.mean(images, axis=(self._height_axis, self._height_axis + 1), keepdims=True)
        changed = mean + (images - mean) * transformation["contrast_factor"]
        return clipped(changed, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomInvert(Recolouring):
    """In training, some images as their negatives,  y = high - x;  otherwise the identity.

    factor: the range of the probability, drawn for each image too; one number p is 0 … p.
    value_range: (low, high), the least and the greatest value of a pixel.
    Raises ValueError for factors beyond 0 … 1. Source: Keras `RandomInvert`.
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range(factor, 0, 1)
        self.value_range = value_range

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are inverted, (B,)."""
        if not training:
            return None
        seed, each = self.generator if seed is None else seed, (count_of(data),)
        probability = self.uniform(each, *self.factor, seed)
        return {"apply_inversion": self.uniform(each, 0, 1, seed) < probability}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        images = self._in_compute_dtype(images)
        chosen = np.reshape(transformation["apply_inversion"], (-1, 1, 1, 1))
        return np.where(chosen, self.value_range[1] - images, images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomPosterization(Recolouring):
    """In training, only the first n of 8 binary digits of each value; otherwise the identity.

        y = 2⁸⁻ⁿ ⌊x / 2⁸⁻ⁿ⌋     for x in 0 … 255; others are brought there and back

    factor: n is drawn from factor[0] … factor[1] - 1, one number b is (1, b); it is factor[0] where
    both are equal. Values beyond value_range count as its ends. There is no gradient.
    Raises ValueError for factors beyond 1 … 8. Source: Keras `RandomPosterization`.
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
        self.factor = factor_range(factor, 1, 8)
        self.value_range = sorted_range(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """8 - n of each image, (B,)."""
        digits = np.floor(self.uniform((count_of(data),), *self.factor, seed, "float64"))
        return {"shift_factor": (8 - digits).astype("uint8")}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        images = self._in_compute_dtype(images)
        step = 2.0 ** np.reshape(transformation["shift_factor"], (-1, 1, 1, 1))
        bytes_ = np.clip(in_range(images, self.value_range, (0, 255)), 0, 255)
        steps = np.floor(bytes_ / step.astype(images.dtype))
        return in_range(steps * step.astype(images.dtype), (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class Solarization(Recolouring):
    """In training, the negative of what is bright, as on film exposed too long; else the identity.

        z = clip(x + a, 0, 255)     y = z where z < t, else 255 - z

    for x in 0 … 255; others, in value_range, are brought there and back. addition_factor: a is
    drawn from addition_factor[0] … 255 addition_factor[1]; one number f is (0, f).
    threshold_factor: so is t.
    Raises ValueError for factors beyond 0 … 1, and a value_range that is no pair.
    Source: Keras `Solarization`.
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.addition_factor = _up_to(addition_factor, "addition_factor")
        self.threshold_factor = _up_to(threshold_factor, "threshold_factor")
        self.value_range = sorted_range(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """a and t of each image, (B, 1, 1, 1) each."""
        if not training:
            return None
        seed = self.generator if seed is None else seed

        def drawn(factor: tuple[float, float]) -> Array:
            low, high = factor
            return self.uniform(one_for_each(data), low, 255 * high, seed, self.compute_dtype)

        additions = drawn(self.addition_factor)
        return {"additions": additions, "thresholds": drawn(self.threshold_factor)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        images = self._in_compute_dtype(images)
        if not training or transformation is None:
            return images
        z = in_range(images, self.value_range, (0, 255)) + transformation["additions"]
        z = np.clip(z, 0, 255)
        solarized = np.where(z < transformation["thresholds"], z, 255 - z)
        return in_range(solarized, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "value_range": self.value_range,
            "addition_factor": self.addition_factor,
            "threshold_factor": self.threshold_factor,
        }


def _up_to(factor: Any, name: str) -> tuple[float, float]:
    """The range of a factor: of one number f it is 0 … f; or two numbers, each in 0 … 1."""
    numbers = factor if isinstance(factor, (tuple, list)) else (0, factor)
    if (
        len(numbers) != 2
        or not isinstance(factor, (tuple, list, int, float))
        or not all(0 <= number <= 1 for number in numbers)
    ):
        raise ValueError(f"`{name}` must be a number from 0 to 1, or two; got {factor!r}.")
    low, high = sorted(numbers)
    return low, high
