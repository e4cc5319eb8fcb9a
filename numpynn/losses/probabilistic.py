"""How unlike two distributions are, and how unlikely counts.

    kl_divergence    Σ_k t_k ln(t_k / p_k)          the nats that p lacks of t
    poisson          mean_k p_k - t_k ln p_k        counts t of events that come at the rate p

The divergence is 0 where both are the same, and not symmetric. The Poisson loss is minus the
logarithm of the probability p^t e^(-p) / t!, without t!, which no prediction changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config
from numpynn.losses.base import NamedLoss, matched


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Σ_k t_k ln(t_k / p_k),  (…, K) → (…); both kept in [ε, 1], ε = `config.epsilon()`.

    Source: Kullback and Leibler 1951, On information and sufficiency.
    """
    y_true, y_pred = matched("kl_divergence", y_true, y_pred)
    t, p = np.clip(y_true, config.epsilon(), 1.0), np.clip(y_pred, config.epsilon(), 1.0)
    return np.sum(t * np.log(t / p), -1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean_k p_k - t_k ln(p_k + ε),  (…, K) → (…), with ε = `config.epsilon()`."""
    y_true, y_pred = matched("poisson", y_true, y_pred)
    return np.mean(y_pred - y_true * np.log(y_pred + config.epsilon()), -1)


class KLDivergence(NamedLoss):
    """The mean of Σ_k t_k ln(t_k / p_k)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(NamedLoss):
    """The mean of p - t ln p."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
