"""What the engine adds to the arithmetic of  y = Σ tanh(a b + c),  8 values each, and gradients."""

from __future__ import annotations

import numpy as np

from numpynn import Tensor
from numpynn.typing import Array

OPERATIONS = 4  # product, sum, tanh, reduction

A, B, C = np.arange(1.0, 9.0), np.full(8, 0.1), np.zeros(8)
a, b, c = (Tensor(values, requires_grad=True) for values in (A, B, C))


def recorded() -> tuple[Array, ...]:
    """The value and its gradients for a, b and c, by the engine."""
    a.grad = b.grad = c.grad = None
    y = np.tanh(a * b + c).sum()
    y.backward()
    return y, a.grad, b.grad, c.grad


def by_hand() -> tuple[Array, ...]:
    """The same, written in NumPy."""
    t = np.tanh(A * B + C)
    y = t.sum()
    g = 1.0 - t * t
    return y, g * B, g * A, g


def forward() -> Array:
    """The value alone, in NumPy."""
    return np.tanh(A * B + C).sum()
