"""Pools: each window of an input becomes one value.

windows.py       where windows lie along an axis, and how their cells are reached
blockwise.py     a batch in blocks, an axis after the other
maximum.py       the largest value of each window, and its derivative
average.py       the mean of each window, and its derivative
functions.py     Keras's functions
"""

from numpynn.ops.nn.pooling.functions import (
    adaptive_average_pool,
    adaptive_max_pool,
    average_pool,
    max_pool,
)

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]
