"""Accuracy against the number of features at ten samples (chapter 15): one experiment a step."""

from keras import ops

from numpynn.systems.curse_of_dimensionality import SIZES, sample
from numpynn.typing import Array


def squared_distances(a: Array, b: Array) -> Array:
    lengths = ops.sum(ops.square(a), axis=-1, keepdims=True) + ops.sum(ops.square(b), axis=-1)
    return lengths - 2 * ops.matmul(a, ops.transpose(b))


def output(x: Array) -> Array:
    samples, labels = (ops.convert_to_tensor(a, dtype=x.dtype) for a in sample(0)[:2])
    votes = ops.softmax(-squared_distances(x, samples[:, : x.shape[1]]) / 2)
    return ops.matmul(votes, ops.cast(labels > 0, x.dtype))


def step(means: Array, t: int) -> tuple[Array, Array]:
    x, labels, tests, truth = (ops.convert_to_tensor(a, dtype=means.dtype) for a in sample(t))
    positive = labels > 0
    found = []
    for size in SIZES:
        some, asked = x[:, :size], tests[:, :size]
        by_mean = ops.matmul(asked, ops.matmul(labels, some)) > 0
        squares = squared_distances(asked, some)
        ours = ops.min(ops.where(positive, squares, float("inf")), axis=-1)
        theirs = ops.min(ops.where(positive, float("inf"), squares), axis=-1)
        nearest, farthest = ops.min(squares, axis=-1), ops.max(squares, axis=-1)
        right = [
            ops.mean(ops.cast(ops.equal(decided, truth > 0), means.dtype))
            for decided in (by_mean, ours < theirs)
        ]
        found.append([*right, ops.mean(1 - ops.sqrt(nearest / farthest))])
    change = (ops.transpose(ops.convert_to_tensor(found, dtype=means.dtype)) - means) / (t + 1)
    return means + change, ops.mean(ops.absolute(change))
