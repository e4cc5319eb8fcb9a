"""Keras's `ops.linalg`: matrices, and stacks of them in the axes before the last two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn.autograd import jvp as jacobian_vector_product
from numpynn.autograd.tensor import unwrapped
from numpynn.ops.dtypes import aligned, floating, values_only
from numpynn.ops.numpy.reductions import axes_of
from numpynn.typing import Array

__all__ = [
    "cholesky", "cholesky_inverse", "det", "eig", "eigh", "inv", "jvp", "lstsq", "lu_factor",
    "matrix_rank", "norm", "pinv", "qr", "solve", "solve_triangular", "svd",
]  # fmt: skip

# -- inverses, determinants, equations -------------------------------------------------------------


def inv(x: Array) -> Array:
    """A⁻¹. Raises ValueError for what is not square."""
    return np.linalg.inv(_square(x))


def det(x: Array) -> Array:
    """The determinant of each matrix. Raises ValueError for what is not square."""
    return np.linalg.det(_square(x))


def solve(a: Array, b: Array) -> Array:
    """The x with A x = b, for one right side or several as columns.

    Raises ValueError where A is not square or the lengths differ.
    """
    a, b = _equations(a, b)
    if b.ndim == a.ndim - 1:
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


def solve_triangular(a: Array, b: Array, lower: bool = False) -> Array:
    """`solve` with one triangle of A, the upper one unless `lower`; the other is taken for 0."""
    a = floating(a)
    return solve(np.tril(a) if lower else np.triu(a), b)


def lstsq(a: Array, b: Array, rcond: float | None = None) -> Array:
    """The shortest x that makes ‖A x - b‖ smallest:  A⁺ b.

    rcond: singular values below this share of the largest count as 0; the dtype's precision times
    the longer side unless given.
    Raises ValueError where the rows differ, TypeError for other ranks.
    """
    a, b = aligned(a, b, weak=(float,))
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"lstsq needs as many right sides as rows; got {a.shape} and {b.shape}.")
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise TypeError(f"lstsq takes a matrix and a vector or matrix; got {a.shape}, {b.shape}.")
    smallest = float(np.finfo(a.dtype).eps) * max(a.shape)
    return np.matmul(np.linalg.pinv(a, smallest if rcond is None else rcond), b)


def pinv(x: Array, rcond: float | None = None) -> Array:
    """The pseudo-inverse A⁺; `rcond` as in `lstsq`, ten times as large by default."""
    x = floating(x)
    smallest = 10.0 * max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return np.linalg.pinv(x, smallest if rcond is None else rcond)


@values_only
def matrix_rank(x: Array, tol: float | None = None) -> Array:
    """How many singular values are above `tol`, by default the largest's rounding error."""
    return np.asarray(np.linalg.matrix_rank(floating(x), tol)).astype(np.int32)


# -- decompositions --------------------------------------------------------------------------------


def cholesky(x: Array, upper: bool = False) -> Array:
    """The lower triangular L with L Lᵀ = A, or its transpose.

    Raises ValueError where A is not square or not positive definite.
    """
    try:
        factor = np.linalg.cholesky(_square(x))
    except np.linalg.LinAlgError as error:
        raise ValueError(f"Cholesky decomposition failed: {error}.") from error
    return np.swapaxes(factor, -1, -2) if upper else factor


def cholesky_inverse(x: Array, upper: bool = False) -> Array:
    """A⁻¹ from the Cholesky factor of A. Raises ValueError for what is not square."""
    factor = _square(x)
    factor = np.triu(factor) if upper else np.tril(factor)
    transposed = np.swapaxes(factor, -1, -2)
    return np.linalg.inv(np.matmul(transposed, factor) if upper else np.matmul(factor, transposed))


def qr(x: Array, mode: Any = "reduced") -> tuple[Array, Array]:
    """Q with perpendicular columns of length 1 and the upper triangular R, A = Q R.

    mode: "reduced", or "complete" for a square Q. Raises ValueError for others.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"`mode` must be 'reduced' or 'complete'; got {mode!r}.")
    q, r = np.linalg.qr(floating(x), mode=mode)
    return q, r


def svd(x: Array, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, the singular values s in descending order, and Vᵀ:  A = U diag(s) Vᵀ.  Or s alone."""
    x = _matrix(x)
    if not compute_uv:
        return np.linalg.svd(x, compute_uv=False)
    return tuple(np.linalg.svd(x, full_matrices=full_matrices))


