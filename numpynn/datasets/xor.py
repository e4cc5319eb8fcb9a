"""Exclusive or: the four points that no line separates (course book, chapter 2)."""

from __future__ import annotations

import numpy as np

from numpynn.datasets.dataset import Dataset


def load() -> Dataset:
    """x (4, 2): the corners of the unit square.   y (4,): 1 where the two coordinates differ."""
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    return Dataset(x, y, "embedded", "the truth table of exclusive or")
