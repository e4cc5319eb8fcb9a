"""Linear algebra on stacks of matrices: inverses, determinants, decompositions, norms.

Sources: Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation"; Murray 2016 for Cholesky; Townsend 2016 for the singular value decomposition;
Golub and Pereyra 1973 for the pseudo-inverse.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from numpynn.autograd.rules.elementwise import root
from numpynn.autograd.rules.linear import transposed as t
from numpynn.autograd.rules.reductions import axes_of
from numpynn.autograd.rules.table import among, compose, define, like, own, values

# -- inverses and linear equations -----------------------------------------------------------------


def _of_solved_matrix(g: Any, y: Any, a: Any, b: Any) -> Any:
    """A y = b:  b̄ = A⁻ᵀ ȳ,  Ā = -b̄ yᵀ"""
    b_bar = _of_right_side(g, y, a, b)
    if b.ndim == 1:
        return -np.expand_dims(b_bar, -1) * np.expand_dims(y, -2)
    return -np.matmul(b_bar, t(y))


def _of_right_side(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:  # one vector, for each matrix of the stack
        return np.linalg.solve(t(a), np.expand_dims(g, -1))[..., 0]
    return np.linalg.solve(t(a), g)


define(np.linalg.inv, lambda g, y, a: -np.matmul(t(y), np.matmul(g, t(y))))
define(np.linalg.solve, _of_solved_matrix, _of_right_side)


@own
def pseudo_inverse(a: Any, rcond: Any = None) -> Any:
    """`np.linalg.pinv`."""
    return np.linalg.pinv(a) if rcond is None else np.linalg.pinv(a, rcond)


def _of_pseudo_inverse(g: Any, y: Any, a: Any, rcond: Any = None) -> Any:
    """Ā = -PᵀȲPᵀ + (1 - A P) Ȳᵀ P Pᵀ + Pᵀ P Ȳᵀ (1 - P A),  P = A⁺, where the rank is constant."""
    p, pt, gt = y, t(y), t(g)
    left = np.matmul(gt, np.matmul(p, pt))
    right = np.matmul(np.matmul(pt, p), gt)
    left = left - np.matmul(a, np.matmul(p, left))
    right = right - np.matmul(np.matmul(right, p), a)
    return left + right - np.matmul(pt, np.matmul(g, pt))


define(pseudo_inverse, _of_pseudo_inverse)


@compose(np.linalg.pinv)
def _pinv(a: Any, rcond: Any = None) -> Any:
    return pseudo_inverse(a, rcond)


@compose(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    rows = math.prod(a.shape[:ind])
    inverse = np.linalg.inv(np.reshape(a, (rows, rows)))
    return np.reshape(inverse, a.shape[ind:] + a.shape[:ind])


@compose(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any) -> Any:
    size = math.prod(np.shape(b))
    shape = np.shape(a)[np.ndim(b) :]
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


@compose(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    """A^n by repeated squaring; of the inverse for a negative n."""
    if n < 0:
        a, n = np.linalg.inv(a), -n
    power = None
    while n:
        if n % 2:
            power = a if power is None else np.matmul(power, a)
        n //= 2
        a = np.matmul(a, a) if n else a
    return 0.0 * a + np.eye(a.shape[-1], dtype=a.dtype, like=like(a)) if power is None else power


# -- determinants ----------------------------------------------------------------------------------


class SlogdetResult(NamedTuple):
    """The sign of the determinant and the logarithm of its size."""

    sign: Any
    logabsdet: Any


@own
def log_abs_det(a: Any) -> Any:
    """`log|det a|` of each matrix."""
    return np.linalg.slogdet(a)[1]


define(np.linalg.det, lambda g, y, a: np.expand_dims(g * y, (-2, -1)) * t(np.linalg.inv(a)))
define(log_abs_det, lambda g, y, a: np.expand_dims(g, (-2, -1)) * t(np.linalg.inv(a)))


@compose(np.linalg.slogdet)
def _slogdet(a: Any) -> Any:
    return SlogdetResult(np.linalg.slogdet(values(a))[0], log_abs_det(a))


# -- Cholesky --------------------------------------------------------------------------------------


@own
def cholesky_factor(a: Any) -> Any:
    """The lower triangular L with L Lᵀ = A."""
    return np.linalg.cholesky(a)


def _lower_half(x: Any) -> Any:
    """The lower triangle, its diagonal halved."""
    return 0.5 * (np.tril(x) + np.tril(x, -1))


def _of_cholesky(g: Any, y: Any, a: Any) -> Any:
    """Ā = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, symmetrised; Φ takes the lower triangle and halves the diagonal."""
    phi = _lower_half(np.matmul(t(y), np.tril(g)))
    whole = t(np.linalg.solve(t(y), t(np.linalg.solve(t(y), phi))))
    return 0.5 * (whole + t(whole))


define(cholesky_factor, _of_cholesky)


@compose(np.linalg.cholesky)
def _cholesky(a: Any, upper: bool = False) -> Any:
    return t(cholesky_factor(t(a))) if upper else cholesky_factor(a)


# -- decompositions with several results: packed into one array, row below row ---------------------


def _reciprocal(x: Any) -> Any:
    """1/x, and 0 where x is 0: equal eigenvalues have no definite eigenvectors."""
    return np.where(x == 0, 0.0, 1.0 / np.where(x == 0, 1.0, x))


def _differences(w: Any) -> Any:
    """w_j - w_i"""
    return np.expand_dims(w, -2) - np.expand_dims(w, -1)


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


@own
def packed_eigh(a: Any, UPLO: Literal["L", "U"] = "L") -> Any:
    """The eigenvalues as a row over the matrix of eigenvectors."""
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([np.expand_dims(w, -2), v], axis=-2)


def _of_eigh(g: Any, y: Any, a: Any, UPLO: str = "L") -> Any:
    """Ā = V (diag(w̄) + F ∘ VᵀV̄) Vᵀ, symmetrised, with F_ij = 1/(w_j - w_i)."""
    w, v, w_bar, v_bar = y[..., 0, :], y[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    rotated = _reciprocal(_differences(w)) * np.matmul(t(v), v_bar)
    whole = np.matmul(v * np.expand_dims(w_bar, -2) + np.matmul(v, rotated), t(v))
    return 0.5 * (whole + t(whole))


define(packed_eigh, _of_eigh)


@compose(np.linalg.eigh)
def _eigh(a: Any, UPLO: str = "L") -> Any:
    packed = packed_eigh(a, UPLO)
    return EighResult(packed[..., 0, :], packed[..., 1:, :])


@compose(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return packed_eigh(a, UPLO)[..., 0, :]


class SVDResult(NamedTuple):
    """A = U diag(S) Vh"""

    U: Any
    S: Any
    Vh: Any


@own
def packed_svd(a: Any) -> Any:
    """U (m, k), the singular values as a row, and V (n, k), below each other."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, np.expand_dims(s, -2), t(vh)], axis=-2)


