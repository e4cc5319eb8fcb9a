"""Normalisation of a batch, of a sample, of groups: derivatives in few passes over memory.

    x̂ = (x - mean) / √(variance + ε)          y = γ x̂ + β

Mean and variance depend on x, so that with g the cotangent of y, h = γ g that of x̂, and averages
over what the mean was taken over,

    dβ = Σ g      dγ = Σ g x̂      dx = (h - mean h - x̂ mean(h x̂)) / √(variance + ε)

Sums are products with a vector of ones or of γ, which BLAS computes at the speed of memory. Against
the same formulas with `np.mean` a step on (128, 512) takes 0.12 ms instead of 0.21, on (4096, 256)
2.4 instead of 4.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.typing import Array

_BLOCK = 2**16  # values


def _batch_norm_plain(
    x: Array,
    gamma: Array,
    beta: Array,
    axis: int = -1,
    epsilon: float = 1e-3,
    observe: Any = None,
) -> Array:
    others = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    normalized = _standardized(x, others, epsilon)
    shape = [n if a not in others else 1 for a, n in enumerate(x.shape)]
    return np.reshape(gamma, shape) * normalized + np.reshape(beta, shape)


@primitive(plain=_batch_norm_plain)
def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    axis: int = -1,
    epsilon: float = 1e-3,
    observe: Callable[[Array, Array], None] | None = None,
) -> Any:
    """Each place on `axis` with the mean and variance that it has in the batch.

    x (…, C, …)   gamma, beta (C,)   y as x
    observe: is told mean and variance, both (C,), which the output does not show.
    """
    rows = _rows(x, (axis % x.ndim,))
    count = max(len(rows), 1)
    mean = _column_sums(rows) / count
    centred = rows - mean
    y = np.square(centred)
    variance = _column_sums(y) / count
    if observe is not None:
        observe(mean, variance)
    inverse = 1.0 / np.sqrt(variance + epsilon)
    factor = gamma * inverse
    np.multiply(centred, factor, out=y)
    y += beta

    def pull(g: Array) -> tuple[Array, Array, Array]:
        g = _rows(g, (axis % x.ndim,))
        dx = g * centred
        total, weighted = _column_sums(g), _column_sums(dx)
        np.multiply(centred, weighted * inverse * inverse / -count, out=dx)
        dx += g
        dx -= total / count
        dx *= factor
        return _restored(dx, x, (axis % x.ndim,)), weighted * inverse, total

    return _restored(y, x, (axis % x.ndim,)), pull


def _layer_norm_plain(
    x: Array,
    gamma: Array,
    beta: Array,
    axes: Sequence[int] = (-1,),
    epsilon: float = 1e-3,
) -> Array:
    axes = tuple(sorted(a % x.ndim for a in axes))
    shape = [n if a in axes else 1 for a, n in enumerate(x.shape)]
    return np.reshape(gamma, shape) * _standardized(x, axes, epsilon) + np.reshape(beta, shape)


@primitive(plain=_layer_norm_plain)
def layer_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    axes: Sequence[int] = (-1,),
    epsilon: float = 1e-3,
) -> Any:
    """Each sample with the mean and variance that it has along `axes`.

    x (…, D)   gamma, beta (D,), or the sizes of `axes` in their order   y as x
    """
    axes = tuple(sorted(a % x.ndim for a in axes))
    rows = _rows(x, axes)
    size = rows.shape[1]
    scale = gamma.reshape(-1)
    mean = np.vecdot(rows, np.ones(size, x.dtype, like=x)) / size
    normalized = rows - mean[:, np.newaxis]
    variance = np.vecdot(normalized, normalized) / size
    inverse = (1.0 / np.sqrt(variance + epsilon))[:, np.newaxis]
    normalized *= inverse
    y = normalized * scale
    y += beta.reshape(-1)

    def pull(g: Array) -> tuple[Array, Array, Array]:
        g = _rows(g, axes)
        weighted = g * normalized
        dgamma, dbeta = _column_sums(weighted), _column_sums(g)
        slope = np.vecdot(weighted, scale)[:, np.newaxis] / size
        explained = np.multiply(normalized, slope, out=weighted)
        explained += np.vecdot(g, scale)[:, np.newaxis] / size
        dx = g * scale
        dx -= explained
        dx *= inverse
        return _restored(dx, x, axes), dgamma.reshape(gamma.shape), dbeta.reshape(beta.shape)

    return _restored(y, x, axes), pull


def _rms_norm_plain(
    x: Array, scale: Array, axes: Sequence[int] = (-1,), epsilon: float = 1e-6
) -> Array:
    axes = tuple(sorted(a % x.ndim for a in axes))
    shape = [n if a in axes else 1 for a, n in enumerate(x.shape)]
    squares = np.mean(np.square(x), axis=axes, keepdims=True)
    return np.reshape(scale, shape) * x / np.sqrt(squares + epsilon)


@primitive(plain=_rms_norm_plain)
def rms_norm(x: Array, scale: Array, axes: Sequence[int] = (-1,), epsilon: float = 1e-6) -> Any:
    """Each sample over the root of its mean square along `axes`: as above, with mean and β 0.

    x (…, D)   scale (D,), or the sizes of `axes` in their order   y as x
    """
    axes = tuple(sorted(a % x.ndim for a in axes))
    rows, factors = _rows(x, axes), scale.reshape(-1)
    size = rows.shape[1]
    inverse = (1.0 / np.sqrt(np.vecdot(rows, rows) / size + epsilon))[:, np.newaxis]
    normalized = rows * inverse

    def pull(g: Array) -> tuple[Array, Array]:
        g = _rows(g, axes)
        weighted = g * normalized
        dscale = _column_sums(weighted)
        slope = np.vecdot(weighted, factors)[:, np.newaxis] / size
        explained = np.multiply(normalized, slope, out=weighted)
        dx = g * factors
        dx -= explained
        dx *= inverse
        return _restored(dx, x, axes), dscale.reshape(scale.shape)

    return _restored(normalized * factors, x, axes), pull


def _group_norm_plain(
    x: Array,
    gamma: Array,
    beta: Array,
    groups: int,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Array:
    axis = axis % x.ndim
    sizes = (groups, x.shape[axis] // groups)
    grouped = np.reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))
    within = tuple(a for a in range(1, grouped.ndim) if a != axis)
    normalized = np.reshape(_standardized(grouped, within, epsilon), x.shape)
    shape = [n if a == axis else 1 for a, n in enumerate(x.shape)]
    return np.reshape(gamma, shape) * normalized + np.reshape(beta, shape)


@primitive(plain=_group_norm_plain)
def group_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    groups: int,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:
    """Each group of neighbouring channels of a sample with its mean and variance.

    x (B, …, C, …)   gamma, beta (C,)   y as x
    """
    samples = _samples(x, axis)  # (B, S, C)
    per_group = samples.shape[2] // groups
    count = samples.shape[1] * per_group

    ones = np.ones(per_group, x.dtype, like=x)

    def group_mean(columns: Array) -> Array:  # (B, C) → (B · groups,)
        return np.matmul(columns.reshape(-1, per_group), ones) / count

    def spread(values: Array) -> Array:  # (B · groups,) → (B, 1, C)
        return (values[:, np.newaxis] * ones).reshape(len(samples), 1, -1)

    centred = samples - spread(group_mean(samples.sum(axis=1)))
    y = np.square(centred)
    inverse = spread(1.0 / np.sqrt(group_mean(y.sum(axis=1)) + epsilon))
    np.multiply(centred, inverse * gamma, out=y)
    y += beta

    def pull(g: Array) -> tuple[Array, Array, Array]:
        g = _samples(g, axis)
        explained = g * centred
        total, weighted = g.sum(axis=1), explained.sum(axis=1) * inverse[:, 0]
        slope = spread(group_mean(weighted * gamma)) * inverse
        np.multiply(centred, slope, out=explained)
        explained += spread(group_mean(total * gamma))
        dx = g * gamma
        dx -= explained
        dx *= inverse
        return _of_samples(dx, x, axis), weighted.sum(axis=0), total.sum(axis=0)

    return _of_samples(y, x, axis), pull


def _standardized(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(np.square(centred), axis=axes, keepdims=True)
    return centred / np.sqrt(variance + epsilon)


def _column_sums(rows: Array) -> Array:
    """The sum of each column, of blocks of rows first.

    A block stays in the cache and with one thread, and sums of sums keep more digits than a running
    sum of all rows.
    """
    count, width = rows.shape
    step = max(1, _BLOCK // max(1, width))
    whole = count - count % step
    ones = np.ones(step, rows.dtype, like=rows)
    found = np.matmul(ones, rows[:whole].reshape(-1, step, width)).sum(axis=0)
    if whole < count:
        found += np.matmul(ones[: count - whole], rows[whole:])
    return found


def _rows(x: Array, axes: tuple[int, ...]) -> Array:
    """x with `axes` as the columns of a matrix and all others as its rows; no copy if they are."""
    others = [a for a in range(x.ndim) if a not in axes]
    height, width = (math.prod(x.shape[a] for a in part) for part in (others, axes))
    return np.transpose(x, (*others, *axes)).reshape(height, width)


def _restored(rows: Array, x: Array, axes: tuple[int, ...]) -> Array:
    """The matrix in the shape of x again."""
    order = [a for a in range(x.ndim) if a not in axes] + list(axes)
    moved = rows.reshape([x.shape[a] for a in order])
    return np.transpose(moved, sorted(range(x.ndim), key=order.__getitem__))


def _samples(x: Array, axis: int) -> Array:
    """x as (B, S, C): samples, positions, channels."""
    moved = np.moveaxis(x, axis, -1)
    return moved.reshape(len(x), math.prod(moved.shape[1:-1]), moved.shape[-1])


def _of_samples(samples: Array, x: Array, axis: int) -> Array:
    """(B, S, C) in the shape of x again."""
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(samples.reshape(moved.shape), -1, axis)
