"""Several labels at once without a threshold to tune: softmax and cross-entropy for many targets.

    L = ln(1 + Σ_{i not a label} exp(s_i)) + ln(1 + Σ_{j a label} exp(-s_j))

The scores of labels should lie above 0, all others below: each sample pits its two labels against
the other 29 classes, as softmax pits one. The gradients are the softmaxes of the two groups, each
with a zero among its scores, so that few labels among many classes need no weights, and the
decision is s > 0. At scores of 0 the loss is ln 30 + ln 3 = 4.50.

A sample counts as right only if exactly its two labels come out. That is so for 0.69 of the
samples; with 31 separate sigmoids (`top-two-metric`) for 0.68.

Source: notes on custom losses in Keras; Su Jianlin 2020, who generalises softmax cross-entropy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import train_test_split, two_level_labels
from numpynn.ops import logsumexp
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "custom losses"
TASK = "two labels of 31 at once"
EPOCHS = 20
BATCH_SIZE = 32
METRIC = "exact_match"

LABELS = two_level_labels.BROAD + two_level_labels.NARROW
FAR = 1e12
"""Takes a score out of a group: the exponential of -FAR is exactly 0 in either float type."""


def data(seed: int = 0) -> Split:
    """Targets (n, 31) with two ones each: the broad label, then the narrow one."""
    samples = two_level_labels.load()
    targets = np.zeros((len(samples.y), LABELS))
    for column, offset in zip(samples.y.T, (0, two_level_labels.BROAD), strict=True):
        targets[np.arange(len(targets)), column + offset] = 1
    x, x_test, y, y_test = train_test_split(samples.x, targets, 0.2, seed)
    return Split(x, y, x_test, y_test)


def multi_label_crossentropy(y_true: Array, y_pred: Array) -> Array:
    """The loss of scores (B, 31) for targets of zeros and ones: (B,)."""
    scores = (1 - 2 * y_true) * y_pred  # what should be below 0
    nothing = np.zeros_like(scores[:, :1])
    others = np.concatenate([scores - FAR * y_true, nothing], axis=-1)
    labels = np.concatenate([scores - FAR * (1 - y_true), nothing], axis=-1)
    return logsumexp(others, axis=-1) + logsumexp(labels, axis=-1)


def exact_match(y_true: Array, y_pred: Array) -> Array:
    """1 for the samples whose labels, and no others, have scores above 0: (B,)."""
    return np.all((y_pred > 0) == (y_true > 0.5), axis=-1)


CUSTOM_OBJECTS = {
    "multi_label_crossentropy": multi_label_crossentropy,
    "exact_match": exact_match,
}


def model() -> Sequential:
    model = Sequential([Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(LABELS)])
    model.compile("adam", loss=multi_label_crossentropy, metrics=[exact_match])
    return model


def draw(figure: Any, model: Any, split: Split) -> None:
    """The scores of labels and of others, which 0 should part."""
    panel = figure.subplots()
    scores = model.predict(split.x_test, verbose=0)
    bins = np.linspace(-25, 15, 81)
    for wanted, name in ((0, "other classes"), (1, "labels")):
        found = scores[split.y_test == wanted]
        panel.hist(found, bins=bins, weights=np.full(len(found), 1 / len(found)), alpha=0.6,
                   label=name)  # fmt: skip
    panel.axvline(0, color="black", linewidth=1)
    panel.set(xlabel="score", ylabel="share")
    panel.legend()
