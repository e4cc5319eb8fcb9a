"""Cross-entropies for uneven classes and for wrong labels. With p_t the probability of the target:

    focal          -(1 - p_t)^γ ln p_t
    generalized    (1 - p_t^q) / q

The focal loss lets what is easy count less: with γ = 2 and p_t = 0.9, a hundredth. The generalized
one lies between -ln p_t (q → 0) and 1 - p_t (q = 1): a wrong label costs 1/q at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config, ops
from numpynn.losses.base import NamedLoss, matched, of_class_numbers
from numpynn.losses.crossentropy import by_class, smoothed
from numpynn.ops.dtypes import as_array, floating


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """mean_k (1 - q_k)^γ · -[t_k ln p_k + (1 - t_k) ln(1 - p_k)],  (…, K) → (…),

    with  q = t p + (1 - t)(1 - p),  the probability of what is the case.
    apply_class_balancing: times  t α + (1 - t)(1 - α). from_logits: y_pred is z with p = σ(z).
    label_smoothing s: t becomes t(1 - s) + s/2.
    Raises ValueError where shapes differ, and for a smoothing outside 0 … 1.
    Source: Lin et al. 2017, arXiv:1708.02002.
    """
    y_true, p = matched("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = smoothed(y_true, label_smoothing, 2)
    if from_logits:
        p = ops.sigmoid(p)
    q = y_true * p + (1.0 - y_true) * (1.0 - p)
    losses = np.power(1.0 - q, gamma) * ops.binary_crossentropy(y_true, p)
    if apply_class_balancing:
        losses = losses * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return np.mean(losses, axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-Σ_k α (1 - p_k)^γ t_k ln p_k,  (…, K) → (…).

    alpha: one for all classes, or one for each. Probabilities are divided by their sum and kept in
    [ε, 1 - ε], ε = `config.epsilon()`. from_logits: y_pred is z with p = softmax(z).
    label_smoothing s: t becomes t(1 - s) + s/K.
    Raises ValueError where shapes differ, for a smoothing outside 0 … 1, and for an axis that is no
    integer. Warns where there is a single class.
    Source: Lin et al. 2017, arXiv:1708.02002.
    """
    name = "categorical_focal_crossentropy"
    y_true, p = by_class(name, y_true, y_pred, label_smoothing, axis)
    if from_logits:
        p = ops.softmax(p, axis)
    p = p / np.sum(p, axis=axis, keepdims=True)
    p = np.clip(p, config.epsilon(), 1.0 - config.epsilon())
    weight = np.power(1.0 - p, gamma) * as_array(alpha, p.dtype)
    return np.sum(weight * (-y_true * np.log(p)), axis)


@of_class_numbers
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p_t^q) / q for class numbers t,  (…) or (…, 1) and (…, K) → (…),  0 < q < 1.

    A number that is no class has probability 0.
    Source: Zhang and Sabuncu 2018, arXiv:1805.07836.
    """
    y_pred, labels = floating(y_pred), as_array(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    one_hot = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
    p = np.sum(y_pred * one_hot, -1)
    return (1.0 - np.power(p, q)) / q


class BinaryFocalCrossentropy(NamedLoss):
    """The mean of -(1 - p_t)^γ ln p_t for two classes; see `binary_focal_crossentropy`."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(NamedLoss):
    """The mean of -Σ_k α (1 - p_k)^γ t_k ln p_k; see `categorical_focal_crossentropy`."""

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(NamedLoss):
    """The mean of (1 - p_t^q) / q for class numbers t. Raises ValueError unless 0 < q < 1."""

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"`q` must be between 0 and 1; got {q}.")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
