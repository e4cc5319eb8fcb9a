"""The same prices as a Keras program (chapter 3): one linear unit, here with a bias."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mse"])
    return model