def eigh(x: Array) -> tuple[Array, Array]:
    """The eigenvalues of a symmetric A in ascending order, and the eigenvectors as columns."""
    w, v = np.linalg.eigh(_square(x))
    return w, v


@values_only
def eig(x: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of any square A: complex numbers, without gradients."""
    x = _square(x)
    w, v = np.linalg.eig(x)
    kind = np.complex128 if x.dtype == np.float64 else np.complex64
    return w.astype(kind), v.astype(kind)


def lu_factor(x: Array) -> tuple[Array, Array]:
    """L and U in one matrix, and the order of the rows:  A[order] = L U,  L with 1 on its diagonal.

    By elimination with the largest pivot of each column. Raises ValueError for what is not square.
    """
    a = _square(x)
    size = a.shape[-1]
    order = _pivots(a)
    lu = np.take_along_axis(a, unwrapped(order)[..., None], axis=-2)
    steps = np.arange(size)
    for k in range(size - 1):
        below = (steps > k).astype(a.dtype)
        factors = lu[..., :, k] / lu[..., k : k + 1, k] * below
        right = lu[..., k, :] * below
        eliminated = lu - factors[..., :, None] * right[..., None, :]
        column = (steps[:, None] > k) & (steps == k)
        lu = np.where(column, factors[..., :, None], eliminated)
    return lu, order


@values_only
def _pivots(a: Array) -> Array:
    """The order of rows that brings the largest remaining element of each column up."""
    stack = a.reshape(-1, *a.shape[-2:]).copy()
    orders = np.tile(np.arange(a.shape[-1]), (len(stack), 1))
    for matrix, order in zip(stack, orders):
        for k in range(len(order)):
            best = k + int(np.abs(matrix[k:, k]).argmax())
            matrix[[k, best]], order[[k, best]] = matrix[[best, k]], order[[best, k]]
            if matrix[k, k]:
                matrix[k + 1 :] -= np.outer(matrix[k + 1 :, k] / matrix[k, k], matrix[k])
    return orders.reshape(a.shape[:-1]).astype(np.int32)


# -- norms and derivatives -------------------------------------------------------------------------


def norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The length of vectors (one axis) or the norm of matrices (two axes) of an order.

    None is the root of the sum of all squares. The gradient at 0 is 0.
    Raises ValueError for orders and numbers of axes that do not go together.
    """
    x = floating(x)
    axes = axes_of(axis)
    if axes is None:
        axes = tuple(range(x.ndim))
    if isinstance(axes, tuple) and len(axes) == 1:
        axes = axes[0]
    return np.linalg.norm(x, ord=ord, axis=axes, keepdims=keepdims)


def jvp(
    fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """`fun(*primals)`, and how it changes along `tangents`.

    has_aux: `fun` returns a result and something else, which is passed on as the third.
    """
    if not has_aux:
        return jacobian_vector_product(fun, primals, tangents)
    aux: list[Any] = []

    def first(*args: Any) -> Any:
        result, extra = fun(*args)
        aux.append(extra)
        return result

    return *jacobian_vector_product(first, primals, tangents), aux[0]


# -- arguments -------------------------------------------------------------------------------------


def _matrix(x: Array) -> Array:
    x = floating(x)
    if x.ndim < 2:
        raise ValueError(f"A matrix is expected; got an array of shape {x.shape}.")
    return x


def _square(x: Array) -> Array:
    x = _matrix(x)
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(f"A square matrix is expected; got shape {x.shape}.")
    return x


def _equations(a: Array, b: Array) -> tuple[Array, Array]:
    a, b = aligned(a, b, weak=(float,))
    a = _square(a)
    if b.ndim not in (a.ndim, a.ndim - 1) or not b.ndim:
        raise ValueError(f"The right side must be vectors or matrices; got {a.shape}, {b.shape}.")
    rows = b.shape[-1] if b.ndim < a.ndim else b.shape[-2]
    if rows != a.shape[-1]:
        raise ValueError(f"The right side must have {a.shape[-1]} rows; got {a.shape}, {b.shape}.")
    return a, b
