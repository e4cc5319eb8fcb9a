"""Digits by three layers with both kinds of regularisation and dropout, written as a graph.

    h = dropout(relu(relu(x W₁ + b₁) W₂ + b₂) W₃ + b₃)        p = softmax(h W₄ + b₄)
    L = -Σ_k t_k ln p_k + 0.01 Σ W₃² + 0.01 Σ|h₃| / batch size

A layer called on a tensor gives a tensor; the model is what lies between the first and the last.
So every tensor on the way can end a model of its own, which shares the layers: `representation`
gives h₃, whose values the penalty keeps small.

59,210 parameters. The book leaves data and labels open; here they are the digits.
Source: course book, chapters 3 and 5.
"""

from __future__ import annotations

from typing import Any

from numpynn import Input, Model, layers, regularizers
from numpynn.systems import Split, mnist_softmax
from numpynn.utils import to_categorical

CHAPTER = "3"
TASK = "digits by a regularised network, a functional model"
EPOCHS = 10
BATCH_SIZE = 32
METRIC = "accuracy"


def data(seed: int = 0) -> Split:
    digits = mnist_softmax.data(seed)
    return Split(
        digits.x.reshape(len(digits.x), -1),
        to_categorical(digits.y, 10),
        digits.x_test.reshape(len(digits.x_test), -1),
        to_categorical(digits.y_test, 10),
    )


def model() -> Model:
    pixels = Input((784,))
    x = layers.Dense(64, activation="relu")(pixels)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(
        64,
        kernel_regularizer=regularizers.L2(0.01),
        activity_regularizer=regularizers.L1(0.01),
        name="representation",
    )(x)
    x = layers.Dropout(0.5)(x)
    digit = layers.Dense(10, activation="softmax")(x)
    model = Model(inputs=pixels, outputs=digit)
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def representation(model: Any) -> Model:
    """The part of the model that ends at h₃, (B, 64): the same layers, the same weights."""
    return Model(model.input, model.get_layer("representation").output)
