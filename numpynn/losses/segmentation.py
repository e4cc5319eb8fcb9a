"""How little two regions overlap: 0 where they are the same, 1 where they are apart.

    dice       1 - 2 |T ∩ P| / (|T| + |P|)
    tversky    1 - |T ∩ P| / (|T ∩ P| + α |T \\ P| + β |P \\ T|)        α = β = ½ is Dice

with  |T ∩ P| = Σ t p,  |T \\ P| = Σ t (1 - p)  for memberships t and p from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn import config, ops
from numpynn.losses.base import NamedLoss, matched


def dice(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Any:
    """1 - 2 Σ t p / (Σ t + Σ p + ε), sums along `axis` (all axes unless given).

    Source: Dice 1945; Milletari et al. 2016, arXiv:1606.04797.
    """
    y_true, y_pred = matched("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis) + ops.sum(y_pred, axis) + config.epsilon())


def tversky(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: int | Sequence[int] | None = None,
) -> Any:
    """1 - Σ t p / (Σ t p + α Σ t (1 - p) + β Σ (1 - t) p + ε), sums along `axis`.

    alpha: what the target has and the prediction misses. beta: the other way round.
    Source: Tversky 1977; Salehi et al. 2017, arXiv:1706.05721.
    """
    y_true, y_pred = matched("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis)
    invented = ops.sum((1.0 - y_true) * y_pred, axis)
    return 1.0 - both / (both + missed * alpha + invented * beta + config.epsilon())


class Dice(NamedLoss):
    """1 - 2 Σ t p / (Σ t + Σ p), over the batch or along `axis`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: int | Sequence[int] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(NamedLoss):
    """1 - Σ t p / (Σ t p + α Σ t (1 - p) + β Σ (1 - t) p), over the batch or along `axis`."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: int | Sequence[int] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
