"""Less of an image, or more around it.

Along an axis of size n, three numbers say which part of an image stays, or what comes around it:

    cropping   target = n - before - after
    padding    target = n + before + after

Two of them are given; the third follows.
"""

from __future__ import annotations

import numpy as np

from numpynn.ops.image.layout import checked, height_axis
from numpynn.typing import Array

__all__ = ["crop_images", "pad_images"]


def crop_images(
    images: Array,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Array:
    """A part of each image: so many rows and columns less at the edges.

    images (B, H, W, D) or (H, W, D). Of top, bottom and target height two are given, and of left,
    right and target width.
    Raises ValueError for more or fewer, and where the part is not inside the image.
    """
    images = checked(images)
    axis = height_axis(images, data_format)
    height, width = images.shape[axis], images.shape[axis + 1]
    top, bottom = _ends(
        height,
        -1,
        top_cropping=top_cropping,
        bottom_cropping=bottom_cropping,
        target_height=target_height,
    )
    left, right = _ends(
        width,
        -1,
        left_cropping=left_cropping,
        right_cropping=right_cropping,
        target_width=target_width,
    )
    part = [slice(None)] * images.ndim
    part[axis], part[axis + 1] = slice(top, height - bottom), slice(left, width - right)
    return images[tuple(part)]


def pad_images(
    images: Array,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Array:
    """Each image in a frame of zeros: so many rows and columns more at the edges.

    images (B, H, W, D) or (H, W, D). Of top, bottom and target height two are given, and of left,
    right and target width.
    Raises ValueError for more or fewer, and where the image is larger than the target.
    """
    images = checked(images)
    axis = height_axis(images, data_format)
    widths = [(0, 0)] * images.ndim
    widths[axis] = _ends(
        images.shape[axis],
        1,
        top_padding=top_padding,
        bottom_padding=bottom_padding,
        target_height=target_height,
    )
    widths[axis + 1] = _ends(
        images.shape[axis + 1],
        1,
        left_padding=left_padding,
        right_padding=right_padding,
        target_width=target_width,
    )
    return np.pad(images, widths)


def _ends(size: int, sign: int, **given: int | None) -> tuple[int, int]:
    """(before, after) where  target = size + sign · (before + after)  and two of them are given.

    given: before, after and target, in this order, by the names of the arguments.
    """
    before, after, target = given.values()
    if before is None and after is not None and target is not None:
        before = sign * (target - size) - after
    elif after is None and before is not None and target is not None:
        after = sign * (target - size) - before
    elif target is None and before is not None and after is not None:
        target = size + sign * (before + after)
    else:
        raise ValueError(f"Exactly two of {', '.join(given)} must be given; got {given}.")
    if min(before, after, target) < 0:
        found = dict(zip(given, (before, after, target), strict=True))
        raise ValueError(
            f"An axis of size {size} with {given} would need {found}, and none can be negative."
        )
    return before, after
