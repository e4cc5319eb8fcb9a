"""Five breakfasts: the portions of three foods, and the bill (course book, chapter 2).

The bills are exact, x @ PRICES, and the portions have rank 3: a linear unit can find the prices.
"""

from __future__ import annotations

import numpy as np

from numpynn.datasets.dataset import Dataset

PRICES = (150.0, 50.0, 100.0)
"""What a portion of each food costs: the weights to be found."""


def load() -> Dataset:
    """x (5, 3): portions of each food.   y (5,): the bill."""
    x = np.array(
        [
            [2.0, 5.0, 3.0],
            [1.0, 4.0, 7.0],
            [2.0, 3.0, 5.0],
            [3.0, 6.0, 9.0],
            [7.0, 4.0, 1.0],
        ]
    )
    y = np.array([850.0, 1050.0, 950.0, 1650.0, 1350.0])
    return Dataset(x, y, "embedded", "the course book's five breakfasts")
