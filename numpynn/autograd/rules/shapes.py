"""Rearranging: shapes, axes, joining, splitting, repeating, padding. No value changes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from numpynn.autograd.rules.elementwise import cast
from numpynn.autograd.rules.table import among, compose, define, define_each, like, own, values

# -- the same elements in another shape or order ---------------------------------------------------


def _inverse(axes: Any) -> Any:
    """The permutation that undoes `axes`."""
    if axes is None:
        return None
    places = [a % len(axes) for a in axes]
    return sorted(range(len(places)), key=places.__getitem__)


def _negated(shift: Any) -> Any:
    return -shift if np.ndim(shift) == 0 else tuple(-s for s in shift)


define(
    np.reshape,
    lambda g, y, x, shape: np.reshape(g, x.shape),
    compute=lambda x, shape: x.reshape(shape),
)
define(np.ravel, lambda g, y, x: np.reshape(g, x.shape))
define(np.transpose, lambda g, y, x, axes=None: np.transpose(g, _inverse(axes)))
define(np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
define(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
define(np.expand_dims, lambda g, y, x, axis: np.reshape(g, x.shape))
define(np.squeeze, lambda g, y, x, axis=None: np.reshape(g, x.shape))
define(np.broadcast_to, lambda g, y, x, shape: g)  # the sweep sums over the copies
define(np.flip, lambda g, y, x, axis=None: np.flip(g, axis))
define(np.roll, lambda g, y, x, shift, axis=None: np.roll(g, _negated(shift), axis))
define(np.tril, lambda g, y, x, k=0: np.tril(g, k))
define(np.triu, lambda g, y, x, k=0: np.triu(g, k))


@compose(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@compose(np.fliplr)
def _fliplr(m: Any) -> Any:
    return np.flip(m, axis=1)


@compose(np.flipud)
def _flipud(m: Any) -> Any:
    return np.flip(m, axis=0)


@compose(np.rot90)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    for _ in range(k % 4):
        m = np.flip(np.swapaxes(m, *axes), axis=axes[0])
    return m


@compose(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    count = math.prod(new_shape) if isinstance(new_shape, tuple | list) else new_shape
    places = np.arange(count, like=like(a)) % max(a.size, 1)
    return np.reshape(np.ravel(a)[places], new_shape)


@compose(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _one_or_all(arrays: list[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


@compose(np.atleast_1d)
def _atleast_1d(*arys: Any) -> Any:
    return _one_or_all([np.reshape(a, (1,)) if np.ndim(a) == 0 else _array(a) for a in arys])


@compose(np.atleast_2d)
def _atleast_2d(*arys: Any) -> Any:
    return _one_or_all([np.reshape(a, (1, -1)) if np.ndim(a) < 2 else _array(a) for a in arys])


@compose(np.atleast_3d)
def _atleast_3d(*arys: Any) -> Any:
    def lifted(a: Any) -> Any:
        if np.ndim(a) < 2:
            return np.reshape(a, (1, -1, 1))
        return np.expand_dims(a, -1) if np.ndim(a) == 2 else _array(a)

    return _one_or_all([lifted(a) for a in arys])


def _array(a: Any) -> Any:
    """`a` itself, or the array that a list or number stands for."""
    return a if hasattr(a, "shape") else np.asarray(a)


@compose(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> Any:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@compose(np.meshgrid)
def _meshgrid(*xi: Any, indexing: str = "xy") -> Any:
    n = len(xi)
    grids = [np.reshape(x, (1,) * i + (-1,) + (1,) * (n - 1 - i)) for i, x in enumerate(xi)]
    if indexing == "xy" and n > 1:
        grids = [np.swapaxes(x, 0, 1) for x in grids]
    return _broadcast_arrays(*grids)


@compose(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    if not hasattr(fill_value, "node"):
        return np.full_like(values(a), fill_value, dtype=dtype, shape=shape)
    filled = np.broadcast_to(fill_value, np.shape(a) if shape is None else shape)
    return cast(filled, values(a).dtype if dtype is None else dtype)


for _astype in among(np, "astype"):

    @compose(_astype)
    def _cast(x: Any, dtype: Any) -> Any:
        return cast(x, np.dtype(dtype))


# -- joining and splitting -------------------------------------------------------------------------


@own
def joined(*arrays: Any, axis: int = 0) -> Any:
    """`np.concatenate` with the arrays as separate arguments."""
    return np.concatenate(arrays, axis=axis)


def _of_part(number: int, g: Any, y: Any, *arrays: Any, axis: int = 0) -> Any:
    start = sum(a.shape[axis] for a in arrays[:number])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + arrays[number].shape[axis])
    return g[tuple(index)]


define_each(joined, _of_part)


@compose(np.concatenate)
def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    if axis is None:
        return joined(*(np.ravel(a) for a in arrays), axis=0)
    return joined(*(_array(a) for a in arrays), axis=axis)


@compose(np.stack)
def _stack(arrays: Any, axis: int = 0) -> Any:
    arrays = list(arrays)
    if len({np.shape(a) for a in arrays}) > 1:
        raise ValueError(f"stack needs equal shapes; got {[np.shape(a) for a in arrays]}.")
    return joined(*(np.expand_dims(a, axis) for a in arrays), axis=axis)


@compose(np.vstack)
def _vstack(tup: Any) -> Any:
    return joined(*(np.atleast_2d(a) for a in tup), axis=0)


@compose(np.hstack)
def _hstack(tup: Any) -> Any:
    parts = [np.atleast_1d(a) for a in tup]
    return joined(*parts, axis=0 if parts[0].ndim == 1 else 1)


@compose(np.dstack)
def _dstack(tup: Any) -> Any:
    return joined(*(np.atleast_3d(a) for a in tup), axis=2)


@compose(np.column_stack)
def _column_stack(tup: Any) -> Any:
    columns = [np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else _array(a) for a in tup]
    return joined(*columns, axis=1)


@compose(np.block)
def _block(arrays: Any) -> Any:
    """Nested lists: the innermost are joined along the last axis, the next along the one before."""

    def depth(nested: Any) -> int:
        return 1 + depth(nested[0]) if isinstance(nested, list) else 0

    def widest(nested: Any) -> int:
        return max(map(widest, nested)) if isinstance(nested, list) else np.ndim(nested)

    def assembled(nested: Any, axis: int) -> Any:
        if isinstance(nested, list):
            return joined(*(assembled(part, axis + 1) for part in nested), axis=axis)
        return np.reshape(nested, (1,) * (ndim - np.ndim(nested)) + np.shape(nested))

    ndim = max(depth(arrays), widest(arrays))
    return assembled(arrays, -depth(arrays))


@compose(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return _concatenate([arr, values], axis)


@compose(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    length = ary.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        each, longer = divmod(length, int(indices_or_sections))
        sizes = [each + 1] * longer + [each] * (int(indices_or_sections) - longer)
        bounds = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    else:
        bounds = [0, *(int(i) for i in indices_or_sections), length]
    before = (slice(None),) * (axis % ary.ndim)
    return [ary[(*before, slice(start, stop))] for start, stop in pairwise(bounds)]


@compose(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"split: axis {axis} of length {ary.shape[axis]} does not divide into "
            f"{indices_or_sections} equal parts."
        )
    return _array_split(ary, indices_or_sections, axis)


@compose(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@compose(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split(ary, indices_or_sections, 0)


@compose(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split(ary, indices_or_sections, 2)


for _unstack in among(np, "unstack"):

    @compose(_unstack)
    def _taken_apart(x: Any, axis: int = 0) -> tuple[Any, ...]:
        return tuple(np.moveaxis(x, axis, 0))


# -- copies ----------------------------------------------------------------------------------------


@compose(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    ndim = max(len(reps), A.ndim)
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - A.ndim) + A.shape
    apart = np.reshape(A, [size for n in shape for size in (1, n)])
    pairs = list(zip(reps, shape, strict=True))
    copied = np.broadcast_to(apart, [size for pair in pairs for size in pair])
    return np.reshape(copied, [r * n for r, n in pairs])


@compose(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    steps = np.arange(a.shape[axis], like=like(a))
    return np.take(a, np.repeat(steps, values(repeats)), axis=axis)


# -- padding: every mode but constants reads the array at chosen places ----------------------------


@own
def constant_pad(x: Any, widths: Any, constant_values: Any = 0) -> Any:
    """`x` with constants around it."""
    return np.pad(x, widths, constant_values=constant_values)


define(
    constant_pad,
    lambda g, y, x, widths, constant_values=0: g[
        tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    ],
)


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """Before and after each axis, from NumPy's several ways to say it."""
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(a, pad_width.get(a - ndim, 0)) for a in range(ndim)]
        pad_width = [(w, w) if np.ndim(w) == 0 else w for w in pad_width]
    return [(int(before), int(after)) for before, after in np.broadcast_to(pad_width, (ndim, 2))]


