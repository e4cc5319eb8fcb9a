"""New arrays: constants, sequences, identities, windows; floatx where no dtype is given."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.ops.dtypes import (
    aligned,
    as_array,
    common_dtype,
    in_dtype,
    standardize_dtype,
    values_only,
)
from numpynn.typing import Array

__all__ = [
    "arange", "array", "bartlett", "blackman", "empty", "empty_like", "eye", "full", "full_like",
    "geomspace", "hamming", "hanning", "identity", "kaiser", "linspace", "logspace", "ones",
    "ones_like", "tri", "vander", "zeros", "zeros_like",
]  # fmt: skip

Shape = int | Sequence[int]


def array(x: Array, dtype: Any = None) -> Array:
    """`x` as an array; a Tensor with its history."""
    return as_array(x, None if dtype is None else standardize_dtype(dtype))


# -- constants -------------------------------------------------------------------------------------


def zeros(shape: Shape, dtype: Any = None) -> Array:
    """0 everywhere."""
    return np.zeros(shape, standardize_dtype(dtype))


def ones(shape: Shape, dtype: Any = None) -> Array:
    """1 everywhere."""
    return np.ones(shape, standardize_dtype(dtype))


def empty(shape: Shape, dtype: Any = None) -> Array:
    """Memory to be filled; 0 everywhere."""
    return zeros(shape, dtype)


def full(shape: Shape, fill_value: Array, dtype: Any = None) -> Array:
    """`fill_value` everywhere; it may be an array that broadcasts, and keeps its history."""
    filled = np.broadcast_to(as_array(fill_value, standardize_dtype(dtype)), shape)
    return filled.copy()


@values_only
def zeros_like(x: Array, dtype: Any = None) -> Array:
    """0 in the shape and dtype of `x`."""
    return np.zeros_like(as_array(x), dtype=dtype and standardize_dtype(dtype))


@values_only
def ones_like(x: Array, dtype: Any = None) -> Array:
    """1 in the shape and dtype of `x`."""
    return np.ones_like(as_array(x), dtype=dtype and standardize_dtype(dtype))


def empty_like(x: Array, dtype: Any = None) -> Array:
    """Memory to be filled in the shape and dtype of `x`; 0 everywhere."""
    return zeros_like(x, dtype)


def full_like(x: Array, fill_value: Array, dtype: Any = None) -> Array:
    """`fill_value` in the shape and dtype of `x`."""
    x = as_array(x)
    return full(x.shape, fill_value, dtype or x.dtype)


# -- sequences -------------------------------------------------------------------------------------


@values_only
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Array:
    """start, start + step, … below `stop`; 0, 1, … with one argument."""
    given = [v for v in (start, stop, step) if v is not None]
    if dtype is None:
        dtype = common_dtype(*(v.dtype if hasattr(v, "dtype") else type(v) for v in given))
    start, stop = (0, start) if stop is None else (start, stop)
    return np.arange(start, stop, 1 if step is None else step).astype(standardize_dtype(dtype))


def linspace(
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`, or to one step before it.

    retstep: the step too. Raises ValueError for a negative number of them.
    """
    if num < 0:
        raise ValueError(f"`num` must not be negative; got {num}.")
    start, stop = (as_array(x) for x in aligned(start, stop, weak=(float,)))
    line, step = np.linspace(start, stop, num, endpoint=endpoint, retstep=True, axis=axis)
    wanted = start.dtype if dtype is None else np.dtype(standardize_dtype(dtype))
    line = in_dtype(np.floor(line) if wanted.kind in "iu" else line, wanted)
    return (line, step) if retstep else line


def logspace(
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`base` to the powers of `linspace`: each number the same multiple of the one before."""
    powers = linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)
    return np.power(as_array(base, powers.dtype), powers)


def geomspace(
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`num` numbers from `start` to `stop`, each the same multiple of the one before."""
    ends = aligned(start, stop, weak=(float,))
    dtype = standardize_dtype(dtype or getattr(ends[0], "dtype", None))
    first, last = (as_array(x, dtype) for x in ends)
    sign = np.sign(getattr(first, "array", first))
    logs = linspace(np.log(np.abs(first)), np.log(np.abs(last)), num, endpoint, axis=axis)
    return np.exp(logs) * sign


# -- matrices --------------------------------------------------------------------------------------


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """N rows, M columns (N unless given) with 1 on the k-th diagonal. TypeError for float sizes."""
    columns = N if M is None else M
    return np.eye(operator.index(N), operator.index(columns), k, standardize_dtype(dtype))


def identity(n: int, dtype: Any = None) -> Array:
    """The matrix of size n with 1 on the diagonal."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """N rows, M columns with 1 on and below the k-th diagonal."""
    return np.tri(N, M, k, standardize_dtype(dtype))


def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """Each element's powers in a row: x^(N-1) … 1, or 1 … x^(N-1) where `increasing`.

    Raises ValueError for what is not a vector, or a negative N; TypeError for other types.
    """
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError(f"vander takes a vector; got shape {x.shape}.")
    if not isinstance(N, int | None):
        raise TypeError(f"`N` must be an integer; got {N!r}.")
    if not isinstance(increasing, bool):
        raise TypeError(f"`increasing` must be a bool; got {increasing!r}.")
    if N is not None and N < 0:
        raise ValueError(f"`N` must not be negative; got {N}.")
    return in_dtype(np.vander(x, N, increasing=increasing), x.dtype)


# -- windows ---------------------------------------------------------------------------------------


def _window(function: Callable[..., Array], shape: str) -> Callable[[int], Array]:
    def window(x: int) -> Array:
        return function(int(x)).astype(config.floatx())

    window.__name__ = window.__qualname__ = function.__name__
    window.__doc__ = f"A window of `x` points: {shape}."
    return window


bartlett = _window(np.bartlett, "a triangle")
blackman = _window(np.blackman, "0.42 - 0.5 cos(2πt) + 0.08 cos(4πt), t from 0 to 1")
hamming = _window(np.hamming, "0.54 - 0.46 cos(2πt), t from 0 to 1")
hanning = _window(np.hanning, "½ - ½ cos(2πt), t from 0 to 1")


def kaiser(x: int, beta: float) -> Array:
    """A window of `x` points: I₀(β √(1 - (2t - 1)²)) / I₀(β), t from 0 to 1."""
    return np.kaiser(int(x), float(beta)).astype(config.floatx())
