"""Sequences as data: brought to one length, or cut out of a series as sliding windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from numpynn import random
from numpynn.autograd.tensor import tensor_of, unwrapped
from numpynn.ops.dtypes import as_array
from numpynn.typing import Array
from numpynn.utils.arguments import whole_number

__all__ = ["Windows", "pad_sequences", "timeseries_dataset_from_array"]


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences of different lengths as one array (number of sequences, maxlen, …).

    maxlen: the longest sequence's length unless given. padding: where `value` fills a shorter one
    up, "pre" or "post"; truncating: where a longer one loses steps. dtype: object for text.
    Raises ValueError for what is no list of sequences, for steps of different shapes, for another
    word than "pre" and "post", and for text in a dtype of numbers.
    """
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ValueError(f"`{name}` must be 'pre' or 'post'; got {where!r}.")
    if isinstance(value, str) and not (dtype is object or np.dtype(dtype).kind in "OSUT"):
        raise ValueError(f"`value` {value!r} is text, which dtype {dtype} cannot hold: use object.")
    lengths = _lengths(sequences)
    if maxlen is None:
        if not lengths:
            raise ValueError("`sequences` is empty: there is no longest one. Give `maxlen`.")
        maxlen = max(lengths)
    steps = (np.shape(s)[1:] for s, length in zip(sequences, lengths, strict=True) if length)
    step = next(steps, ())
    padded = np.full((len(lengths), maxlen, *step), value, dtype)
    for number, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        if not length:
            continue
        kept = min(length, maxlen)
        rest = sequence[length - kept :] if truncating == "pre" else sequence[:kept]
        steps_kept = np.asarray(rest, dtype)
        if kept and steps_kept.shape[1:] != step:
            raise ValueError(
                f"All steps must have one shape; those of the first sequence have {step}, those of "
                f"sequence {number} {steps_kept.shape[1:]}."
            )
        start = 0 if padding == "post" else maxlen - kept
        padded[number, start : start + kept] = steps_kept
    return padded


def _lengths(sequences: Any) -> list[int]:
    """The length of each sequence. Raises ValueError where there are none."""
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"`sequences` must be a list of sequences; got {sequences!r}.")
    for number, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"`sequences` must be a list of sequences; number {number} is {sequence!r}."
            )
    return [len(sequence) for sequence in sequences]


class Windows:
    """Windows of a series in batches, again and again:  x = data[start + rate · (0 … length - 1)].

    A batch is the windows (batch, length, …), or with targets a pair of them and target[start] of
    each. `len` counts the batches. What `fit`, `evaluate` and `predict` take.
    """

    def __init__(
        self,
        data: Array,
        targets: Array | None,
        starts: Array,
        length: int,
        rate: int,
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        self._data = data
        self._targets = targets
        self._starts = starts
        self._steps = rate * np.arange(length)
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._own = None if seed is None else np.random.default_rng(seed)

    def __len__(self) -> int:
        return -(-len(self._starts) // (self._batch_size or 1))

    def __iter__(self) -> Iterator[Any]:
        starts = self._starts
        if self._shuffle:
            starts = (self._own or random.generator()).permutation(starts)
        if self._batch_size is None:
            return map(self._at, starts)
        pieces = range(0, len(starts), self._batch_size)
        return (self._at(starts[first : first + self._batch_size]) for first in pieces)

    def _at(self, starts: Any) -> Any:
        """The windows that begin at these places, with their targets."""
        windows = tensor_of(self._data[np.expand_dims(starts, -1) + self._steps], None)
        if self._targets is None:
            return windows
        return windows, tensor_of(self._targets[starts], None)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Windows:
    """Sliding windows over a series, in batches that `fit` takes.

        window i = data[i s], data[i s + r], …, data[i s + (sequence_length - 1) r]
        target i = targets[i s]                    s = sequence_stride, r = sampling_rate

    data (steps, …)   targets: None, or an array as long as there are windows
    batch_size: None for single windows. shuffle: a new order in each pass; seed: of the orders.
    start_index, end_index: the part of the series that is used. format: "tf" or "grain", which
    are the same here.
    Raises ValueError for numbers out of range, and for targets that are too few.
    """
    _check_indices(len(data), start_index, end_index)
    for name, number in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if whole_number(number, name) >= len(data):
            raise ValueError(
                f"`{name}` must be less than the number of steps, {len(data)}; got {number}."
            )
    if format not in ("tf", "grain"):
        raise ValueError(f"`format` must be 'tf' or 'grain'; got {format!r}.")
    length = whole_number(sequence_length, "sequence_length")
    size = None if batch_size is None else whole_number(batch_size, "batch_size")
    part = slice(start_index, end_index)
    used = unwrapped(as_array(data))[part]
    count = len(used) - (length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
        targets = unwrapped(as_array(targets))[part]
    starts = np.arange(0, count, sequence_stride)
    if targets is not None and len(starts) and starts[-1] >= len(targets):
        raise ValueError(
            f"From step {start_index or 0} on there are {len(targets)} targets; "
            f"window {len(starts) - 1} needs target {starts[-1]}."
        )
    return Windows(used, targets, starts, length, sampling_rate, size, shuffle, seed)


def _check_indices(steps: int, start: int | None, end: int | None) -> None:
    """Raise ValueError unless the part from `start` to `end` lies within the series."""
    if start and not 0 <= start < steps:
        raise ValueError(f"`start_index` must be from 0 to below {steps}; got {start}.")
    if end and not (start or 0) < end < steps:
        raise ValueError(f"`end_index` must be above {start or 0} and below {steps}; got {end}.")
