"""The number of BLAS threads: one for small networks, everybody's own wish otherwise."""

from __future__ import annotations

import pytest

from numpynn import Input, Sequential, blas, layers

needs_threads = pytest.mark.skipif(
    blas.threads() in ("unknown", 1), reason="this BLAS has one thread, or is no OpenBLAS"
)


def test_largest_product_is_that_of_the_largest_kernel() -> None:
    model = Sequential([Input((7,)), layers.Dense(11), layers.Dense(2)])
    assert blas.largest_product(model, batch_size=5) == 2 * 5 * 7 * 11


@needs_threads
def test_small_products_get_one_thread_and_the_rest_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in blas._USERS_WORD:
        monkeypatch.delenv(name, raising=False)
    before = blas.threads()
    with blas.suited_to(blas.SMALL):
        assert blas.threads() == 1
    assert blas.threads() == before
    with blas.suited_to(blas.SMALL + 1):
        assert blas.threads() == before
    with pytest.raises(KeyError), blas.suited_to(0):
        raise KeyError
    assert blas.threads() == before


@needs_threads
@pytest.mark.parametrize("name", blas._USERS_WORD)
def test_the_users_choice_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "2")
    before = blas.threads()
    with blas.suited_to(0):
        assert blas.threads() == before


def test_kernels_are_named() -> None:
    assert blas.kernels()
