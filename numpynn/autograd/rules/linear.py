"""Products of vectors, matrices and tensors, and Einstein summation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import among, compose, define, define_each, like, own
from numpynn.parallel import matmul

# -- matrix products -------------------------------------------------------------------------------


def transposed(x: Any) -> Any:
    """The transpose of each matrix of a stack."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _flat(x: Any) -> Any:
    """A stack of matrices as one: the rows below each other."""
    return np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _of_left(g: Any, y: Any, x: Any, w: Any) -> Any:
    """X̄ = Ȳ Wᵀ, in one flat product where a stack meets a single matrix."""
    if w.ndim == 1:
        return g * w if x.ndim == 1 else np.expand_dims(g, -1) * w
    if x.ndim == 1:
        return matmul(w, np.expand_dims(g, -1))[..., 0]
    if w.ndim == 2 and x.ndim > 2:
        return np.reshape(matmul(_flat(g), w.T), x.shape)
    return matmul(g, transposed(w))


def _of_right(g: Any, y: Any, x: Any, w: Any) -> Any:
    """W̄ = Xᵀ Ȳ, flat likewise."""
    if x.ndim == 1:
        if w.ndim == 1:
            return g * x
        return np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if w.ndim == 1:
        return np.expand_dims(g, -1) * x
    if w.ndim == 2 and x.ndim > 2:
        rows = math.prod(x.shape[:-1])
        return matmul(np.reshape(x, (rows, x.shape[-1])).T, np.reshape(g, (rows, g.shape[-1])))
    return matmul(transposed(x), g)


def _of_matrix(g: Any, y: Any, a: Any, x: Any) -> Any:
    """y = A x:  Ā = ȳ xᵀ"""
    return np.expand_dims(g, -1) * np.expand_dims(x, -2)


define(np.matmul, _of_left, _of_right, compute=matmul)
for _matvec in among(np, "matvec"):
    define(_matvec, _of_matrix, lambda g, y, a, x: np.matvec(transposed(a), g))
for _vecmat in among(np, "vecmat"):
    define(
        _vecmat,
        lambda g, y, x, a: np.vecmat(g, transposed(a)),
        lambda g, y, x, a: np.expand_dims(x, -1) * np.expand_dims(g, -2),
    )
define(
    np.vecdot,
    lambda g, y, x, z: np.expand_dims(g, -1) * z,
    lambda g, y, x, z: np.expand_dims(g, -1) * x,
)


@compose(np.linalg.matmul)
def _matmul(x1: Any, x2: Any) -> Any:
    return np.matmul(x1, x2)


@compose(np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    return np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@compose(np.dot)
def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=((-1,), (-2,)))


@compose(np.inner)
def _inner(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=((-1,), (-1,)))


@compose(np.vdot)
def _vdot(a: Any, b: Any) -> Any:
    return np.matmul(np.ravel(a), np.ravel(b))


@compose(np.outer)
def _outer(a: Any, b: Any) -> Any:
    return np.expand_dims(np.ravel(a), 1) * np.ravel(b)


@compose(np.linalg.outer)
def _outer_of_vectors(x1: Any, x2: Any) -> Any:
    return _outer(x1, x2)


