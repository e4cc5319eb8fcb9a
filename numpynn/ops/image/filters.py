"""Every pixel from its neighbours: blurred images, and their edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array, in_dtype
from numpynn.ops.image.layout import as_batch, check_floating
from numpynn.ops.nn.convolution import depthwise_conv
from numpynn.typing import Array
from numpynn.utils import arguments

__all__ = ["gaussian_blur", "sobel_edges"]


def gaussian_blur(
    images: Array,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Array:
    """The mean of each pixel's neighbours by a bell curve:  K[i, j] ~ g(i; σ_y) g(j; σ_x).

    images (B, H, W, D) or (H, W, D), floats, with zeros around them. sigma: (σ_x, σ_y), in pixels.
    data_format: None means channels_last, whatever is configured. kernel_size: two numbers; where
    they differ, Keras reads the kernel (k_x, k_y) as one of (k_y, k_x), and so it is here.
    Raises ValueError for images of another rank, and such that are no floats.
    """
    images = check_floating(images)
    batch, back = as_batch(images, data_format or "channels_last")
    size = arguments.whole_numbers(kernel_size, 2, "kernel_size")
    sigmas = np.broadcast_to(in_dtype(as_array(sigma), images.dtype), (2,))
    of_x, of_y = (bell(unwrapped(images), n, sigmas[axis]) for axis, n in enumerate(size))
    kernel = np.reshape(np.expand_dims(of_y, 1) * of_x, (*size, 1, 1))
    kernel = np.broadcast_to(kernel, (*size, batch.shape[-1], 1))
    return back(depthwise_conv(batch, kernel, 1, "same", "channels_last"))


def bell(like: Array, size: int, sigma: Array) -> Array:
    """The bell curve exp(-x² / 2σ²) at `size` places around its middle, with sum 1."""
    x = np.arange(size, dtype=like.dtype, like=like) - (size - 1) / 2
    curve = np.exp(-0.5 * (x / sigma) ** 2)
    return curve / np.sum(curve)


def sobel_edges(images: Array, data_format: str | None = None) -> Array:
    """How much brighter it gets downwards and to the right:  (B, H, W, D) → (B, H, W, D, 2).

    [dy, dx], each the difference of the neighbours on both sides in its direction, blurred by
    [1, 2, 1] across it; outside, the image is mirrored. Source: Sobel and Feldman 1968.
    Raises ValueError for another rank, images smaller than 2 x 2, and such that are no floats.
    """
    images = check_floating(images)
    if images.ndim != 4:
        raise ValueError(f"`images` must be a batch, of rank 4; got the shape {images.shape}.")
    y = -3 if arguments.data_format(data_format) == "channels_last" else -2
    x = y + 1
    if min(images.shape[y], images.shape[x]) < 2:
        raise ValueError(f"Images must be 2 x 2 or larger; got the shape {images.shape}.")
    widths = [(0, 0)] * 4
    widths[y] = widths[x] = (1, 1)
    around = np.pad(images, widths, mode="reflect")
    dy = _blurred(_difference(around, y), x)
    dx = _blurred(_difference(around, x), y)
    return np.stack([dy, dx], axis=-1)


def _three(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """What stands before each value along an axis, itself, and what stands behind it."""
    n = x.shape[axis]
    index = [slice(None)] * x.ndim
    parts = []
    for start in range(3):
        index[axis] = slice(start, n - 2 + start)
        parts.append(x[tuple(index)])
    return parts[0], parts[1], parts[2]


def _difference(x: Array, axis: int) -> Array:
    before, _, behind = _three(x, axis)
    return behind - before


def _blurred(x: Array, axis: int) -> Array:
    before, here, behind = _three(x, axis)
    return before + 2.0 * here + behind
