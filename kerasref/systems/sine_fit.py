"""A noisy sine, fitted by two layers of sigmoids (chapter 3)."""

from keras import Input, Sequential, layers, optimizers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((1,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer=optimizers.Nadam(0.02, beta_1=0.9, beta_2=0.999), loss="mse")
    return model
