"""Cross-entropies: the information, in nats, that predicted probabilities lack of the targets.

    binary_crossentropy                mean_k -[t_k ln p_k + (1 - t_k) ln(1 - p_k)]
    categorical_crossentropy           -Σ_k t_k ln p_k           t one-hot or a distribution
    sparse_categorical_crossentropy    -ln p_t                   t a class number

Where probabilities come straight from a softmax or sigmoid, `ops` goes back to the logits, as Keras
does: log-sum-exp instead of the logarithm of a rounded probability.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from numpynn.autograd.tensor import Tensor, unwrapped
from numpynn.losses.base import NamedLoss, matched, of_class_numbers
from numpynn.ops.dtypes import as_array, floating
from numpynn.ops.nn import crossentropy  # straight there, past the symbolic tensors of `ops`
from numpynn.typing import Array


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """mean_k -[t_k ln p_k + (1 - t_k) ln(1 - p_k)],  (…, K) → (…).

    from_logits: y_pred is z with p = σ(z). label_smoothing s: t becomes t(1 - s) + s/2.
    Raises ValueError where shapes differ, and for a smoothing outside 0 … 1.
    """
    y_true, y_pred = matched("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = smoothed(y_true, label_smoothing, 2)
    return np.mean(crossentropy.binary_crossentropy(y_true, y_pred, from_logits), axis)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-Σ_k t_k ln p_k,  (…, K) → (…).

    Probabilities are first divided by their sum. from_logits: y_pred is z with p = softmax(z).
    label_smoothing s: t becomes t(1 - s) + s/K.
    Raises ValueError where shapes differ, for a smoothing outside 0 … 1, and for an axis that is no
    integer. Warns where there is a single class.
    """
    y_true, y_pred = by_class("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    return crossentropy.categorical_crossentropy(y_true, y_pred, from_logits, axis)


@of_class_numbers
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-ln p_t for class numbers t,  (…) or (…, 1) and (…, K) → (…).

    from_logits: y_pred is z with p = softmax(z). ignore_class: samples of this class count zero,
    and what is predicted for them does not matter.
    Raises ValueError for class numbers outside 0 … K - 1, and where shapes do not fit.
    """
    if ignore_class is None:
        return crossentropy.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    y_pred, labels = floating(y_pred), as_array(unwrapped(y_true))
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    valid = labels != ignore_class
    labels, y_pred = np.where(valid, labels, 0), np.where(valid[..., None], y_pred, 0.0)
    every = crossentropy.sparse_categorical_crossentropy(labels, y_pred, from_logits, axis)
    losses: Any = np.where(valid, every, 0.0)
    losses = losses if isinstance(losses, Tensor) else Tensor(losses)
    losses.mask = valid
    return losses


def smoothed(y_true: Array, label_smoothing: float, classes: int) -> Array:
    """Targets a little less certain:  t(1 - s) + s/K. Raises ValueError unless 0 ≤ s ≤ 1."""
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"`label_smoothing` must be in 0 … 1; got {label_smoothing}.")
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


def by_class(
    name: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int
) -> tuple[Array, Array]:
    """Smoothed targets and predictions, one of each for every class: both of shape (…, K)."""
    if isinstance(axis, bool):
        raise ValueError(f"{name}: `axis` must be an integer; got {axis}.")
    y_true, y_pred = matched(name, y_true, y_pred, _HINT)
    if not y_pred.shape:
        raise ValueError(f"{name}: y_pred needs an axis of classes; got a single number.")
    if y_pred.shape[-1] == 1:
        warnings.warn(
            f"{name}: y_pred of shape {y_pred.shape} has a single class. For two classes in one "
            "number, use 'binary_crossentropy'.",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        y_true = smoothed(y_true, label_smoothing, y_true.shape[-1])
    return y_true, y_pred


_HINT = " For class numbers use sparse_categorical_crossentropy, or utils.to_categorical."


class BinaryCrossentropy(NamedLoss):
    """The mean of -[t ln p + (1 - t) ln(1 - p)]; see `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(NamedLoss):
    """The mean of -Σ_k t_k ln p_k; see `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(NamedLoss):
    """The mean of -ln p_t for class numbers t; see `sparse_categorical_crossentropy`."""

    unwritten: ClassVar = {"axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
