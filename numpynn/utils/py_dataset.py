"""PyDataset: batches by number, made by code of one's own, in several threads if wanted."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any


class PyDataset:
    """Base class of data that are made batch by batch: override `__getitem__` and `__len__`.

        class Squares(PyDataset):
            def __len__(self):
                return 10

            def __getitem__(self, index):
                x = np.arange(32) + 32 * index
                return x, x**2

    `self[index]` is a batch: (x,), (x, y), (x, y, sample_weight), or a dict of inputs. Instead of
    `__len__` there may be a property `num_batches`, None for data without an end.

    workers: how many threads make batches ahead; with 1 they are made when they are needed.
    max_queue_size: how many batches are ready at most. use_multiprocessing: taken for Keras's sake;
    the workers are threads.
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of this number."""
        raise NotImplementedError(f"{type(self).__name__} must implement `__getitem__(index)`.")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches if self._has_size() else None
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def _has_size(self) -> bool:
        return hasattr(self, "__len__") or type(self).num_batches is not PyDataset.num_batches

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has. Raises NotImplementedError where nothing says it."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must implement `__len__()`, or the property `num_batches`."
        )

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch, and once when training begins."""

    @property
    def workers(self) -> int:
        return int(self._option("_workers", 1))

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        return bool(self._option("_use_multiprocessing", False))

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        return int(self._option("_max_queue_size", 10))

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    def _option(self, name: str, default: Any) -> Any:
        """An option; its default, with a warning, where `super().__init__()` was not called."""
        if name not in self.__dict__:
            warnings.warn(
                f"{type(self).__name__} should call `super().__init__(**kwargs)` in its "
                "`__init__()`; the arguments are `workers`, `use_multiprocessing` and "
                "`max_queue_size`.",
                stacklevel=3,
            )
            setattr(self, name, default)
        return getattr(self, name)
