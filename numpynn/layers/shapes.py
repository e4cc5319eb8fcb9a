"""Shapes in any nesting, as layers of several inputs have them.

A shape is a tuple of sizes, None for those that vary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynn.autograd.structure import map_structure
from numpynn.symbolic import KerasTensor, any_symbolic


def is_shape(value: Any) -> bool:
    """Whether this is one shape: sizes and Nones."""
    return isinstance(value, (list, tuple)) and all(
        n is None or isinstance(n, (int, np.integer)) for n in value
    )


def map_shapes(function: Callable[[Any], Any], structure: Any) -> Any:
    """`function` of every shape in a nesting of shapes."""
    if is_shape(structure):
        return function(tuple(structure))
    if isinstance(structure, dict):
        return {key: map_shapes(function, shape) for key, shape in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)([map_shapes(function, shape) for shape in structure])
    return structure


def batch_shapes(value: Any) -> Any:
    """The shapes in a nesting of tensors, with None for the batch size."""
    return (
        map_structure(lambda x: (None, *np.shape(x)[1:]) if np.ndim(x) else (), value)
        if not any_symbolic(value)
        else map_structure(lambda x: getattr(x, "shape", None), value)
    )


def copied(x: Any) -> Any:
    return KerasTensor(x.shape, x.dtype) if isinstance(x, KerasTensor) else x
