"""Digits by three layers with both kinds of regularisation and dropout (chapters 3 and 5)."""

from keras import Input, Sequential, layers, regularizers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((784,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(
                64,
                kernel_regularizer=regularizers.L2(0.01),
                activity_regularizer=regularizers.L1(0.01),
            ),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
