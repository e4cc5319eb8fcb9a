"""What preprocessing layers share: they take lists of numbers or strings, and learn from batches.

They are called on data before training, or stand at the beginning of a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from numpynn.autograd import Tensor
from numpynn.autograd.structure import map_structure
from numpynn.layers.base import Layer
from numpynn.symbolic import KerasTensor, any_symbolic
from numpynn.typing import Array

_TEXT = "OSUT"  # the kinds of NumPy's dtypes that hold strings


class DataLayer(Layer):
    """Base class: a list is one array, of numbers or of strings.

    Strings come out as a NumPy array of `str`; all else as a Tensor, as from every layer.
    """

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(inputs):
            inputs = self.as_data(inputs)
        output = super().__call__(inputs, *args, **kwargs)
        return output.array if is_array(output) and holds_text(output.array) else output

    def as_data(self, inputs: Any) -> Any:
        """What a call was given, as an array or a Tensor."""
        return inputs if is_array(inputs) else np.asarray(inputs)

    @property
    def output_dtype(self) -> Any:
        """The dtype of what comes out."""
        return self.dtype

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        shape = self.compute_output_shape(map_structure(lambda x: x.shape, inputs))
        return KerasTensor(shape, self.output_dtype)


def is_array(value: Any) -> bool:
    """Whether these are values: an array or a Tensor."""
    return isinstance(value, Tensor) or hasattr(value, "__array_interface__")


def holds_text(values: Array) -> bool:
    """Whether an array holds strings. Raises ValueError for objects of another kind."""
    if values.dtype.kind != "O":
        return values.dtype.kind in _TEXT
    for value in values.ravel().tolist():
        if not isinstance(value, (str, bytes)):
            raise ValueError(f"Expected strings or numbers; got {value!r} among the inputs.")
    return True


def batches_of(data: Any, steps: int | None = None) -> Iterator[Any]:
    """The batches that a layer learns from: an array is one, any other iterable gives them.

    steps: how many are taken of an iterable; all unless given.
    """
    if is_array(data):
        yield data
    else:
        yield from islice(data, steps)
