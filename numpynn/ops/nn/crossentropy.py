"""Cross-entropies, one value a sample, fused with the softmax or sigmoid before them.

    categorical   -Σ_k t_k ln p_k              t a distribution over K classes
    sparse        -ln p_t                      t the number of a class
    binary        -t ln p - (1 - t) ln(1 - p)  for each value

From logits `z` (p = softmax(z) or σ(z)) the gradient is p - t. From probabilities `p`, Keras keeps
them in [ε, 1 - ε], ε = `config.epsilon()`, so that no logarithm is infinite; outside, no gradient
flows.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd import primitive, stop_gradient
from numpynn.ops.dtypes import as_array, floating, in_dtype
from numpynn.ops.nn.elementwise import positive_part, sigmoid_values
from numpynn.ops.nn.probabilities import largest, restored, sum_of_products, total
from numpynn.typing import Array

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


def categorical_crossentropy(
    target: Array, output: Array, from_logits: bool = False, axis: int = -1
) -> Array:
    """-Σ_k t_k ln p_k along `axis`:  target (…, K), output (…, K) → (…).

    Probabilities are divided by their sum first. The output of a softmax activation, and
    `from_logits=True`, take the way through the logits.
    Raises ValueError where the shapes differ.
    """
    target, output = _same_shape(target, output)
    output, from_logits = _behind(output, from_logits, "categorical_crossentropy", "softmax")
    loss = _softmax_crossentropy if from_logits else _categorical_crossentropy
    return loss(target, output, axis)


def sparse_categorical_crossentropy(
    target: Array, output: Array, from_logits: bool = False, axis: int = -1
) -> Array:
    """-ln p_t for class numbers t:  target (…) or (…, 1), output (…, K) → (…).

    The output of a softmax activation, and `from_logits=True`, take the way through the logits.
    Raises ValueError for class numbers outside 0 … K - 1, for shapes that do not fit, and for an
    axis that is not the last.
    """
    output, labels = floating(output), as_array(target)
    if axis not in (-1, output.ndim - 1):
        raise ValueError(f"sparse_categorical_crossentropy takes axis=-1 only; got axis={axis}.")
    if labels.ndim == output.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.shape != output.shape[:-1] or not output.ndim:
        raise ValueError(
            "sparse_categorical_crossentropy: class numbers of the output's shape without its last "
            f"axis are expected; got target {labels.shape} and output {output.shape}."
        )
    output, from_logits = _behind(output, from_logits, "sparse_categorical_crossentropy", "softmax")
    loss = _sparse_softmax_crossentropy if from_logits else _sparse_crossentropy
    return loss(labels, output)


def binary_crossentropy(target: Array, output: Array, from_logits: bool = False) -> Array:
    """-t ln p - (1 - t) ln(1 - p) for each value:  target and output of one shape.

    The output of a sigmoid activation, and `from_logits=True`, take the way through the logits.
    Raises ValueError where the shapes differ.
    """
    target, output = _same_shape(target, output)
    output, from_logits = _behind(output, from_logits, "binary_crossentropy", "sigmoid")
    return (_sigmoid_crossentropy if from_logits else _binary_crossentropy)(target, output)


# -- categorical -----------------------------------------------------------------------------------


def _plain_softmax_crossentropy(target: Array, z: Array, axis: int) -> Array:
    """log Σ e^z Σ t - Σ t z.  The gradient is p - t, as in TensorFlow, even where Σ t is not 1."""
    peak = stop_gradient(np.max(z, axis=axis, keepdims=True))
    normalizer = np.log(np.sum(np.exp(z - peak), axis=axis))
    surplus = np.sum(target, axis=axis) - 1.0
    return normalizer + surplus * stop_gradient(normalizer) - np.sum(target * (z - peak), axis=axis)


@primitive(plain=_plain_softmax_crossentropy)
def _softmax_crossentropy(target: Array, z: Array, axis: int) -> tuple[Array, Any]:
    log_p = z - largest(z, axis)
    e = np.exp(log_p)
    sums = total(e, axis)
    log_p -= np.log(sums)
    return -sum_of_products(target, log_p, axis), (
        lambda g: restored(g, sums) * -log_p,
        lambda g: (e / sums - target) * restored(g, sums),
    )


def _plain_categorical_crossentropy(target: Array, p: Array, axis: int) -> Array:
    q = _kept_inside(p / np.sum(p, axis=axis, keepdims=True))
    return -np.sum(target * np.log(q), axis=axis)


@primitive(plain=_plain_categorical_crossentropy)
def _categorical_crossentropy(target: Array, p: Array, axis: int) -> tuple[Array, Any]:
    sums = total(p, axis)
    share = p / sums
    q = _kept_inside(share)
    log_q = np.log(q)

    def of_p(g: Array) -> Array:
        """Through  -t ln q,  the bounds, and  p/Σp  in turn."""
        of_share = restored(g, sums) * target / -q * (share == q)
        return (of_share - total(of_share * share, axis)) / sums

    return -sum_of_products(target, log_q, axis), (lambda g: restored(g, sums) * -log_q, of_p)


# -- sparse ----------------------------------------------------------------------------------------


def _plain_sparse_softmax_crossentropy(labels: Array, z: Array) -> Array:
    z = z - stop_gradient(np.max(z, axis=-1, keepdims=True))
    return np.log(np.sum(np.exp(z), axis=-1)) - _picked(z, labels)


@primitive(plain=_plain_sparse_softmax_crossentropy)
def _sparse_softmax_crossentropy(labels: Array, z: Array) -> tuple[Array, Any]:
    shape = z.shape
    numbers = _class_numbers(labels, shape[-1])
    z = z.reshape(-1, shape[-1])  # (N, K)
    z = z - largest(z, -1)
    e = np.exp(z)
    sums = total(e, -1)
    chosen = np.arange(len(z), like=z), numbers.reshape(-1)

    def of_z(g: Array) -> Array:
        p = e / sums
        p[chosen] -= 1.0
        p *= restored(g, sums)
        return p.reshape(shape)

    return (np.log(sums[:, 0]) - z[chosen]).reshape(labels.shape), (_of_labels, of_z)


def _plain_sparse_crossentropy(labels: Array, p: Array) -> Array:
    """The softmax of ln q is q/Σq, so the cross-entropy is  ln Σq - ln q_t."""
    q = _kept_inside(p)
    return np.log(np.sum(q, axis=-1)) - np.log(_picked(q, labels))


@primitive(plain=_plain_sparse_crossentropy)
def _sparse_crossentropy(labels: Array, p: Array) -> tuple[Array, Any]:
    shape = p.shape
    numbers = _class_numbers(labels, shape[-1])
    p = p.reshape(-1, shape[-1])  # (N, K)
    q = _kept_inside(p)
    sums = total(q, -1)
    chosen = np.arange(len(q), like=q), numbers.reshape(-1)
    q_t = q[chosen]

    def of_p(g: Array) -> Array:
        gradient = (p == q) / sums
        gradient[chosen] -= (p[chosen] == q_t) / q_t
        gradient *= restored(g, sums)
        return gradient.reshape(shape)

    return np.log(sums[:, 0] / q_t).reshape(labels.shape), (_of_labels, of_p)


def _of_labels(g: Array) -> None:
    """No gradient flows into class numbers."""


def _picked(x: Array, labels: Array) -> Array:
    """`x[…, labels]`: the value of each sample's own class."""
    numbers = _class_numbers(getattr(labels, "array", labels), x.shape[-1])
    return np.take_along_axis(x, numbers[..., None], axis=-1)[..., 0]


