"""Credit-card payments of two days in 2013, 492 of 284 807 fraudulent (Dal Pozzolo et al. 2015).

The columns V1 … V28 are principal components of what the publisher keeps secret, in the order of
falling variance.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_file
from numpynn.typing import Array

FEATURES = ("Time", *(f"V{i}" for i in range(1, 29)), "Amount")
PAYMENTS, FRAUDS = 284_807, 492
COMPONENTS = 28

_SHIFT = {3: -1.0, 4: 0.8, 10: -1.0, 11: 0.7, 12: -1.1, 14: -1.3, 16: -0.8, 17: -1.0}
"""Where the generator moves a fraud, in standard deviations for a strength of 1."""


def load() -> Dataset:
    """x (284807, 30): the columns of `FEATURES`, in seconds and euros.   y (284807,): 1 for fraud.

    Published form: Kaggle's `credit-card-fraud/creditcard.csv`, 150 MB. No package carries it:
    without it a stand-in of the same shape and imbalance is generated, and `source` says so.
    """
    found = find_file("credit-card-fraud", "creditcard.csv")
    if found is not None:
        path, source = found
        return Dataset(*_parse(path), source, str(path))
    return Dataset(*generate(), "generated", "a stand-in for the credit-card payments, seed 0")


@functools.cache
def _parse(path: Path) -> tuple[Array, Array]:
    """The whole table, which takes seconds; the arrays are shared, and read-only."""
    try:
        table = np.loadtxt(path, delimiter=",", skiprows=1, quotechar='"', ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path}: expected numbers between commas, got: {error}") from error
    if table.shape[1] != len(FEATURES) + 1:
        raise ValueError(
            f"{path}: expected {len(FEATURES) + 1} columns, {', '.join(FEATURES)} and Class, got "
            f"{table.shape[1]}."
        )
    return table[:, :-1], table[:, -1].astype(np.int64)


@functools.cache
def generate(seed: int = 0) -> tuple[Array, Array]:
    """A problem like the real one, with its shape and imbalance:

    honest   V ~ s · N(0, σ²)        s log-normal a payment, for heavy tails; σ_k from 2.0 to 0.33
    fraud    the same, wider, moved along eight components by a strength ~ Gamma(4, 1.7), and one
             in eleven not at all: those nobody finds

    Amounts are log-normal, those of frauds smaller and more varied.
    """
    random = np.random.default_rng(seed)
    components = random.standard_normal((PAYMENTS, COMPONENTS), dtype=np.float32)
    components *= np.exp(0.45 * random.standard_normal((PAYMENTS, 1), dtype=np.float32))
    y = np.zeros(PAYMENTS, dtype=np.int64)
    frauds = random.choice(PAYMENTS, FRAUDS, replace=False)
    y[frauds] = 1
    shift = np.zeros(COMPONENTS)
    shift[[k - 1 for k in _SHIFT]] = list(_SHIFT.values())
    strength = random.gamma(4.0, 1.7, (FRAUDS, 1)) * (random.random((FRAUDS, 1)) > 1 / 11)
    wobble = 0.4 * random.standard_normal((FRAUDS, COMPONENTS)) * (shift != 0)
    components[frauds] = 1.3 * components[frauds] + strength * (shift + wobble)
    time = np.sort(random.uniform(0, 172_792, PAYMENTS)).round()
    centre, spread = np.where(y == 1, 2.2, 3.1), np.where(y == 1, 2.2, 1.65)
    amount = random.lognormal(centre, spread).round(2)
    variances = components * np.geomspace(2.0, 0.33, COMPONENTS, dtype=np.float32)
    return np.column_stack([time, variances, amount]), y
