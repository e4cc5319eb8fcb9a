"""Images in the mirror."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.layers.preprocessing.image.layer import RandomImageLayer, one_for_each, shape_of
from numpynn.typing import Array

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomImageLayer):
    """In training, every other image in the mirror; otherwise the identity.

        y[i, j] = x[i, W - 1 - j]              "horizontal": left becomes right
        y[i, j] = x[H - 1 - i, j]              "vertical": up becomes down
        y[i, j] = x[H - 1 - i, W - 1 - j]      "horizontal_and_vertical": half a turn

    Each with probability ½, for each image on its own. Raises ValueError for another mode.
    Source: Krizhevsky et al. 2012, section 4.1; Keras `RandomFlip`.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {', '.join(MODES)}; got {mode!r}.")
        self.mode = mode
        self.autocast = False  # the labels keep their dtype
        height_axis, width_axis = self._height_axis, self._height_axis + 1
        axes = {"horizontal": (width_axis,), "vertical": (height_axis,)}
        self._axes = axes.get(mode, (height_axis, width_axis))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are flipped, (B, 1, 1, 1)."""
        if not training:
            return None
        flips = self.uniform(one_for_each(data), 0, 1, seed) <= 0.5
        return {"flips": flips, "input_shape": shape_of(data)}

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        images = self._in_compute_dtype(images)
        if not training or transformation is None:
            return images
        return np.where(transformation["flips"], np.flip(images, self._axes), images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
