"""Images in another size.

Every value of the result is a weighted mean of the pixels near its place. The weights of an axis
depend on its two sizes alone, so resizing is one matrix product an axis:  Y = W_h X W_wᵀ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import at_least_single, in_dtype
from numpynn.ops.image.layout import checked, height_axis
from numpynn.typing import Array
from numpynn.utils import arguments

__all__ = ["resize"]


def resize(
    images: Array,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Array:
    """Images (B, H, W, D) or one (H, W, D) with height and width `size`, in their own dtype.

    interpolation: "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", or "area", the mean
    over all that falls on a pixel. antialias: when shrinking, take the mean over as many pixels as
    fall on one. Whole numbers are rounded.
    crop_to_aspect_ratio: first cut off what is too high or too wide for the shape of the result.
    pad_to_aspect_ratio: first fill up, with `fill_value` (the only fill mode is "constant").
    A NaN or an infinity spreads along its row and column, as far as the matrices reach.
    Raises ValueError for another interpolation or fill mode, rank, number of sizes, and for both.
    """
    if len(size) != 2:
        raise ValueError(f"`size` must be two whole numbers (height, width); got {size!r}.")
    new_height, new_width = arguments.whole_numbers(size, 2, "size")
    images = checked(images)
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"`interpolation` must be one of {', '.join(INTERPOLATIONS)}; got {interpolation!r}."
        )
    if fill_mode != "constant":
        raise ValueError(f"The only `fill_mode` is 'constant'; got {fill_mode!r}.")
    axis = height_axis(images, data_format)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Choose one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both.")
    if crop_to_aspect_ratio:
        images = _cropped(images, axis, new_height, new_width)
    elif pad_to_aspect_ratio:
        images = _padded(images, axis, new_height, new_width, fill_value)
    height, width = images.shape[axis], images.shape[axis + 1]
    if interpolation == "nearest":
        kind, along = unwrapped(images), images.ndim + axis
        rows, columns = _nearest(height, new_height, kind), _nearest(width, new_width, kind)
        return np.take(np.take(images, rows, axis=along), columns, axis=along + 1)
    x = at_least_single(images)
    of_rows = _weights_like(x, height, new_height, interpolation, antialias)
    of_columns = _weights_like(x, width, new_width, interpolation, antialias)
    if axis == -3:
        flat = np.reshape(x, (*x.shape[:-2], width * x.shape[-1]))
        flat = np.matmul(of_rows, flat)
        y = np.matmul(of_columns, np.reshape(flat, (*flat.shape[:-1], width, x.shape[-1])))
    else:
        y = np.matmul(np.matmul(of_rows, x), of_columns.T)
    return _in_dtype_of(images, y)


def _in_dtype_of(images: Array, y: Array) -> Array:
    dtype = images.dtype
    if dtype.kind in "iu":
        y = np.clip(np.round(y), np.iinfo(dtype).min, np.iinfo(dtype).max)
    return in_dtype(y, dtype)


# -- the shape of the result -----------------------------------------------------------------------


def _cropped(images: Array, axis: int, new_height: int, new_width: int) -> Array:
    """The largest part, in the middle, with  height : width = new_height : new_width."""
    height, width = images.shape[axis], images.shape[axis + 1]
    part = [slice(None)] * images.ndim
    for along, size, fitting in (
        (axis, height, width * new_height // new_width),
        (axis + 1, width, height * new_width // new_height),
    ):
        left = max(min(size, fitting), 1)
        start = (size - left) // 2
        part[along] = slice(start, start + left)
    return images[tuple(part)]


def _padded(images: Array, axis: int, new_height: int, new_width: int, fill_value: float) -> Array:
    """As much before as after, until  height : width = new_height : new_width,  but for a pixel."""
    height, width = images.shape[axis], images.shape[axis + 1]
    widths = [(0, 0)] * images.ndim
    for along, size, fitting in (
        (axis, height, width * new_height // new_width),
        (axis + 1, width, height * new_width // new_height),
    ):
        end = max(fitting - size, 0) // 2
        widths[along] = (end, end)
    return np.pad(images, widths, constant_values=fill_value)


# -- the weights -----------------------------------------------------------------------------------


def _triangle(distance: Array) -> Array:
    """Linear between two pixels."""
    return np.maximum(1.0 - distance, 0.0)


def _cubic(distance: Array) -> Array:
    """A cubic spline through four pixels with slope -1/2 at the first.

    Source: Keys 1981, Cubic convolution interpolation for digital image processing.
    """
    near = (1.5 * distance - 2.5) * distance**2 + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    """sinc(d) in the window sinc(d / radius), over 2 · radius pixels.

    Source: Lanczos 1956; Duchon 1979.
    """

    def kernel(distance: Array) -> Array:
        return np.where(distance < radius, np.sinc(distance) * np.sinc(distance / radius), 0.0)

    return kernel


KERNELS: dict[str, Callable[[Array], Array]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
INTERPOLATIONS = ("nearest", "area", *KERNELS)


@lru_cache(maxsize=64)
def _weights(n: int, m: int, interpolation: str, antialias: bool, dtype: Any) -> Array:
    """(m, n): the share of each of n pixels in each of m; the shares of one add up to 1."""
    if interpolation == "area":
        edges = np.arange(m + 1)[:, None] * (n / m)  # in pixels of the image
        covered = np.clip(edges - np.arange(n), 0.0, 1.0)  # of each pixel, before an edge
        return (np.diff(covered, axis=0) * (m / n)).astype(dtype)
    places = (np.arange(m) + 0.5) * (n / m) - 0.5
    if interpolation == "bicubic" and not antialias:
        # TensorFlow's kernel, and so Keras, knows the spline at multiples of 1/1024 only.
        places = np.round(places * 1024) / 1024
    width = max(n / m, 1.0) if antialias else 1.0
    weights = KERNELS[interpolation](np.absolute(places[:, None] - np.arange(n)) / width)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)


def _weights_like(x: Array, n: int, m: int, interpolation: str, antialias: bool) -> Array:
    return np.asarray(_weights(n, m, interpolation, antialias, x.dtype), like=x)


def _nearest(n: int, m: int, like: Array) -> Array:
    """For each of m pixels the nearest of n, the later one in the middle between two.

    In float32, as in TensorFlow: its rounding decides where a place is near the middle.
    """
    places = (np.arange(m, dtype=np.float32) + np.float32(0.5)) * (np.float32(n) / np.float32(m))
    return np.asarray(np.minimum(np.floor(places), n - 1).astype(int), like=like)
