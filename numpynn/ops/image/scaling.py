"""Images stretched and moved along some axes: resizing with a scale of any size.

Pixel j of the result shows the place (j + ½ - t) / s - ½ of an axis. The image there is a weighted
mean of the pixels near it, so each axis is one product with a matrix of weights, as in `resizing`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import aligned, as_array, at_least_single, in_dtype
from numpynn.ops.image.resizing import KERNELS
from numpynn.typing import Array

__all__ = ["scale_and_translate"]

METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), KERNELS["bilinear"]),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), KERNELS["bicubic"]),
    "lanczos3": KERNELS["lanczos3"],
    "lanczos5": KERNELS["lanczos5"],
}


def scale_and_translate(
    images: Array,
    output_shape: Sequence[int],
    scale: Array,
    translation: Array,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Array:
    """`images` in `output_shape`, each of the axes `spatial_dims` stretched by s, then moved by t.

    scale, translation: (k,), a number for each of these axes; t in pixels of the result.
    method: "linear", "cubic" (each with bi- or tri- before it), "lanczos3" or "lanczos5".
    antialias: where s < 1, take the mean over as many pixels as fall on one. What is outside of the
    image is 0. Whole numbers are rounded and stay between their least and their greatest.
    Raises ValueError for another method and other lengths. The gradient is for s and t as well.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    images = as_array(images)
    scale, translation = aligned(as_array(scale), as_array(translation), weak=(float,))
    if not len(scale) == len(translation) == len(spatial_dims):
        raise ValueError(
            f"There must be a scale and a translation for each of the axes {spatial_dims}; got "
            f"{len(scale)} and {len(translation)}."
        )
    y = at_least_single(images)
    scale, translation = np.reshape(scale, (-1, 1)), np.reshape(translation, (-1, 1))
    for axis, s, t in zip(spatial_dims, scale, translation, strict=True):
        weights = _weights(images.shape[axis], output_shape[axis], s, t, method, antialias)
        moved = np.tensordot(y, in_dtype(weights, y.dtype), axes=(axis, 0))
        y = np.moveaxis(moved, -1, axis)
    if images.dtype.kind in "iu":
        y = np.clip(np.round(y), np.min(unwrapped(images)), np.max(unwrapped(images)))
    return in_dtype(y, images.dtype)


def _weights(n: int, m: int, s: Array, t: Array, method: str, antialias: bool) -> Array:
    """(n, m): the share of each of n pixels in each of m; 0 for places outside of the image.

    s (1,)   t (1,)
    """
    like = unwrapped(s)
    pixels = np.arange(n, dtype=like.dtype, like=like)
    places = (np.arange(m, dtype=like.dtype, like=like) + 0.5 - t) / s - 0.5
    width = np.maximum(1.0 / s, 1.0) if antialias else 1.0
    shares = METHODS[method](np.absolute(places - np.expand_dims(pixels, 1)) / width)
    total = np.sum(shares, axis=0)
    inside = (unwrapped(places) >= -0.5) & (unwrapped(places) <= n - 0.5)
    inside = inside & (np.absolute(unwrapped(total)) > 1000 * np.finfo(np.float32).eps)
    return np.where(inside, shares / np.where(inside, total, 1.0), 0.0)
