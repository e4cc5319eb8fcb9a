"""Digits by three layers with both kinds of regularisation and dropout (chapters 3 and 5)."""

from keras import Input, Model, layers, regularizers

from numpynn.typing import Array


def model() -> Array:
    pixels = Input((784,))
    x = layers.Dense(64, activation="relu")(pixels)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(
        64,
        kernel_regularizer=regularizers.L2(0.01),
        activity_regularizer=regularizers.L1(0.01),
        name="representation",
    )(x)
    x = layers.Dropout(0.5)(x)
    digit = layers.Dense(10, activation="softmax")(x)
    model = Model(inputs=pixels, outputs=digit)
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
