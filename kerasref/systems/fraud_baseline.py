"""Fraud among credit-card payments (chapter 4): the output's bias begins at the log-odds."""

from keras import Input, Sequential, initializers, layers, losses, metrics, optimizers
from keras.callbacks import EarlyStopping

from numpynn.systems.fraud_baseline import data, log_odds
from numpynn.typing import Array


def model(bias: float | None = None) -> Array:
    bias = log_odds(data().y) if bias is None else bias
    model = Sequential(
        [
            Input((29,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid", bias_initializer=initializers.Constant(bias)),
        ]
    )
    model.compile(
        optimizer=optimizers.Adam(1e-3),
        loss=losses.BinaryCrossentropy(),
        metrics=[
            metrics.TruePositives(name="tp"),
            metrics.FalsePositives(name="fp"),
            metrics.TrueNegatives(name="tn"),
            metrics.FalseNegatives(name="fn"),
            metrics.BinaryAccuracy(name="accuracy"),
        ],
    )
    return model


def callbacks() -> list[Array]:
    """New for each run: Keras's early stopping remembers the best loss of the run before."""
    return [EarlyStopping("val_loss", patience=10, mode="min", restore_best_weights=True)]
