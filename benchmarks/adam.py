"""Adam over a million float32 weights in 100 variables, and the same over flat vectors by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn import Variable
from numpynn.optimizers import Adam
from numpynn.optimizers.flat import BLOCK
from numpynn.typing import Array

VARIABLES, SHAPE = 100, (100, 100)
SIZE = VARIABLES * math.prod(SHAPE)
RATE, BETA_1, BETA_2, EPSILON = 2**-10, 0.9, 0.999, 1e-7


def values(seed: int) -> Array:
    """A vector of as many weights, or gradients."""
    return np.random.default_rng(seed).standard_normal(SIZE, dtype="float32")


def parts(vector: Array) -> list[Array]:
    """Its arrays, each with memory of its own, as gradients come out of a sweep."""
    return [part.reshape(SHAPE).copy() for part in np.split(vector, VARIABLES)]


class ByOptimizer:
    """What a training loop calls."""

    def __init__(self) -> None:
        self.weights = [Variable(part) for part in parts(values(0))]
        self.gradients = parts(values(1))
        self.optimizer = Adam(RATE)

    def step(self) -> None:
        self.optimizer.apply(self.gradients, self.weights)


class ByHand:
    """One pass over flat vectors in place, block by block, with the gradients in one as well."""

    def __init__(self) -> None:
        self.weights, self.gradients = values(0), values(1)
        self.m, self.v = np.zeros(SIZE, "float32"), np.zeros(SIZE, "float32")
        self.spare = np.empty(BLOCK, "float32")
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        rate = RATE * math.sqrt(1 - BETA_2**self.steps) / (1 - BETA_1**self.steps)
        for start in range(0, SIZE, BLOCK):
            part = slice(start, start + BLOCK)
            self._update(self.weights[part], self.gradients[part], self.m[part], self.v[part], rate)

    def _update(self, w: Array, g: Array, m: Array, v: Array, rate: float) -> None:
        spare = self.spare[: len(w)]
        np.subtract(g, m, out=spare)
        spare *= 1 - BETA_1
        m += spare
        np.multiply(g, g, out=spare)
        spare -= v
        spare *= 1 - BETA_2
        v += spare
        np.sqrt(v, out=spare)
        spare += EPSILON
        np.divide(m, spare, out=spare)
        spare *= rate
        w -= spare


SIDES: dict[str, Any] = {"optimizer": ByOptimizer, "by_hand": ByHand}
