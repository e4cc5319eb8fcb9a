"""Handwritten digits by softmax regression (chapter 4), the loss from probabilities."""

from keras import Input, Sequential, layers, losses

from numpynn.typing import Array


def model() -> Array:
    model = Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(10), layers.Softmax()])
    model.compile(
        optimizer="adam",
        loss=losses.SparseCategoricalCrossentropy(from_logits=False),
        metrics=["accuracy"],
    )
    return model
