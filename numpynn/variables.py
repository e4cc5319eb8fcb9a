"""Variable: a Tensor that can be assigned, as weights and optimizer state are.

A read is a snapshot: what was computed from the old value keeps it. An assignment writes into the
variable's own memory when nobody else holds it, and takes new memory when a live graph does.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config, initializers
from numpynn.autograd.tape import leaf
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.typing import Array
from numpynn.utils.naming import auto_name


class Variable(Tensor):
    """A named, assignable Tensor.

    initializer: the first value, or an initializer together with `shape`.
    trainable: whether recording scopes watch it; `learnable` remembers it while a layer is frozen.
    dtype: the config's float type unless given.
    Raises ValueError where shapes do not fit, or a function comes without a shape.
    """

    __slots__ = ("_trainable", "constraint", "learnable", "name", "path", "regularizer")

    regularizer: Any
    constraint: Any
    learnable: bool

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        if isinstance(initializer, str):
            initializer = initializers.get(initializer)
        if callable(initializer) and not isinstance(initializer, Tensor):
            if shape is None:
                raise ValueError(
                    "A Variable whose initializer is a function needs a shape: "
                    "Variable(initializer, shape=(…))."
                )
            value = initializer(tuple(shape), dtype or config.floatx())
        else:
            value = initializer
        value = value.array if isinstance(value, Tensor) else value
        if dtype is None:
            given = getattr(value, "dtype", None)
            dtype = given if given is not None else _natural_dtype(value)
        if hasattr(value, "__array_function__"):
            self.array = np.array(value, dtype=dtype, like=value)
        else:
            self.array = np.array(value, dtype=dtype)
        if shape is not None and self.array.shape != tuple(shape):
            raise ValueError(
                f"The initial value has shape {self.array.shape}; expected {tuple(shape)}."
            )
        self.name = name or auto_name("variable")
        self.path = self.name
        self.regularizer = None
        self.constraint = None
        self._trainable = False
        self.node = None
        self.notes = None
        self.trainable = trainable
        self.learnable = self._trainable

    @property
    def trainable(self) -> bool:
        """Whether gradient scopes watch this variable."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        watched = self._trainable and self.array.dtype.kind == "f"
        if not watched:
            self.node = None
        elif self.node is None:
            self.node = leaf(self)

    @property
    def value(self) -> Tensor:
        """The value now, as a Tensor that later assignments leave alone."""
        return tensor_of(self.array, self.node)

    def numpy(self) -> Array:
        """A copy of the value."""
        return self.array.copy()

    def assign(self, value: Any) -> Variable:
        """Set a new value of the same shape; ValueError otherwise."""
        new = value.array if isinstance(value, Tensor) else value
        shape = np.shape(new)
        if shape != self.array.shape:
            raise ValueError(
                f"The new value of variable '{self.path}' must have its shape {self.array.shape}; "
                f"got {shape}."
            )
        if self.shared():
            self.array = np.array(new, dtype=self.array.dtype, like=self.array)
        else:
            self.array[...] = new
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to the value."""
        return self.assign(self.array + _plain(value))

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self.array - _plain(value))

    def shared(self) -> bool:
        """Whether something besides this variable holds its memory: a graph, a view, a user."""
        return sys.getrefcount(self.array) > _REFERENCES_OF_ITS_OWN

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = Variable(self.array, dtype=self.dtype, trainable=self.trainable, name=self.name)
        copied.path, copied.learnable = self.path, self.learnable
        copied.regularizer, copied.constraint = self.regularizer, self.constraint
        return copied

    def __repr__(self) -> str:
        values = np.array2string(np.asarray(self.array), separator=", ", threshold=20)
        return (
            f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={values}>"
        )


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _natural_dtype(value: Any) -> Any:
    found = np.asarray(value).dtype
    return config.floatx() if found.kind == "f" else ("int32" if found.kind in "iu" else found)


class _Holder:
    __slots__ = ("array",)
    array: Array

    def count(self) -> int:
        return sys.getrefcount(self.array)


def _own_references() -> int:
    """How many references `getrefcount` counts for an array that one slot alone holds."""
    holder = _Holder()
    holder.array = np.zeros(1)
    return holder.count()


_REFERENCES_OF_ITS_OWN = _own_references()
