"""Seeds, one-hot vectors, dtypes, pictures of models: Keras's `utils`."""

from __future__ import annotations

import random as python_random
from importlib import import_module
from typing import Any

import numpy as np

from numpynn import random
from numpynn.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    floatx,
    is_interactive_logging_enabled,
)
from numpynn.typing import Array
from numpynn.utils.naming import clear_session
from numpynn.utils.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from numpynn.utils.progress import Progbar
from numpynn.utils.py_dataset import PyDataset

Sequence = PyDataset  # its older name

# Names that live elsewhere, imported when they are first used: their modules need this one.
_ELSEWHERE = {
    "CustomObjectScope": "saving",
    "custom_object_scope": "saving",
    "deserialize_keras_object": "saving",
    "get_custom_objects": "saving",
    "get_registered_name": "saving",
    "get_registered_object": "saving",
    "get_source_inputs": "symbolic",
    "is_keras_tensor": "symbolic",
    "model_to_dot": "utils.model_plot",
    "pad_sequences": "utils.sequences",
    "plot_model": "utils.model_plot",
    "register_keras_serializable": "saving",
    "serialize_keras_object": "saving",
    "timeseries_dataset_from_array": "utils.sequences",
}

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "is_interactive_logging_enabled",
    "normalize",
    "pack_x_y_sample_weight",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
    *_ELSEWHERE,
]


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(f"numpynn.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module 'numpynn.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ELSEWHERE])


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, however it is given; None is the config's float type.

    Raises ValueError for what is no dtype of NumPy.
    """
    if dtype is None:
        return floatx()
    try:
        return str(np.dtype(getattr(dtype, "name", dtype)).name)
    except TypeError as error:
        raise ValueError(f"Invalid dtype: {dtype!r}.") from error


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
