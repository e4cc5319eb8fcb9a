"""Products of vectors, matrices and tensors, in the common dtype of their factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.ops.dtypes import aligned, as_array, floating, in_dtype
from numpynn.typing import Array

__all__ = [
    "corrcoef", "correlate", "cross", "dot", "einsum", "inner", "kron", "matmul", "outer",
    "slogdet", "tensordot", "trapezoid", "vdot",
]  # fmt: skip


def _pair(x1: Array, x2: Array) -> tuple[Array, Array]:
    x1, x2 = aligned(x1, x2)
    return as_array(x1), as_array(x2)


def matmul(x1: Array, x2: Array) -> Array:
    """x1 x2 for matrices, or stacks of them. int8 with int8 gives int32.

    A stack times one matrix is one flat product: 13 ms against 3 for (128, 11, 11, 288) (288, 64).
    """
    x1, x2 = _bytes_widened(x1, x2)
    if x1.ndim > 2 and x2.ndim == 2:
        rows = np.reshape(x1, (-1, x1.shape[-1]))
        return np.reshape(np.matmul(rows, x2), (*x1.shape[:-1], x2.shape[-1]))
    return np.matmul(x1, x2)


def _bytes_widened(*operands: Array) -> list[Array]:
    """The factors in their common dtype, int32 where all are int8: their products need the room."""
    arrays = [as_array(x) for x in operands]
    if all(x.dtype == np.int8 for x in arrays):
        return [x.astype(np.int32) for x in arrays]
    return aligned(*arrays)


def dot(x1: Array, x2: Array) -> Array:
    """The sum of products over the last axis of x1 and the last but one of x2."""
    return np.dot(*_pair(x1, x2))


def inner(x1: Array, x2: Array) -> Array:
    """The sum of products over the last axes."""
    return np.inner(*_pair(x1, x2))


def outer(x1: Array, x2: Array) -> Array:
    """Every element of x1 times every element of x2."""
    return np.outer(*_pair(x1, x2))


def vdot(x1: Array, x2: Array) -> Array:
    """The sum of products of all elements, both in a row."""
    return np.vdot(*_pair(x1, x2))


def tensordot(x1: Array, x2: Array, axes: Any = 2) -> Array:
    """The sum of products over `axes`: how many, or which of x1 and which of x2."""
    return np.tensordot(*_pair(x1, x2), axes=axes)


def einsum(subscripts: str, *operands: Array, **kwargs: Any) -> Array:
    """The sum of products over indices by name: "ij,jk->ik". int8 gives int32."""
    return np.einsum(subscripts, *_bytes_widened(*operands), **kwargs)


def kron(x1: Array, x2: Array) -> Array:
    """Every element of x1 times the whole of x2, in its place."""
    return np.kron(*_pair(x1, x2))


def cross(
    x1: Array, x2: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """The vector perpendicular to both; its third component, for vectors of length 2."""
    x1, x2 = _pair(x1, x2)
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = np.moveaxis(x1, axisa, -1), np.moveaxis(x2, axisb, -1)
    if x1.shape[-1] == x2.shape[-1] == 2:
        return x1[..., 0] * x2[..., 1] - x1[..., 1] * x2[..., 0]
    return np.moveaxis(np.cross(_in_space(x1), _in_space(x2)), -1, axisc)


def _in_space(x: Array) -> Array:
    """Vectors of length 2 with 0 as the third component."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 1)]) if x.shape[-1] == 2 else x


def correlate(x1: Array, x2: Array, mode: Any = "valid") -> Array:
    """y_k = Σ_i x1_(i+k) x2_i of two vectors; ValueError for modes but "valid", "same", "full"."""
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"`mode` must be 'valid', 'same' or 'full'; got {mode!r}.")
    x1, x2 = (floating(x, int64="float64") for x in _pair(x1, x2))
    return np.correlate(x1, x2, mode=mode)


def corrcoef(x: Array) -> Array:
    """How much each two rows vary together, from -1 to 1."""
    x = floating(x, int64="float64")
    return in_dtype(np.corrcoef(x), x.dtype)


def trapezoid(y: Array, x: Array | None = None, dx: float = 1.0, axis: int = -1) -> Array:
    """The integral of the line through the points (x, y), or at distances `dx`."""
    y = floating(y)
    return np.trapezoid(y, None if x is None else as_array(x, y.dtype), dx=dx, axis=axis)


def slogdet(x: Array) -> tuple[Array, Array]:
    """The sign of the determinant of each matrix, and the logarithm of its size."""
    sign, logarithm = np.linalg.slogdet(floating(x))
    return sign, logarithm
