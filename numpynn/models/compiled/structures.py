"""Nestings of outputs, targets and arguments, and how one is laid over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.autograd.structure import leaves, rebuild

NESTED = (list, tuple, dict)


def is_nested(value: Any) -> bool:
    return isinstance(value, NESTED)


def same_structure(a: Any, b: Any, lists_as_tuples: bool = False) -> bool:
    """Whether two nestings have the same containers, lengths and keys.

    lists_as_tuples: a list is as good as a tuple.
    """
    if not (is_nested(a) or is_nested(b)):
        return True
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and a.keys() == b.keys()
            and all(same_structure(a[key], b[key], lists_as_tuples) for key in a)
        )
    sequences = isinstance(a, (list, tuple)) and isinstance(b, (list, tuple))
    return (
        sequences
        and len(a) == len(b)
        and (lists_as_tuples or isinstance(a, list) == isinstance(b, list))
        and all(same_structure(x, y, lists_as_tuples) for x, y in zip(a, b, strict=True))
    )


def laid_over(structure: Any, flat: Sequence[Any]) -> Any:
    """`flat` in the nesting of `structure`, which has as many leaves."""
    return rebuild(structure, iter(flat))


def at(path: Sequence[Any], value: Any) -> Any:
    """The part of a nesting that keys and numbers lead to."""
    for key in path:
        value = value[key]
    return value


def outline(structure: Any) -> Any:
    """The nesting alone, with "*" for every leaf: what errors show."""
    return laid_over(structure, ["*"] * len(leaves(structure)))
