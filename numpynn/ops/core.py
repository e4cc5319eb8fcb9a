"""Conversion, control flow, slicing and scattering: Keras's `ops` outside NumPy's vocabulary.

Loops and branches are Python's. What runs in them is recorded like anything else, so gradients flow
through `scan`, `while_loop` and the others.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn.autograd import custom_gradient, stop_gradient
from numpynn.autograd.rules import cast as cast_array
from numpynn.autograd.rules.indexing import placed
from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tensor import Tensor, tensor_of, unwrapped
from numpynn.ops.dtypes import as_array, as_tensors, has_tensor, standardize_dtype
from numpynn.typing import Array

__all__ = [
    "associative_scan", "cast", "cond", "convert_to_numpy", "convert_to_tensor", "custom_gradient",
    "dtype", "fori_loop", "is_tensor", "map", "saturate_cast", "scan", "scatter", "scatter_update",
    "shape", "slice", "slice_update", "stop_gradient", "switch", "unstack", "vectorized_map",
    "while_loop",
]  # fmt: skip

# -- conversion ------------------------------------------------------------------------------------


def convert_to_tensor(
    x: Array, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """`x` as a Tensor, in `dtype` where it is given. Python floats become floatx, integers int32.

    A variable gives its value now. sparse, ragged: arrays are dense already; they change nothing.
    """
    array = as_array(x, None if dtype is None else standardize_dtype(dtype))
    if type(array) is Tensor:
        return array
    return tensor_of(getattr(array, "array", array), getattr(array, "node", None))


def convert_to_numpy(x: Array) -> Array:
    """The values of `x` as a new array."""
    return np.array(unwrapped(x))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor; a plain array is none."""
    return isinstance(x, Tensor)


def shape(x: Array) -> tuple[int, ...]:
    """The length of each axis."""
    return tuple(as_array(x).shape)


def dtype(x: Array) -> str:
    """The name of the dtype."""
    return standardize_dtype(x.dtype)


def cast(x: Array, dtype: Any) -> Array:
    """`x` in another dtype; the gradient comes back in that of `x`."""
    x, wanted = as_array(x), standardize_dtype(dtype)
    return x if x.dtype == wanted else cast_array(x, wanted)


def saturate_cast(x: Array, dtype: Any) -> Array:
    """`cast`, with what the new dtype cannot hold at its nearest bound, not wrapped around."""
    x, wanted = as_array(x), np.dtype(standardize_dtype(dtype))
    low, high = _bounds(wanted)
    own_low, own_high = _bounds(x.dtype)
    kept = np.clip(x, *(_inside(b, x.dtype) for b in (max(low, own_low), min(high, own_high))))
    return cast(kept, wanted)


