"""The cost of recording and differentiating, operation by operation, beside raw NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import engine
from numpynn import Tensor

X = np.linspace(0.1, 0.8, 8)
T = Tensor(X, requires_grad=True)
OPERATIONS = {
    "add": (lambda x: x + x),
    "multiply": (lambda x: x * x),
    "tanh": np.tanh,
    "sum": (lambda x: x.sum()),
    "matmul": (lambda x: x @ x),
    "getitem": (lambda x: x[2:5]),
    "concatenate": (lambda x: np.concatenate([x, x])),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("side", ["numpy", "recorded"])
def test_operation(benchmark: Any, name: str, side: str) -> None:
    benchmark.group = f"operation: {name}"
    benchmark(OPERATIONS[name], X if side == "numpy" else T)


@pytest.mark.parametrize("side", ["forward", "by_hand", "recorded"])
def test_expression_with_gradients(benchmark: Any, side: str) -> None:
    benchmark.group = "sum(tanh(a b + c)) of 8 values"
    benchmark(getattr(engine, side))


def test_both_ways_give_the_same() -> None:
    for found, expected in zip(engine.recorded(), engine.by_hand(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
