"""An encoder that hands its states to a decoder (chapter 8)."""

from keras import Input, Model, layers

from numpynn.typing import Array


def model() -> Array:
    sentence, question = Input((None,)), Input((None,))
    x = layers.Embedding(1000, 64)(sentence)
    _, h, c = layers.LSTM(64, return_state=True, name="encoder")(x)
    y = layers.Embedding(2000, 64)(question)
    y = layers.LSTM(64, name="decoder")(y, initial_state=[h, c])
    answer = layers.Dense(10, activation="softmax")(y)
    model = Model([sentence, question], answer)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
