"""Good radar returns from bad: a 34-10-8-1 network.

    h₁ = relu(x W₁ + b₁)    h₂ = relu(h₁ W₂ + b₂)    p = σ(h₂ W₃ + b₃)    L = binary cross-entropy

447 parameters. Source: course book, chapter 3; data: UCI Ionosphere, Sigillito et al. 1989.
"""

from __future__ import annotations

from numpynn import Input, Sequential, layers
from numpynn.datasets import ionosphere, train_test_split
from numpynn.systems import Split

CHAPTER = "3"
TASK = "good radar returns from bad"
EPOCHS = 150
BATCH_SIZE = 32
METRIC = "accuracy"


def data(seed: int = 0) -> Split:
    returns = ionosphere.load()
    x, x_test, y, y_test = train_test_split(returns.x, returns.y, 0.33, seed)
    return Split(x, y, x_test, y_test)


def model() -> Sequential:
    model = Sequential(
        [
            Input((34,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model
