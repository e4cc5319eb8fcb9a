"""Images of one size, whatever theirs was: resized, or cut out of the middle or at a random place.

Where a target (H', W') does not fit into an image (H, W), the largest window of the target's shape
is taken from the middle and resized:

    h = min(H, W H' / W')     w = min(W, H W' / H')     rounded down, at least 1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.layers.preprocessing.image.layer import ImageLayer, RandomImageLayer, shape_of
from numpynn.ops.image import resize
from numpynn.typing import Array
from numpynn.utils import arguments


class ToSize(ImageLayer):
    """Base class: images of any size become (height, width).

    Raises ValueError where these are no whole numbers from 1.
    """

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = arguments.whole_numbers((height, width), 2, "height and width")

    def new_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        if len(shape) not in (3, 4):
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' takes images of rank 3 (one) or 4 (a "
                f"batch); got the shape {shape}."
            )
        new = list(shape)
        new[self._height_axis], new[self._height_axis + 1] = self.height, self.width
        return tuple(new)

    def _cut(self, images: Array, top: int, left: int, height: int, width: int) -> Array:
        """As much of a window as lies inside of the images."""
        window = [slice(None)] * images.ndim
        window[self._height_axis] = slice(top, top + height)
        window[self._height_axis + 1] = slice(left, left + width)
        return images[tuple(window)]

    def _resized(self, images: Array, interpolation: str = "bilinear", **options: Any) -> Array:
        size = (self.height, self.width)
        return resize(images, size, interpolation, data_format=self.data_format, **options)

    def _window_of_same_shape(self, shape: Sequence[int]) -> tuple[int, int, int, int]:
        """top, left, height and width of the largest window with the target's shape."""
        height, width = self._height_and_width(shape)
        window_height = max(min(height, width * self.height // self.width), 1)
        window_width = max(min(width, height * self.width // self.height), 1)
        top, left = (height - window_height) // 2, (width - window_width) // 2
        return top, left, window_height, window_width

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


class Resizing(ToSize):
    """Larger or smaller images, in training and otherwise:  Y = A X Bᵀ, see `ops.image.resize`.

    interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area"; segmentation
    masks always take the nearest pixel. Without more, the aspect ratio changes;
    crop_to_aspect_ratio: cut the longer side off first. pad_to_aspect_ratio: lay the image in the
    middle of a larger one of fill_value first. antialias: when shrinking, take the mean over as
    many pixels as fall on one. fill_mode: "constant" alone. Whole numbers are rounded, and stay
    what they are.
    Raises ValueError when called with settings that are none of these.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format=data_format, **kwargs)
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.antialias = bool(antialias)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The height and width of the images: nothing is drawn."""
        return self._height_and_width(shape_of(data))

    def transform_images(
        self, images: Array, transformation: Any = None, training: bool = True
    ) -> Array:
        return self._with(self.interpolation, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any = None, training: bool = True
    ) -> Array:
        return self._with("nearest", segmentation_masks)

    def _with(self, interpolation: str, images: Array) -> Array:
        return self._resized(
            images,
            interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }


class CenterCrop(ToSize):
    """The middle of images, in training and otherwise:  y[i, j] = x[t + i, l + j].

        t = ⌊(H - height) / 2⌋     l = ⌊(W - width) / 2⌋

    An image that is too small is resized, see the module.
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, data_format=data_format, **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The shape of the images: nothing is drawn."""
        return {"input_shape": shape_of(data)}

    def transform_images(
        self, images: Array, transformation: Any = None, training: bool = True
    ) -> Array:
        images = self._in_compute_dtype(images)
        height, width = self._height_and_width(images.shape)
        top, left = (height - self.height) // 2, (width - self.width) // 2
        if top >= 0 and left >= 0:
            return self._cut(images, top, left, self.height, self.width)
        return self._resized(self._cut(images, *self._window_of_same_shape(images.shape)))


class RandomCrop(ToSize, RandomImageLayer):
    """In training, a window at a random place, the same for a whole batch; else the identity.

        y[i, j] = x[t + i, l + j]      t from 0 … H - height, l from 0 … W - width

    Unless both sides of an image are longer than the target's, nothing is drawn: as much of the
    target as lies inside of the image, from the corner of the window in the middle (see the
    module), is resized. Segmentation masks are cut in any case, as in Keras.
    Source: Krizhevsky et al. 2012, section 4.1; Keras `RandomCrop`.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, seed=seed, data_format=data_format, name=name, **kwargs)
        self.seed = self.generator.initial_seed
        self.autocast = False  # the labels keep their dtype

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> tuple[int, int]:
        """The first row t and the first column l of the window."""
        shape = shape_of(data)
        height, width = self._height_and_width(shape)
        if not training or height <= self.height or width <= self.width:
            return self._window_of_same_shape(shape)[:2]
        seed = self.generator if seed is None else seed
        top = self.uniform((), 0, height - self.height + 1, seed, "float64")
        left = self.uniform((), 0, width - self.width + 1, seed, "float64")
        return int(top), int(left)

    def transform_images(self, images: Array, transformation: Any, training: bool = True) -> Array:
        if not training:
            return images
        top, left = transformation
        images = self._cut(
            self._in_compute_dtype(images), int(top), int(left), self.height, self.width
        )
        if self._height_and_width(images.shape) == (self.height, self.width):
            return images
        return self._resized(images)

    def transform_segmentation_masks(
        self, segmentation_masks: Array, transformation: Any, training: bool = True
    ) -> Array:
        return self.transform_images(segmentation_masks, transformation)
