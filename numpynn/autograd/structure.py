"""Nested lists, tuples and dicts of arrays: visiting their leaves in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """The leaves in order; dicts in the order of their sorted keys."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in leaves(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in leaves(item)]
    return [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """`function` of every leaf, in the same nesting."""
    return rebuild(structure, iter([function(leaf) for leaf in leaves(structure)]))


def rebuild(structure: Any, values: Iterator[Any]) -> Any:
    """The nesting of `structure` with `values`, in the order of `leaves`, as its leaves."""
    if isinstance(structure, dict):
        found = {key: rebuild(structure[key], values) for key in sorted(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(rebuild(item, values) for item in structure))
    if isinstance(structure, (list, tuple)):
        return type(structure)(rebuild(item, values) for item in structure)
    return next(values)
