"""Work on a batch, shared among threads: NumPy lets go of Python's lock inside its loops.

A share is a run of the batch, and the shares are fixed by the batch and the number of threads that
BLAS may use, so that the same machine adds the same numbers in the same order every time. Within
the shares BLAS itself uses one thread. A step of a convolutional network spends half of its time in
loops that only one of BLAS's threads could have shortened; that half is shared, too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from numpynn import blas

Result = TypeVar("Result")


def in_shares(work: Callable[[int, int], Result], n: int, operations: int) -> list[Result]:
    """`work(first, last)` for every share of range(n): the results in the order of the shares.

    operations: the floating-point operations of the whole; up to `blas.SMALL` there is one share.
    Raises what a share raises, after all have ended.
    """
    shares = 1 if operations <= blas.SMALL else min(_threads(), n)
    if shares <= 1:
        return [work(0, n)]
    bounds = [n * share // shares for share in range(shares + 1)]
    with _one_blas_thread():
        others = [
            _pool(shares).submit(copy_context().run, work, first, last)
            for first, last in pairwise(bounds[1:])
        ]
        try:
            results = [work(0, bounds[1])]
        finally:
            rest = [other.exception() for other in others]  # waits for each
        for error in rest:
            if error is not None:
                raise error
        return results + [other.result() for other in others]


def blocks(first: int, last: int, size: int) -> Iterator[slice]:
    """A share in blocks of nearly one size, none larger than `size`."""
    count = -(-(last - first) // size)
    for number in range(count):
        start = first + (last - first) * number // count
        yield slice(start, first + (last - first) * (number + 1) // count)


def total(parts: Sequence[Any]) -> Any:
    """The sum of what the shares gave, in their order; it overwrites the first."""
    found = parts[0]
    for part in parts[1:]:
        found += part
    return found


def _threads() -> int:
    found = blas.threads()
    return found if isinstance(found, int) else 1


@cache
def _pool(shares: int) -> Any:
    """The threads beside the caller's. They live as long as the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(shares - 1, thread_name_prefix="numpynn")


if hasattr(os, "register_at_fork"):
    # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _Users:
    """How many calls are within shares now, and the BLAS threads there were before the first."""

    lock = threading.Lock()
    count = 0
    before = 1


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    with _Users.lock:
        if _Users.count == 0:
            _Users.before = _threads()
            blas.set_threads(1)
        _Users.count += 1
    try:
        yield
    finally:
        with _Users.lock:
            _Users.count -= 1
            if _Users.count == 0:
                blas.set_threads(_Users.before)
