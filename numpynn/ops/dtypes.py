"""dtypes by Keras's rules: names, what Python values become, what two dtypes make together.

They differ from NumPy's in three ways. Python floats are `floatx`, not float64, and Python integers
are int32. An integer array never widens a float one: int32 with float32 is float32. Where integers
have to become floats (`sin`, `mean`, a division) they become `floatx`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tensor import Tensor, tensor_of, unwrapped
from numpynn.typing import Array

_NAMES = """
    bool uint8 uint16 uint32 uint64 int8 int16 int32 int64
    float16 float32 float64 complex64 complex128
""".split()
_NUMBERS = (int, float)
_PYTHON_TYPES: dict[Any, str] = {
    bool: "bool",
    int: "int64",
    float: "float32",
    complex: "complex128",
    "int": "int64",
}


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given as a name, a NumPy dtype or a Python type; floatx for None.

    Raises ValueError for what is no dtype of numbers.
    """
    if dtype is None:
        return config.floatx()
    dtype = _PYTHON_TYPES.get(dtype, dtype)
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", dtype)
    if name not in _NAMES:
        raise ValueError(f"Invalid dtype: {dtype!r}. Known: {', '.join(_NAMES)}.")
    return str(name)


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of values of these dtypes; Python's `int` and `float` count as weak.

        bool < integers < floats < complex        a weak type adds its kind, not its width

    Integers make the wider integer, floats the wider float, an integer with a float the float;
    uint64 with a signed integer, and a weak float with integers, make floatx. (Keras narrows uint64
    and complex128 to 32 bits; here they keep their width.)
    """
    given = [d if d is int or d is float else np.dtype(standardize_dtype(d)) for d in dtypes]
    return common_dtype(*given).name if given else config.floatx()


def common_dtype(*dtypes: Any) -> np.dtype[Any]:
    """`result_type` of NumPy dtypes and of the types `int` and `float`, as a NumPy dtype."""
    return _common_dtype(frozenset(dtypes), config.floatx())


@lru_cache(maxsize=1024)
def _common_dtype(dtypes: frozenset[Any], floatx: str) -> np.dtype[Any]:
    strong = [d for d in dtypes if isinstance(d, np.dtype)]
    inexact = [d for d in strong if d.kind in "fc"]
    if inexact:
        return np.result_type(*inexact)
    if float in dtypes:
        return np.dtype(floatx)
    found = np.result_type(*strong) if strong else np.dtype(bool)
    if found.kind == "f":
        return np.dtype(floatx)
    if found.kind == "b" and int in dtypes:
        return np.dtype(f"int{8 * np.dtype(floatx).itemsize}")
    return found


# -- arguments -------------------------------------------------------------------------------------


def as_array(x: Any, dtype: Any = None) -> Array:
    """`x` itself where it is an array or a Tensor, else Python's numbers and lists as an array.

    Python floats become floatx, integers int32 (int64 where they need it). A list with Tensors in
    it is stacked, and keeps their history. Raises ValueError for ragged lists and for None.
    """
    if not hasattr(x, "__array_function__"):
        x = _from_python(x)
    return x if dtype is None else in_dtype(x, dtype)


def floating(x: Any, int64: str | None = None) -> Array:
    """`x` as an array of floats: integers and booleans become floatx (int64: another for those)."""
    if not hasattr(x, "__array_function__"):
        x = _from_python(x)
    if x.dtype.kind in "fc":
        return x
    return x.astype(int64 if int64 and x.dtype == np.int64 else config.floatx())


def in_dtype(x: Array, dtype: Any) -> Array:
    """`x` in a dtype, itself where it has it."""
    return x if x.dtype == dtype else x.astype(dtype)


def at_least_single(x: Array) -> Array:
    """Floats of 32 bits or more to compute with: sums of float16 overflow."""
    x = floating(x)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def aligned(*values: Any, weak: tuple[type, ...] = ()) -> list[Any]:
    """`values` in their common dtype. Python numbers stay as they are where an array decides.

    weak: types that take part besides: (float,) makes integers floats.
    """
    xs = [x if type(x) in _NUMBERS else as_array(x) for x in values]
    dtypes = [type(x) if type(x) in _NUMBERS else x.dtype for x in xs]
    if len(xs) == 2 and dtypes[0] is dtypes[1] and isinstance(dtypes[0], np.dtype) and not weak:
        return xs  # the usual case
    dtype = common_dtype(*dtypes, *weak)
    if not any(isinstance(d, np.dtype) for d in dtypes):
        return [np.asarray(x, dtype) for x in xs]
    return [x if type(x) in _NUMBERS else in_dtype(x, dtype) for x in xs]


def _from_python(value: Any) -> Array:
    if isinstance(value, (list, tuple)) and any(isinstance(x, Tensor) for x in _leaves(value)):
        return np.stack([as_array(x) for x in value])
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind == "O":
        raise ValueError(f"Cannot make an array of {value!r}: numbers are expected.")
    if hasattr(value, "dtype") or any(hasattr(x, "dtype") for x in _leaves(value)):
        return array
    if kind == "f":
        return array.astype(config.floatx())
    if array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


# -- results ---------------------------------------------------------------------------------------


def values_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays without derivative (positions, comparisons), made to take Tensors.

    Where an argument is a Tensor, the results are Tensors, without history.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if has_tensor(args) or has_tensor(kwargs.values()):
            return as_tensors(function(*unwrapped(args), **unwrapped(kwargs)))
        return function(*args, **kwargs)

    return call


def has_tensor(values: Any) -> bool:
    """Whether one of `values`, or of the lists among them, is a Tensor."""
    return any(
        isinstance(x, Tensor) or (type(x) in (list, tuple) and has_tensor(x)) for x in values
    )


def as_tensors(result: Any) -> Any:
    """Arrays, alone or in a list or tuple, as Tensors."""
    if isinstance(result, (list, tuple)):
        items = [as_tensors(x) for x in result]
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    return result if isinstance(result, Tensor) else tensor_of(result, None)
