"""How flexible a model should be: polynomials of every degree on few and on many points.

    y = Σ_k w*_k φ_k(x) + noise        w = argmin 1/n ‖y - Φ w‖² + λ ‖w‖² = (ΦᵀΦ/n + λI)⁻¹ Φᵀy/n

The truth is a polynomial of degree 5 with noise of variance 1. The features φ_k are Legendre's
polynomials times √(2k+1), orthonormal for x uniform in [-1, 1], so that the error on new points
needs no test set:  E[error] = ‖w - w*‖² + 1.

Each step draws new samples of every size and fits every degree. What is learnt is the mean over the
steps, the expected errors themselves. They show what the course claims: training error falls with
the degree, the error on new points falls and rises again; with more points the first rises, the
second falls, and the best degree grows: 3 for 10 points, 4 for 20, 5 from 40 on. Degree 9 on 20
points over-fits with hardly any weight decay (2.8), under-fits with much (2.1), and with the right
one (1.38) nearly reaches the best degree (1.30), which need not be known then.

Source: course book, chapter 15; Goodfellow et al. 2016, sections 5.2 and 5.2.2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numpynn.datasets import k_folds
from numpynn.typing import Array

CHAPTER = "15"
TASK = "training and test error against capacity, samples and weight decay"
STEPS = 100
METRIC = "best degree"

TRUTH = np.array([0.3, -0.8, 0.6, 0.4, -0.25, 0.2])
NOISE = 1.0
SIZES = (10, 20, 40, 80, 160)
DEGREE = 9
BARELY = 3e-3
"""Weight decay that only keeps the equations solvable."""
DECAYS = np.geomspace(BARELY, 10.0, 9)
DECAY_SIZE = 20
"""How many points the experiment with weight decay has."""


class Errors(NamedTuple):
    """The two parts of the quantity, each with training errors first, then those on new points."""

    degrees: Array  # (2, sizes, degrees)
    decays: Array  # (2, decays)


def sample(t: int, size: int) -> tuple[Array, Array]:
    """x (size,) and y (size,) of experiment t; every part of [-1, 1] gets its share of points."""
    random = np.random.default_rng([t, size])
    x = 2 * (np.arange(size) + random.random(size)) / size - 1
    return x, features(x)[:, : len(TRUTH)] @ TRUTH + NOISE * random.normal(size=size)


def features(x: Array) -> Array:
    """φ (n, 10) of x (n,), by (k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1}."""
    legendre = [np.ones_like(x), x]
    for k in range(1, DEGREE):
        legendre.append(((2 * k + 1) * x * legendre[k] - k * legendre[k - 1]) / (k + 1))
    return np.stack([(2 * k + 1) ** 0.5 * p for k, p in enumerate(legendre)], axis=-1)


def allowed() -> Array:
    """Which features a polynomial of each degree may use: (10, 10), one row a degree."""
    return np.tri(DEGREE + 1)


def fit(phi: Array, y: Array, used: Array, decays: Array) -> Array:
    """The weights (K, 10) of K fits at once, each with its features and its weight decay."""
    chosen = phi * used[:, np.newaxis, :]
    transposed = np.swapaxes(chosen, 1, 2)
    identity = np.eye(phi.shape[1], dtype=phi.dtype)
    squares = transposed @ chosen / len(y) + decays[:, np.newaxis, np.newaxis] * identity
    return np.linalg.solve(squares, (transposed @ y / len(y))[..., np.newaxis])[..., 0]


def errors(phi: Array, y: Array, weights: Array) -> Array:
    """Mean squared errors (2, K): on the sample, and expected on new points."""
    truth = np.zeros(DEGREE + 1, phi.dtype)
    truth[: len(TRUTH)] = TRUTH
    seen = np.mean(np.square(weights @ phi.T - y), axis=-1)
    return np.stack([seen, np.sum(np.square(weights - truth), axis=-1) + NOISE**2])


def inputs() -> Array:
    return sample(0, SIZES[-1])[0]


def output(x: Array) -> Array:
    """The fit of degree 5 to noisy points at x: how each prediction follows from all the places."""
    random = np.random.default_rng(1)
    noise = NOISE * random.normal(size=x.shape).astype(x.dtype)
    phi = features(x)
    y = phi[:, : len(TRUTH)] @ TRUTH.astype(x.dtype) + noise
    used = allowed()[5:6].astype(x.dtype)
    return phi @ fit(phi, y, used, np.full(1, BARELY, x.dtype))[0]


def start() -> Array:
    """The means of no experiment."""
    return np.zeros(2 * (len(SIZES) * (DEGREE + 1) + len(DECAYS)))


def unpack(means: Array) -> Errors:
    """The quantity by its meaning."""
    first = 2 * len(SIZES) * (DEGREE + 1)
    degrees = np.reshape(means[:first], (2, len(SIZES), DEGREE + 1))
    return Errors(degrees, np.reshape(means[first:], (2, len(DECAYS))))


def step(means: Array, t: int) -> tuple[Array, Array]:
    """Experiment t added to the means; the objective is by how much that changes them."""
    dtype = means.dtype
    found = []
    for size in SIZES:
        x, y = (a.astype(dtype) for a in sample(t, size))
        phi, used = features(x), allowed().astype(dtype)
        found.append(errors(phi, y, fit(phi, y, used, np.full(DEGREE + 1, BARELY, dtype))))
    x, y = (a.astype(dtype) for a in sample(t, DECAY_SIZE))
    phi, used = features(x), np.ones((len(DECAYS), DEGREE + 1), dtype)
    decayed = errors(phi, y, fit(phi, y, used, DECAYS.astype(dtype)))
    experiment = np.concatenate([np.ravel(np.stack(found, axis=1)), np.ravel(decayed)])
    change = (experiment - means) / (t + 1)
    return means + change, np.mean(np.absolute(change))


def best_degrees(means: Array) -> Array:
    """The degree with the least error on new points, for each size of the sample."""
    return np.argmin(unpack(means).degrees[1], axis=-1)


def validated(x: Array, y: Array, k: int, seed: int = 0) -> Array:
    """What a single sample says: the error of each degree (10,), by k-fold cross-validation."""
    phi, used = features(x), allowed()
    barely = np.full(DEGREE + 1, BARELY)
    found = []
    for train, held_out in k_folds(len(x), k, seed):
        weights = fit(phi[train], y[train], used, barely)
        found.append(np.mean(np.square(weights @ phi[held_out].T - y[held_out]), axis=-1))
    return np.mean(found, axis=0)


def measure(means: Array) -> float:
    """The best degree for the largest sample: that of the truth, 5."""
    return float(best_degrees(means)[-1])


def draw(figure: Any, means: Array) -> None:
    """Capacity, sample size, weight decay: the errors that were seen, and those on new points."""
    degrees, decays = unpack(means)
    capacity, samples, decay = figure.subplots(1, 3, sharey=True)
    for i, size in ((1, SIZES[1]), (3, SIZES[3])):
        capacity.plot(degrees[0, i], "--", color=f"C{i}", label=f"training, {size} points")
        capacity.plot(degrees[1, i], color=f"C{i}", label=f"new points, {size}")
    capacity.set(xlabel="degree", ylabel="mean squared error", title="capacity")
    for degree in (2, 5):
        color = f"C{degree}"
        samples.plot(SIZES, degrees[0, :, degree], "--", color=color, label=f"training, {degree}")
        samples.plot(SIZES, degrees[1, :, degree], color=color, label=f"new points, {degree}")
    samples.set(xscale="log", xlabel="points", title="samples, for degrees 2 and 5")
    decay.plot(DECAYS, decays[0], "--", label="training")
    decay.plot(DECAYS, decays[1], label="new points")
    decay.set(xscale="log", xlabel="weight decay λ", title=f"degree 9 on {DECAY_SIZE} points")
    for panel in (capacity, samples, decay):
        panel.axhline(NOISE**2, color="grey", linewidth=0.8, linestyle=":")
        panel.legend(fontsize="small")
    capacity.set_ylim(0, 3.2)