@compose(np.pad)
def _pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    widths = _widths(pad_width, array.ndim)
    if mode == "constant":
        return constant_pad(array, widths, constant_values=values(constant_values))
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise TypeError(
            f"np.pad of a Tensor takes the modes constant, edge, reflect, symmetric and wrap; "
            f"got {mode!r}."
        )
    for axis, width in enumerate(widths):
        steps = np.arange(array.shape[axis], like=like(array))
        array = np.take(array, np.pad(steps, width, mode=mode), axis=axis)  # type: ignore[call-overload]
    return array


# -- diagonals -------------------------------------------------------------------------------------


@compose(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    i = np.arange(length, like=like(a))
    return a[..., i + max(-offset, 0), i + max(offset, 0)]


@compose(np.linalg.diagonal)
def _matrix_diagonal(x: Any, offset: int = 0) -> Any:
    return _diagonal(x, offset, -2, -1)


@compose(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(_diagonal(a, offset, axis1, axis2), axis=-1)


@compose(np.linalg.trace)
def _matrix_trace(x: Any, offset: int = 0) -> Any:
    return _trace(x, offset, -2, -1)


@compose(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return _diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag needs a vector or a matrix; got shape {v.shape}.")
    size = v.shape[0] + abs(k)
    padded = np.pad(v, (max(k, 0), max(-k, 0)))
    on_diagonal = np.eye(size, k=k, dtype=bool, like=like(v))
    return np.where(on_diagonal, padded, 0)  # by column


@compose(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    return _diag(np.ravel(v), k)
