"""An array that is not NumPy's: it has both of NumPy's protocols, and cannot become an ndarray.

It stands for an array on another device, such as CuPy's. What works on it does so by NumPy's
dispatch alone: `__array__` raises, and it does not mix with ndarrays of one dimension or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class StandIn(NDArrayOperatorsMixin):
    """Holds an ndarray that nobody else gets to see."""

    def __init__(self, values: Any) -> None:
        self._hidden = np.asarray(values)

    def revealed(self) -> Any:
        """The values, for a test to compare."""
        return self._hidden

    # -- NumPy's protocols -------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("A StandIn was about to be copied into an ndarray.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "at" and not all(map(_mixes, inputs)):
            return NotImplemented
        return wrapped(getattr(ufunc, method)(*map(hidden, inputs), **hidden(kwargs)))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(kind in (StandIn, np.ndarray) for kind in types):
            return NotImplemented
        if function in (np.asarray, np.array) and not isinstance(args[0], StandIn):
            return wrapped(function(*args, **kwargs))  # `like=`: the one way in
        return wrapped(function(*hidden(args), **hidden(kwargs)))

    # -- what an array has -------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return wrapped(self._hidden[hidden(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._hidden[hidden(index)] = hidden(value)

    def __len__(self) -> int:
        return len(self._hidden)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def __float__(self) -> float:
        return float(self._hidden)

    def __int__(self) -> int:
        return int(self._hidden)

    def __index__(self) -> int:
        return self._hidden.__index__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "node":
            raise AttributeError(name)
        found = getattr(self._hidden, name)
        if not callable(found):
            return wrapped(found)
        return lambda *args, **kwargs: wrapped(found(*hidden(args), **hidden(kwargs)))


def _mixes(x: Any) -> bool:
    return isinstance(x, StandIn | np.ndarray | np.generic | int | float | complex)


def hidden(value: Any) -> Any:
    """What a StandIn holds, in any nesting; an ndarray is refused."""
    if isinstance(value, StandIn):
        return value._hidden
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError("A StandIn met an ndarray: create arrays like an input, with like=.")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(hidden, value))
    if isinstance(value, list | tuple):
        return type(value)(map(hidden, value))
    if isinstance(value, dict):
        return {key: hidden(item) for key, item in value.items()}
    return value


def wrapped(value: Any) -> Any:
    """Arrays and NumPy's numbers as StandIns, in any nesting."""
    if isinstance(value, np.ndarray | np.generic):
        return StandIn(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(wrapped, value))
    if isinstance(value, list | tuple) and any(
        isinstance(v, np.ndarray | np.generic) for v in value
    ):
        return type(value)(map(wrapped, value))
    return value
