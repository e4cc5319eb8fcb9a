"""Images in other colours, their pixels where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.layers.preprocessing.image.layer import RandomImageLayer, factor_range, shape_of
from numpynn.typing import Array


class Colouring(RandomImageLayer):
    """Base class: nothing moves, so segmentation masks and bounding boxes stay as they are."""

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any, training: bool = True
    ) -> Array:
        return segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        return bounding_boxes


class RandomContrast(Colouring):
    """In training, each image's distances from the mean colour by a factor c; else the identity.

        y = clip(m + c (x - m), value_range)     m (B, 1, 1, D) the mean of each channel

    factor: c is drawn from 1 - factor[0] … 1 + factor[1]; one number f is (0, f): it only adds
    contrast. value_range: the least and the greatest value of a pixel.
    Raises ValueError for factors beyond 0 … 1.
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
        each = (*shape_of(data)[:-3], 1, 1, 1)
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
        return np.clip(changed, self.value_range[0], self.value_range[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}
