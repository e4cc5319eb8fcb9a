"""What a person does, from a telephone on the waist, by a cell of one's own (chapter 9)."""

from keras import Input, Sequential, layers

from kerasref.layers import MinimalRNNCell
from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((128, 9)),
            layers.RNN(MinimalRNNCell(128)),
            layers.Dense(100, activation="relu"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
