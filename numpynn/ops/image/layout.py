"""Where the axes of images are, and one form for all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numpynn.ops.dtypes import as_array
from numpynn.typing import Array
from numpynn.utils import arguments


def checked(images: Array, name: str = "images") -> Array:
    """Images as an array. Raises ValueError unless it is one image or a batch: rank 3 or 4."""
    images = as_array(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"`{name}` must be one image of rank 3 or a batch of rank 4; got the shape "
            f"{images.shape}."
        )
    return images


def height_axis(images: Array, data_format: str | None) -> int:
    """The axis of the height, counted from the end; the width comes next."""
    return -3 if arguments.data_format(data_format) == "channels_last" else -2


def as_batch(images: Array, data_format: str | None) -> tuple[Array, Callable[[Array], Array]]:
    """Images as (B, H, W, D), and the function that gives such a result their own form."""
    images = checked(images)
    alone = images.ndim == 3
    last = arguments.data_format(data_format) == "channels_last"

    def back(batch: Array) -> Array:
        batch = batch if last else np.moveaxis(batch, 3, 1)
        return batch[0] if alone else batch

    batch = images[None] if alone else images
    return batch if last else np.moveaxis(batch, 1, 3), back


def check_floating(images: Array) -> Array:
    """Images as an array. Raises ValueError unless their values are floats."""
    images = as_array(images)
    if images.dtype.kind != "f":
        raise ValueError(f"The images must be floats; got {images.dtype}.")
    return images
