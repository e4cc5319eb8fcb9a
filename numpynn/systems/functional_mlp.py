"""Digits by three layers with both kinds of regularisation and dropout.

    h = dropout(relu(relu(x W₁ + b₁) W₂ + b₂) W₃ + b₃)        p = softmax(h W₄ + b₄)
    L = -Σ_k t_k ln p_k + 0.01 Σ W₃² + 0.01 Σ|h₃| / batch size

59,210 parameters. The book leaves data and labels open; here they are the digits.
Source: course book, chapters 3 and 5.
"""

from __future__ import annotations

from numpynn import Input, Sequential, layers, regularizers
from numpynn.systems import Split, mnist_softmax
from numpynn.utils import to_categorical

CHAPTER = "3"
TASK = "digits by a regularised network"
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


def model() -> Sequential:
    model = Sequential(
        [
            Input((784,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(
                64,
                kernel_regularizer=regularizers.L2(0.01),
                activity_regularizer=regularizers.L1(0.01),
            ),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
