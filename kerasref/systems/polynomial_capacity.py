"""Errors of polynomials by degree, sample size and weight decay (chapter 15).

A step is one experiment: every size and degree fitted by the normal equations, all degrees at once.
"""

import numpy as np
from keras import ops

from numpynn.systems.polynomial_capacity import (
    BARELY,
    DECAY_SIZE,
    DECAYS,
    DEGREE,
    NOISE,
    SIZES,
    TRUTH,
    allowed,
    sample,
)
from numpynn.typing import Array


def features(x: Array) -> Array:
    legendre = [ops.ones_like(x), x]
    for k in range(1, DEGREE):
        legendre.append(((2 * k + 1) * x * legendre[k] - k * legendre[k - 1]) / (k + 1))
    return ops.stack([(2 * k + 1) ** 0.5 * p for k, p in enumerate(legendre)], axis=-1)


def fit(phi: Array, y: Array, used: Array, decays: Array) -> Array:
    """The weights (K, 10) of K fits, each with its features and its weight decay."""
    used, decays = (ops.convert_to_tensor(a, dtype=phi.dtype) for a in (used, decays))
    chosen = phi * ops.expand_dims(used, 1)
    squares = ops.einsum("kni,knj->kij", chosen, chosen) / len(y)
    squares = squares + ops.reshape(decays, (-1, 1, 1)) * ops.eye(DEGREE + 1, dtype=phi.dtype)
    products = ops.einsum("kni,n->ki", chosen, y) / len(y)
    return ops.squeeze(ops.solve(squares, ops.expand_dims(products, -1)), -1)


def errors(phi: Array, y: Array, weights: Array) -> Array:
    truth = np.append(TRUTH, np.zeros(DEGREE + 1 - len(TRUTH)))
    difference = weights - ops.convert_to_tensor(truth, dtype=phi.dtype)
    seen = ops.mean(ops.square(ops.matmul(weights, ops.transpose(phi)) - y), axis=-1)
    return ops.stack([seen, ops.sum(ops.square(difference), axis=-1) + NOISE**2])


def output(x: Array) -> Array:
    noise = NOISE * np.random.default_rng(1).normal(size=x.shape)
    phi = features(x)
    truth = ops.convert_to_tensor(TRUTH, dtype=x.dtype)
    y = ops.matmul(phi[:, : len(TRUTH)], truth) + ops.convert_to_tensor(noise, dtype=x.dtype)
    [weights] = fit(phi, y, allowed()[5:6], np.full(1, BARELY))
    return ops.matmul(phi, weights)


def step(means: Array, t: int) -> tuple[Array, Array]:
    def experiment(size: int, used: Array, decays: Array) -> Array:
        x, y = (ops.convert_to_tensor(a, dtype=means.dtype) for a in sample(t, size))
        phi = features(x)
        return errors(phi, y, fit(phi, y, used, decays))

    barely = np.full(DEGREE + 1, BARELY)
    found = [experiment(size, allowed(), barely) for size in SIZES]
    decayed = experiment(DECAY_SIZE, np.ones((len(DECAYS), DEGREE + 1)), DECAYS)
    new = ops.concatenate([ops.ravel(ops.stack(found, axis=1)), ops.ravel(decayed)])
    change = (new - means) / (t + 1)
    return means + change, ops.mean(ops.absolute(change))
