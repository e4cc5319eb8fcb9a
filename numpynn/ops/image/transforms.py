"""Images turned, shifted, sheared, stretched, seen in perspective.

Every pixel (x, y) of the result shows what the image has at another place (x', y'), which is the
pixel's place times a matrix:

    [x' k]   [a0 a1 a2] [x]
    [y' k] = [b0 b1 b2] [y]
    [  k ]   [c0 c1  1] [1]

The matrix leads from the result to the image, so each pixel of the result gets one value. Without
c0 and c1, k is 1 and parallels stay parallel: the transform is affine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array, at_least_single, in_dtype
from numpynn.ops.image.interpolation import framed, linear, outside_is_frame, picked
from numpynn.ops.image.layout import as_batch
from numpynn.typing import Array

__all__ = ["affine_transform"]


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
    Raises ValueError for others, and where ranks or shapes do not fit. The gradient is that of this
    formula, for the transform too; TensorFlow puts the cotangent through the inverse transform.
    """
    _check("interpolation", interpolation, ("nearest", "bilinear"))
    _check("fill_mode", fill_mode, tuple(FOLDS))
    batch, back = as_batch(images, data_format)
    transform = as_array(transform)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(f"`transform` must have shape (8,) or (B, 8); got {transform.shape}.")
    if transform.ndim == 2 and transform.shape[0] not in (1, batch.shape[0]):
        raise ValueError(
            f"There must be one transform, or one for each of the {batch.shape[0]} images; got "
            f"{transform.shape[0]}."
        )
    matrix = _matrix(in_dtype(transform, at_least_single(batch[:0]).dtype))
    return back(_seen(batch, matrix, interpolation, fill_mode, fill_value))


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(allowed)}; got {value!r}.")


def _matrix(transform: Array) -> Array:
    """The eight numbers of a transform with the 1 of the corner, as a matrix (1 or B, 3, 3)."""
    rows = np.reshape(transform, (-1, 8))
    corner = np.ones_like(unwrapped(rows), shape=(rows.shape[0], 1))
    return np.reshape(np.concatenate([rows, corner], axis=1), (-1, 3, 3))


def _seen(
    batch: Array, matrix: Array, interpolation: str, fill_mode: str, fill_value: float
) -> Array:
    """Images (B, H, W, D) through matrices (1 or B, 3, 3)."""
    _, height, width, _ = batch.shape
    x, y, k = np.moveaxis(matrix @ _grid(height, width, unwrapped(matrix)), 1, 0)
    known = k != 0
    k = np.where(known, k, 1.0)
    fold = FOLDS[fill_mode]
    places = [np.where(known, fold(p / k, n), -1.0) for p, n in ((y, height), (x, width))]
    frame = framed(batch, fill_value)
    if interpolation == "nearest":
        sizes = (height, width)
        nearest = [_rounded(unwrapped(p)) for p in places]
        found = picked(frame, [outside_is_frame(p, n) for p, n in zip(nearest, sizes, strict=True)])
    else:
        found = in_dtype(linear(at_least_single(frame), places), batch.dtype)
    return np.reshape(found, batch.shape)


def _grid(height: int, width: int, like: Array) -> Array:
    """The places [x, y, 1] of all pixels, row by row:  (3, H·W)."""
    x = np.arange(width, dtype=like.dtype, like=like)
    y = np.arange(height, dtype=like.dtype, like=like)
    columns, rows = np.meshgrid(x, y)
    return np.stack([np.ravel(columns), np.ravel(rows), np.ravel(np.ones_like(rows))])


def _rounded(place: Array) -> Array:
    """To the nearest whole number, halves away from zero."""
    return np.trunc(place + np.copysign(0.5, place))


# -- outside of the image --------------------------------------------------------------------------


def _constant(place: Array, n: int) -> Array:
    return place


def _nearest(place: Array, n: int) -> Array:
    return np.clip(place, 0.0, n - 1.0)


def _reflected(place: Array, n: int) -> Array:
    """Mirrors stand at the outer edges of the first and the last pixel, at -½ and n - ½."""
    period = 2.0 * n
    behind = np.mod(place + 0.5, period)
    return np.clip(np.minimum(behind, period - behind) - 0.5, 0.0, n - 1.0)


def _wrapped(place: Array, n: int) -> Array:
    """The image again to its left and right.

    TensorFlow's kernel, and so Keras, counts repetitions of n - 1 pixels and moves by n: from the
    second repetition on, the edges grow.
    """
    at, last = unwrapped(place), max(n - 1.0, 1.0)
    times = np.where(at < 0, np.floor(-at / last) + 1.0, -np.floor(at / last) * (at > last))
    return np.clip(place + n * times, 0.0, n - 1.0)


FOLDS: dict[str, Callable[[Array, int], Array]] = {
    "constant": _constant,
    "nearest": _nearest,
    "wrap": _wrapped,
    "reflect": _reflected,
}
