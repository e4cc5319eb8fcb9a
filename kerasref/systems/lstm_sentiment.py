"""Reviews in favour or against, by the mean over time of an LSTM's states (chapter 9)."""

from keras import Input, Model, layers

from numpynn.typing import Array


def model() -> Array:
    numbers = Input((51,), dtype="int32")
    x = layers.Embedding(5000, 100)(numbers)
    x = layers.LSTM(100, return_sequences=True)(x)
    x = layers.Dropout(0.5)(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dense(100)(x)
    praise = layers.Dense(1, activation="sigmoid")(x)
    model = Model(numbers, praise)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model
