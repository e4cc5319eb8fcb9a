"""Rearranging: shapes, axes, joining, splitting, repeating, padding. No value changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.rules.table import compose, define, define_each, own

# -- the same elements in another shape or order -------------------------------------------------------

define(np.reshape, lambda g, y, x, shape=None: np.reshape(g, x.shape))
define(np.ravel, lambda g, y, x: np.reshape(g, x.shape))
define(np.transpose, lambda g, y, x, axes=None: np.transpose(g, axes and np.argsort(axes)))
define(np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
define(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
define(np.expand_dims, lambda g, y, x, axis: np.reshape(g, x.shape))
define(np.squeeze, lambda g, y, x, axis=None: np.reshape(g, x.shape))
define(np.broadcast_to, lambda g, y, x, shape: g)  # the sweep sums over the copies
define(np.flip, lambda g, y, x, axis=None: np.flip(g, axis))
define(
    np.roll,
    lambda g, y, x, shift, axis=None: np.roll(
        g, tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift, axis
    ),
)
define(np.tril, lambda g, y, x, k=0: np.tril(g, k))
define(np.triu, lambda g, y, x, k=0: np.triu(g, k))


@compose(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start % (a.ndim + 1)
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
    count = int(np.prod(new_shape, dtype=int))
    return np.reshape(np.ravel(a)[np.arange(count) % a.size], new_shape)


@compose(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


@compose(np.atleast_1d)
def _atleast_1d(*arrays: Any) -> Any:
    return _one_or_all([np.reshape(a, (1,)) if np.ndim(a) == 0 else a for a in arrays])


@compose(np.atleast_2d)
def _atleast_2d(*arrays: Any) -> Any:
    return _one_or_all(
        [np.reshape(a, (1, -1)) if np.ndim(a) < 2 else a for a in arrays],
    )


@compose(np.atleast_3d)
def _atleast_3d(*arrays: Any) -> Any:
    def lifted(a: Any) -> Any:
        if np.ndim(a) < 2:
            return np.reshape(a, (1, -1, 1))
        return np.expand_dims(a, -1) if np.ndim(a) == 2 else a

    return _one_or_all([lifted(a) for a in arrays])


def _one_or_all(arrays: list[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


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


# -- joining and splitting -----------------------------------------------------------------------------


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
    return joined(*arrays, axis=axis)


if hasattr(np, "concat") and np.concat is not np.concatenate:
    compose(np.concat)(_concatenate)


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
    return joined(*(np.expand_dims(a, 1) if np.ndim(a) == 1 else a for a in tup), axis=1)


@compose(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return _concatenate([arr, values], axis)


@compose(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    length = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        each, longer = divmod(length, indices_or_sections)
        sizes = [each + 1] * longer + [each] * (indices_or_sections - longer)
        bounds = [int(b) for b in np.cumsum([0, *sizes])]
    else:
        bounds = [0, *(int(i) for i in indices_or_sections), length]
    before = (slice(None),) * (axis % ary.ndim)
    return [ary[(*before, slice(a, b))] for a, b in zip(bounds, bounds[1:], strict=False)]


@compose(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"split: axis {axis} of length {ary.shape[axis]} does not divide into "
            f"{indices_or_sections} equal parts."
        )
    return _array_split(ary, indices_or_sections, axis)


@compose(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return _split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@compose(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return _split(ary, indices_or_sections, 0)


@compose(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return _split(ary, indices_or_sections, 2)


def _unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


if hasattr(np, "unstack"):
    compose(np.unstack)(_unstack)

# -- copies --------------------------------------------------------------------------------------------


@compose(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    reps = (reps,) if isinstance(reps, int | np.integer) else tuple(reps)
    ndim = max(len(reps), A.ndim)
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - A.ndim) + A.shape
    spread = np.reshape(A, [size for n in shape for size in (1, n)])
    copied = np.broadcast_to(spread, [size for r, n in zip(reps, shape, strict=True) for size in (r, n)])
    return np.reshape(copied, [r * n for r, n in zip(reps, shape, strict=True)])


@compose(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis=axis)


# -- padding: every mode reads the array at chosen places ------------------------------------------------


def _of_constant_pad(g: Any, y: Any, x: Any, pad_width: Any, constant_values: Any = 0) -> Any:
    inner = zip(np.broadcast_to(pad_width, (x.ndim, 2)), x.shape, strict=True)
    return g[tuple(slice(int(before), int(before) + n) for (before, _), n in inner)]


@own
def constant_pad(x: Any, pad_width: Any, constant_values: Any = 0) -> Any:
    """`x` with constants around it."""
    return np.pad(x, pad_width, constant_values=constant_values)


define(constant_pad, _of_constant_pad)


@compose(np.pad)
def _pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(a, pad_width.get(a - array.ndim, 0)) for a in range(array.ndim)]
        pad_width = [(w, w) if isinstance(w, int) else w for w in pad_width]
    if mode == "constant":
        return constant_pad(array, pad_width, constant_values=constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise TypeError(f"np.pad with mode={mode!r} has no derivative rule; known: constant, edge, "
                        "reflect, symmetric, wrap.")
    widths = np.broadcast_to(pad_width, (array.ndim, 2))
    for axis, (before, after) in enumerate(widths):
        places = np.pad(np.arange(array.shape[axis]), (int(before), int(after)), mode=mode)  # type: ignore[call-overload]
        array = np.take(array, places, axis=axis)
    return array


# -- diagonals -----------------------------------------------------------------------------------------


@compose(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    i = np.arange(length)
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
    return np.expand_dims(padded, 0 if k >= 0 else 1) * np.eye(size, k=k, dtype=v.dtype)


@compose(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    return _diag(np.ravel(v), k)
