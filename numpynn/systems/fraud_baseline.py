"""Fraud among credit-card payments, one in 580: a small network, as if nothing were the matter.

    h = dropout(relu(x W₁ + b₁))        p = σ(h w₂ + b₂)        L = binary cross-entropy

497 parameters for 29 features, standardised by the training part alone and cut off at ±5. The
output's bias begins where the share of frauds wants it (`fraud-bias-init`); training stops when the
validation loss has not fallen for ten epochs, and goes back to its best weights.

Whoever calls every payment honest is right 99.8 % of the time and finds no fraud. So accuracy says
nothing here; the figure is the balanced accuracy, the mean of the shares of frauds and of honest
payments that are recognised:

    ½ (TP / (TP + FN) + TN / (TN + FP))

which is ½ for whoever knows nothing. The baseline accuses hardly anybody wrongly and misses a
quarter of the frauds: 0.88. `fraud-class-weight` and `fraud-oversampling` trade one for the other.

Source: course book, chapter 4; data: Dal Pozzolo et al. 2015, or a generated stand-in.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers, metrics
from numpynn.callbacks import Callback, EarlyStopping
from numpynn.datasets import credit_card_fraud, train_test_split
from numpynn.initializers import Constant
from numpynn.losses import BinaryCrossentropy
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "4"
TASK = "credit-card fraud, one in 580"
EPOCHS = 100
BATCH_SIZE = 2048
METRIC = "balanced accuracy"


def data(seed: int = 0) -> Split:
    """16 % to validate, 20 % to test; in float32, for there are many."""
    return _prepared(seed)


@functools.lru_cache(maxsize=1)
def _prepared(seed: int) -> Split:
    payments = credit_card_fraud.load()
    logarithms = np.log(payments.x[:, -1:] + 0.001)
    features = np.concatenate([payments.x[:, 1:-1], logarithms], axis=1)
    x, x_test, y, y_test = train_test_split(features, payments.y, 0.2, seed)
    x, x_val, y, y_val = train_test_split(x, y, 0.2, seed)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x, x_val, x_test = (
        np.clip((part - mean) / deviation, -5, 5).astype(np.float32) for part in (x, x_val, x_test)
    )
    return Split(x, y, x_test, y_test, validation=(x_val, y_val))


def log_odds(y: Array) -> float:
    """-ln(1/p₀ - 1) = ln(positives / negatives): the bias b with σ(b) = p₀, their share."""
    positives = int(np.sum(y))
    return float(np.log(positives / (len(y) - positives)))


def model(bias: float | None = None) -> Sequential:
    """Compiled; `bias` of the output is the training part's log-odds unless given."""
    model = Sequential(
        [
            Input((29,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(
                1,
                activation="sigmoid",
                bias_initializer=Constant(log_odds(data().y) if bias is None else bias),
            ),
        ]
    )
    model.compile(
        optimizer=Adam(1e-3),
        loss=BinaryCrossentropy(),
        metrics=[
            metrics.TruePositives(name="tp"),
            metrics.FalsePositives(name="fp"),
            metrics.TrueNegatives(name="tn"),
            metrics.FalseNegatives(name="fn"),
            metrics.BinaryAccuracy(name="accuracy"),
        ],
    )
    return model


def callbacks() -> list[Callback]:
    """Early stopping, a new one for each run: it remembers the best loss it has seen."""
    return [EarlyStopping("val_loss", patience=10, mode="min", restore_best_weights=True)]


def measure(evaluation: dict[str, float]) -> float:
    """The balanced accuracy from the four counts."""
    tp, fp, tn, fn = (evaluation[name] for name in ("tp", "fp", "tn", "fn"))
    return (tp / (tp + fn) + tn / (tn + fp)) / 2


def draw(figure: Any, model: Any, split: Split) -> None:
    """The confusion matrix at probability ½, and the curve over all thresholds."""
    from numpynn.plots import draw_confusion, draw_roc

    matrix, curve = figure.subplots(1, 2)
    scores = model.predict(split.x_test, batch_size=BATCH_SIZE, verbose=0)[:, 0]
    draw_confusion(matrix, split.y_test, scores > 0.5, ("honest", "fraud"))
    draw_roc(curve, split.y_test, scores, "test")
    seen = model.predict(split.x, batch_size=BATCH_SIZE, verbose=0)[:, 0]
    draw_roc(curve, split.y, seen, "training")
    curve.plot([0, 1], [0, 1], ":", color="grey")
    curve.legend(loc="lower right")
