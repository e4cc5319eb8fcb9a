"""Samples with two labels each: one of 4 broad classes, and one of the 27 narrow ones below them.

    y₂ ~ P(k) ∝ 1 / (k + 1)        y₁ = the parent of y₂, in 1 of 20 samples another
    x = parent's prototype + own prototype + noise

Some narrow classes are thirty times as frequent as others, as labels in practice are.
"""

from __future__ import annotations

import numpy as np

from numpynn.datasets.dataset import Dataset
from numpynn.typing import Array

BROAD, NARROW, FEATURES = 4, 27, 32
PARENTS = np.arange(NARROW) % BROAD
PRIOR = 1 / np.arange(1, NARROW + 1) / np.sum(1 / np.arange(1, NARROW + 1))


def load() -> Dataset:
    """x (3000, 32) and y (3000, 2): the broad label and the narrow one."""
    return Dataset(*sample(3000, PRIOR, 0), "generated", "two levels of labels, seed 0")


def sample(size: int, prior: Array, seed: int) -> tuple[Array, Array]:
    """So many samples, the narrow labels drawn by `prior` (27,); the prototypes are fixed."""
    shapes = np.random.default_rng(0)
    parents = 1.2 * shapes.normal(size=(BROAD, FEATURES))
    children = 0.9 * shapes.normal(size=(NARROW, FEATURES))
    random = np.random.default_rng([seed, size])
    narrow = random.choice(NARROW, size, p=prior)
    broad = PARENTS[narrow]
    x = parents[broad] + children[narrow] + 1.8 * random.normal(size=(size, FEATURES))
    elsewhere = random.random(size) < 0.05
    broad = np.where(elsewhere, (broad + random.integers(1, BROAD, size)) % BROAD, broad)
    return x, np.stack([broad, narrow], axis=1)