def _unpacked_svd(packed: Any, a: Any) -> tuple[Any, Any, Any]:
    m = a.shape[-2]
    return packed[..., :m, :], packed[..., m, :], packed[..., m + 1 :, :]


def _of_svd(g: Any, y: Any, a: Any) -> Any:
    """Ā = U (J S + S K + diag(s̄)) Vᵀ + (1 - U Uᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (1 - V Vᵀ)

    with  J = F ∘ (UᵀŪ - ŪᵀU),  K = F ∘ (VᵀV̄ - V̄ᵀV),  F_ij = 1/(s_j² - s_i²).
    """
    u, s, v = _unpacked_svd(y, a)
    u_bar, s_bar, v_bar = _unpacked_svd(g, a)
    f = _reciprocal(_differences(s * s))
    row, column, inverse = (
        np.expand_dims(s, -2),
        np.expand_dims(s, -1),
        np.expand_dims(_reciprocal(s), -2),
    )
    from_u, from_v = np.matmul(t(u), u_bar), np.matmul(t(v), v_bar)
    middle = f * (from_u - t(from_u)) * row + column * (f * (from_v - t(from_v)))
    inside = np.matmul(u, middle) + u * np.expand_dims(s_bar, -2)
    beyond_u = (u_bar - np.matmul(u, from_u)) * inverse
    beyond_v = (v_bar - np.matmul(v, from_v)) * inverse
    return np.matmul(inside + beyond_u, t(v)) + np.matmul(u, t(beyond_v))


define(packed_svd, _of_svd)


