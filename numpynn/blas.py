"""The OpenBLAS inside NumPy: which kernels it uses, and how many threads.

OpenBLAS shares even a product of half a million operations among its threads, which spin while they
wait for one another. That gains nothing for a network with small layers, and where another program
has one of the cores it costs milliseconds a product: a step of `mnist-mlp` took 12.9 ms instead of
0.5. So the command line lets small networks compute in one thread, unless the user has said
otherwise.
"""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

SMALL = 16_000_000
"""Floating-point operations up to which a matrix product is not worth a second thread."""

_USERS_WORD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS")


@cache
def _library() -> Any:
    extension = importlib.import_module("numpy._core._multiarray_umath")
    return ctypes.CDLL(extension.__file__)  # finds the symbols of what the extension links to


def _function(name: str) -> Any:
    """A function of OpenBLAS, whose names differ from build to build; None in another BLAS."""
    for pattern in ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}"):
        if hasattr(_library(), pattern.format(name)):
            return _library()[pattern.format(name)]
    return None


def kernels() -> str:
    """The CPU family whose kernels are in use, such as SkylakeX; "unknown" for another BLAS."""
    function = _function("get_corename")
    if function is None:
        return "unknown"
    function.restype = ctypes.c_char_p
    found: bytes = function()
    return found.decode()


def threads() -> int | str:
    """How many threads a large product uses; "unknown" for another BLAS."""
    function = _function("get_num_threads")
    return "unknown" if function is None else int(function())


def set_threads(number: int) -> None:
    """Let products use so many threads from now on; in another BLAS nothing happens."""
    function = _function("set_num_threads")
    if function is not None:
        function(number)


def largest_product(model: Any, batch_size: int) -> int:
    """The operations of the largest matrix product in a step of `model`."""
    kernels = [weight.size for weight in model.weights if weight.ndim > 1]
    return 2 * batch_size * max(kernels, default=0)


@contextmanager
def suited_to(operations: int) -> Iterator[None]:
    """One thread while the largest product has no more than `SMALL` operations."""
    before = threads()
    chosen = any(os.environ.get(name) for name in _USERS_WORD)
    if operations > SMALL or chosen or not isinstance(before, int) or before == 1:
        yield
        return
    set_threads(1)
    try:
        yield
    finally:
        set_threads(before)
