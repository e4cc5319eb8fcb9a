"""Good and bad radar returns from the ionosphere (chapter 3): two classes, 34 features."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
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
