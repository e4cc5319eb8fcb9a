"""More features, worse results: two classes, ten samples, from 1 feature to 1000.

    x | class ±1 ~ N(±μ, I)        μ_k = 1/√k        ‖μ‖² = Σ 1/k → ∞

Every feature tells something, and whoever knows μ errs less with each: the classes' distance grows
without end. But μ must be estimated, from N = 10 samples, and the estimates' errors add up faster.
Assigning x to the class whose estimated mean is nearer, sign(x · μ̂), is right with probability

    Φ(‖μ‖² / √(‖μ‖² (1 + 1/N) + d/N))

which rises from 0.82 to 0.93 at 20 features and falls to 0.76 at 1000, in the end to ½. The
nearest sample does worse, for distances lose their meaning: with 1000 features the nearest of ten
samples is only 6 % nearer than the farthest. Nor do samples fill the space: a thousand of them
reach all of 10 cells, nearly all of 100, two thirds of 1000, a tenth of 10 000.

Each step is one experiment, and what is learnt is the mean over all. The data lie on a grid of
eighths, so that sums and squared distances are exact and no decision hangs on rounding.

Source: course book, chapter 15; Hughes 1968; the example and its formula, Trunk 1979; Beyer et al.
1999 on the contrast of distances.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.typing import Array

CHAPTER = "15"
TASK = "accuracy against the number of features, at ten samples"
STEPS = 200
METRIC = "best number of features"

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SAMPLES, TESTS = 10, 50
MEANS = 1 / np.sqrt(np.arange(1, SIZES[-1] + 1))
FIGURES = ("nearest mean", "nearest sample", "contrast of distances")


def sample(t: int) -> tuple[Array, Array, Array, Array]:
    """x (10, 1000), labels ±1 (10,), and as much to test: (50, 1000), (50,)."""
    random = np.random.default_rng(t)
    labels, truth = (np.where(np.arange(size) % 2, 1.0, -1.0) for size in (SAMPLES, TESTS))
    x, tests = (
        np.round(8 * (signs[:, np.newaxis] * MEANS + random.normal(size=(len(signs), SIZES[-1]))))
        / 8
        for signs in (labels, truth)
    )
    return x, labels, tests, truth


def squared_distances(a: Array, b: Array) -> Array:
    """‖a_i - b_j‖² = ‖a_i‖² - 2 a_i · b_j + ‖b_j‖²:  (n, d), (m, d) → (n, m)."""
    lengths = np.sum(np.square(a), axis=-1)[:, np.newaxis] + np.sum(np.square(b), axis=-1)
    return lengths - 2 * (a @ b.T)


def inputs() -> Array:
    """Test points with twenty features."""
    return sample(0)[2][:, :20]


def output(x: Array) -> Array:
    """The probability of +1 where every sample votes by its nearness, softmax(-½ distance²)."""
    samples, labels = (a.astype(x.dtype) for a in sample(0)[:2])
    scores = -squared_distances(x, samples[:, : x.shape[1]]) / 2
    votes = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return votes @ (labels > 0).astype(x.dtype) / np.sum(votes, axis=-1)


def start() -> Array:
    """A row for each figure, a column for each number of features."""
    return np.zeros((len(FIGURES), len(SIZES)))


def step(means: Array, t: int) -> tuple[Array, Array]:
    """Experiment t added to the means; the objective is by how much that changes them."""
    x, labels, tests, truth = (a.astype(means.dtype) for a in sample(t))
    found = []
    for size in SIZES:
        by_mean = tests[:, :size] @ (labels @ x[:, :size]) > 0
        squares = squared_distances(tests[:, :size], x[:, :size])
        ours, theirs = (np.min(squares[:, labels == label], axis=-1) for label in (1, -1))
        nearest, farthest = np.min(squares, axis=-1), np.max(squares, axis=-1)
        contrast = 1 - np.sqrt(nearest / farthest)
        right = [np.mean((decided == (truth > 0)).astype(means.dtype))
                 for decided in (by_mean, ours < theirs)]  # fmt: skip
        found.append([*right, np.mean(contrast)])
    change = (np.array(found, means.dtype).T - means) / (t + 1)
    return means + change, np.mean(np.absolute(change))


def measure(means: Array) -> float:
    """With how many features the nearest mean is right most often."""
    return float(SIZES[int(np.argmax(means[0]))])


def expected(size: int, samples: int = SAMPLES) -> float:
    """Trunk's formula for the nearest mean with so many features."""
    squared = float(np.sum(np.square(MEANS[:size])))
    z = squared / math.sqrt(squared * (1 + 1 / samples) + size / samples)
    return (1 + math.erf(z / math.sqrt(2))) / 2


def occupied(features: int, samples: int = 1000, cells: int = 10) -> float:
    """The share of the unit cube's cellsᶠ cells that uniform samples are expected to reach."""
    return -math.expm1(samples * math.log1p(-1 / cells**features))


def draw(figure: Any, means: Array) -> None:
    """Accuracy and contrast against the number of features, and how empty space becomes."""
    accuracy, contrast, cells = figure.subplots(1, 3)
    for row, name in zip(means[:2], FIGURES, strict=False):
        accuracy.plot(SIZES, row, "o-", markersize=4, label=name)
    theory = [expected(size) for size in SIZES]
    accuracy.plot(SIZES, theory, "--", color="grey", label="nearest mean, theory")
    accuracy.set(xscale="log", xlabel="features", ylabel="accuracy", title="ten samples")
    accuracy.legend(fontsize="small")
    contrast.plot(SIZES, means[2], "o-", markersize=4)
    contrast.set(xscale="log", ylim=(0, 1), xlabel="features", ylabel="1 - nearest / farthest")
    contrast.set_title("contrast of distances")
    for samples in (100, 1000, 10_000):
        cells.plot(range(1, 7), [occupied(d, samples) for d in range(1, 7)], "o-", label=samples)
    cells.set(yscale="log", xlabel="dimensions", ylabel="share of cells that hold a sample")
    cells.set_title("ten cells a side")
    cells.legend(title="samples", fontsize="small")
