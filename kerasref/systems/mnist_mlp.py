"""Handwritten digits by two layers with dropout (chapter 4), the loss from logits."""

from keras import Input, Sequential, layers, losses

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="nadam",
        loss=losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
