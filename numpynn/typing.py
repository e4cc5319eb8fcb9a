"""The one type of every array argument: ndarray, Tensor, or whatever has NumPy's protocols."""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
