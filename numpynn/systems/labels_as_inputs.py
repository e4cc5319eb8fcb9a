"""The targets enter as inputs, and a layer inside the model makes the loss of them.

    x = softmax(a W + b)        y = softmax(c V + d)
    L = mean CE(t_x, x) + mean BCE(t_y, y)

`compile` then gets an optimizer and nothing else, `fit` gets no y. Where a loss needs more than one
output and one target, this is a way to write it; the price is that `predict` wants targets too.
What the article adds to the finished model is here an endpoint layer, which passes its outputs
through and calls `add_loss`: only so does Keras 3 have it. A metric that a layer holds is reset
with the others.

Binary cross-entropy, averaged over the two probabilities of a softmax, is categorical
cross-entropy, for the other probability is 1 - p.

Source: notes on several inputs and outputs in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Model, layers, metrics
from numpynn.losses import binary_crossentropy, categorical_crossentropy
from numpynn.optimizers import Adam
from numpynn.systems import Split, two_outputs
from numpynn.typing import Array

CHAPTER = "several outputs"
TASK = "targets as inputs, the loss made in a layer"
EPOCHS = 100
BATCH_SIZE = 32
METRIC = "loss"


class Losses(layers.Layer):
    """[t_x, x, t_y, y] → [x, y], having added both losses and updated both accuracies."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x_accuracy = metrics.CategoricalAccuracy(name="x_acc")
        self.y_accuracy = metrics.BinaryAccuracy(name="y_acc")

    def call(self, inputs: list[Array]) -> list[Array]:
        true_x, x, true_y, y = inputs
        self.add_loss(np.mean(categorical_crossentropy(true_x, x)))
        self.add_loss(np.mean(binary_crossentropy(true_y, y)))
        self.x_accuracy.update_state(true_x, x)
        self.y_accuracy.update_state(true_y, y)
        return [x, y]


CUSTOM_OBJECTS = {"Losses": Losses}


def data(seed: int = 0) -> Split:
    inputs = [*two_outputs.INPUTS, *two_outputs.TARGETS]
    return Split(inputs, None, inputs, None)


def model() -> Model:
    a, c, true_x, true_y = Input((4,)), Input((4,)), Input((4,)), Input((2,))
    x = layers.Dense(4, activation="softmax", name="x")(a)
    y = layers.Dense(2, activation="softmax", name="y")(c)
    model = Model([a, c, true_x, true_y], Losses()([true_x, x, true_y, y]))
    model.compile(Adam(0.03))
    return model
