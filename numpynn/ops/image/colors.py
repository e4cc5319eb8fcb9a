"""Colours in other coordinates.

RGB is how much red, green and blue there is. HSV is the hue on the circle of colours (red 0, green
⅓, blue ⅔), the saturation from grey 0 to pure 1, and the value from black 0 to bright 1.
Source: Smith 1978, Color gamut transform pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import at_least_single, floating, in_dtype
from numpynn.ops.image.layout import check_floating, checked
from numpynn.typing import Array
from numpynn.utils import arguments

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]

LUMA = (0.2989, 0.5870, 0.1140)
"""How bright red, green and blue are to the eye (ITU-R BT.601)."""


def rgb_to_grayscale(images: Array, data_format: str | None = None) -> Array:
    """0.2989 red + 0.587 green + 0.114 blue:  (B, H, W, 3) → (B, H, W, 1), in the same dtype.

    One image (H, W, 3) goes as well; images of one channel stay as they are. Whole numbers are cut
    off.
    Raises ValueError for other ranks and numbers of channels.
    """
    images = checked(images)
    axis = _channels(data_format)
    if images.shape[axis] == 1:
        return images
    if images.shape[axis] != 3:
        raise ValueError(f"Images have 3 channels or 1; got the shape {images.shape}.")
    grey = sum(
        weight * channel
        for weight, channel in zip(LUMA, _apart(floating(images), axis), strict=True)
    )
    return in_dtype(np.expand_dims(grey, axis), images.dtype)


def rgb_to_hsv(images: Array, data_format: str | None = None) -> Array:
    """(B, H, W, 3) or (H, W, 3) from red, green, blue to hue, saturation, value.

        v = max(r, g, b)   d = v - min(r, g, b)   s = d / v
        h = (g - b) / 6d,  ⅓ + (b - r) / 6d  or  ⅔ + (r - g) / 6d,  by which of r, g, b is v

    Where d is 0 (grey) the hue is 0, where v is not above 0 (black) the saturation.
    Raises ValueError for other ranks and numbers of channels, and images that are no floats.
    """
    return _converted(_rgb_to_hsv, images, data_format)


def _rgb_to_hsv(r: Array, g: Array, b: Array) -> tuple[Array, Array, Array]:
    v = np.maximum(np.maximum(r, g), b)
    d = v - np.minimum(b, np.minimum(g, r))
    colored = unwrapped(d) > 0
    bright = unwrapped(v) > 0
    sixth = 1.0 / (6.0 * np.where(colored, d, 1.0))
    h = np.where(r == v, (g - b) * sixth, (r - g) * sixth + 4.0 / 6.0)
    h = np.where((g == v) & (r != v), (b - r) * sixth + 2.0 / 6.0, h)
    h = np.where(colored, h + (unwrapped(h) < 0), 0.0)
    return h, np.where(bright, d / np.where(bright, v, 1.0), 0.0), v


def hsv_to_rgb(images: Array, data_format: str | None = None) -> Array:
    """(B, H, W, 3) or (H, W, 3) from hue, saturation, value to red, green, blue.

        r = v (1 - s + s f_r(h)),  so g and b;  f is 1 within ⅙ of a colour's hue, 0 beyond ⅓

    Raises ValueError for other ranks and numbers of channels, and images that are no floats.
    """
    return _converted(_hsv_to_rgb, images, data_format)


def _hsv_to_rgb(h: Array, s: Array, v: Array) -> tuple[Array, Array, Array]:
    sixths = 6.0 * h
    red = np.absolute(sixths - 3.0) - 1.0
    green, blue = 2.0 - np.absolute(sixths - 2.0), 2.0 - np.absolute(sixths - 4.0)
    r, g, b = ((1.0 - s + s * np.clip(share, 0.0, 1.0)) * v for share in (red, green, blue))
    return r, g, b


def _converted(
    formula: Callable[..., tuple[Array, ...]], images: Array, data_format: str | None
) -> Array:
    images = checked(check_floating(images))
    axis = _channels(data_format)
    if images.shape[axis] != 3:
        raise ValueError(f"Images of colours have 3 channels; got the shape {images.shape}.")
    channels = formula(*_apart(at_least_single(images), axis))
    return in_dtype(np.stack(channels, axis=axis), images.dtype)


def _channels(data_format: str | None) -> int:
    return -1 if arguments.data_format(data_format) == "channels_last" else -3


def _apart(images: Array, axis: int) -> list[Array]:
    """The channels one by one."""
    after = (slice(None),) * (-1 - axis)
    return [images[(..., channel, *after)] for channel in range(images.shape[axis])]
