"""One recurrent layer on another, for the topics of sentences (chapter 8)."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((20,)),
            layers.Embedding(1000, 64),
            layers.SimpleRNN(256, return_sequences=True),
            layers.SimpleRNN(128),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
