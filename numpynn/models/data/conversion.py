"""Arrays out of what people hold their data in."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import Tensor
from numpynn.typing import Array


def is_array_like(value: Any) -> bool:
    """Whether `value` is an array, or turns into one: a Tensor, a data frame, another library's."""
    return hasattr(value, "__array__") or hasattr(value, "__array_function__")


def as_array(value: Any, role: str) -> Array:
    """The array of `value`; `role` says in errors what it was for.

    A pandas Series of n values becomes (n, 1), as in Keras. Text is data for `x` alone.
    Raises ValueError for lists of numbers, for what holds other things, and for single numbers.
    """
    if isinstance(value, Tensor):
        value = value.array
    elif not hasattr(value, "__array_function__"):
        if not is_array_like(value):
            raise ValueError(_not_an_array(value, role))
        in_rows = hasattr(value, "iloc") and getattr(value, "ndim", 0) == 1
        value = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
        value = value[:, None] if in_rows else value
    if value.dtype.kind not in "fiub" and not (role == "x" and _is_text(value)):
        raise ValueError(f"`{role}` must hold numbers; got dtype {value.dtype}: {_short(value)}.")
    if value.ndim == 0:
        raise ValueError(f"`{role}` needs a batch axis; got a single number.")
    return value


def arrays_of(value: Any, role: str) -> Any:
    """`as_array` of each array in a nesting; a list of plain numbers is refused, not guessed at."""
    if value is None or is_array_like(value):
        return None if value is None else as_array(value, role)
    if isinstance(value, (list, tuple)) and any(isinstance(v, (int, float)) for v in value):
        raise ValueError(_not_an_array(value, role))
    return map_structure(lambda v: None if v is None else as_array(v, role), value)


def as_batch(batch: Any) -> Any:
    """A batch that somebody else made: (x,), (x, y) or (x, y, sample_weight), or x alone."""
    if not isinstance(batch, tuple):
        return arrays_of(batch, "x")
    if not 1 <= len(batch) <= 3:
        raise ValueError(
            f"A batch must be (x,), (x, y) or (x, y, sample_weight); got {len(batch)} parts."
        )
    return tuple(arrays_of(part, role) for part, role in zip(batch, ROLES, strict=False))


ROLES = ("x", "y", "sample_weight")


def class_weights_to_sample_weights(y: Any, class_weight: dict[int, float]) -> Array:
    """The weight of each sample's class; 1 for classes that are not named.

    y (N,) or (N, 1) class numbers, or (N, K) one-hot.
    Raises ValueError where `y` is neither, and for weights that are no dict.
    """
    if not isinstance(class_weight, dict):
        raise ValueError(f"`class_weight` must be {{class: weight}}; got {class_weight!r}.")
    if isinstance(y, (list, tuple, dict)):
        raise ValueError("`class_weight` is only for models with a single output; `y` is nested.")
    if y is None:
        raise ValueError("`class_weight` needs targets; `y` is missing.")
    labels = as_array(y, "y")
    if labels.ndim > 2:
        raise ValueError(f"`class_weight` needs targets of rank 1 or 2; got shape {labels.shape}.")
    if labels.ndim == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else np.argmax(labels, axis=1)
    classes = np.round(labels).astype("int64")
    weights = np.ones(len(classes), dtype=config.floatx())
    for number, weight in class_weight.items():
        weights[classes == int(number)] = weight
    return weights


def lengths_of(parts: Any) -> list[list[int]]:
    """How many samples the arrays of each part have."""
    return [[len(a) for a in leaves(part) if a is not None] for part in parts]


def _is_text(value: Array) -> bool:
    if value.dtype.kind == "O":
        return all(isinstance(v, (str, bytes)) for v in value.flat)
    return value.dtype.kind in "UST"


def _not_an_array(value: Any, role: str) -> str:
    return (
        f"`{role}` must be an array (or several in a list or dict); got "
        f"{type(value).__name__}: {_short(value)}. Convert it first: np.array({role})."
    )


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "…"
