"""Every window of an image as one vector of channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.ops.dtypes import as_array
from numpynn.ops.nn.convolution.plain import windows
from numpynn.ops.nn.convolution.window import window
from numpynn.typing import Array
from numpynn.utils import arguments

__all__ = ["extract_patches", "extract_patches_3d"]


def extract_patches(
    images: Array,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """Windows side by side:  (B, H, W, D) → (B, rows, columns, h · w · D), by rows, then channels.

    size: of a window, one number or (h, w); with three numbers the images are volumes, as for
    `extract_patches_3d`. strides: from window to window, their size unless given. padding: "valid"
    for windows inside, "same" for zeros around. One image (H, W, D) goes as well.
    Raises TypeError for a size of another type, ValueError for other numbers, and where no window
    fits.
    """
    if not isinstance(size, (int, np.integer, tuple, list)):
        raise TypeError(f"`size` must be a whole number or a tuple of them; got {size!r}.")
    if isinstance(size, (tuple, list)) and len(size) not in (2, 3):
        raise ValueError(f"`size` must be one whole number, two or three; got {size!r}.")
    rank = len(size) if isinstance(size, (tuple, list)) else 2
    return _patches("images", images, size, strides, dilation_rate, padding, data_format, rank)


def extract_patches_3d(
    volumes: Array,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """Boxes side by side:  (B, D1, D2, D3, D) → (B, n1, n2, n3, d1 · d2 · d3 · D).

    size: of a box, one number or three. The other arguments are those of `extract_patches`.
    Raises TypeError for a size of another kind, ValueError where no box fits.
    """
    if not isinstance(size, (int, np.integer)) and len(size) != 3:
        raise TypeError(f"`size` must be a whole number or three of them; got {size!r}.")
    return _patches("volumes", volumes, size, strides, dilation_rate, padding, data_format, 3)


def _patches(
    name: str,
    images: Array,
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: str,
    data_format: str | None,
    rank: int,
) -> Array:
    images = as_array(images)
    if images.ndim not in (rank + 1, rank + 2):
        raise ValueError(
            f"`{name}` must have rank {rank + 1}, or {rank + 2} with a batch; got the shape "
            f"{images.shape}."
        )
    alone = images.ndim == rank + 1
    batch = images[None] if alone else images
    last = arguments.data_format(data_format) == "channels_last"
    batch = batch if last else np.moveaxis(batch, 1, -1)
    sizes = arguments.whole_numbers(size, rank, "size")
    over = window(batch.shape[1:-1], sizes, strides or sizes, padding, dilation_rate)
    seen = windows(batch, over)
    patches = np.reshape(seen, (*seen.shape[:-2], seen.shape[-2] * seen.shape[-1]))
    patches = patches if last else np.moveaxis(patches, -1, 1)
    return patches[0] if alone else patches
