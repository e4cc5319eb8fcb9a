"""The one type of every array argument: an ndarray, a Tensor, or anything with NumPy's protocols."""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
