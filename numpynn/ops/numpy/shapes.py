"""Rearranging: shapes, axes, joining, splitting, padding, diagonals. No value changes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from numpynn.ops.dtypes import aligned, as_array, in_dtype, standardize_dtype, values_only
from numpynn.ops.numpy.reductions import summable
from numpynn.typing import Array

__all__ = [
    "append", "array_split", "broadcast_to", "concatenate", "diag", "diagflat", "diagonal",
    "dsplit", "dstack", "expand_dims", "flip", "fliplr", "flipud", "get_item", "hsplit", "hstack",
    "meshgrid", "moveaxis", "ndim", "pad", "ravel", "repeat", "reshape", "roll", "rot90", "size",
    "split", "squeeze", "stack", "swapaxes", "tile", "trace", "transpose", "tril", "triu",
    "unravel_index", "vectorize", "view", "vsplit", "vstack",
]  # fmt: skip

Axis = int | Sequence[int]


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


# -- shapes and axes -------------------------------------------------------------------------------


def ndim(x: Array) -> int:
    """The number of axes."""
    return len(as_array(x).shape)


def size(x: Array) -> int:
    """The number of elements."""
    return int(np.prod(as_array(x).shape, dtype=int))


def reshape(x: Array, newshape: Axis) -> Array:
    """The same elements in another shape; one size may be -1, and follows from the others."""
    return np.reshape(as_array(x), newshape if isinstance(newshape, int) else tuple(newshape))


def ravel(x: Array) -> Array:
    """All elements in one row."""
    return np.reshape(as_array(x), (-1,))


def transpose(x: Array, axes: Sequence[int] | None = None) -> Array:
    """The axes in another order, reversed unless given. Raises ValueError for a repeated axis."""
    return np.transpose(as_array(x), tuple(axes) if axes else None)


def moveaxis(x: Array, source: Axis, destination: Axis) -> Array:
    """Some axes in other places, the others in their order."""
    return np.moveaxis(as_array(x), _axes(source), _axes(destination))


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
    return np.swapaxes(as_array(x), axis1, axis2)


def expand_dims(x: Array, axis: Axis) -> Array:
    """New axes of length 1."""
    return np.expand_dims(as_array(x), _axes(axis))


def squeeze(x: Array, axis: Axis | None = None) -> Array:
    """Without axes of length 1; ValueError where `axis` is longer."""
    return np.squeeze(as_array(x), axis=_axes(axis))


def broadcast_to(x: Array, shape: Sequence[int]) -> Array:
    """Copies along new axes and axes of length 1."""
    return np.broadcast_to(as_array(x), tuple(shape))


def flip(x: Array, axis: Axis | None = None) -> Array:
    """In reverse order along `axis`; along all of them for None."""
    return np.flip(as_array(x), axis=_axes(axis))


def fliplr(x: Array) -> Array:
    """Columns in reverse order."""
    return np.flip(as_array(x), axis=1)


def flipud(x: Array) -> Array:
    """Rows in reverse order."""
    return np.flip(as_array(x), axis=0)


def rot90(array: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """`k` quarter turns in the plane of two axes. Raises ValueError for fewer than two axes."""
    array = as_array(array)
    if array.ndim < 2:
        raise ValueError(f"rot90 turns arrays of two axes or more; got shape {array.shape}.")
    return np.rot90(array, k=k, axes=axes)


def roll(x: Array, shift: Axis, axis: Axis | None = None) -> Array:
    """Moved by `shift` places; what leaves at one end comes in at the other."""
    return np.roll(as_array(x), _axes(shift), axis=_axes(axis))


def get_item(x: Array, key: Any) -> Array:
    """x[key]"""
    return x[key]


def view(x: Array, dtype: Any = None) -> Array:
    """The same bytes read as another dtype; without derivative.

    Raises ValueError where the last axis does not hold a whole number of the new elements.
    """
    return _viewed(x, standardize_dtype(dtype or as_array(x).dtype))


@values_only
def _viewed(x: Array, dtype: str) -> Array:
    x = as_array(x)
    return (np.ascontiguousarray(x) if x.ndim else x).view(dtype)


# -- joining and splitting -------------------------------------------------------------------------


def _joined(function: Callable[..., Array], xs: Sequence[Array], **keywords: Any) -> Array:
    return function([as_array(x) for x in aligned(*xs)], **keywords)


def concatenate(xs: Sequence[Array], axis: int = 0) -> Array:
    """One after the other along an axis that they have."""
    return _joined(np.concatenate, xs, axis=axis)


def append(x1: Array, x2: Array, axis: int | None = None) -> Array:
    """x2 after x1 along an axis; all elements in a row for axis=None."""
    x1, x2 = (as_array(x) for x in aligned(x1, x2))
    return np.append(x1, x2, axis=axis)


def stack(x: Sequence[Array], axis: int = 0) -> Array:
    """Side by side along a new axis."""
    return _joined(np.stack, x, axis=axis)


def hstack(xs: Sequence[Array]) -> Array:
    """Side by side along the second axis, or the only one."""
    return _joined(np.hstack, xs)


def vstack(xs: Sequence[Array]) -> Array:
    """One below the other along the first axis."""
    return _joined(np.vstack, xs)


def dstack(xs: Sequence[Array]) -> Array:
    """One behind the other along the third axis."""
    return _joined(np.dstack, xs)


def split(x: Array, indices_or_sections: Axis, axis: int = 0) -> list[Array]:
    """Equal parts, or the parts between the given places. Raises ValueError where they differ."""
    return list(np.split(as_array(x), _sections(indices_or_sections), axis=axis))


def _sections(indices_or_sections: Any) -> Any:
    if isinstance(indices_or_sections, int):
        return indices_or_sections
    return [int(i) for i in indices_or_sections]


def array_split(x: Array, indices_or_sections: int, axis: int = 0) -> list[Array]:
    """Parts of equal length, the first ones longer by one where that does not come out even."""
    if not isinstance(indices_or_sections, int):
        raise TypeError(f"array_split takes a number of parts; got {indices_or_sections!r}.")
    if indices_or_sections <= 0:
        raise ValueError(f"The number of parts must be positive; got {indices_or_sections}.")
    return list(np.array_split(as_array(x), indices_or_sections, axis=axis))


def hsplit(x: Array, indices_or_sections: Axis) -> list[Array]:
    """`split` along the second axis, or the only one."""
    x = as_array(x)
    return split(x, indices_or_sections, axis=0 if x.ndim == 1 else 1)


def vsplit(x: Array, indices_or_sections: Axis) -> list[Array]:
    """`split` along the first axis."""
    return split(x, indices_or_sections, axis=0)


def dsplit(x: Array, indices_or_sections: Axis) -> list[Array]:
    """`split` along the third axis."""
    return split(x, indices_or_sections, axis=2)


# -- copies ----------------------------------------------------------------------------------------


def tile(x: Array, repeats: Axis) -> Array:
    """The whole of `x` over and over, so often along each axis."""
    reps = (repeats,) if isinstance(repeats, int) else tuple(int(n) for n in repeats)
    return np.tile(as_array(x), reps)


def repeat(x: Array, repeats: Any, axis: int | None = None) -> Array:
    """Each element over and over; `repeats` is one number or one for each."""
    return np.repeat(as_array(x), np.asarray(getattr(repeats, "array", repeats)), axis=axis)


def pad(x: Array, pad_width: Any, mode: Any = "constant", constant_values: Any = None) -> Array:
    """More elements around `x`: constants, or its own mirrored ("reflect", "symmetric").

    Raises ValueError for `constant_values` in another mode.
    """
    x = as_array(x)
    if mode != "constant" and constant_values is not None:
        raise ValueError(f"`constant_values` is for mode='constant'; got mode={mode!r}.")
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if mode == "constant":
        return np.pad(x, widths, constant_values=constant_values or 0)
    return np.pad(x, widths, mode=mode)


def meshgrid(*x: Array, indexing: Any = "xy") -> list[Array]:
    """Each of several vectors as the coordinate of every point of the grid that they span."""
    return list(np.meshgrid(*(as_array(v) for v in x), indexing=indexing))


# -- diagonals and triangles -----------------------------------------------------------------------


def diag(x: Array, k: int = 0) -> Array:
    """The k-th diagonal of a matrix, or a matrix with a vector on it; ValueError for others."""
    x = as_array(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"diag takes a vector or a matrix; got shape {x.shape}.")
    return np.diag(x, k=k)


def diagflat(x: Array, k: int = 0) -> Array:
    """The matrix with all elements of `x` on its k-th diagonal."""
    return np.diagflat(as_array(x), k=k)


def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonals of the matrices in two axes. Raises ValueError where the axes are the same."""
    return np.diagonal(as_array(x), offset=offset, axis1=axis1, axis2=axis2)


