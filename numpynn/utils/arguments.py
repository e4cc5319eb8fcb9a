"""Arguments that many layers share, in the one form that the formulas need."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config


def whole_number(value: Any, name: str, least: int = 1) -> int:
    """One whole number. Raises ValueError for other types, and for numbers below `least`."""
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"`{name}` must be a whole number, {least} or more; got {value!r}.")
    return int(value)


def whole_numbers(value: Any, n: int, name: str, least: int = 1) -> tuple[int, ...]:
    """`n` whole numbers from one, which counts for all, or from a sequence of `n`.

    Raises ValueError for other lengths, other types, and numbers below `least`.
    """
    whole = (int, np.integer)
    numbers: tuple[Any, ...] = (value,) * n if isinstance(value, whole) else _sequence(value)
    if len(numbers) != n or not all(isinstance(m, whole) and m >= least for m in numbers):
        raise ValueError(
            f"`{name}` must be a whole number or {n} of them, each {least} or more; got {value!r}."
        )
    return numbers


def before_and_after(value: Any, n: int, name: str) -> tuple[tuple[int, ...], ...]:
    """A pair of whole numbers for each of `n` axes: what happens before it and after it.

    value: one number for all, or for each axis a number or a pair.
    Raises ValueError for other forms, and for negative numbers.
    """
    each = (value,) * n if isinstance(value, (int, np.integer)) else _sequence(value)
    if len(each) != n:
        raise ValueError(
            f"`{name}` must be a whole number, or for each of {n} axes a number or a pair of "
            f"numbers (before, after); got {value!r}."
        )
    return tuple(
        whole_numbers(of_axis, 2, f"{name}[{axis}]", least=0) for axis, of_axis in enumerate(each)
    )


def data_format(value: str | None) -> str:
    """ "channels_last" or "channels_first"; the configured one for None.

    Raises ValueError for another.
    """
    name = config.image_data_format() if value is None else str(value).lower()
    if name not in ("channels_last", "channels_first"):
        raise ValueError(
            f"`data_format` must be 'channels_last' or 'channels_first'; got {value!r}."
        )
    return name


def _sequence(value: Any) -> tuple[Any, ...]:
    return tuple(value) if hasattr(value, "__iter__") else ()