def _bounds(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        whole = np.iinfo(dtype)
        return int(whole.min), int(whole.max)
    info = np.finfo(dtype)
    return float(info.min), float(info.max)


def _inside(bound: Any, dtype: np.dtype[Any]) -> Any:
    """A bound in another dtype, towards 0 where rounding would carry it beyond."""
    found = np.asarray(bound).astype(dtype)
    return np.nextafter(found, dtype.type(0)) if abs(float(found)) > abs(bound) else found


# -- branches --------------------------------------------------------------------------------------


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """The result of one of two functions without arguments."""
    return true_fn() if bool(pred) else false_fn()


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """The result of the `index`-th function; beyond the ends, of the nearest."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


# -- loops -----------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """`body` of the variables over and over, as long as `cond` of them holds."""
    several = isinstance(loop_vars, list | tuple)
    values = tuple(loop_vars) if several else (loop_vars,)
    rounds = 0
    while (maximum_iterations is None or rounds < maximum_iterations) and bool(cond(*values)):
        result = body(*values)
        values = tuple(result) if several else (result,)
        rounds += 1
    return values if several else values[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """`body_fun(i, value)` for i from `lower` to below `upper`, each on the value before."""
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each slice along the first axis, stacked; nestings of arrays are allowed."""
    xs = map_structure(as_array, xs)
    return _stacked([f(_slice_of(xs, i)) for i in range(leaves(xs)[0].shape[0])])


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`map`: one slice after the other."""
    return map(function, elements)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """A state carried along:  (state, y_t) = f(state, x_t)  for each slice x_t of the first axis.

    Returns the last state and the y_t stacked. length: how often, without `xs`. unroll: for
    compilers; it changes nothing here.
    Raises TypeError where `f` is no function, ValueError without `xs` and `length`.
    """
    if not callable(f):
        raise TypeError(f"`f` must be a function; got {f!r}.")
    if isinstance(unroll, int) and not isinstance(unroll, bool) and unroll < 1:
        raise ValueError(f"`unroll` must be a positive integer or a bool; got {unroll!r}.")
    if xs is None and length is None:
        raise ValueError("scan needs `xs` to go along, or a `length`.")
    xs = None if xs is None else map_structure(as_array, xs)
    steps = leaves(xs)[0].shape[0] if length is None else int(length)
    state, ys = init, [None] * steps
    for t in reversed(range(steps)) if reverse else range(steps):
        state, ys[t] = f(state, None if xs is None else _slice_of(xs, t))
    return state, None if any(y is None for y in ys) else _stacked(ys)


def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All running results of an associative `f` along an axis:  x_1, f(x_1, x_2), ….

    In ⌈log₂ n⌉ rounds, each of one call of `f` on whole arrays (Hillis and Steele 1986).
    Raises TypeError where `f` is no function, ValueError where the lengths differ.
    """
    if not callable(f):
        raise TypeError(f"`f` must be a function; got {f!r}.")
    parts = [np.moveaxis(as_array(x), axis, 0) for x in leaves(elems)]
    lengths = {x.shape[0] for x in parts}
    if len(lengths) > 1:
        raise ValueError(f"The lengths along axis {axis} must be equal; got {sorted(lengths)}.")
    parts = [np.flip(x, axis=0) for x in parts] if reverse else parts
    distance = 1
    while distance < max(lengths):
        early, late = [x[:-distance] for x in parts], [x[distance:] for x in parts]
        pair = (_back(elems, part, axis) for part in (early, late))
        combined = [np.moveaxis(as_array(x), axis, 0) for x in leaves(f(*pair))]
        parts = [np.concatenate([x[:distance], y]) for x, y in zip(parts, combined)]
        distance *= 2
    return _back(elems, [np.flip(x, axis=0) for x in parts] if reverse else parts, axis)


def _back(structure: Any, parts: list[Array], axis: int) -> Any:
    """Arrays whose first axis belongs at `axis`, in the nesting of `structure`."""
    return rebuild(structure, iter([np.moveaxis(x, 0, axis) for x in parts]))


def _slice_of(xs: Any, i: int) -> Any:
    return map_structure(lambda x: x[i], xs)


def _stacked(results: list[Any]) -> Any:
    rows = zip(*(leaves(result) for result in results))
    return rebuild(results[0], iter([np.stack([as_array(x) for x in row]) for row in rows]))


# -- slices ----------------------------------------------------------------------------------------


def slice(inputs: Array, start_indices: Sequence[int], shape: Sequence[int]) -> Array:
    """The block of a shape that begins at `start_indices`; a size of -1 goes to the end."""
    starts = _numbers(start_indices)
    return as_array(inputs)[_block(starts, [None if n == -1 else n for n in _numbers(shape)])]


def slice_update(inputs: Array, start_indices: Sequence[int], updates: Array) -> Array:
    """`inputs` with the block at `start_indices` replaced; moved inside where it would not fit."""
    inputs = as_array(inputs)
    updates = as_array(updates, inputs.dtype)
    sizes = zip(_numbers(start_indices), updates.shape, inputs.shape, strict=True)
    starts = [min(max(s, 0), whole - n) for s, n, whole in sizes]
    widths = [(s, m - s - n) for s, n, m in zip(starts, updates.shape, inputs.shape)]
    inside = np.zeros(inputs.shape, bool)
    inside[_block(starts, updates.shape)] = True
    return np.where(inside, np.pad(updates, widths), inputs)


def _block(starts: Sequence[int], sizes: Sequence[int | None]) -> tuple[Any, ...]:
    return tuple(builtins.slice(s, None if n is None else s + n) for s, n in zip(starts, sizes))


def _numbers(values: Any) -> list[int]:
    return [int(v) for v in unwrapped(values)]


def unstack(x: Array, num: int | None = None, axis: int = 0) -> list[Array]:
    """The slices along an axis. Raises ValueError where `num` is not their number."""
    x = as_array(x)
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"Axis {axis} of shape {x.shape} has {x.shape[axis]} slices, not {num}.")
    moved = np.moveaxis(x, axis, 0)
    return [moved[i] for i in range(moved.shape[0])]


