"""Images in another size.

Every value of the result is a weighted mean of the pixels near its place. The weights of an axis
depend on its two sizes alone, so resizing is one matrix product an axis:  Y = W_h X W_wᵀ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from numpynn.ops.dtypes import as_array, at_least_single
from numpynn.typing import Array
from numpynn.utils import arguments


def resize(
    images: Array,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    data_format: str | None = None,
) -> Array:
    """Images (B, H, W, D) or one (H, W, D) with height and width `size`, in their own dtype.

    interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5". antialias: when
    shrinking, take the mean over as many pixels as fall on one. Whole numbers are rounded.
    Raises ValueError for another interpolation, rank or number of sizes.
    """
    images = as_array(images)
    if images.ndim not in (3, 4):
        raise ValueError(f"Images have rank 3 or 4; got the shape {images.shape}.")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"`interpolation` must be one of {', '.join(INTERPOLATIONS)}; got {interpolation!r}."
        )
    new_height, new_width = arguments.whole_numbers(size, 2, "size")
    channels_last = arguments.data_format(data_format) == "channels_last"
    height, width = images.shape[-3:-1] if channels_last else images.shape[-2:]
    if interpolation == "nearest":
        rows, columns = _nearest(height, new_height), _nearest(width, new_width)
        axis = images.ndim - (3 if channels_last else 2)
        return np.take(np.take(images, rows, axis=axis), columns, axis=axis + 1)
    x = at_least_single(images)
    of_rows = _weights_like(x, height, new_height, interpolation, antialias)
    of_columns = _weights_like(x, width, new_width, interpolation, antialias)
    if channels_last:
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
    return y if y.dtype == dtype else y.astype(dtype)


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
INTERPOLATIONS = ("nearest", *KERNELS)


@lru_cache(maxsize=64)
def _weights(n: int, m: int, interpolation: str, antialias: bool, dtype: Any) -> Array:
    """(m, n): the share of each of n pixels in each of m; the shares of one add up to 1."""
    places = (np.arange(m) + 0.5) * (n / m) - 0.5
    if interpolation == "bicubic" and not antialias:
        # TensorFlow's kernel, and so Keras, knows the spline at multiples of 1/1024 only.
        places = np.round(places * 1024) / 1024
    width = max(n / m, 1.0) if antialias else 1.0
    weights = KERNELS[interpolation](np.absolute(places[:, None] - np.arange(n)) / width)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)


def _weights_like(x: Array, n: int, m: int, interpolation: str, antialias: bool) -> Array:
    return np.asarray(_weights(n, m, interpolation, antialias, x.dtype), like=x)


def _nearest(n: int, m: int) -> Array:
    """For each of m pixels the nearest of n, the later one in the middle between two."""
    return np.minimum(np.floor((np.arange(m) + 0.5) * (n / m)), n - 1).astype(int)