def _class_numbers(labels: Array, classes: int) -> Array:
    """`labels` as integers. Raises ValueError for the first that is no class number."""
    numbers = labels if labels.dtype.kind in "iu" else labels.astype(np.int64)
    if numbers.size and numbers.astype(np.uint64).max() >= classes:  # negative ones become huge
        place = tuple(int(i) for i in np.argwhere((numbers < 0) | (numbers >= classes))[0])
        raise ValueError(
            f"sparse_categorical_crossentropy: class {labels[place]} at position {place} is out of "
            f"range: with {classes} classes the numbers 0 … {classes - 1} are valid."
        )
    return numbers


# -- binary ----------------------------------------------------------------------------------------


def _plain_sigmoid_crossentropy(target: Array, z: Array) -> Array:
    return np.logaddexp(0.0, z) - z * target


@primitive(plain=_plain_sigmoid_crossentropy)
def _sigmoid_crossentropy(target: Array, z: Array) -> tuple[Array, Any]:
    loss = np.log1p(np.exp(-np.abs(z)))
    loss += positive_part(z)
    loss -= z * target
    return loss, (lambda g: g * -z, lambda g: (sigmoid_values(z) - target) * g)


def _plain_binary_crossentropy(target: Array, p: Array) -> Array:
    q = _kept_inside(p)
    return -(target * np.log(q) + (1.0 - target) * np.log(1.0 - q))


@primitive(plain=_plain_binary_crossentropy)
def _binary_crossentropy(target: Array, p: Array) -> tuple[Array, Any]:
    q = _kept_inside(p)
    log_p, log_not_p = np.log(q), np.log(1.0 - q)
    loss = target * log_p
    loss += (1.0 - target) * log_not_p
    return -loss, (
        lambda g: g * (log_not_p - log_p),
        lambda g: g * ((q - target) / (q * (1.0 - q))) * (p == q),
    )


# -- arguments -------------------------------------------------------------------------------------


def _kept_inside(p: Array) -> Array:
    epsilon = config.epsilon()
    return p.clip(epsilon, 1.0 - epsilon)


def _same_shape(target: Array, output: Array) -> tuple[Array, Array]:
    """Both as arrays of the output's dtype. Raises ValueError where the shapes differ."""
    output, target = floating(output), as_array(target)
    if target.shape != output.shape:
        raise ValueError(
            "`target` and `output` must have the same shape; got target "
            f"{target.shape} and output {output.shape}."
        )
    return in_dtype(target, output.dtype), output


def _behind(output: Array, from_logits: bool, name: str, activation: str) -> tuple[Array, bool]:
    """The logits that an activation was applied to, where `output` remembers them."""
    logits = getattr(output, "logits", None)
    if logits is None:
        return output, from_logits
    if from_logits:
        warnings.warn(
            f"{name} got from_logits=True, but the output of a {activation} activation, which is "
            "probabilities. It goes back to the logits before the activation.",
            stacklevel=3,
        )
    return logits, True
