"""dtypes by Keras's names: NumPy's own, and "string", which NumPy holds as objects."""

from __future__ import annotations

from typing import Any

import numpy as np


def dtype_of(name: Any) -> np.dtype[Any]:
    """The dtype of a name. Raises TypeError for what is none."""
    return np.dtype(object) if name == "string" else np.dtype(name)


def name_of(dtype: np.dtype[Any]) -> str:
    """The name of a dtype."""
    return "string" if dtype.kind in "OSU" else dtype.name
