"""What the layers for images share: one image or many, and what belongs to them.

A call takes images (B, H, W, D), one image (H, W, D), or a dict of them and of what belongs to
them, which is changed along:

    "images"              the pixels
    "segmentation_masks"  (B, H, W, 1) or the like, a class for each pixel: moved as the pixels are
    "labels"              stay as they are
    "bounding_boxes"      are refused, except by layers that move nothing

With data_format="channels_first" images are (B, D, H, W). A random layer draws in one method,
`get_random_transformation`, and the `transform_…` methods do what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn import config, random
from numpynn.layers.base import Layer
from numpynn.layers.preprocessing.data_layer import DataLayer
from numpynn.ops.dtypes import in_dtype
from numpynn.typing import Array
from numpynn.utils import arguments


class ImageLayer(DataLayer):
    """Base class.

    bounding_box_format: how the corners of boxes are given, such as "xyxy". Keras's own computation
    mixes formats up (its RandomRotation takes all for "xyxy", its RandomCrop takes the first row
    off the x), so boxes are not moved here: a NotImplementedError says so.
    Raises ValueError for an unknown data_format.
    """

    def __init__(
        self,
        bounding_box_format: str | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = arguments.data_format(data_format)
        self._height_axis = -3 if self.data_format == "channels_last" else -2  # the width's is next

    # -- for subclasses ----------------------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn for these data: all the randomness there is; None where there is none."""
        return None

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        """What becomes of a batch of images."""
        raise NotImplementedError(f"{type(self).__name__} does not implement `transform_images()`.")

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any, training: bool = True
    ) -> Array:
        """What becomes of the classes of the pixels."""
        return self.transform_images(segmentation_masks, transformation, training=training)

    def transform_labels(self, labels: Array, transformation: Any, training: bool = True) -> Array:
        """What becomes of the labels: nothing."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Raises NotImplementedError."""
        raise NotImplementedError(
            f"{type(self).__name__} layer '{self.name}' does not move bounding boxes. Move them "
            "yourself, or leave 'bounding_boxes' out of the input."
        )

    def new_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of what comes of images of this one."""
        return shape

    # -- a call ------------------------------------------------------------------------------------

    def as_data(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            return {name: self.as_data(value) for name, value in inputs.items()}
        return super().as_data(inputs)

    def call(self, data: Any, training: bool = True) -> Any:
        shape = shape_of(data)
        if len(shape) not in (3, 4):
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' takes images of rank 3 (one) or 4 (a "
                f"batch); got the shape {shape}."
            )

        def transformed(by: Callable[..., Array], values: Array) -> Array:
            if len(shape) == 4:
                return by(values, transformation, training=training)
            return by(np.expand_dims(values, 0), transformation, training=training)[0]

        transformation = self.get_random_transformation(data, training=training)
        if not isinstance(data, dict):
            return transformed(self.transform_images, data)
        result = {**data, "images": transformed(self.transform_images, data["images"])}
        if "bounding_boxes" in data:
            self._require_format()
            result["bounding_boxes"] = self.transform_bounding_boxes(
                data["bounding_boxes"], transformation, training=training
            )
        if "labels" in data:
            result["labels"] = transformed(self.transform_labels, data["labels"])
        if "segmentation_masks" in data:
            result["segmentation_masks"] = transformed(
                self.transform_segmentation_masks, data["segmentation_masks"]
            )
        return result

    def _require_format(self) -> None:
        if not self.bounding_box_format:
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' got 'bounding_boxes' without knowing "
                "their format: make it with `bounding_box_format`, such as 'xyxy'."
            )

    def _height_and_width(self, shape: Sequence[int]) -> tuple[int, int]:
        return shape[self._height_axis], shape[self._height_axis + 1]

    def _in_compute_dtype(self, images: Array) -> Array:
        return in_dtype(images, self.compute_dtype)

    # -- shapes and settings -----------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not isinstance(input_shape, dict):
            return self.new_shape(tuple(input_shape))
        pixels = {
            name: self.new_shape(tuple(input_shape[name]))
            for name in ("images", "segmentation_masks")
            if name in input_shape
        }
        return {**input_shape, **pixels}

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        return Layer.compute_output_spec(self, inputs, **kwargs)

    def get_config(self) -> dict[str, Any]:
        found = {**super().get_config(), "data_format": self.data_format}
        if self.bounding_box_format is not None:
            found["bounding_box_format"] = self.bounding_box_format
        return found


class RandomImageLayer(ImageLayer):
    """Base class of those that draw: `generator` is the layer's stream of random numbers."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = random.SeedGenerator(seed)

    def uniform(
        self,
        shape: Sequence[int],
        minval: float,
        maxval: float,
        seed: Any = None,
        dtype: Any = None,
    ) -> Array:
        """Draws from minval … maxval, in floatx unless told; from `seed` where one is given.

        Raises ValueError for a dtype of whole numbers.
        """
        dtype = np.dtype(dtype or config.floatx())
        if dtype.kind != "f":
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' draws floating-point numbers, so its "
                f"dtype cannot be {dtype}."
            )
        stream = random.generator_of(self.generator if seed is None else seed)
        drawn = minval + (maxval - minval) * np.asarray(stream.random(shape))
        return drawn.astype(dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class Recolouring(RandomImageLayer):
    """Base class: nothing moves, so segmentation masks and bounding boxes stay as they are."""

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any, training: bool = True
    ) -> Array:
        return segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        return bounding_boxes


def shape_of(data: Any) -> tuple[int, ...]:
    """The shape of the images among the data."""
    return np.shape(data["images"] if isinstance(data, dict) else data)


def count_of(data: Any) -> int:
    """How many images there are."""
    shape = shape_of(data)
    return shape[0] if len(shape) == 4 else 1


def one_for_each(data: Any) -> tuple[int, ...]:
    """The shape of one number for each image, which broadcasts:  (B, 1, 1, 1)."""
    return (*shape_of(data)[:-3], 1, 1, 1)


def factor_range(factor: Any, low: float, high: float) -> tuple[float, float]:
    """The range of a factor: of one number f it is -f … f, cut off at `low`; or two numbers.

    Raises ValueError where it is no number in low … high, or the two have nothing in common with
    low … high.
    """
    if isinstance(factor, (tuple, list)) and len(factor) == 2:
        if factor[0] <= high and factor[1] >= low:
            first, last = sorted(factor)
            return first, last
    elif isinstance(factor, (int, float)) and low <= factor <= high:
        return max(-abs(factor), low), abs(factor)
    raise ValueError(
        f"`factor` must be a number from {low} to {high}, or a pair of them; got {factor!r}."
    )


def sorted_range(value_range: Any) -> list[float]:
    """The least and the greatest value of a pixel. Raises ValueError where it is no pair."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ValueError(f"`value_range` must be a pair of numbers; got {value_range!r}.")
    return sorted(value_range)


def clipped(x: Array, value_range: Sequence[float]) -> Array:
    return np.clip(x, value_range[0], value_range[1])


def in_range(x: Array, given: Sequence[float], wanted: Sequence[float]) -> Array:
    """Values of one range in another:  (x - a) / (b - a) · (d - c) + c."""
    (a, b), (c, d) = given, wanted
    return x if (a, b) == (c, d) else (x - a) / (b - a) * (d - c) + c
