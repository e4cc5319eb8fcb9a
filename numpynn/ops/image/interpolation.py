"""Values between pixels.

A place (y, x) lies among 2 x 2 pixels, two above and two below. Each of them counts by how near it
is, which is the share of the other side:

    f(y, x) = (1 - v) (1 - u) f(i, j)     + (1 - v) u f(i, j + 1)
            +      v  (1 - u) f(i + 1, j) +      v  u f(i + 1, j + 1)

    i = ⌊y⌋   v = y - i   j = ⌊x⌋   u = x - j

and so in any number of dimensions. What is outside of the image has a fill value: the image gets a
frame of it, one pixel wide, which stands for all that is farther away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import aligned, as_array, in_dtype
from numpynn.typing import Array

__all__ = ["map_coordinates"]

Fold = Callable[[Array, int], Array]
"""What puts a whole number where an axis of n pixels has one."""


def map_coordinates(
    inputs: Array,
    coordinates: Array,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0,
) -> Array:
    """The values of `inputs` (N1, …, Nk) at any places: coordinates (k, …) → (…), in their dtype.

    order: 1 for the mean of the 2ᵏ pixels around a place, 0 for the nearest one, of two equally
    near the even one. Whole numbers are rounded.
    fill_mode: what is outside of a b c d: "constant", the fill value; "nearest", a a|a b c d|d d;
    "wrap", c d|a b c d|a b; "mirror", c b|a b c d|c b; "reflect", c b|a b c d|d c, as Keras has it
    on TensorFlow.
    Raises ValueError where the first axis of `coordinates` is not one number an axis of `inputs`,
    and for other fill modes; NotImplementedError for other orders.
    """
    inputs, coordinates = as_array(inputs), as_array(coordinates)
    if coordinates.ndim < 2 or coordinates.shape[0] != inputs.ndim:
        raise ValueError(
            f"`coordinates` must have shape ({inputs.ndim}, …), two axes or more: a number for "
            f"each axis of `inputs`, which has shape {inputs.shape}; got {coordinates.shape}."
        )
    if fill_mode not in FOLDS:
        raise ValueError(f"`fill_mode` must be one of {', '.join(FOLDS)}; got {fill_mode!r}.")
    if order not in (0, 1):
        raise NotImplementedError(f"`order` must be 0 or 1; got {order!r}.")
    pixels = inputs[None, ..., None]
    places = [np.reshape(of_axis, (1, -1)) for of_axis in coordinates]
    found = between(pixels, places, order, fill_mode, fill_value)
    return np.reshape(found, coordinates.shape[1:])


def between(
    pixels: Array, places: Sequence[Array], order: int, fill_mode: str, fill_value: float
) -> Array:
    """(B, N1, …, Nk, D) at k x (1 or B, M) → (B, M, D). The arguments of `map_coordinates`."""
    frame, fold = framed(pixels, fill_value), FOLDS[fill_mode]
    if order == 0:
        sizes = pixels.shape[1:-1]
        nearest = [np.round(unwrapped(p)) for p in places]
        return picked(frame, [fold(p, n) for p, n in zip(nearest, sizes, strict=True)])
    frame, *places = aligned(frame, *places, weak=(float,))
    found = linear(frame, places, fold)
    return in_dtype(np.round(found) if pixels.dtype.kind in "iu" else found, pixels.dtype)


def framed(pixels: Array, fill_value: float) -> Array:
    """(B, N1, …, Nk, D) → (B, N1 + 2, …, Nk + 2, D): a pixel of the fill value on every side."""
    widths = [(0, 0), *[(1, 1)] * (pixels.ndim - 2), (0, 0)]
    return np.pad(pixels, widths, constant_values=fill_value)


def picked(frame: Array, places: Sequence[Array]) -> Array:
    """The pixels at whole places, k x (1 or B, M) → (B, M, D); they count from the first pixel."""
    sizes = frame.shape[1:-1]
    return _at(frame, [_position(p, size) for p, size in zip(places, sizes, strict=True)])


def linear(frame: Array, places: Sequence[Array], fold: Fold | None = None) -> Array:
    """The mean of the 2ᵏ pixels around each place, by shares:  k x (1 or B, M) → (B, M, D)."""
    sides = []  # of each axis: the pixel below with its share, and the pixel above with its share
    for place, size in zip(places, frame.shape[1:-1], strict=True):
        below = np.floor(unwrapped(place))
        share = place - below
        above = below + 1
        if fold is not None:
            below, above = fold(below, size - 2), fold(above, size - 2)
        sides.append([(_position(below, size), 1.0 - share), (_position(above, size), share)])
    total: Array = 0.0
    for corner in product(*sides):
        positions, shares = zip(*corner, strict=True)
        total = total + np.expand_dims(math.prod(shares), -1) * _at(frame, positions)
    return total


def _position(place: Array, size: int) -> Array:
    """Where a whole place is along a framed axis: at an end, if it is outside or NaN."""
    inside = np.fmin(np.fmax(place, -1), size - 2)  # which, of NaN and a number, are the number
    return inside.astype(np.intp) + 1


def _at(frame: Array, positions: Sequence[Array]) -> Array:
    """(B, N1 + 2, …, Nk + 2, D) at k x (1 or B, M) → (B, M, D)."""
    batch, *sizes, depth = frame.shape
    number = np.arange(batch, like=unwrapped(frame))[:, None]
    for position, size in zip(positions, sizes, strict=True):
        number = number * size + position
    return np.take(np.reshape(frame, (-1, depth)), number, axis=0)


# -- outside of the image --------------------------------------------------------------------------


def _wrapped(index: Array, n: int) -> Array:
    return np.mod(index, n)


def _mirrored(index: Array, n: int) -> Array:
    """Mirrors stand on the first and on the last pixel."""
    period = max(2 * (n - 1), 1)
    behind = np.mod(index, period)
    return np.minimum(behind, period - behind)


def _reflected(index: Array, n: int) -> Array:
    """The mirror in front stands on the first pixel, the one behind at the last pixel's edge.

    So it is in Keras on TensorFlow alone; elsewhere both stand at the edges.
    """
    behind = np.mod(np.absolute(index), 2 * n)
    return np.minimum(behind, 2 * n - 1 - behind)


FOLDS: dict[str, Fold] = {
    "constant": lambda index, n: index,
    "nearest": lambda index, n: np.clip(index, 0, n - 1),
    "wrap": _wrapped,
    "mirror": _mirrored,
    "reflect": _reflected,
}
