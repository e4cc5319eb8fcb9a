"""Signatures of functions that differ from one another in little."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def varied(
    function: Callable[P, R], *, order: Sequence[str] = (), **defaults: Any
) -> Callable[P, R]:
    """`function` with other defaults, and with the arguments named in `order` in that order.

    These share out the places that they have in `function`, whose other keywords, if it takes any,
    must be called `**kwargs`.
    """
    whole = inspect.signature(function)
    reordered = iter(order)
    names = [next(reordered) if name in order else name for name in whole.parameters]
    own = [whole.parameters[name] for name in names]
    signature = whole.replace(
        parameters=[p.replace(default=defaults[p.name]) if p.name in defaults else p for p in own]
    )

    @wraps(function)
    def variation(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        named = bound.arguments
        others = named.pop("kwargs", {})
        return function(**named, **others)  # type: ignore[call-arg]

    variation.__signature__ = signature  # type: ignore[attr-defined]
    return variation
