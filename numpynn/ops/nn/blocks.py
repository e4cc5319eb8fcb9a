"""Blocks of images as channels, and channels as blocks.

space_to_depth    blocks side by side: an image of r · H by r · W pixels as one of H by W
unfold            blocks that may overlap, each a column of a matrix
depth_to_space and fold lead back; where blocks overlap, fold adds them up
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.ops.dtypes import as_array
from numpynn.ops.nn.convolution import plain
from numpynn.ops.nn.convolution.window import Window, window
from numpynn.typing import Array
from numpynn.utils import arguments

__all__ = ["depth_to_space", "fold", "space_to_depth", "unfold"]


def space_to_depth(x: Array, block_size: int, data_format: str = "channels_last") -> Array:
    """Each block of r x r pixels as one pixel:  (B, H · r, W · r, D) → (B, H, W, r · r · D).

    The channels of a pixel follow each other by rows of the block, then columns, then D.
    Raises ValueError for a block size below 2, another rank, and sizes that r does not divide.
    """
    x, r, last = _checked(x, block_size, data_format)
    x = x if last else np.moveaxis(x, 1, 3)
    batch, height, width, depth = x.shape
    if height % r or width % r:
        raise ValueError(f"Blocks of {r} x {r} pixels do not fill images {height} x {width}.")
    apart = np.reshape(x, (batch, height // r, r, width // r, r, depth))
    y = np.reshape(np.moveaxis(apart, 2, 3), (batch, height // r, width // r, r * r * depth))
    return y if last else np.moveaxis(y, 3, 1)


def depth_to_space(x: Array, block_size: int, data_format: str = "channels_last") -> Array:
    """Each pixel as a block of r x r:  (B, H, W, r · r · D) → (B, H · r, W · r, D).

    The inverse of `space_to_depth`. Source: Shi et al. 2016, arXiv:1609.05158 (pixel shuffle).
    Raises ValueError for a block size below 2, another rank, and channels that r² does not divide.
    """
    x, r, last = _checked(x, block_size, data_format)
    x = x if last else np.moveaxis(x, 1, 3)
    batch, height, width, depth = x.shape
    if depth % (r * r):
        raise ValueError(f"{depth} channels cannot become blocks of {r} x {r} pixels.")
    apart = np.reshape(x, (batch, height, width, r, r, depth // (r * r)))
    y = np.reshape(np.moveaxis(apart, 3, 2), (batch, height * r, width * r, depth // (r * r)))
    return y if last else np.moveaxis(y, 3, 1)


def _checked(x: Array, block_size: int, data_format: str | None) -> tuple[Array, int, bool]:
    x = as_array(x)
    if block_size < 2:
        raise ValueError(f"`block_size` must be 2 or more; got {block_size}.")
    if x.ndim != 4:
        raise ValueError(f"`x` must have rank 4; got the shape {x.shape}.")
    return x, block_size, arguments.data_format(data_format) == "channels_last"


def unfold(
    x: Array, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Array:
    """Each block of an image as a column (im2col):  (B, D, H, W) → (B, D · h · w, positions).

    kernel_size: (h, w) of a block. dilation, stride: how far its pixels, and blocks, are apart.
    padding: the zeros on every side. One number goes for both axes.
    A convolution with a kernel (F, D · h · w) is its product with the columns.
    Raises ValueError for another rank, and where no block fits.
    """
    x = as_array(x)
    if x.ndim != 4:
        raise ValueError(f"`x` must have rank 4, (B, D, H, W); got the shape {x.shape}.")
    over, zeros = _blocks(x.shape[2:], kernel_size, dilation, padding, stride)
    widths = [(0, 0), (0, 0), *((p, p) for p in zeros)]
    seen = plain.windows(np.moveaxis(np.pad(x, widths), 1, 3), over)
    return np.reshape(np.transpose(seen, (0, 4, 3, 1, 2)), (*_columns(x.shape[:2], over),))


def fold(
    x: Array,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Array:
    """Each column put where its block was, overlaps added (col2im):  → (B, D, H, W).

    x (B, D · h · w, positions)   output_size: (H, W). The others are the arguments of `unfold`,
    of which this is the adjoint:  <unfold(x), y> = <x, fold(y)>.
    Raises ValueError for another rank, and for numbers of values or positions that do not fit.
    """
    x = as_array(x)
    if x.ndim != 3:
        raise ValueError(f"`x` must have rank 3, (B, D · h · w, positions); got {x.shape}.")
    size = arguments.whole_numbers(output_size, 2, "output_size")
    over, zeros = _blocks(size, kernel_size, dilation, padding, stride)
    depth = x.shape[1] // prod(over.size)
    if x.shape != _columns((x.shape[0], depth), over):
        raise ValueError(
            f"Images {size} have {prod(over.positions)} blocks of {prod(over.size)} pixels; "
            f"columns of the shape {x.shape} do not fit."
        )
    columns = np.reshape(x, (x.shape[0], depth, prod(over.size), *over.positions))
    y = _added(np.transpose(columns, (0, 3, 4, 2, 1)), over)
    (top, left), (height, width) = zeros, size
    return np.moveaxis(y, 3, 1)[:, :, top : top + height, left : left + width]


def _blocks(
    size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[Window, tuple[int, ...]]:
    """How blocks lie in an image of (H, W) pixels with zeros around it, and how many zeros."""
    zeros = arguments.whole_numbers(padding, 2, "padding", least=0)
    kernel = arguments.whole_numbers(kernel_size, 2, "kernel_size")
    lengths = [n + 2 * p for n, p in zip(size, zeros, strict=True)]
    return window(lengths, kernel, stride, "valid", dilation), zeros


def _columns(batch_and_depth: Any, over: Window) -> tuple[int, int, int]:
    batch, depth = batch_and_depth
    return batch, depth * prod(over.size), prod(over.positions)


def _added_plain(seen: Array, over: Window) -> Array:
    """As the transposed convolution of the stacked windows with the identity."""
    depth = seen.shape[-2] * seen.shape[-1]
    identity = np.eye(depth, dtype=seen.dtype, like=seen)
    kernel = np.reshape(identity, (*over.size, seen.shape[-1], depth))
    return plain.conv_transpose(np.reshape(seen, (*seen.shape[:-2], depth)), kernel, over)


@primitive(plain=_added_plain)
def _added(seen: Array, over: Window) -> Any:
    """(B, H', W', j, D) → (B, H, W, D): the sum, at each place, of all windows that see it.

    `over` is a window without padding.
    """
    y = np.zeros_like(seen, shape=(seen.shape[0], *over.lengths, seen.shape[-1]))
    for number, offset in enumerate(over.offsets()):
        y[plain.places(over, offset)] += seen[..., number, :]
    return y, lambda g: (plain.windows(g, over),)
