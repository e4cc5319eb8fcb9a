"""A step of the optimizers: over a million weights beside the same by hand, and over a few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import adam
from numpynn import Variable, optimizers

FEW = [(4, 10), (10,), (10, 8), (8,), (8, 3), (3,)]  # of the system iris-mlp: 165 weights
NAMES = ["SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Adagrad", "Lion", "Lamb", "Adafactor", "Muon"]


@pytest.mark.parametrize("side", adam.SIDES)
def test_adam_over_a_million_weights(benchmark: Any, side: str) -> None:
    benchmark.group = "Adam: a million weights in 100 variables"
    made = adam.SIDES[side]()
    made.step()  # builds it
    benchmark(made.step)


@pytest.mark.parametrize("name", NAMES)
def test_step_of_a_small_network(benchmark: Any, name: str) -> None:
    benchmark.group = "optimizer step: 165 weights in 6 variables"
    weights = [Variable(np.ones(shape, "float32")) for shape in FEW]
    gradients = [np.full(shape, 0.1, "float32") for shape in FEW]
    optimizer = getattr(optimizers, name)()
    optimizer.build(weights)
    benchmark(optimizer.apply, gradients, weights)


def test_both_ways_give_the_same() -> None:
    ours, by_hand = adam.ByOptimizer(), adam.ByHand()
    for _ in range(3):
        ours.step()
        by_hand.step()
    found = np.concatenate([weights.numpy().ravel() for weights in ours.weights])
    np.testing.assert_array_equal(found, by_hand.weights)
