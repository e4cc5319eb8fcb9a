"""Losses and metrics of one's own for each of two outputs, by the outputs' names.

    x = σ(a W + b)        L_x = mean t - mean x        metric: binary accuracy
    y = softmax(c V + d)  L_y = mean t + mean y        metric: categorical cross-entropy
    L = λ_x L_x + λ_y L_y,  λ = 1, 1

Such losses show the interface, and what a loss must not be. L_x falls as all outputs rise to 1, and
never asks which targets are 1: its least value is mean t - 1 = -0.75, and the accuracy there is the
share of ones, 0.25. L_y is ½ + ½ = 1 for any weights. The metrics, which look at each target, tell.

Source: notes on several inputs and outputs in Keras (its printed L_y = 0.08 is of other code).
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Model, layers, metrics
from numpynn.optimizers import SGD
from numpynn.systems.two_outputs import BATCH_SIZE, EPOCHS, data
from numpynn.typing import Array

__all__ = ["BATCH_SIZE", "EPOCHS", "data"]

CHAPTER = "several outputs"
TASK = "two outputs with losses and metrics of one's own"
METRIC = "x_metric_of_x"


def loss_of_x(y_true: Array, y_pred: Array) -> Array:
    return np.mean(y_true) - np.mean(y_pred)


def loss_of_y(y_true: Array, y_pred: Array) -> Array:
    return np.mean(y_true) + np.mean(y_pred)


def metric_of_x(y_true: Array, y_pred: Array) -> Array:
    return metrics.binary_accuracy(y_true, y_pred)


def metric_of_y(y_true: Array, y_pred: Array) -> Array:
    return metrics.categorical_crossentropy(y_true, y_pred)


CUSTOM_OBJECTS = {
    "loss_of_x": loss_of_x,
    "loss_of_y": loss_of_y,
    "metric_of_x": metric_of_x,
    "metric_of_y": metric_of_y,
}


def model() -> Model:
    a, c = Input((4,)), Input((4,))
    x = layers.Dense(4, activation="sigmoid", name="x")(a)
    y = layers.Dense(2, activation="softmax", name="y")(c)
    model = Model(inputs=[a, c], outputs=[x, y])
    model.compile(
        optimizer=SGD(1.0),
        loss={"x": loss_of_x, "y": loss_of_y},
        loss_weights={"x": 1.0, "y": 1.0},
        metrics={"x": [metric_of_x], "y": [metric_of_y]},
    )
    return model
