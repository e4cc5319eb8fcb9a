"""How alike two images are to the eye."""

from __future__ import annotations

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array, common_dtype, in_dtype
from numpynn.ops.image.filters import bell
from numpynn.ops.image.layout import as_batch, checked
from numpynn.typing import Array

__all__ = ["ssim"]


def ssim(
    image1: Array,
    image2: Array,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Array:
    """The structural similarity of images, 1 for equal ones:  two (B, H, W, D) → (B,).

        (2 m₁ m₂ + c₁) (2 s₁₂ + c₂) / ((m₁² + m₂² + c₁) (s₁² + s₂² + c₂)),  the mean of all windows

    with the means m, variances s² and covariance s₁₂ of both images in a window of `filter_size`
    pixels, weighted by a bell curve of deviation `filter_sigma`; c₁ = (k₁ L)², c₂ = (k₂ L)² and
    L = `max_val`, the range of the values. One image (H, W, D) each gives one number.
    Source: Wang, Bovik, Sheikh and Simoncelli 2004.
    Raises ValueError for other ranks, two shapes, and images smaller than a window.
    """
    image1, image2 = checked(image1, "image1"), checked(image2, "image2")
    if image1.shape != image2.shape:
        raise ValueError(f"Both images must have one shape; got {image1.shape}, {image2.shape}.")
    dtype = common_dtype(image1.dtype, float)
    x, _ = as_batch(in_dtype(image1, dtype), data_format)
    y, _ = as_batch(in_dtype(image2, dtype), data_format)
    if min(x.shape[1:3]) < filter_size:
        raise ValueError(f"Windows of {filter_size} pixels do not fit into {image1.shape}.")
    curve = bell(unwrapped(x), filter_size, as_array(filter_sigma, dtype))

    def mean(z: Array) -> Array:
        return _weighted(_weighted(z, curve, 1), curve, 2)

    m1, m2 = mean(x), mean(y)
    s11, s22, s12 = mean(x * x) - m1 * m1, mean(y * y) - m2 * m2, mean(x * y) - m1 * m2
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    alike = (2.0 * m1 * m2 + c1) * (2.0 * s12 + c2)
    alike = alike / ((m1 * m1 + m2 * m2 + c1) * (s11 + s22 + c2))
    of_images = in_dtype(np.mean(alike, axis=(1, 2, 3)), image1.dtype)
    return of_images if image1.ndim == 4 else of_images[0]


def _weighted(x: Array, weights: Array, axis: int) -> Array:
    """The sum over each window along an axis, by weights."""
    count = x.shape[axis] - weights.shape[0] + 1
    before = (slice(None),) * axis
    return sum(w * x[(*before, slice(i, i + count))] for i, w in enumerate(weights))
