"""Values brought to a common scale: by mean and variance, by the root mean square, by a norm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from numpynn import config
from numpynn.ops.dtypes import aligned, as_array, at_least_single, floating, in_dtype
from numpynn.typing import Array

__all__ = [
    "batch_normalization", "layer_normalization", "moments", "normalize", "psnr",
    "rms_normalization",
]  # fmt: skip


def moments(
    x: Array, axes: int | Sequence[int], keepdims: bool = False, synchronized: bool = False
) -> tuple[Array, Array]:
    """The mean and the variance along `axes`, float16 computed in float32.

    synchronized: over replicas on several devices; here is one, so it changes nothing.
    """
    x = floating(x)
    axes = axes if isinstance(axes, int) else tuple(axes)
    wide = at_least_single(x)
    mean = np.mean(wide, axis=axes, keepdims=keepdims)
    variance = np.var(wide, axis=axes, keepdims=keepdims)
    if wide is x:
        return mean, variance
    bound = float(np.finfo(x.dtype).max)
    return (
        np.clip(mean, -bound, bound).astype(x.dtype),
        np.clip(variance, -bound, bound).astype(x.dtype),
    )


def normalize(x: Array, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Array:
    """x / max(‖x‖, ε) with the norm of `order` along `axis`; ε is `config.epsilon()` unless given.

    Raises ValueError for an order that is not a whole number from 1.
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"`order` must be an integer >= 1; got {order!r}.")
    x = floating(x)
    if x.ndim == 0:
        x = np.reshape(x, (1,))
    norm = np.linalg.norm(x, ord=order, axis=axis, keepdims=True)
    return x / np.maximum(norm, config.epsilon() if epsilon is None else epsilon)


def batch_normalization(
    x: Array,
    mean: Array,
    variance: Array,
    axis: int,
    offset: Array | None = None,
    scale: Array | None = None,
    epsilon: float = 1e-3,
) -> Array:
    """scale · (x - mean) / √(variance + ε) + offset, with one of each for every place on `axis`.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """
    x = floating(x)
    shape = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
    factor = 1.0 / np.sqrt(np.reshape(variance, shape) + epsilon)
    if scale is not None:
        factor = factor * np.reshape(scale, shape)
    shift = -np.reshape(mean, shape) * factor
    if offset is not None:
        shift = shift + np.reshape(offset, shape)
    return x * factor + shift


def rms_normalization(
    x: Array,
    scale: Array | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Array:
    """scale · x / √(mean(x²) + ε) along `axis`.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """
    given = floating(x)
    x = at_least_single(given if given.ndim else np.reshape(given, (1,)))
    axes = axis if isinstance(axis, int) else tuple(axis)
    epsilon = config.epsilon() if epsilon is None else epsilon
    y = x / np.sqrt(np.mean(np.square(x), axis=axes, keepdims=True) + epsilon)
    if scale is not None:
        y = y * as_array(scale, x.dtype)
    return in_dtype(y, given.dtype)


def layer_normalization(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Array:
    """gamma · (x - mean) / √(variance + ε) + beta, mean and variance along `axis` of each sample.

    rms_scaling: gamma · x / √(variance + ε), a form that Keras keeps for old models.
    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """
    given = floating(x)
    x = at_least_single(given)
    axes = sorted(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
    epsilon = config.epsilon() if epsilon is None else epsilon
    shape = [x.shape[a] if a in axes else 1 for a in range(x.ndim)]
    mean, variance = moments(x, axes, keepdims=True)
    factor = 1.0 / np.sqrt(variance + epsilon)
    if gamma is not None:
        factor = factor * in_dtype(np.reshape(gamma, shape), x.dtype)
    if rms_scaling:
        return in_dtype(x * factor, given.dtype)
    shift = -mean * factor
    if beta is not None:
        shift = shift + in_dtype(np.reshape(beta, shape), x.dtype)
    return in_dtype(x * factor + shift, given.dtype)


def psnr(x1: Array, x2: Array, max_val: float) -> Array:
    """The peak signal-to-noise ratio of two images: 10 log₁₀(max_val² / mean (x1 - x2)²) decibels.

    Raises ValueError where the shapes differ.
    """
    x1, x2 = aligned(x1, x2, weak=(float,))
    if x1.shape != x2.shape:
        raise ValueError(f"psnr compares images of one shape; got {x1.shape} and {x2.shape}.")
    return 20.0 * math.log10(max_val) - 10.0 * np.log10(np.mean(np.square(x1 - x2)))
