"""Arrays of equal length, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from numpynn import random
from numpynn.autograd.structure import leaves, map_structure
from numpynn.models.data.conversion import (
    ROLES,
    arrays_of,
    class_weights_to_sample_weights,
    lengths_of,
)
from numpynn.models.data.sources import Batches
from numpynn.typing import Array
from numpynn.utils.packing import pack_x_y_sample_weight

# Bytes of samples that are put into their order at a time. With small samples that is many batches,
# each a view: batches of 32 irises take half the time.
BLOCK = 65536


class ArrayBatches(Batches):
    """Inputs, targets and weights, cut into batches; the last may be short.

    batch_size: 32 unless given; or what makes `steps` batches of a pass. shuffle: a new order for
    each pass; "batch": the batches stay, and only the samples in each change places. dtype: of
    floating-point data.
    Raises ValueError for empty arrays, for lengths that differ, for a batch size below 1, and for
    sample weights that do not fit the targets.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: dict[int, float] | None = None,
        dtype: Any = None,
    ) -> None:
        x, y = arrays_of(x, "x"), arrays_of(y, "y")
        sample_weight = _weights_of(y, sample_weight, class_weight)
        self.parts = (x, y, sample_weight)
        self.samples = _samples(self.parts)
        _check_batch_size(batch_size)
        if dtype is not None:  # once here instead of batch by batch
            self.parts = tuple(map_structure(_floats_in(dtype), part) for part in self.parts)
        self.batch_size = int(batch_size or (-(-self.samples // steps) if steps else 32))
        self.size = -(-self.samples // self.batch_size)
        self.shuffle = shuffle
        bytes_of_batch = sum(a.nbytes for part in self.parts for a in leaves(part) if a is not None)
        bytes_of_batch = bytes_of_batch * self.batch_size // self.samples
        self._together = self.batch_size * max(1, BLOCK // max(1, bytes_of_batch))

    def batches(self, skip: int = 0) -> Iterator[Any]:
        if self.shuffle == "batch":
            order = self._order_within_batches()
        else:
            order = random.generator().permutation(self.samples) if self.shuffle else None
        return self._cut(self._blocks(order, skip * self.batch_size))

    def _order_within_batches(self) -> Array:
        numbers, size = np.arange(self.samples), self.batch_size
        parts = [numbers[start : start + size] for start in range(0, self.samples, size)]
        return np.concatenate([random.generator().permutation(part) for part in parts])

    def _blocks(self, order: Array | None, first: int) -> Iterator[tuple[int, list[Any]]]:
        """The samples from `first` on, in their order: how many, and the three parts."""
        together = self.samples if order is None else self._together
        for start in range(first, self.samples, together):
            stop = min(start + together, self.samples)
            rows = slice(start, stop) if order is None else order[start:stop]
            yield stop - start, [_rows(part, rows) for part in self.parts]

    def _cut(self, blocks: Iterator[tuple[int, list[Any]]]) -> Iterator[Any]:
        """Batches of each block; views."""
        size = self.batch_size
        for count, parts in blocks:
            for start in range(0, count, size):
                rows = slice(start, start + size)
                yield pack_x_y_sample_weight(*[_rows(part, rows) for part in parts])


def split_tail(parts: Sequence[Any], fraction: float) -> tuple[list[Any], list[Any]]:
    """The first part and the last `fraction` of the samples of x, y and weights, in their order.

    Raises ValueError for a fraction outside 0 … 1, for one that leaves a part empty, and for data
    that are no arrays.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1; got {fraction}.")
    parts = [arrays_of(part, role) for part, role in zip(parts, ROLES, strict=True)]
    total = _samples(parts)
    at = int(total * (1.0 - fraction))
    if at in (0, total):
        raise ValueError(
            f"validation_split={fraction} of {total} samples leaves one of the two parts empty."
        )
    head = [_rows(part, slice(None, at)) for part in parts]
    tail = [_rows(part, slice(at, None)) for part in parts]
    return head, tail


def _samples(parts: Sequence[Any]) -> int:
    """How many samples there are. Raises ValueError for none, and where the arrays disagree."""
    lengths = lengths_of(parts)
    every = [length for part in lengths for length in part]
    if len(set(every)) > 1:
        named = [f"{role}: {found}" for role, found in zip(ROLES, lengths, strict=True) if found]
        raise ValueError(f"All arrays must have as many samples; got {', '.join(named)}.")
    if not every or not every[0]:
        shapes = [a.shape for part in parts for a in leaves(part) if a is not None]
        raise ValueError(f"There are no samples: x has shape {shapes}.")
    return every[0]


def _check_batch_size(batch_size: Any) -> None:
    if batch_size is None:
        return
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"`batch_size` must be a positive whole number; got {batch_size!r}.")


def _weights_of(y: Any, sample_weight: Any, class_weight: dict[int, float] | None) -> Any:
    """A weight for each sample of each output; of those that were given, or by classes."""
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("Give `sample_weight` or `class_weight`, not both.")
        return class_weights_to_sample_weights(y, class_weight)
    sample_weight = arrays_of(sample_weight, "sample_weight")
    if sample_weight is None or not isinstance(y, (list, tuple, dict)):
        return sample_weight
    if isinstance(sample_weight, (list, tuple, dict)):
        if _skeleton(sample_weight) != _skeleton(y):
            raise ValueError(
                "`sample_weight` must be one array, or have the nesting of `y`, one array for each "
                f"output; got {_skeleton(sample_weight)} for targets {_skeleton(y)}."
            )
        return sample_weight
    if sample_weight.ndim != 1 and sample_weight.shape[1:] != (1,):
        raise ValueError(
            "One `sample_weight` for several outputs must have shape (samples,); got "
            f"{sample_weight.shape}. Otherwise give one array for each output."
        )
    return map_structure(lambda _: sample_weight, y)


def _skeleton(structure: Any) -> Any:
    """The nesting alone, with "*" for every array."""
    return map_structure(lambda _: "*", structure)


def _rows(part: Any, rows: Any) -> Any:
    """Rows of each array: views for a slice, copies (by `take`, twice as fast) for an order."""
    if part is None:
        return None
    if isinstance(part, (list, tuple, dict)):
        return map_structure(lambda array: _rows(array, rows), part)
    return part[rows] if isinstance(rows, slice) else part.take(rows, axis=0)


def _floats_in(dtype: Any) -> Any:
    def convert(array: Any) -> Any:
        if array is None or array.dtype.kind != "f":
            return array
        return array.astype(dtype, copy=False)

    return convert
