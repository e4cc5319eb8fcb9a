"""Vectors that belong together should point the same way.

    cosine_similarity    -t · p / (‖t‖ ‖p‖)        from -1, the same direction, to 1, opposite
    circle               for embeddings and their labels

The circle loss brings embeddings of one label together and keeps those of others apart.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numpynn import ops
from numpynn.autograd.tensor import Tensor, unwrapped
from numpynn.losses.base import NamedLoss, matched, of_class_numbers
from numpynn.ops.dtypes import as_array, floating
from numpynn.typing import Array


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """-Σ t p / (‖t‖ ‖p‖) along `axis`,  (…, D) → (…). A vector of zeros gives 0."""
    y_true, y_pred = matched("cosine_similarity", y_true, y_pred)
    return -np.sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis)


@of_class_numbers
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """softplus(log Σ_P e^(γ [m + d]₊ (d - m)) + log Σ_N e^(γ [1 + m - d]₊ (1 - m - d))),

    with the cosine distances  d = [1 - x · r]₊  of a sample x to the references r of its own label
    (P) and of others (N). Distances far from their goals, 0 and 1, weigh more.

    y_true (B,) or (B, 1)   y_pred (B, D), of length 1   ref_labels (R,)   ref_embeddings (R, D)
    → (B,). The references are the batch itself unless given; remove_diagonal leaves out the pair of
    a sample with itself. A sample without a P or without an N is masked.
    Raises ValueError where labels and embeddings are not equally many.
    Source: Sun et al. 2020, arXiv:2002.10857.
    """
    x = floating(y_pred)
    r = x if ref_embeddings is None else as_array(ref_embeddings, x.dtype)
    labels = _labels(y_true, x)
    same = labels[:, None] == (labels if ref_labels is None else _labels(ref_labels, r))
    other = ~same
    if remove_diagonal:
        np.fill_diagonal(same, False)
    d = np.maximum(1.0 - x @ r.T, 0.0)
    pull = gamma * np.maximum(margin + d, 0.0) * (d - margin)
    push = gamma * np.maximum(1.0 + margin - d, 0.0) * (1.0 - margin - d)
    losses = ops.softplus(_logsumexp_of(same, pull) + _logsumexp_of(other, push))
    losses = losses if isinstance(losses, Tensor) else Tensor(losses)
    losses.mask = losses.array > 0
    return losses


def _labels(labels: Any, embeddings: Array) -> Array:
    """Labels as a vector of integers, one for each embedding."""
    numbers = as_array(unwrapped(labels)).astype(np.int64).reshape(-1)
    if numbers.size != len(embeddings):
        raise ValueError(
            f"circle: one label for each embedding is expected; got {numbers.size} labels and "
            f"embeddings of shape {embeddings.shape}."
        )
    return numbers


def _logsumexp_of(chosen: Array, x: Array) -> Array:
    """log Σ e^x over the chosen ones of each row; far below 0 where there is none.

    Far below, not -inf: the derivative of an empty sum's logarithm is 0/0.
    """
    far_below = float(np.finfo(x.dtype).min) / 4  # two of them still have a sum
    return ops.logsumexp(np.where(chosen, x, far_below), axis=1)


class CosineSimilarity(NamedLoss):
    """The mean of -t · p / (‖t‖ ‖p‖)."""

    unwritten: ClassVar = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


class Circle(NamedLoss):
    """The mean circle loss of labels and embeddings of length 1; see `circle`."""

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
