"""Radar returns from the ionosphere: is there structure in them? (Sigillito et al. 1989)

A return is 17 complex numbers, real and imaginary part in turn: the autocorrelation of the echo
over 17 pulses. "Good" ones come back from free electrons and change smoothly from pulse to pulse.
"""

from __future__ import annotations

import numpy as np

from numpynn.datasets.dataset import Dataset, find_file
from numpynn.datasets.tables import read_table
from numpynn.typing import Array

CLASSES = ("b", "g")
"""Bad and good, in the order of the labels 0 and 1."""

GOOD, BAD, PULSES = 225, 126, 17


def load() -> Dataset:
    """x (351, 34): 17 complex numbers, between -1 and 1.   y (351,): 1 for good, 0 for bad.

    Published form: UCI's `ionosphere/ionosphere.data` or `.csv`, 34 numbers and `b` or `g` a line.
    No package carries it: without it a stand-in of the same shape is generated, and `source` says
    so.
    """
    found = find_file("ionosphere", "ionosphere.csv", "ionosphere.data")
    if found is not None:
        path, source = found
        x, y = read_table(path, features=2 * PULSES, classes=CLASSES)
        return Dataset(x, y, source, str(path))
    x, y = generate()
    return Dataset(x, y, "generated", "a stand-in for the measurements of ionosphere, seed 0")


def generate(seed: int = 0) -> tuple[Array, Array]:
    """A problem like the measured one, with its shapes and class counts:

    good   z_k = a^k exp(i w k) + noise      a decay a and a rotation w a return
    bad    z_k uniform in the unit square, or 0 where the receiver heard nothing
    """
    random = np.random.default_rng(seed)
    pulse = np.arange(PULSES)
    decay = random.uniform(0.85, 1.0, (GOOD, 1))
    rotation = random.normal(0.0, 0.35, (GOOD, 1))
    good = decay**pulse * np.exp(1j * rotation * pulse) + _noise(random, 0.15, (GOOD, PULSES))
    bad = random.uniform(-1, 1, (BAD, PULSES)) + 1j * random.uniform(-1, 1, (BAD, PULSES))
    bad *= random.random((BAD, 1)) > 0.2
    bad[:, 0] = good[: len(bad), 0]  # the first pulse correlates with itself in any echo
    x = np.concatenate([good, bad]).view(np.float64).clip(-1.0, 1.0)
    y = np.repeat([1, 0], [GOOD, BAD])
    order = random.permutation(len(y))
    return x[order], y[order]


def _noise(random: np.random.Generator, deviation: float, shape: tuple[int, int]) -> Array:
    return random.normal(0.0, deviation, shape) + 1j * random.normal(0.0, deviation, shape)
