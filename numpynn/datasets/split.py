"""Training and test data from one set."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from numpynn.typing import Array


def train_test_split(
    x: Array, y: Array, test_size: float, seed: int = 0
) -> tuple[Array, Array, Array, Array]:
    """x_train, x_test, y_train, y_test, shuffled; the test part has ceil(n * test_size) rows.

    x (n, ...)   y (n, ...)   0 < test_size < 1
    The argument's meaning, the rounding and the order of the results are scikit-learn's.

    Raises ValueError where x and y differ in length, or either part would be empty.
    """
    n = len(x)
    if len(y) != n:
        raise ValueError(f"x and y must have as many rows as each other, got {n} and {len(y)}.")
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must lie between 0 and 1, got {test_size}.")
    test_rows = math.ceil(n * test_size)
    if test_rows >= n:
        raise ValueError(f"test_size={test_size} of {n} rows leaves none for training.")
    order = np.random.default_rng(seed).permutation(n)
    test, train = order[:test_rows], order[test_rows:]
    return x[train], x[test], y[train], y[test]


def k_folds(n: int, k: int, seed: int = 0) -> Iterator[tuple[Array, Array]]:
    """k ways to part n rows: the places to train on, and those to measure on.

    Every row is measured on once; the k parts, drawn at random, differ by at most one row in size.
    Raises ValueError unless 2 ≤ k ≤ n.
    """
    if not 2 <= k <= n:
        raise ValueError(f"k must lie between 2 and the {n} rows, got {k}.")
    parts = np.array_split(np.random.default_rng(seed).permutation(n), k)
    for i, part in enumerate(parts):
        yield np.concatenate([*parts[:i], *parts[i + 1 :]]), part
