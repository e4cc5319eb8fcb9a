"""Right is not enough, it must be right by a margin.

    hinge                mean_k max(1 - t_k p_k, 0)         t_k = ±1
    squared_hinge        mean_k max(1 - t_k p_k, 0)²        t_k = ±1
    categorical_hinge    max(max_k (1 - t_k) p_k - Σ_k t_k p_k + 1, 0)        t one-hot

The margin is 1; beyond it nothing is lost and no gradient flows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.losses.base import NamedLoss, matched
from numpynn.typing import Array


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean_k max(1 - t_k p_k, 0),  (…, K) → (…). Targets that are all 0 or 1 become -1 and 1.

    Source: Rosasco et al. 2004, Are loss functions all the same?
    """
    y_true, y_pred = matched("hinge", y_true, y_pred)
    return np.mean(np.maximum(1.0 - _signs(y_true) * y_pred, 0.0), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean_k max(1 - t_k p_k, 0)²,  (…, K) → (…). Targets that are all 0 or 1 become -1 and 1."""
    y_true, y_pred = matched("squared_hinge", y_true, y_pred)
    return np.mean(np.square(np.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(n - p + 1, 0),  (…, K) → (…): the class of the one-hot target must win by 1.

    p = Σ_k t_k p_k is its score, n = max_k (1 - t_k) p_k the best of the others (and of 0).
    """
    y_true, y_pred = matched("categorical_hinge", y_true, y_pred)
    own = np.sum(y_true * y_pred, -1)
    best_other = np.max((1.0 - y_true) * y_pred, -1)
    return np.maximum(best_other - own + 1.0, 0.0)


def _signs(y_true: Array) -> Array:
    """0 and 1 as -1 and 1; other targets as they are."""
    values = unwrapped(y_true)
    return 2.0 * y_true - 1.0 if ((values == 0) | (values == 1)).all() else y_true


class Hinge(NamedLoss):
    """The mean of max(1 - t p, 0)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(NamedLoss):
    """The mean of max(1 - t p, 0)²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(NamedLoss):
    """The mean of what the right class lacks to win by 1."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