def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of each diagonal."""
    x = summable(x)
    return in_dtype(np.trace(x, offset=offset, axis1=axis1, axis2=axis2), x.dtype)


def tril(x: Array, k: int = 0) -> Array:
    """0 above the k-th diagonal."""
    return np.tril(as_array(x), k=k)


def triu(x: Array, k: int = 0) -> Array:
    """0 below the k-th diagonal."""
    return np.triu(as_array(x), k=k)


@values_only
def unravel_index(indices: Array, shape: Sequence[int]) -> tuple[Array, ...]:
    """The place along each axis of positions in the flat array."""
    indices = as_array(indices)
    return tuple(i.astype(indices.dtype) for i in np.unravel_index(indices, tuple(shape)))


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of single elements, made to run over whole arrays that broadcast together.

    signature: what one call takes and returns, as "(n),(n)->()" for two vectors and one number.
    excluded: numbers of the arguments that are passed as they are; keywords always are.
    Raises ValueError for what cannot be called.
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize takes a function; got {pyfunc!r}.")
    fixed = frozenset(excluded or ())

    @wraps(pyfunc)
    def call(*args: Any, **kwargs: Any) -> Any:
        numbers = [i for i in range(len(args)) if i not in fixed]
        arrays = [as_array(args[i]) for i in numbers]
        ranks = _core_ranks(signature) or [0] * len(arrays)
        if len(ranks) != len(arrays):
            raise TypeError(f"The signature {signature!r} takes {len(ranks)}; got {len(arrays)}.")
        loops = np.broadcast_shapes(*(a.shape[: a.ndim - r] for a, r in zip(arrays, ranks)))
        rows = [
            np.reshape(np.broadcast_to(a, loops + core), (-1, *core))
            for a, core in ((a, a.shape[a.ndim - r :]) for a, r in zip(arrays, ranks))
        ]
        results = []
        for i in range(math.prod(loops)):
            given = list(args)
            for number, row in zip(numbers, rows):
                given[number] = row[i]
            results.append(pyfunc(*given, **kwargs))
        if isinstance(results[0], tuple):
            return tuple(_gathered(parts, loops) for parts in zip(*results))
        return _gathered(results, loops)

    return call


def _core_ranks(signature: str | None) -> list[int]:
    """How many axes one call takes of each argument: "(n,m),()->(m)" gives 2 and 0."""
    if signature is None:
        return []
    inputs = re.findall(r"\(([^()]*)\)", signature.split("->")[0])
    return [len([name for name in core.split(",") if name.strip()]) for core in inputs]


def _gathered(results: Sequence[Array], loops: tuple[int, ...]) -> Array:
    parts = [as_array(r) for r in results]
    return np.reshape(np.stack(parts), loops + parts[0].shape)
