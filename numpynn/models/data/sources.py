"""Where batches come from: what they have in common, and those that others cut."""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from numpynn import random
from numpynn.models.data.conversion import as_batch, class_weights_to_sample_weights, is_array_like
from numpynn.utils.py_dataset import PyDataset


class Batches:
    """A source of batches.

    size: how many batches make a pass over the data, None where that is not known.
    """

    size: int | None = None

    def batches(self, skip: int = 0) -> Iterator[Any]:
        """The batches of one pass, without the first `skip`. A drawn order is drawn at once."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch, and before the first."""


class OneWay(Batches):
    """A generator, or another iterator, that yields (x,), (x, y) or (x, y, sample_weight).

    When it is used up, a later pass has its first two batches only: Keras keeps those it looked at.
    Raises ValueError for one that yields nothing, or something else than tuples.
    """

    def __init__(self, iterator: Iterator[Any]) -> None:
        self._first = list(itertools.islice(iterator, 2))
        self._iterator = iterator
        if not self._first:
            raise ValueError("The generator is empty: it must yield at least one batch.")
        for batch in self._first:
            if not isinstance(batch, tuple):
                raise ValueError(
                    "A generator must yield tuples: (x,), (x, y) or (x, y, sample_weight); got "
                    f"{type(batch).__name__}."
                )
            as_batch(batch)

    def batches(self, skip: int = 0) -> Iterator[Any]:
        every = itertools.chain(self._first, self._iterator)
        return map(as_batch, itertools.islice(every, skip, None))


class Dataset(Batches):
    """Anything that can be iterated over again and again; each batch is a tuple, or x alone.

    Its size is `len(data)`, or `data.cardinality()` where that is not negative.
    """

    def __init__(self, data: Any, class_weight: dict[int, float] | None) -> None:
        self._data = data
        self._class_weight = class_weight
        if hasattr(data, "cardinality"):
            found = int(data.cardinality())
            self.size = found if found >= 0 else None
        elif hasattr(data, "__len__"):
            self.size = len(data)

    def batches(self, skip: int = 0) -> Iterator[Any]:
        for batch in itertools.islice(self._data, skip, None):
            parts = tuple(batch) if isinstance(batch, list) else batch
            yield weighted(as_batch(parts), self._class_weight)


class NumberedBatches(Batches):
    """The batches of a PyDataset; in threads, a few ahead, where it asks for several workers."""

    def __init__(
        self, data: PyDataset, class_weight: dict[int, float] | None, shuffle: bool
    ) -> None:
        self._data = data
        self._class_weight = class_weight
        self.size = data.num_batches
        if self.size == 0:
            raise ValueError("The PyDataset has no batches: its length is 0.")
        self._shuffle = shuffle
        self._ahead = data.workers > 1 or (data.workers > 0 and data.use_multiprocessing)

    def batches(self, skip: int = 0) -> Iterator[Any]:
        numbers: Iterator[int] = itertools.count()
        if self.size is not None:
            order = random.generator().permutation(self.size) if self._shuffle else range(self.size)
            numbers = map(int, order)
        numbers = itertools.islice(numbers, skip, None)
        return self._made_ahead(numbers) if self._ahead else map(self._batch, numbers)

    def _made_ahead(self, numbers: Iterator[int]) -> Iterator[Any]:
        """The batches in their order, made by threads; those that are None are left out."""
        with ThreadPoolExecutor(self._data.workers) as pool:

            def begin(number: int) -> Any:
                return pool.submit(copy_context().run, self._batch, number)

            queue = deque(map(begin, itertools.islice(numbers, max(1, self._data.max_queue_size))))
            try:
                while queue:
                    batch = queue.popleft().result()
                    queue.extend(map(begin, itertools.islice(numbers, 1)))
                    if batch is not None:
                        yield batch
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _batch(self, number: int) -> Any:
        batch = self._data[number]
        if batch is None and self._ahead:
            return None
        if isinstance(batch, list):
            batch = tuple(batch)
        elif is_array_like(batch):
            batch = (batch,)
        if not isinstance(batch, (tuple, dict)):
            raise ValueError(
                "PyDataset.__getitem__() must return (x,), (x, y), (x, y, sample_weight), or a "
                f"dict of inputs; got {type(batch).__name__}."
            )
        return weighted(as_batch(batch), self._class_weight)

    def on_epoch_begin(self) -> None:
        self._data.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._data.on_epoch_end()


def weighted(batch: Any, class_weight: dict[int, float] | None) -> Any:
    """A batch with the weights of its classes. Raises ValueError where it has weights already."""
    if class_weight is None or not isinstance(batch, tuple) or len(batch) == 1:
        return batch
    if len(batch) == 3:
        raise ValueError("Give `class_weight`, or batches with sample weights, not both.")
    return (*batch, class_weights_to_sample_weights(batch[1], class_weight))


def batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: dict[int, float] | None = None,
    dtype: Any = None,
) -> Batches:
    """The source that `x` is, alone or with targets and weights.

    Raises ValueError for what is none, and for arguments that do not belong to it.
    """
    from numpynn.models.data.arrays import ArrayBatches

    if _holds_arrays(x):
        return ArrayBatches(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps,
            shuffle=shuffle,
            class_weight=class_weight,
            dtype=dtype,
        )
    kind = "PyDataset" if isinstance(x, PyDataset) else type(x).__name__
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            raise ValueError(
                f"With a {kind} as `x`, `{name}` must be part of its batches, not an argument."
            )
    if isinstance(x, PyDataset):
        if shuffle and x.num_batches is None:
            _warn_of_order("a PyDataset without an end")
        return NumberedBatches(x, class_weight, bool(shuffle))
    if shuffle:
        _warn_of_order(f"a {kind}")
    if not hasattr(x, "__next__"):
        return Dataset(x, class_weight)
    if class_weight is not None:
        raise ValueError(f"`class_weight` is not for a {kind}: let it yield sample weights.")
    return OneWay(x)


def _holds_arrays(x: Any) -> bool:
    """Whether `x` is to be taken as arrays; also where it is nothing to be iterated over."""
    if isinstance(x, (list, tuple, dict, str)) or is_array_like(x):
        return True
    return not isinstance(x, PyDataset) and not hasattr(x, "__iter__")


def _warn_of_order(what: str) -> None:
    warnings.warn(
        f"shuffle=True is ignored: `x` is {what}, which gives its batches in an order of its own.",
        stacklevel=4,
    )
