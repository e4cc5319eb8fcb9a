"""Tables in text files: one row a line, values between commas or blanks, the target last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from numpynn.typing import Array


def read_table(
    path: Path, features: int, classes: Sequence[str] = (), header: int = 0
) -> tuple[Array, Array]:
    """The table's inputs x (n, features) float64 and targets y (n,).

    With `classes` the target is one of these words and y its index (int64); without, it is a number
    (float64). `header` lines are passed over, and empty ones.

    Raises ValueError naming file, line, what was expected and what came.
    """
    inputs: list[list[float]] = []
    targets: list[float] = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines[header:], start=header + 1):
        values = line.replace(",", " ").split()
        if not values:
            continue
        place = f"{path}, line {number}"
        if len(values) != features + 1:
            raise ValueError(f"{place}: expected {features + 1} values, got {len(values)}.")
        *row, target = values
        inputs.append([_number(value, place) for value in row])
        targets.append(_index(target, classes, place) if classes else _number(target, place))
    if not inputs:
        raise ValueError(f"{path}: expected rows of {features + 1} values, got none.")
    return np.array(inputs), np.array(targets, dtype=np.int64 if classes else np.float64)


def _number(value: str, place: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{place}: expected a number, got {value!r}.") from None


def _index(value: str, classes: Sequence[str], place: str) -> int:
    if value not in classes:
        raise ValueError(f"{place}: expected one of {', '.join(classes)}, got {value!r}.")
    return classes.index(value)
