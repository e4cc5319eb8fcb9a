"""Shares of work among threads: in order, all of it, whatever fails; products as NumPy's."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import normal, shared_among

from numpynn import Tensor, blas, parallel
from numpynn.autograd import grad

LARGE = 10**12  # operations


@given(st.integers(0, 20), st.integers(1, 5))
def test_shares_cover_everything_once_and_in_order(n: int, threads: int) -> None:
    with shared_among(threads):
        shares = parallel.in_shares(lambda first, last: list(range(first, last)), n, LARGE)
    assert [number for share in shares for number in share] == list(range(n))
    assert len(shares) == max(1, min(threads, n))


@given(st.integers(0, 30), st.integers(1, 9), st.integers(0, 5))
def test_blocks_cover_a_share_and_are_never_larger(length: int, size: int, first: int) -> None:
    found = list(parallel.blocks(first, first + length, size))
    covered = [i for block in found for i in range(block.start, block.stop)]
    assert covered == list(range(first, first + length))
    assert all(0 < block.stop - block.start <= size for block in found)


def test_small_work_and_work_within_a_share_stay_in_their_thread() -> None:
    def threads_of(operations: int) -> set[int]:
        return set(parallel.in_shares(lambda *_: threading.get_ident(), 8, operations))

    with shared_among(3):
        assert len(threads_of(LARGE)) > 1
        assert len(threads_of(0)) == 1
        inner = parallel.in_shares(lambda *_: len(threads_of(LARGE)), 3, LARGE)
    assert inner == [1, 1, 1]


def test_an_error_in_any_share_is_raised_after_all_have_ended() -> None:
    ended = []

    def work(first: int, last: int) -> None:
        if first == 4:
            raise KeyError("share two")
        ended.append(first)

    with shared_among(4), pytest.raises(KeyError, match="share two"):
        parallel.in_shares(work, 16, LARGE)
    assert sorted(ended) == [0, 8, 12]
    with shared_among(4):  # and the threads work on
        assert parallel.in_shares(lambda first, last: last - first, 16, LARGE) == [4, 4, 4, 4]


def test_settings_of_the_thread_hold_in_every_share() -> None:
    def divide(first: int, last: int) -> Any:
        return np.ones(2) / np.zeros(2)

    with shared_among(2), np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        parallel.in_shares(divide, 2, LARGE)


@pytest.mark.skipif(not isinstance(blas.threads(), int), reason="another BLAS than OpenBLAS")
def test_blas_has_its_threads_again_after_sharing() -> None:
    before = blas.threads()
    with parallel.sharing(), parallel.sharing():
        assert blas.threads() == 1
    assert blas.threads() == before
    with pytest.raises(RuntimeError), parallel.sharing():
        raise RuntimeError
    assert blas.threads() == before


SHAPES = {
    "matrices": ((7, 5), (5, 9)),
    "more rows": ((30, 4), (4, 3)),
    "a stack by a matrix": ((3, 4, 5), (5, 2)),
    "stacks": ((4, 2, 3, 5), (4, 2, 5, 6)),
    "a broadcast stack": ((1, 3, 5), (4, 5, 2)),
    "vector": ((5,), (5, 2)),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_in_shares_are_numpys(kind: str, dtype: str) -> None:
    a, b = (normal(i, *shape).astype(dtype) for i, shape in enumerate(SHAPES[kind]))
    with shared_among(3):
        found = parallel.matmul(a, b)
        turned = parallel.matmul(a.T.copy().T, b)  # another order in memory
    for product in (found, turned):
        assert product.dtype == dtype
        np.testing.assert_allclose(
            product, np.matmul(a, b), rtol=1e-5 if dtype[-2:] == "32" else 1e-13
        )


def test_shapes_that_do_not_fit_are_refused_as_by_numpy() -> None:
    with shared_among(2):
        for a, b in (((3, 4), (5, 6)), ((2, 3, 4), (2, 5, 6)), ((2, 3, 4), (5, 6))):
            with pytest.raises(ValueError, match="matmul"):
                parallel.matmul(np.ones(a), np.ones(b))


def test_gradients_of_shared_products_are_the_same() -> None:
    x, w = normal(0, 6, 5, 4), normal(1, 4, 7)

    def loss(x: Any, w: Any) -> Any:
        return np.sum(np.tanh(x @ w))

    expected = [grad(loss, argnums=i)(x, w) for i in (0, 1)]
    with shared_among(3):
        found = [grad(loss, argnums=i)(x, w) for i in (0, 1)]
    for ours, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.array(ours), np.array(other), rtol=1e-13, atol=1e-15)
    assert isinstance(Tensor(x) @ w, Tensor)
