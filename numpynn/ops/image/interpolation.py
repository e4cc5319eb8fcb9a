"""Values between pixels.

A place (y, x) with 2 whole numbers below and above each coordinate lies among 2 x 2 pixels. Each
of them counts by the share of the other side:

    f(y, x) = (1 - v) (1 - u) f(i, j)     + (1 - v) u f(i, j + 1)
            +      v  (1 - u) f(i + 1, j) +      v  u f(i + 1, j + 1)

    i = ⌊y⌋   v = y - i   j = ⌊x⌋   u = x - j

and so in any number of dimensions. Outside of the image there is a fill value: each image gets a
frame of it, one pixel wide, and what lies farther away is moved there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.typing import Array


def framed(pixels: Array, fill_value: float) -> Array:
    """(B, N1, …, Nk, D) → (B, N1 + 2, …, Nk + 2, D): a pixel of the fill value on every side."""
    widths = [(0, 0), *[(1, 1)] * (pixels.ndim - 2), (0, 0)]
    return np.pad(pixels, widths, constant_values=fill_value)


def outside_is_frame(index: Array, n: int) -> Array:
    """Whole numbers from -1 to n: what is farther away, or no number, lies in the frame."""
    return np.fmin(np.fmax(index, -1), n)


def picked(frame: Array, indices: Sequence[Array]) -> Array:
    """The pixels at whole places, which count from -1 in a frame:  k x (B, M) → (B, M, D)."""
    batch, *sizes, depth = frame.shape
    number = np.arange(batch, like=unwrapped(frame))[:, None]
    for index, size in zip(indices, sizes, strict=True):
        number = number * size + (index.astype(np.intp) + 1)
    return np.take(np.reshape(frame, (-1, depth)), number, axis=0)


def linear(
    frame: Array,
    places: Sequence[Array],
    fold: Callable[[Array, int], Array] = outside_is_frame,
) -> Array:
    """Between the 2ᵏ pixels around each place:  k x (B, M) → (B, M, D).

    fold: what puts a whole number where the image, or its frame, has a pixel.
    """
    sizes = [size - 2 for size in frame.shape[1:-1]]
    corners = []  # of each axis: the pixel below with its share, and the pixel above
    for place, size in zip(places, sizes, strict=True):
        if fold is outside_is_frame:
            place = np.clip(place, -1.0, size)
        below = np.floor(unwrapped(place))
        share = place - below
        corners.append([(fold(below, size), 1.0 - share), (fold(below + 1, size), share)])
    total = 0.0
    for corner in product(*corners):
        indices, shares = zip(*corner, strict=True)
        total = total + math.prod(shares)[..., None] * picked(frame, indices)
    return total
