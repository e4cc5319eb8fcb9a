"""Penalties on activations (chapter 11), in three ways: a function, a class, within a layer."""

from keras import Input, Sequential, layers, losses, ops, regularizers

from numpynn.systems.sparse_representation import FACTOR
from numpynn.typing import Array


def l1_penalty(x: Array) -> Array:
    return FACTOR * ops.sum(ops.absolute(x))


class L2Penalty(regularizers.Regularizer):
    def __init__(self, l2: float = FACTOR) -> None:
        self.l2 = l2

    def __call__(self, x: Array) -> Array:
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, float]:
        return {"l2": self.l2}


class PenalisedActivity(layers.Layer):
    def call(self, x: Array) -> Array:
        self.add_loss(FACTOR * ops.sum(ops.square(x)))
        return x


def custom_loss(y_true: Array, y_pred: Array) -> Array:
    return losses.binary_crossentropy(y_true, y_pred)


CUSTOM_OBJECTS = {
    "l1_penalty": l1_penalty,
    "L2Penalty": L2Penalty,
    "PenalisedActivity": PenalisedActivity,
    "custom_loss": custom_loss,
}


def model(way: str = "class") -> Array:
    penalty = {"function": l1_penalty, "class": L2Penalty(FACTOR)}.get(way)
    model = Sequential(
        [
            Input((34,)),
            layers.Dense(
                10,
                activation="relu",
                kernel_initializer="he_normal",
                activity_regularizer=l1_penalty,
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
