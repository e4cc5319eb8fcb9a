"""Work shared among threads: NumPy lets go of Python's lock inside its loops.

A share is a run of the batch, and the shares are fixed by the batch and the number of threads that
BLAS may use, so that the same machine adds the same numbers in the same order every time.

Within `sharing`, as in `fit`, BLAS itself uses one thread. Its own threads would shorten products
only, not the loops between them; and after each product they spin for some milliseconds, in wait
for the next, on the cores that the shares need: a step of a network of two convolutions took 47 ms
while one product of its dense layers was left to them, and 29 without.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from numpynn import blas

Result = TypeVar("Result")


def in_shares(work: Callable[[int, int], Result], n: int, operations: int) -> list[Result]:
    """`work(first, last)` for every share of range(n): the results in the order of the shares.

    operations: the floating-point operations of the whole; up to `blas.SMALL` there is one share,
    as there is within a share. Raises what a share raises, after all have ended.
    """
    if operations <= blas.SMALL or _within_share.get():
        return [work(0, n)]
    with sharing():
        shares = min(_Users.threads, n)
        if shares <= 1:
            return [work(0, n)]
        bounds = [n * share // shares for share in range(shares + 1)]
        token = _within_share.set(True)
        others = [
            _pool(shares).submit(copy_context().run, work, first, last)
            for first, last in pairwise(bounds[1:])
        ]
        try:
            results = [work(0, bounds[1])]
        finally:
            _within_share.reset(token)
            errors = [other.exception() for other in others]  # waits for each
        for error in errors:
            if error is not None:
                raise error
        return results + [other.result() for other in others]


@contextmanager
def sharing() -> Iterator[None]:
    """In this scope the threads that BLAS has had are for shares, and BLAS uses one."""
    with _Users.lock:
        if _Users.count == 0:
            found = blas.threads()
            _Users.threads = found if isinstance(found, int) else 1
            blas.set_threads(1)
        _Users.count += 1
    try:
        yield
    finally:
        with _Users.lock:
            _Users.count -= 1
            if _Users.count == 0:
                blas.set_threads(_Users.threads)


def matmul(a: Any, b: Any, **options: Any) -> Any:
    """`np.matmul`: large products in shares, and a stack of matrices by one as one product."""
    arrays = type(a) is np.ndarray and type(b) is np.ndarray and min(a.ndim, b.ndim) > 1
    if options or not arrays or 2 * a.size * b.shape[-1] <= blas.SMALL:
        return np.matmul(a, b, **options)
    if b.ndim == 2:
        flat = a.reshape(-1, a.shape[-1])
        return _large_product(flat, b).reshape(*a.shape[:-1], b.shape[-1])
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        return np.matmul(a, b)
    product = np.empty((*a.shape[:-1], b.shape[-1]), np.result_type(a, b))

    def of_stack(first: int, last: int) -> None:
        np.matmul(a[first:last], b[first:last], out=product[first:last])

    in_shares(of_stack, len(a), 2 * a.size * b.shape[-1])
    return product


def _large_product(a: Any, b: Any) -> Any:
    """The product of two matrices, by shares of its longer side."""
    rows, columns = len(a), b.shape[-1]
    if a.shape[1] != len(b):
        return np.matmul(a, b)  # raises
    product = np.empty((rows, columns), np.result_type(a, b))

    def of_rows(first: int, last: int) -> None:
        np.matmul(a[first:last], b, out=product[first:last])

    def of_columns(first: int, last: int) -> None:
        np.matmul(a, b[:, first:last], out=product[:, first:last])

    by_rows = rows > columns
    in_shares(of_rows if by_rows else of_columns, max(rows, columns), 2 * a.size * columns)
    return product


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


@cache
def _pool(shares: int) -> Any:
    """The threads beside the caller's. They live as long as the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(shares - 1, thread_name_prefix="numpynn")


if hasattr(os, "register_at_fork"):
    # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _Users:
    """How many scopes of `sharing` there are now, and the threads there were before the first."""

    lock = threading.Lock()
    count = 0
    threads = 1


_within_share: ContextVar[bool] = ContextVar("within_share", default=False)
