"""Category numbers in one of four forms, which five layers share.

int         the numbers themselves              (…)          → (…)
one_hot     1 at each number, 0 elsewhere       (…), (…, 1)  → (…, depth)
multi_hot   1 at all numbers of a sample        (T,), (B, T) → (depth,), (B, depth)
count       how often each number is in it      (T,), (B, T) → (depth,), (B, depth)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import ops
from numpynn.typing import Array

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count")


def encoded(
    numbers: Array, output_mode: str, depth: int, dtype: Any, weights: Array | None = None
) -> Array:
    """The form of `output_mode`. Numbers from `depth` on are left out.

    Samples of more axes, (B, T, …), are counted along T. weights: what each number counts.
    Raises ValueError for negative numbers where they are counted.
    """
    if output_mode == "int":
        return numbers.astype(dtype)
    if numbers.ndim == 0:
        numbers = numbers.reshape(1)
    if output_mode == "one_hot":
        single = numbers.ndim > 1 and numbers.shape[-1] == 1
        return ops.one_hot(numbers[..., 0] if single else numbers, depth, dtype=dtype)
    if numbers.ndim <= 2 and np.any(numbers < 0):
        raise ValueError(f"Category numbers must not be negative; got {numbers.min()}.")
    axis = 1 if numbers.ndim > 1 else 0
    given = None if weights is None else np.moveaxis(weights, axis, -1)
    counts = _counts(np.moveaxis(numbers, axis, -1), depth, given)
    return (counts > 0 if output_mode == "multi_hot" else counts).astype(dtype)


def _counts(samples: Array, depth: int, weights: Array | None) -> Array:
    """How often each number below `depth` is in each sample:  (…, T) → (…, depth)."""
    samples = samples.astype(np.int64)
    leading = samples.shape[:-1]
    sample = np.arange(int(np.prod(leading))).reshape(*leading, 1)
    kept = (samples >= 0) & (samples < depth)
    places = np.where(kept, sample * depth + samples, 0)[kept]
    found = np.bincount(
        places, None if weights is None else weights[kept], minlength=sample.size * depth
    )
    return found.reshape(*leading, depth)


def encoded_shape(input_shape: Any, output_mode: str, depth: int | None) -> tuple[Any, ...]:
    """The shape of `encoded`."""
    shape = tuple(input_shape)
    if output_mode == "int":
        return shape
    if output_mode == "one_hot":
        single = len(shape) > 1 and shape[-1] == 1
        return ((shape[:-1] if single else shape) or (1,)) + (depth,)
    return (shape[:1] + shape[2:] if len(shape) > 1 else ()) + (depth,)


def require_output_mode(layer: str, output_mode: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError for a mode that the layer does not have."""
    if output_mode not in allowed:
        raise ValueError(f"`output_mode` of {layer} must be one of {allowed}; got {output_mode!r}.")


def refuse_sparse(layer: str, sparse: bool) -> None:
    """Raise ValueError for sparse=True."""
    if sparse:
        raise ValueError(f"sparse=True of {layer} is not available: NumPy's arrays are dense.")