@compose(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The contracted axes last in `a` and first in `b`, then one matrix product."""
    a_shape, b_shape = np.shape(a), np.shape(b)
    if np.ndim(axes) == 0:
        axes = (range(len(a_shape) - axes, len(a_shape)), range(axes))
    a_axes, b_axes = ([axis] if np.ndim(axis) == 0 else list(axis) for axis in axes)
    a_axes = [axis % len(a_shape) for axis in a_axes]
    b_axes = [axis % len(b_shape) for axis in b_axes]
    if [a_shape[i] for i in a_axes] != [b_shape[j] for j in b_axes]:
        raise ValueError(
            f"tensordot: axes {a_axes} of {a_shape} and {b_axes} of {b_shape} differ in length."
        )
    a_free = [i for i in range(len(a_shape)) if i not in a_axes]
    b_free = [j for j in range(len(b_shape)) if j not in b_axes]
    rows = tuple(a_shape[i] for i in a_free)
    columns = tuple(b_shape[j] for j in b_free)
    inner = math.prod(a_shape[i] for i in a_axes)
    left = np.reshape(np.transpose(a, a_free + a_axes), (math.prod(rows), inner))
    right = np.reshape(np.transpose(b, b_axes + b_free), (inner, math.prod(columns)))
    return np.reshape(np.matmul(left, right), rows + columns)


@compose(np.linalg.tensordot)
def _contracted(x1: Any, x2: Any, axes: Any = 2) -> Any:
    return _tensordot(x1, x2, axes)


@compose(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a_shape, b_shape = np.shape(a), np.shape(b)
    ndim = max(len(a_shape), len(b_shape))
    a_shape = (1,) * (ndim - len(a_shape)) + a_shape
    b_shape = (1,) * (ndim - len(b_shape)) + b_shape
    a = np.reshape(a, [size for n in a_shape for size in (n, 1)])
    b = np.reshape(b, [size for n in b_shape for size in (1, n)])
    return np.reshape(a * b, [m * n for m, n in zip(a_shape, b_shape, strict=True)])


@compose(np.cross)
def _cross(a: Any, b: Any, axis: int = -1) -> Any:
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"cross needs vectors of length 3; got {a.shape[-1]} and {b.shape[-1]}.")
    turned = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(turned, axis=axis)


@compose(np.linalg.cross)
def _cross_of_vectors(x1: Any, x2: Any, axis: int = -1) -> Any:
    return _cross(x1, x2, axis)


@compose(np.linalg.multi_dot)
def _multi_dot(arrays: Any) -> Any:
    product = arrays[0]
    for factor in arrays[1:]:
        product = np.dot(product, factor)
    return product


# -- Einstein summation ----------------------------------------------------------------------------


@own
def contraction(*operands: Any, subscripts: str, optimize: Any = False) -> Any:
    """`np.einsum` with explicit subscripts and no ellipsis."""
    return np.einsum(subscripts, *operands, optimize=optimize)


def _of_operand(
    number: int, g: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False
) -> Any:
    """Exchange the operand with the output: `ij,jk->ik` gives `ik,jk->ij`.

    An index repeated within the operand gets a twin and an identity matrix between the two; an
    index that only this operand has gets a vector of ones.
    """
    left, output = subscripts.split("->")
    terms = left.split(",")
    mine, target = operands[number], ""
    inputs, arrays = [output], [g]
    for i, term in enumerate(terms):
        if i != number:
            inputs.append(term)
            arrays.append(operands[i])
    spare = (c for c in _LETTERS if c not in subscripts)
    for axis, index in enumerate(terms[number]):
        size = mine.shape[axis]
        if index in target:
            twin = next(spare)
            inputs.append(index + twin)
            arrays.append(np.eye(size, dtype=mine.dtype, like=like(mine)))
            index = twin
        elif not any(index in term for term in inputs):
            inputs.append(index)
            arrays.append(np.ones(size, dtype=mine.dtype, like=like(mine)))
        target += index
    exchanged = f"{','.join(inputs)}->{target}"
    return contraction(*arrays, subscripts=exchanged, optimize=bool(optimize))


define_each(contraction, _of_operand)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@compose(np.einsum)
def _einsum(*operands: Any, optimize: Any = False) -> Any:
    subscripts, arrays = _explicit(operands)
    sizes: dict[str, int] = {}
    terms = subscripts.split("->")[0].split(",")
    for term, array in zip(terms, arrays, strict=True):
        for index, size in zip(term, np.shape(array), strict=True):
            if size != 1 or index not in sizes:  # 1 broadcasts, to 0 too
                sizes[index] = size
    for i, (term, array) in enumerate(zip(terms, arrays, strict=True)):
        full = tuple(sizes[index] for index in term)
        if np.shape(array) != full:  # a broadcast axis of length 1
            arrays[i] = np.broadcast_to(array, full)
    return contraction(*arrays, subscripts=subscripts, optimize=optimize)


def _explicit(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Subscripts with every index named and the output written out, and the arrays."""
    if not isinstance(operands[0], str):  # arrays and lists of axis numbers in turn
        pairs = list(zip(operands[0::2], operands[1::2], strict=False))
        written = ["".join(map(_letter, axes)) for _, axes in pairs]
        arrays = [array for array, _ in pairs]
        subscripts = ",".join(written)
        if len(operands) % 2:
            subscripts += "->" + "".join(map(_letter, operands[-1]))
    else:
        subscripts, arrays = operands[0].replace(" ", ""), list(operands[1:])
    left, arrow, output = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands; got {len(arrays)}.")
    spare = "".join(c for c in reversed(_LETTERS) if c not in subscripts)
    widest = 0
    for i, (term, array) in enumerate(zip(terms, arrays, strict=True)):
        if "..." in term:
            extra = np.ndim(array) - (len(term) - 3)
            widest = max(widest, extra)
            terms[i] = term.replace("...", spare[:extra][::-1])
        if len(terms[i]) != np.ndim(array):
            raise ValueError(f"einsum: {term!r} does not fit an array of shape {np.shape(array)}.")
    ellipsis = spare[:widest][::-1]
    if arrow:
        output = output.replace("...", ellipsis)
    else:
        every = "".join(terms)
        once = sorted(c for c in set(every) if every.count(c) == 1 and c not in ellipsis)
        output = ellipsis + "".join(once)
    return f"{','.join(terms)}->{output}", arrays


def _letter(index: Any) -> str:
    return "..." if index is Ellipsis else _LETTERS[index]
