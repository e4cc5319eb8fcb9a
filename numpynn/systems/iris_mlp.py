"""Three kinds of iris from four measurements: a 4-10-8-3 network.

    h₁ = relu(x W₁ + b₁)    h₂ = relu(h₁ W₂ + b₂)    p = softmax(h₂ W₃ + b₃)    L = -ln p_t

165 parameters. The book trains 150 epochs at Adam's default learning rate, 0.001, which often ends
too early (`iris-mlp-as-printed`); 0.01 gets there. Source: course book, chapter 3; Fisher 1936.
"""

from __future__ import annotations

from numpynn import Input, Sequential, layers
from numpynn.datasets import iris, train_test_split
from numpynn.optimizers import Adam
from numpynn.systems import Split

CHAPTER = "3"
TASK = "three kinds of iris"
EPOCHS = 150
BATCH_SIZE = 32
METRIC = "accuracy"


def data(seed: int = 0) -> Split:
    flowers = iris.load()
    x, x_test, y, y_test = train_test_split(flowers.x, flowers.y, 0.33, seed)
    return Split(x, y, x_test, y_test)


def model(learning_rate: float = 0.01) -> Sequential:
    model = Sequential(
        [
            Input((4,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
