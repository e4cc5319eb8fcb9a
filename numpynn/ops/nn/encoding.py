"""Class numbers as vectors of zeros and ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.ops.dtypes import as_array, standardize_dtype, values_only
from numpynn.typing import Array

__all__ = ["multi_hot", "one_hot"]


@values_only
def one_hot(
    x: Array, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Array:
    """1 at each class number, 0 elsewhere, along a new `axis`:  (…) → (…, num_classes).

    Numbers outside 0 … num_classes - 1 give zeros only. dtype: floatx unless given.
    Raises ValueError for sparse=True: arrays here are dense.
    """
    _refuse_sparse(sparse)
    numbers = as_array(x).astype(np.int64)
    classes = np.arange(num_classes, like=numbers)
    hot = (numbers[..., None] == classes).astype(standardize_dtype(dtype))
    return hot if axis == -1 else np.moveaxis(hot, -1, axis)


@values_only
def multi_hot(
    inputs: Array,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    num_tokens: int | None = None,
) -> Array:
    """1 at every class number of a sample, 0 elsewhere:  (T,) → (C,),  (B, T) → (B, C).

    num_tokens: an older name of num_classes.
    Raises ValueError without a number of classes and for sparse=True: arrays here are dense.
    """
    _refuse_sparse(sparse)
    classes = num_tokens if num_classes is None else num_classes
    if classes is None:
        raise ValueError("multi_hot needs `num_classes`.")
    numbers = as_array(inputs)
    hot = one_hot(numbers, classes, axis=axis, dtype=dtype)
    return hot.max(axis=1 if numbers.ndim > 1 else 0)


def _refuse_sparse(sparse: bool) -> None:
    if sparse:
        raise ValueError("sparse=True is not available: NumPy's arrays are dense.")
