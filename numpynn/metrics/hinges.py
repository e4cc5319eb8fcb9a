"""How far predictions are on the wrong side of a margin of 1; targets are -1 and 1, or 0 and 1."""

from __future__ import annotations

from typing import Any

from numpynn import losses
from numpynn.metrics.base import MeanOf


class Hinge(MeanOf):
    """The mean of max(1 - t y, 0)."""

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanOf):
    """The mean of max(1 - t y, 0)²."""

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanOf):
    """The mean of max(1 + y of the best wrong class - y of the right one, 0)."""

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)
