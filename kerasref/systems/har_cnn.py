"""What a person does, from a telephone on the waist, by a convolution over time (chapter 5)."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((128, 9)),
            layers.Conv1D(64, 3, activation="relu"),
            layers.Dropout(0.5),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
