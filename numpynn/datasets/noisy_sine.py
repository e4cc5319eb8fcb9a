"""A sine wave with noise:  y = sin(x) + e,  e ~ N(0, 0.1^2)  (course book, chapter 3)."""

from __future__ import annotations

import numpy as np

from numpynn.datasets.dataset import Dataset

NOISE = 0.1
"""The standard deviation of the noise; its square is the least error a fit can hope for."""


def load(seed: int = 0) -> Dataset:
    """x (64, 1): 0.0, 0.1 ... 6.3, one period.   y (64,): the sine of x and the noise."""
    x = np.arange(64) / 10
    y = np.sin(x) + np.random.default_rng(seed).normal(0.0, NOISE, x.shape)
    return Dataset(x[:, np.newaxis], y, "generated", f"noisy sine, seed {seed}")
