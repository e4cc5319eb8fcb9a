"""Images turned, shifted, sheared, stretched, seen in perspective or through water.

Every pixel (x, y) of the result shows what the image has at another place (x', y'). Where that is
says a matrix, which leads from the result to the image, so that each pixel gets one value:

    [x' k]   [a0 a1 a2] [x]
    [y' k] = [b0 b1 b2] [y]
    [  k ]   [c0 c1  1] [1]

Without c0 and c1, k is 1 and parallels stay parallel: the transform is affine. Or it is a field of
displacements, one for each pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn import random
from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array, at_least_single, in_dtype
from numpynn.ops.image.filters import gaussian_blur
from numpynn.ops.image.interpolation import between, framed, linear, picked
from numpynn.ops.image.layout import as_batch, check_floating
from numpynn.random import Seed
from numpynn.typing import Array

__all__ = ["affine_transform", "elastic_transform", "perspective_transform"]

ORDERS = ("nearest", "bilinear")
"""The interpolations, by the number that `map_coordinates` has for them."""


def affine_transform(
    images: Array,
    transform: Array,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Array:
    """Images (B, H, W, D) or (H, W, D) in the same size and dtype, each seen through its matrix.

    transform: [a0, a1, a2, b0, b1, b2, c0, c1], one (8,) for all images or one for each (B, 8).
    interpolation: "bilinear", or "nearest" for the value of one pixel. Whole numbers are cut off.
    fill_mode: what is seen outside of the image a b c d: "constant", the fill value; "nearest",
    a a|a b c d|d d; "reflect", b a|a b c d|d c; "wrap", c d|a b c d|a b.
    Raises ValueError for others, and where ranks or shapes do not fit. The gradient is that of the
    formula, for the transform too; TensorFlow puts the cotangent through the inverse transform.
    """
    _check("interpolation", interpolation, ORDERS)
    _check("fill_mode", fill_mode, FOLDS)
    batch, back = as_batch(images, data_format)
    transform = as_array(transform)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(f"`transform` must have shape (8,) or (B, 8); got {transform.shape}.")
    transform = np.reshape(in_dtype(transform, _dtype_of_places(batch)), (-1, 8))
    return back(_seen(batch, transform, interpolation, fill_mode, fill_value))


def perspective_transform(
    images: Array,
    start_points: Array,
    end_points: Array,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Array:
    """Images (B, H, W, D) or (H, W, D) as from elsewhere: four points [x, y] move to four others.

    start_points, end_points: (4, 2) for all images or (B, 4, 2).
    interpolation: "bilinear" or "nearest". Outside of the image is the fill value.
    Raises ValueError for other shapes, and where three points lie on a line.
    """
    _check("interpolation", interpolation, ORDERS)
    batch, back = as_batch(images, data_format)
    start, end = as_array(start_points), as_array(end_points)
    for name, points in (("start_points", start), ("end_points", end)):
        if points.ndim not in (2, 3) or points.shape[-2:] != (4, 2) or start.shape != end.shape:
            raise ValueError(
                f"`{name}` must have shape (4, 2) or (B, 4, 2), and both the same; got "
                f"{start.shape} and {end.shape}."
            )
    dtype = _dtype_of_places(batch)
    start, end = (np.reshape(in_dtype(points, dtype), (-1, 4, 2)) for points in (start, end))
    return back(_seen(batch, _homography(start, end), interpolation, "constant", fill_value))


def elastic_transform(
    images: Array,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Seed = None,
    data_format: str | None = None,
) -> Array:
    """Images (B, H, W, D) or (H, W, D) as through moving water: (x', y') = (x, y) + alpha · (u, v).

    u and v (B, H, W) are normal noise of deviation sigma, blurred over sigma pixels. alpha: how far
    pixels move. The other arguments are those of `affine_transform`, and of `map_coordinates` what
    is outside. Source: Simard et al. 2003, Best practices for convolutional neural networks.
    Raises ValueError for images that are no floats and for arguments of other kinds. Keras on
    TensorFlow draws u and v from one seed, so that they are equal; here they are independent.
    """
    _check("interpolation", interpolation, ORDERS)
    _check("fill_mode", fill_mode, FOLDS)
    batch, back = as_batch(check_floating(images), data_format)
    count, height, width, _ = batch.shape
    noise = _noise((2, count, height, width), seed)
    size = 6 * int(sigma) | 1
    u, v = gaussian_blur(
        np.asarray(noise * sigma, dtype=_dtype_of_places(batch), like=unwrapped(batch)),
        (size, size),
        (sigma, sigma),
        "channels_first",
    )
    x, y, _ = _grid(height, width, unwrapped(u))
    places = [p + alpha * np.reshape(moved, (count, -1)) for p, moved in ((y, v), (x, u))]
    found = between(batch, places, ORDERS.index(interpolation), fill_mode, fill_value)
    return back(np.reshape(in_dtype(found, batch.dtype), batch.shape))


def _noise(shape: Sequence[int], seed: Seed) -> Array:
    """Numbers from N(0, 1)."""
    return random.generator_of(seed).normal(size=shape)


def _check(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(allowed)}; got {value!r}.")


# -- through a matrix ------------------------------------------------------------------------------


def _seen(
    batch: Array, transform: Array, interpolation: str, fill_mode: str, fill_value: float
) -> Array:
    """Images (B, H, W, D) through transforms (1 or B, 8)."""
    count, height, width, _ = batch.shape
    if transform.shape[0] not in (1, count):
        raise ValueError(
            f"There must be one transform, or one for each of the {count} images; got "
            f"{transform.shape[0]}."
        )
    x, y, k = np.moveaxis(_matrix(transform) @ _grid(height, width, unwrapped(transform)), 1, 0)
    finite = k != 0
    k = np.where(finite, k, 1.0)
    fold = FOLDS[fill_mode]
    y, x = (np.where(finite, fold(p / k, n), -1.0) for p, n in ((y, height), (x, width)))
    frame = framed(batch, fill_value)
    if interpolation == "nearest":
        found = picked(frame, [_rounded(unwrapped(y)), _rounded(unwrapped(x))])
    else:
        found = in_dtype(linear(at_least_single(frame), [y, x]), batch.dtype)
    return np.reshape(found, batch.shape)


def _dtype_of_places(images: Array) -> Any:
    """The floats in which places are computed: float64 for float64 images, else float32."""
    return np.float64 if images.dtype == np.float64 else np.float32


def _matrix(transform: Array) -> Array:
    """The eight numbers with the 1 of the corner, as a matrix:  (B, 8) → (B, 3, 3)."""
    corner = np.ones_like(unwrapped(transform), shape=(transform.shape[0], 1))
    return np.reshape(np.concatenate([transform, corner], axis=1), (-1, 3, 3))


def _grid(height: int, width: int, like: Array) -> Array:
    """The places [x, y, 1] of all pixels, row by row:  (3, H·W)."""
    y, x = np.indices((height, width))
    places = np.stack([x, y, np.ones_like(x)])
    return np.asarray(np.reshape(places, (3, -1)), dtype=like.dtype, like=like)


def _homography(start: Array, end: Array) -> Array:
    """The transforms (B, 8) that show at the points `end` (B, 4, 2) what is at `start`.

    A point (x', y') that is seen at (x, y) makes two of eight equations:

        a0 x + a1 y + a2 - c0 x x' - c1 y x' = x'
        b0 x + b1 y + b2 - c0 x y' - c1 y y' = y'
    """
    place = np.concatenate([end, np.ones_like(unwrapped(end))[..., :1]], axis=-1)
    nothing = np.zeros_like(unwrapped(place))
    of_x = np.concatenate([place, nothing, -start[..., :1] * end], axis=-1)
    of_y = np.concatenate([nothing, place, -start[..., 1:] * end], axis=-1)
    right = np.concatenate([start[..., :1], start[..., 1:]], axis=1)
    return np.linalg.solve(np.concatenate([of_x, of_y], axis=1), right)[..., 0]


def _rounded(place: Array) -> Array:
    """To the nearest whole number, halves away from zero."""
    return np.trunc(place + np.copysign(0.5, place))


# -- outside of the image --------------------------------------------------------------------------


def _reflected(place: Array, n: int) -> Array:
    """Mirrors stand at the outer edges of the first and the last pixel, at -½ and n - ½."""
    edge, period = place + 0.5, 2.0 * n
    behind = edge - period * np.floor(edge / period)  # np.mod takes ten times as long
    return np.clip(np.minimum(behind, period - behind) - 0.5, 0.0, n - 1.0)


def _wrapped(place: Array, n: int) -> Array:
    """The image again on each side.

    TensorFlow's kernel, and so Keras, counts repetitions of n - 1 pixels and moves by n: from the
    second repetition on, ever more of them are edge.
    """
    at, last = unwrapped(place), max(n - 1.0, 1.0)
    times = np.where(at < 0, np.floor(-at / last) + 1.0, -np.floor(at / last) * (at > last))
    return np.clip(place + n * times, 0.0, n - 1.0)


FOLDS: dict[str, Callable[[Array, int], Array]] = {
    "constant": lambda place, n: place,
    "nearest": lambda place, n: np.clip(place, 0.0, n - 1.0),
    "wrap": _wrapped,
    "reflect": _reflected,
}