# -- scattering ------------------------------------------------------------------------------------


def scatter(indices: Array, values: Array, shape: Sequence[int]) -> Array:
    """Zeros of a shape with `values` added at `indices`:  indices (N, k), values (N, rest)."""
    values = as_array(values)
    like = np.empty_like(unwrapped(values), shape=tuple(_numbers(shape)))
    result = placed(values, _places(indices), like)
    return result if isinstance(result, Tensor) or not has_tensor([indices]) else as_tensors(result)


def scatter_update(
    inputs: Array, indices: Array, updates: Array, reduction: str | None = None
) -> Array:
    """`inputs` with `updates` at `indices`:  indices (N, k), updates (N, rest).

    reduction: how they meet what is there: None replaces it (the last one where an index repeats),
    "add", "mul", "max" and "min" combine. Raises ValueError for others.
    """
    how = reduction.lower() if reduction else None
    if how not in (None, "add", "mul", "max", "min"):
        raise ValueError(
            f"Invalid reduction {reduction!r}: expected None, 'add', 'mul', 'max' or 'min'."
        )
    inputs = as_array(inputs)
    updates, places = as_array(updates, inputs.dtype), _places(indices)
    if how is None:
        return _replaced(inputs, places, updates)
    if how == "add":
        return inputs + placed(updates, places, np.empty_like(unwrapped(inputs)))
    combine = {"mul": np.multiply, "max": np.maximum, "min": np.minimum}[how]
    for first in _rounds(places, inputs.shape):
        chosen = tuple(p[first] for p in places)
        inputs = _replaced(inputs, chosen, combine(inputs[chosen], updates[first]))
    return inputs


def _places(indices: Array) -> tuple[Array, ...]:
    """Indices (…, k) as k arrays, one for each axis."""
    numbers = np.asarray(unwrapped(indices))
    return tuple(np.moveaxis(numbers, -1, 0))


def _replaced(inputs: Array, places: tuple[Array, ...], updates: Array) -> Array:
    """Every element is one of `inputs` or of the last update to its place."""
    depth, count = len(places), places[0].size
    source = np.full(inputs.shape[:depth], -1)
    source[places] = np.arange(count).reshape(places[0].shape)
    rest = inputs.shape[depth:]
    taken = np.reshape(updates, (count, *rest))[source]
    return np.where(source.reshape(source.shape + (1,) * len(rest)) >= 0, taken, inputs)


def _rounds(places: tuple[Array, ...], shape: Sequence[int]) -> list[Array]:
    """Positions in groups, none of which has a place twice: first, second, … mention of each."""
    flat = np.ravel_multi_index(tuple(p.ravel() for p in places), tuple(shape)[: len(places)])
    order = np.argsort(flat, kind="stable")
    _, starts, counts = np.unique(flat[order], return_index=True, return_counts=True)
    mention = np.empty_like(order)
    mention[order] = np.arange(flat.size) - np.repeat(starts, counts)
    return [np.flatnonzero(mention == r) for r in range(int(counts.max(initial=0)))]
