"""Inputs, targets and sample weights as the one thing that `train_step` is given."""

from __future__ import annotations

from typing import Any


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """`x`, `(x, y)` or `(x, y, sample_weight)`: as much as there is."""
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The parts of what was packed, None for those that are missing.

    Raises ValueError for more than three parts.
    """
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"Data must be x, (x, y) or (x, y, sample_weight); got {len(data)} parts.")
    return (*data, None, None)[:3]
