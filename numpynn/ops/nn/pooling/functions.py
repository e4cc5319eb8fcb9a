"""Keras's pooling functions: arguments checked, then one window after the other along each axis.

    inputs (B, L…, C)   → (B, N…, C)

with one, two or three spatial axes L…; with `data_format` "channels_first" C stands right after B.
All raise ValueError for inputs of another rank, for sizes that are no whole numbers above 0, and
for a count of them that is not that of the spatial axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import as_array, at_least_single, floating, in_dtype
from numpynn.ops.nn.pooling.average import mean
from numpynn.ops.nn.pooling.maximum import largest
from numpynn.ops.nn.pooling.windows import (
    Windows,
    spatial_axes,
    window_counts,
    windows_of,
)
from numpynn.symbolic import KerasTensor
from numpynn.typing import Array
from numpynn.utils import arguments

# -- pools of a given size -------------------------------------------------------------------------


def max_pool(
    inputs: Array,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """The largest value of each window:  N = ⌊(L - pool_size) / strides⌋ + 1.

    pool_size, strides: one number, or one for each spatial axis; strides are the pool's size unless
    given. padding: "valid", or "same" for N = ⌈L / strides⌉ with windows that stand out.
    Where a window has several maxima, the first gets the gradient. NaN does not count, as in
    TensorFlow, and a window without a finite number gives the lowest one.
    Raises ValueError where no window fits. Source: Zhou and Chellappa 1988.
    """
    x = as_array(inputs)
    return largest(x, windows_of(x.shape, pool_size, strides, padding, data_format))


def average_pool(
    inputs: Array,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """The mean of each window, of the values that are no padding.

    The arguments, and N, are those of `max_pool`. Whole numbers become floats, and float16 is
    summed in float32. Raises ValueError where no window fits. Source: LeCun et al. 1989.
    """
    x = floating(inputs)
    y = mean(at_least_single(x), windows_of(x.shape, pool_size, strides, padding, data_format))
    return in_dtype(y, x.dtype)


def _pooled_spec(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> KerasTensor:
    first, spatial = spatial_axes(inputs.shape, data_format)
    sizes = arguments.whole_numbers(pool_size, len(spatial), "pool_size")
    steps = sizes if strides is None else arguments.whole_numbers(strides, len(spatial), "strides")
    counts = window_counts(spatial, sizes, steps, padding)
    shape = (*inputs.shape[:first], *counts, *inputs.shape[first + len(spatial) :])
    return KerasTensor(shape, inputs.dtype)


# -- pools of a given number -----------------------------------------------------------------------


def adaptive_max_pool(inputs: Array, output_size: Any, data_format: str | None = None) -> Array:
    """The largest value of each of N windows that are as even as can be.

        window o has the cells from ⌊o L / N⌋ up to, but not, ⌈(o + 1) L / N⌉

    output_size: N, one number, or one for each spatial axis. Source: PyTorch `AdaptiveMaxPool2d`.
    Raises ValueError where there is nothing to pool.
    """
    x = as_array(inputs)
    for axis, count in _numbers_of_windows(x.shape, output_size, data_format):
        members, _ = _even(x.shape[axis], count)
        x = np.take(x, np.asarray(members.ravel(), like=unwrapped(x)), axis=axis)
        size = members.shape[1]
        x = largest(x, (Windows(axis, count * size, size, size, 0, count),))
    return x


def adaptive_average_pool(inputs: Array, output_size: Any, data_format: str | None = None) -> Array:
    """The mean of each of N windows that are as even as can be, those of `adaptive_max_pool`.

    Whole numbers become floats, and float16 is summed in float32.
    Raises ValueError where there is nothing to pool.
    """
    given = floating(inputs)
    x = at_least_single(given)
    for axis, count in _numbers_of_windows(x.shape, output_size, data_format):
        members, inside = (np.asarray(a, like=unwrapped(x)) for a in _even(x.shape[axis], count))
        behind = (1,) * (x.ndim - axis - 1)
        inside = np.reshape(inside, (*inside.shape, *behind))
        total = np.sum(np.where(inside, np.take(x, members, axis=axis), 0.0), axis=axis + 1)
        x = total / np.sum(inside, axis=1).astype(x.dtype)
    return in_dtype(x, given.dtype)


def _even(cells: int, count: int) -> tuple[Any, Any]:
    """(count, size): the numbers of each window's cells, and which of them are in it.

    Windows differ in size by one. A smaller one has its last cell twice, the second time not in it.
    """
    ends = np.arange(1, count + 1) * cells
    begins, ends = (ends - cells) // count, -(-ends // count)
    members = begins[:, np.newaxis] + np.arange(np.max(ends - begins))
    last = ends[:, np.newaxis] - 1
    return np.minimum(members, last), members <= last


def _numbers_of_windows(
    shape: Any, output_size: Any, data_format: str | None
) -> Iterator[tuple[int, int]]:
    """Each spatial axis with the number of windows along it."""
    first, spatial = spatial_axes(shape, data_format)
    counts = arguments.whole_numbers(output_size, len(spatial), "output_size")
    if 0 in spatial:
        raise ValueError(f"There is nothing to pool in an input of shape {tuple(shape)}.")
    return enumerate(counts, first)


def _adaptive_spec(inputs: Any, output_size: Any, data_format: str | None = None) -> KerasTensor:
    first, spatial = spatial_axes(inputs.shape, data_format)
    counts = arguments.whole_numbers(output_size, len(spatial), "output_size")
    shape = (*inputs.shape[:first], *counts, *inputs.shape[first + len(spatial) :])
    return KerasTensor(shape, inputs.dtype)


max_pool.output_spec = _pooled_spec  # type: ignore[attr-defined]
average_pool.output_spec = _pooled_spec  # type: ignore[attr-defined]
adaptive_max_pool.output_spec = _adaptive_spec  # type: ignore[attr-defined]
adaptive_average_pool.output_spec = _adaptive_spec  # type: ignore[attr-defined]