@compose(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if full_matrices and compute_uv and a.shape[-1] != a.shape[-2]:
        raise TypeError(
            "np.linalg.svd of a Tensor takes full_matrices=False: the vectors beyond the rank are "
            "arbitrary and have no derivative."
        )
    u, s, v = _unpacked_svd(packed_svd(a), a)
    return SVDResult(u, s, t(v)) if compute_uv else s


for _svdvals in among(np.linalg, "svdvals"):

    @compose(_svdvals)
    def _singular_values(x: Any) -> Any:
        return _unpacked_svd(packed_svd(x), x)[1]


class QRResult(NamedTuple):
    """A = Q R"""

    Q: Any
    R: Any


@own
def packed_qr(a: Any) -> Any:
    """Q (m, n) over R (n, n)."""
    return np.concatenate(np.linalg.qr(a), axis=-2)


def _of_qr(g: Any, y: Any, a: Any) -> Any:
    """Ā = (Q̄ + Q (M + Mᵀ)) R⁻ᵀ,  M the lower half of  R R̄ᵀ - Q̄ᵀ Q."""
    m = a.shape[-2]
    q, r, q_bar, r_bar = y[..., :m, :], y[..., m:, :], g[..., :m, :], np.triu(g[..., m:, :])
    half = _lower_half(np.matmul(r, t(r_bar)) - np.matmul(t(q_bar), q))
    return t(np.linalg.solve(r, t(q_bar + np.matmul(q, half + t(half)))))


define(packed_qr, _of_qr)


@compose(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if m < n or (mode == "complete" and m > n) or mode not in ("reduced", "complete", "r"):
        raise TypeError(
            "np.linalg.qr of a Tensor takes mode 'reduced' or 'r' and at least as many rows as "
            f"columns; got mode {mode!r} and shape {a.shape}."
        )
    packed = packed_qr(a)
    return packed[..., m:, :] if mode == "r" else QRResult(packed[..., :m, :], packed[..., m:, :])


# -- norms -----------------------------------------------------------------------------------------


def _length(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return root(np.sum(x * x, axis=axes, keepdims=keepdims))


@compose(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = axes_of(axis, x.ndim)
    if ord is None:
        return _length(x, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, axes, keepdims, ord)
    if len(axes) == 2:
        return _matrix_norm(x, axes, keepdims, ord)
    raise ValueError(f"A norm of order {ord!r} is for vectors and matrices; got {len(axes)} axes.")


def _vector_norm(x: Any, axes: tuple[int, ...], keepdims: bool, ord: Any) -> Any:
    """(Σ|x|^p)^(1/p)"""
    if ord == 2:
        return _length(x, axes, keepdims)
    size = np.absolute(x)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axes, keepdims=keepdims).astype(x.dtype)
    if ord == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"The norm {ord!r} is for matrices; got one axis.")
    total = np.sum(np.power(size, ord), axis=axes, keepdims=keepdims)
    origin = total == 0  # there the gradient is 0, as for ord=2
    return np.where(origin, 0.0, np.power(np.where(origin, 1.0, total), 1.0 / ord))


def _matrix_norm(x: Any, axes: tuple[int, ...], keepdims: bool, ord: Any) -> Any:
    if ord == "fro":
        return _length(x, axes, keepdims)
    x = np.moveaxis(x, axes, (-2, -1))
    if ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.absolute(x), axis=-2 if abs(ord) == 1 else -1)
    elif ord in (2, -2, "nuc"):
        sums = np.linalg.svd(x, compute_uv=False)
    else:
        raise ValueError(f"Unknown order of a matrix norm: {ord!r}.")
    reduce = np.sum if ord == "nuc" else np.max if ord > 0 else np.min
    norm = reduce(sums, axis=-1)
    return np.expand_dims(norm, axes) if keepdims else norm


for _vector_norm_function in among(np.linalg, "vector_norm"):

    @compose(_vector_norm_function)
    def _norm_of_vectors(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
        return _vector_norm(x, axes_of(axis, x.ndim), keepdims, ord)


for _matrix_norm_function in among(np.linalg, "matrix_norm"):

    @compose(_matrix_norm_function)
    def _norm_of_matrices(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
        return _matrix_norm(x, (x.ndim - 2, x.ndim - 1), keepdims, ord)


@compose(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    """‖A‖ ‖A⁻¹‖; by default the largest singular value over the smallest."""
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    axes = (x.ndim - 2, x.ndim - 1)
    return _matrix_norm(x, axes, False, p) * _matrix_norm(np.linalg.inv(x), axes, False, p)
