"""Names: `dense`, `dense_1`, … in the order of creation, per kind and thread."""

from __future__ import annotations

import gc
from collections import Counter
from contextvars import ContextVar

from numpynn.utils.registry import snake_case

_counts: ContextVar[Counter[str] | None] = ContextVar("numpynn_names", default=None)


def auto_name(prefix: str) -> str:
    """`prefix` in snake case, numbered from the second on."""
    counts = _counts.get()
    if counts is None:
        counts = Counter()
        _counts.set(counts)
    name = snake_case(prefix)
    counts[name] += 1
    return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"


def clear_session(free_memory: bool = True) -> None:
    """Start numbering anew. free_memory: let Python collect what nobody holds any more."""
    _counts.set(None)
    if free_memory:
        gc.collect()
