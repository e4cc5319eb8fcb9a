"""Convolutions as their formulas: every window of the input beside the others, and one einsum.

    conv              y[n, f] = Σ_j Σ_c  x[n s + j d, c] K[j, c, f]
    depthwise_conv    y[n, c, m] = Σ_j  x[n s + j d, c] K[j, c, m]
    conv_transpose    the convolution with the flipped kernel, of the input spread s places apart

These are cross-correlations, as in every library of deep learning: the convolution of mathematics
flips the kernel. Channels come last, n and j stand for one index a spatial axis, and the input is
surrounded by zeros. NumPy differentiates these compositions to any order; `fused.py` has the same
values and first derivatives without the windows' copy in memory.
"""

from __future__ import annotations

from math import prod

import numpy as np

from numpynn.ops.nn.convolution.window import Window
from numpynn.typing import Array


def conv(x: Array, kernel: Array, window: Window) -> Array:
    """x (B, L…, G · C)   kernel (k…, C, G · F)   y (B, N…, G · F): each of G groups by itself."""
    channels, filters = kernel.shape[-2:]
    groups = x.shape[-1] // channels
    seen = windows(x, window)
    seen = np.reshape(seen, (*seen.shape[:-1], groups, channels))
    kernel = np.reshape(kernel, (prod(window.size), channels, groups, filters // groups))
    y = np.einsum("b...jgc,jcgf->b...gf", seen, kernel)
    return np.reshape(y, (*y.shape[:-2], filters))


def depthwise_conv(x: Array, kernel: Array, window: Window) -> Array:
    """x (B, L…, C)   kernel (k…, C, M)   y (B, N…, C · M): M filters for each channel by itself."""
    kernel = np.reshape(kernel, (prod(window.size), *kernel.shape[-2:]))
    y = np.einsum("b...jc,jcm->b...cm", windows(x, window), kernel)
    return np.reshape(y, (*y.shape[:-2], y.shape[-2] * y.shape[-1]))


def conv_transpose(y: Array, kernel: Array, window: Window) -> Array:
    """y (B, N…, F)   kernel (k…, C, F)   x (B, L…, C): what `window` took from x, y gives back."""
    flipped = np.flip(kernel, tuple(range(len(window.size))))
    return conv(spread(y, window.strides), np.swapaxes(flipped, -1, -2), window.opposite())


def windows(x: Array, window: Window) -> Array:
    """(B, L…, C) → (B, N…, j, C): the places that each position sees, one by one along j."""
    padded = pad(x, window.padding())
    return np.stack(
        [padded[places(window, offset)] for offset in window.offsets()],
        axis=-2,
    )


def places(window: Window, offset: tuple[int, ...]) -> tuple[slice, ...]:
    """Index of the places, one a position, that lie `offset` from where the windows start."""
    axes = zip(offset, window.positions, window.strides, strict=True)
    return (slice(None), *(slice(o, o + (n - 1) * s + 1, s) for o, n, s in axes), slice(None))


def pad(x: Array, padding: tuple[tuple[int, int], ...]) -> Array:
    """Zeros around the spatial axes; negative numbers take places away."""
    kept = tuple(
        slice(max(-before, 0), length - max(-after, 0))
        for (before, after), length in zip(padding, x.shape[1:-1], strict=True)
    )
    zeros = [(max(before, 0), max(after, 0)) for before, after in padding]
    return np.pad(x[(slice(None), *kept)], [(0, 0), *zeros, (0, 0)])


def spread(x: Array, strides: tuple[int, ...]) -> Array:
    """x with s - 1 zeros after each place but the last, on each spatial axis."""
    for axis, s in enumerate(strides, start=1):
        if s > 1:
            n = x.shape[axis]
            apart = np.expand_dims(x, axis + 1)
            width = [(0, 0)] * apart.ndim
            width[axis + 1] = (0, s - 1)
            apart = np.reshape(np.pad(apart, width), (*x.shape[:axis], n * s, *x.shape[axis + 1 :]))
            x = apart[(slice(None),) * axis + (slice(0, (n - 1) * s + 1),)]
    return x
