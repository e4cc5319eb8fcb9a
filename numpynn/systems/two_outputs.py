"""Two inputs, two outputs, a loss for each: the total is their sum, weighted where one says so.

    x = softmax(a W + b)        y = softmax(c V + d)
    L = L_x + L_y               L_x = cross-entropy,    L_y = mean of y itself

The second loss asks for nothing: two probabilities have the mean ½ whatever the weights are. So it
stays at 0.5, its gradient is 0, and V and d never move: that a loss is printed does not mean that
something is learnt. The first one is learnt as usual, to 0.006.

The article trains its two samples for four epochs with Adam at 0.001, in which nothing happens.
Here it is 100 with SGD, for Adam may move V and d after all, in float32: it divides each gradient
by its own size, also the 1e-8 of rounding that now and then remains of zero.

Source: notes on several inputs and outputs in Keras.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Model, layers
from numpynn.losses import CategoricalCrossentropy
from numpynn.optimizers import SGD
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "several outputs"
TASK = "two inputs, two outputs, a loss each"
EPOCHS = 100
BATCH_SIZE = 32
METRIC = "x_loss"

INPUTS = (
    np.array([[1.0, 0, 1, 0], [0, 1, 0, 1]]),
    np.array([[0.0, 0, 0, 1], [0, 0, 1, 0]]),
)
TARGETS = (np.array([[0.0, 0, 0, 1], [0, 0, 1, 0]]), np.array([[0.0, 1], [1, 0]]))
"""The article's own two samples."""


def data(seed: int = 0) -> Split:
    return Split(list(INPUTS), list(TARGETS), list(INPUTS), list(TARGETS))


def output_itself(y_true: Array, y_pred: Array) -> Array:
    """A loss that asks for small outputs, and cannot have them from a softmax."""
    return y_pred


CUSTOM_OBJECTS = {"output_itself": output_itself}


def model() -> Model:
    a, c = Input((4,)), Input((4,))
    x = layers.Dense(4, activation="softmax", name="x")(a)
    y = layers.Dense(2, activation="softmax", name="y")(c)
    model = Model(inputs=[a, c], outputs=[x, y])
    model.compile(
        optimizer=SGD(1.0),
        loss=[CategoricalCrossentropy(), output_itself],
        metrics=["acc", "acc"],
    )
    return model
