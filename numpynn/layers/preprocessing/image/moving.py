"""Images turned, moved and zoomed, every pixel of the result taken from a place in the image.

    y[i, j] = x at column a₀ j + a₁ i + a₂  and row b₀ j + b₁ i + b₂

A place between pixels is interpolated; one outside of the image is filled by `fill_mode`. The
matrix of an image is given as (a₀, a₁, a₂, b₀, b₁, b₂, 0, 0), see `ops.image.affine_transform`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.layers.preprocessing.image.layer import (
    RandomImageLayer,
    count_of,
    factor_range,
    shape_of,
)
from numpynn.ops.image import affine_transform
from numpynn.typing import Array

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class Moving(RandomImageLayer):
    """Base class: in training each image by a matrix of its own, otherwise the identity.

    fill_mode: what lies beyond the image (a b c d):
        "reflect"  d c b a | a b c d | d c b a      "nearest"   a a a a | a b c d | d d d d
        "wrap"     a b c d | a b c d | a b c d      "constant"  v v v v | a b c d | v v v v
    with v = fill_value. interpolation: "bilinear" or "nearest"; segmentation masks always take the
    nearest pixel.
    Raises NotImplementedError, as Keras does, for other modes and interpolations.
    """

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        for name, value, known in (
            ("fill_mode", fill_mode, FILL_MODES),
            ("interpolation", interpolation, INTERPOLATIONS),
        ):
            if value not in known:
                raise NotImplementedError(
                    f"`{name}` must be one of {', '.join(known)}; got {value!r}."
                )
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value

    def matrix(self, transformation: Any) -> Array:
        """(B, 8): the matrices of the images, of what was drawn."""
        raise NotImplementedError

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        images = self._in_compute_dtype(images)
        return self._moved(images, transformation, self.interpolation) if training else images

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any, training: bool = True
    ) -> Array:
        if not training:
            return segmentation_masks
        return self._moved(segmentation_masks, transformation, "nearest")

    def _moved(self, images: Array, transformation: Any, interpolation: str) -> Array:
        return affine_transform(
            images,
            self.matrix(transformation),
            interpolation,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "interpolation": self.interpolation,
        }


class RandomRotation(Moving):
    """In training each image turned about its middle by an angle θ; otherwise the identity.

        column = j cos θ - i sin θ + a₂     a₂ = c - c cos θ + r sin θ     c = (W - 1) / 2
        row    = j sin θ + i cos θ + b₂     b₂ = r - c sin θ - r cos θ     r = (H - 1) / 2

    factor: the range of θ in whole turns; 0.1 is -36° … 36°. Positive angles turn the image
    counter-clockwise. Raises ValueError for factors beyond -1 … 1.
    Source: Keras `RandomRotation`.
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor_range(factor or 0.0, -1, 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The angles in degrees, (B,), and the matrices they make."""
        if not training:
            return None
        shape = shape_of(data)
        batch_size = count_of(data)
        height, width = self._height_and_width(shape)
        angle = self.uniform((batch_size,), self.factor[0] * 360, self.factor[1] * 360, seed)
        matrix = _rotation(angle, height, width)
        return {
            "angle": angle,
            "rotation_matrix": matrix if len(shape) == 4 else matrix[0],
            "image_height": height,
            "image_width": width,
            "batch_size": batch_size,
        }

    def matrix(self, transformation: Any) -> Array:
        return transformation["rotation_matrix"]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def _rotation(degrees: Array, height: int, width: int) -> Array:
    """(B, 8): the matrices that turn about the middle."""
    angle = degrees * (math.pi / 180.0)
    cos, sin = np.cos(angle), np.sin(angle)
    column, row = (width - 1) / 2, (height - 1) / 2
    a2 = column - column * cos + row * sin
    b2 = row - column * sin - row * cos
    return _rows(cos, -sin, a2, sin, cos, b2)


class RandomTranslation(Moving):
    """In training each image moved by (dx, dy) pixels; otherwise the identity.

        column = j - dx     row = i - dy     dx = W · a share,  dy = H · a share

    height_factor, width_factor: the ranges of the shares; 0.1 is -0.1 … 0.1. Positive ones move
    down and to the right. Raises ValueError for shares beyond -1 … 1.
    Source: Keras `RandomTranslation`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height_range = _share_range(height_factor, "height_factor")
        self._width_range = _share_range(width_factor, "width_factor")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The pixels that each image is moved to the right and down, (B, 2)."""
        if not training:
            return None
        shape = shape_of(data)
        seed = self.generator if seed is None else seed
        height, width = self._height_and_width(shape)
        each = (count_of(data), 1)
        down = self.uniform(each, *self._height_range, seed) * height
        right = self.uniform(each, *self._width_range, seed) * width
        return {"translations": np.concatenate([right, down], axis=1), "input_shape": shape}

    def matrix(self, transformation: Any) -> Array:
        right, down = np.moveaxis(transformation["translations"], 1, 0)
        zeros, ones = np.zeros_like(right), np.ones_like(right)
        return _rows(ones, zeros, -right, zeros, ones, -down)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


class RandomZoom(Moving):
    """In training each image shrunk or enlarged about its middle; otherwise the identity.

        column = z_w j + (1 - z_w) (W - 1) / 2     row = z_h i + (1 - z_h) (H - 1) / 2

    height_factor, width_factor: the ranges of z_h - 1 and z_w - 1; 0.1 is -0.1 … 0.1. Positive ones
    show more of the image, smaller. width_factor=None: z_w = z_h.
    Raises ValueError for factors that are not above -1 and at most 1.
    Source: Keras `RandomZoom`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height_range = _share_range(height_factor, "height_factor", above=-1.0)
        if width_factor is not None:
            self._width_range = _share_range(width_factor, "width_factor", above=-1.0)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """z_h and z_w of each image, (B, 1) each."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        each = (count_of(data), 1)
        height_zoom = width_zoom = 1 + self.uniform(each, *self._height_range, seed)
        if self.width_factor is not None:
            width_zoom = 1 + self.uniform(each, *self._width_range, seed)
        return {"height_zoom": height_zoom, "width_zoom": width_zoom, "input_shape": shape_of(data)}

    def matrix(self, transformation: Any) -> Array:
        height, width = self._height_and_width(transformation["input_shape"])
        vertical = transformation["height_zoom"][:, 0]
        horizontal = transformation["width_zoom"][:, 0]
        left = (1 - horizontal) * ((width - 1) / 2)
        top = (1 - vertical) * ((height - 1) / 2)
        zeros = np.zeros_like(vertical)
        return _rows(horizontal, zeros, left, zeros, vertical, top)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


class RandomShear(Moving):
    """In training each image slanted, from its first row and column on; otherwise the identity.

        column = j + s_x i     row = i + s_y j

    x_factor, y_factor: the ranges of s_x and s_y, numbers from 0 to 1; half of the images get both
    with the other sign. One number f is -f … f. (Keras does not read such a range from its own
    configuration; here a pair may begin below 0.)
    Raises ValueError for factors beyond -1 … 1 and for one number below 0.
    Source: Keras `RandomShear`.
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = _share_range(x_factor, "x_factor", signed=False)
        self.y_factor = _share_range(y_factor, "y_factor", signed=False)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """s_x and s_y of each image, (B, 2)."""
        if not training:
            return None
        seed, dtype = self.generator if seed is None else seed, self.compute_dtype
        each = (count_of(data), 1)
        sign = np.where(self.uniform(each, 0, 1, seed, dtype) > 0.5, -1.0, 1.0).astype(dtype)
        vertical = self.uniform(each, *self.y_factor, seed, dtype)
        horizontal = self.uniform(each, *self.x_factor, seed, dtype)
        shear = np.concatenate([horizontal, vertical], axis=1) * sign
        return {"shear_factor": shear, "input_shape": shape_of(data)}

    def matrix(self, transformation: Any) -> Array:
        horizontal, vertical = np.moveaxis(transformation["shear_factor"], 1, 0)
        zeros, ones = np.zeros_like(vertical), np.ones_like(vertical)
        return _rows(ones, horizontal, zeros, vertical, ones, zeros)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}


def _share_range(
    factor: Any, name: str, above: float | None = None, signed: bool = True
) -> tuple[float, float]:
    """The range of a share: of one number f it is -f … f; or two numbers, each in -1 … 1.

    above: a bound that is not reached. signed: whether the one number may be negative.
    """
    numbers = factor if isinstance(factor, (tuple, list)) else (factor,)
    one = len(numbers) == 1 and isinstance(factor, (int, float))
    if (
        not (one or len(numbers) == 2)
        or not all(-1.0 <= number <= 1.0 and number != above for number in numbers)
        or (one and not signed and factor < 0)
    ):
        least = "-1 to" if above is None else "above -1 to"
        raise ValueError(
            f"`{name}` must be a number from {least} 1, or a pair of them; got {factor!r}."
        )
    low, high = (-abs(factor), abs(factor)) if one else sorted(numbers)
    return low, high


def _rows(*entries: Array) -> Array:
    """(B, 8) of the six entries of B matrices, each (B,), and two zeros."""
    zeros = np.zeros_like(entries[0])
    return np.stack([*entries, zeros, zeros], axis=1)
