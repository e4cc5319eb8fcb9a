"""House prices in Boston from 13 features (chapter 3): regression, nothing scaled."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((13,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    return model
