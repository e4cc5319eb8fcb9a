"""Arrays as batches."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from numpynn import random
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import Tensor
from numpynn.typing import Array
from numpynn.utils.packing import pack_x_y_sample_weight


def as_array(value: Any, role: str) -> Array:
    """A numeric array of `value`; `role` says in errors what it was for.

    Raises ValueError for lists of mixed or uneven things, for text, and for scalars.
    """
    if isinstance(value, Tensor):
        value = value.array
    if not hasattr(value, "__array_function__"):
        if isinstance(value, (list, tuple)) or not hasattr(value, "__array__"):
            raise ValueError(
                f"`{role}` must be an array (or several in a list or dict); got "
                f"{type(value).__name__}: {_short(value)}. Convert it first: np.array({role})."
            )
        value = np.asarray(value)
    if value.dtype.kind not in "fiub":
        raise ValueError(f"`{role}` must hold numbers; got dtype {value.dtype}: {_short(value)}.")
    if value.ndim == 0:
        raise ValueError(f"`{role}` needs a batch axis; got a single number.")
    return value


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "…"


def arrays_of(value: Any, role: str) -> Any:
    """`as_array` of each array in a nesting; a list of plain numbers is refused, not guessed at."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and not all(hasattr(v, "shape") for v in leaves(value)):
        raise ValueError(
            f"`{role}` must be an array (or several in a list or dict); got a "
            f"{type(value).__name__}: {_short(value)}. Convert it first: np.array({role})."
        )
    return map_structure(lambda v: as_array(v, role), value)


class ArrayBatches:
    """Inputs, targets and weights of equal length, cut into batches; the last may be short.

    steps: how many batches an epoch has, unless it is a pass over the data. An epoch goes on where
    the one before ended, and without a batch size `steps` batches make a pass.
    Raises ValueError for empty arrays, for lengths that differ, and for a batch size below 1.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        shuffle: bool = False,
        dtype: Any = None,
        steps: int | None = None,
    ) -> None:
        self.data = (
            arrays_of(x, "x"),
            arrays_of(y, "y"),
            arrays_of(sample_weight, "sample_weight"),
        )
        arrays = [a for part in self.data for a in leaves(part) if a is not None]
        lengths = [len(a) for a in arrays]
        if len(set(lengths)) > 1:
            named = [
                f"{role}: {[len(a) for a in leaves(part)]}"
                for role, part in zip(("x", "y", "sample_weight"), self.data, strict=True)
                if part is not None
            ]
            raise ValueError(f"All arrays must have as many samples; got {', '.join(named)}.")
        if not lengths or not lengths[0]:
            raise ValueError(f"There are no samples: x has shape {[a.shape for a in arrays]}.")
        if batch_size is not None and (
            not isinstance(batch_size, (int, np.integer)) or batch_size < 1
        ):
            raise ValueError(f"`batch_size` must be a positive whole number; got {batch_size!r}.")
        if dtype is not None:  # once here instead of batch by batch
            self.data = tuple(map_structure(_floats_in(dtype), part) for part in self.data)
        self.size = lengths[0]
        self.batch_size = int(batch_size or (-(-self.size // steps) if steps else 32))
        self.shuffle = shuffle
        self.steps = steps
        self._rest: Iterator[Any] | None = None
        self._left = 0

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return self.steps or self._batches_of_a_pass()

    def _batches_of_a_pass(self) -> int:
        return -(-self.size // self.batch_size)

    def epoch(self) -> Iterator[Any]:
        """The batches of the next epoch. Warns where the data end before the epoch's steps."""
        if self.steps is None:
            yield from self._pass()
            return
        if self._rest is None:
            self._rest, self._left = self._pass(), self._batches_of_a_pass()
        for step in range(self.steps):
            if not self._left:
                warnings.warn(
                    f"The data ended after {step} of {self.steps} steps of an epoch: there are "
                    f"{self.size} samples in batches of {self.batch_size}.",
                    stacklevel=2,
                )
                break
            self._left -= 1
            yield next(self._rest)
        if not self._left:
            self._rest = None

    def rewind(self) -> None:
        """Let the next epoch begin with the first sample."""
        self._rest = None

    def _pass(self) -> Iterator[Any]:
        """All batches once, in a new random order if shuffled."""
        order = random.generator().permutation(self.size) if self.shuffle else None
        flat = all(not isinstance(part, (list, tuple, dict)) for part in self.data)
        for start in range(0, self.size, self.batch_size):
            stop = start + self.batch_size
            chosen = slice(start, stop) if order is None else order[start:stop]
            if flat:
                x, y, weight = self.data
                parts = _chosen(x, chosen), _chosen(y, chosen), _chosen(weight, chosen)
            else:
                parts = tuple(_rows(part, chosen) for part in self.data)
            yield pack_x_y_sample_weight(*parts)


def _chosen(array: Any, rows: Any) -> Any:
    """Rows of an array: a view for a slice, a copy (by `take`, twice as fast) for an order."""
    if array is None:
        return None
    return array[rows] if isinstance(rows, slice) else array.take(rows, axis=0)


def _rows(part: Any, rows: Any) -> Any:
    return None if part is None else map_structure(lambda a: _chosen(a, rows), part)


def _floats_in(dtype: Any) -> Any:
    def convert(array: Any) -> Any:
        if array is None or array.dtype.kind != "f":
            return array
        return array.astype(dtype, copy=False)

    return convert


def split_tail(arrays: Sequence[Any], fraction: float) -> tuple[list[Any], list[Any]]:
    """The first part and the last `fraction` of the samples, before any shuffling.

    Raises ValueError for a fraction outside 0 … 1, or one that leaves a part empty.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1; got {fraction}.")
    sized = [a for part in arrays for a in leaves(part) if a is not None]
    total = len(sized[0])
    at = int(total * (1.0 - fraction))
    if at in (0, total):
        raise ValueError(
            f"validation_split={fraction} of {total} samples leaves one of the two parts empty."
        )
    head = [_rows(part, slice(None, at)) for part in arrays]
    tail = [_rows(part, slice(at, None)) for part in arrays]
    return head, tail


def class_weights_to_sample_weights(y: Any, class_weight: dict[int, float]) -> Array:
    """The weight of each sample's class; 1 for classes that are not named.

    y (N,) or (N, 1) class numbers, or (N, K) one-hot.
    Raises ValueError where `y` is neither.
    """
    labels = np.asarray(y)
    if labels.ndim > 2:
        raise ValueError(f"`class_weight` needs targets of rank 1 or 2; got shape {labels.shape}.")
    if labels.ndim == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else np.argmax(labels, axis=1)
    classes = np.round(labels).astype("int64")
    weights = np.ones(len(classes), dtype="float64")
    for number, weight in class_weight.items():
        weights[classes == int(number)] = weight
    return weights
