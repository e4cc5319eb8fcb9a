"""Seeds and one-hot vectors, with Keras's names."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from numpynn import random
from numpynn.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from numpynn.typing import Array
from numpynn.utils.naming import clear_session
from numpynn.utils.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from numpynn.utils.progress import Progbar

__all__ = [
    "Progbar",
    "clear_session",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "is_interactive_logging_enabled",
    "normalize",
    "pack_x_y_sample_weight",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def set_random_seed(seed: int) -> None:
    """Make everything random after this repeatable: numpynn's, NumPy's and Python's generators.

    Raises ValueError for a seed that is not a whole number from 0 to 2³² - 1.
    """
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"The seed must be a whole number from 0 to 2**32 - 1; got {seed!r}.")
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 - for user code that draws from NumPy's old stream
    random.seed_everything(int(seed))


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Class numbers as one-hot vectors: shape (…) or (…, 1) becomes (…, num_classes).

    Raises ValueError for class numbers outside 0 … num_classes - 1.
    """
    labels = np.asarray(x).astype("int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if not num_classes:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        raise ValueError(
            f"to_categorical: class {labels[outside[0]]} at position {outside[0]} is outside "
            f"0 … {num_classes - 1}."
        )
    one_hot = np.zeros((labels.size, num_classes), dtype="float64")
    one_hot[np.arange(labels.size), labels] = 1.0
    return one_hot.reshape((*shape, num_classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """`x` divided by its norm along `axis`; zeros stay zeros."""
    norm = np.linalg.norm(x, ord=order, axis=axis, keepdims=True)
    return x / np.where(norm == 0, 1.0, norm)
