"""Fraud with weighted classes: an error with a fraud costs as much as 580 with honest payments.

    L = 1/N Σ_i w(y_i) l_i        w(c) = N / (2 N_c):  0.5 for honest payments, 290 for frauds

Both classes weigh the same in all, so a share of frauds found is worth the same share of honest
payments accused. More frauds are found, more payments accused: the balanced accuracy rises to 0.95,
accuracy falls to 0.98. The sum is divided by N, not by the sum of the weights.

There is no early stopping here. The validation loss knows no weights and is least near the start,
where the network says p₀ to everything: stopping by it would give that network back.

Source: course book, chapter 4 (its weights count the whole data; here, the training part).
"""

from __future__ import annotations

from typing import Any

from numpynn.systems import Split
from numpynn.systems.fraud_baseline import BATCH_SIZE, METRIC, data, draw, measure, model
from numpynn.typing import Array

__all__ = ["BATCH_SIZE", "METRIC", "data", "draw", "measure", "model"]

CHAPTER = "4"
TASK = "fraud with weighted classes"
EPOCHS = 30


def class_weight(y: Array) -> dict[int, float]:
    """N / (2 N_c) of each class."""
    positives = float(y.sum())
    return {0: len(y) / (2 * (len(y) - positives)), 1: len(y) / (2 * positives)}


def fit_arguments(split: Split) -> dict[str, Any]:
    return {"class_weight": class_weight(split.y)}
