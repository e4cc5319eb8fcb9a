"""Handwritten digits by two convolutions: what is found in one place is known in all.

    28 x 28      a picture, its grey values from 0 to 1
    28 x 28 x 32     relu(conv)     32 filters of 5 x 5, zeros around the picture
    14 x 14 x 32     the largest of each 2 x 2
    14 x 14 x 64     relu(conv)     64 filters of 5 x 5 x 32
     7 x  7 x 64     the largest of each 2 x 2
    1024, 10         relu(x W₁ + b₁), half of it dropped; softmax(h W₂ + b₂)

3,274,634 parameters, of which the convolutions have 52,096: a filter has one set of weights for all
places. Having learnt from 4000 of the embedded digits it knows 97.5 % of the other 1000, where one
layer knows 90 % and a hidden layer 94 %. In single epochs it falls back by a point or two.

Source: course book, chapter 5; LeCun et al. 1998.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.losses import SparseCategoricalCrossentropy
from numpynn.systems import Split
from numpynn.systems.mnist_softmax import METRIC, data

__all__ = ["METRIC", "data", "model"]

CHAPTER = "5"
TASK = "handwritten digits by two convolutions"
EPOCHS = 10
BATCH_SIZE = 100
BARS = {"float32": {"gradient": 1e-3, "weights": 0.05, "loss": 0.1}}
"""Each step has 3.8 million rectifiers and 0.9 million pools. In float32 one or two of them have
inputs so near 0, or so near each other, that rounding decides which way their gradient goes, and
Nadam's next steps, of equal size for large and small gradients, carry that on: after 20 steps Keras
with XLA has weights 0.013 and a loss 0.017 away from its own without. In float64 the usual bars
hold."""


def model() -> Sequential:
    model = Sequential(
        [
            Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(32, 5, activation="relu", padding="same"),
            layers.MaxPool2D(),
            layers.Conv2D(64, (5, 5), activation="relu", padding="same"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(1024, activation="relu", kernel_initializer="he_normal"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="Nadam",
        loss=SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model


def draw(figure: Any, model: Any, split: Split) -> None:
    """The first layer's filters, what they make of a digit, and which digits are confused."""
    from numpynn.plots import draw_confusion, draw_tiles

    panels = figure.subplot_mosaic(
        [["filters", "confusion"], ["maps", "confusion"]], width_ratios=[1, 1.1]
    )
    reshape, convolution = model.layers[:2]
    kernel = convolution.kernel.numpy()  # (5, 5, 1, 32)
    draw_tiles(panels["filters"], np.moveaxis(kernel[:, :, 0], -1, 0), columns=8)
    panels["filters"].set(title="the 32 filters of the first layer")
    panels["filters"].set(xlabel="5 pixels each", ylabel="5 pixels each")
    maps = convolution(reshape(split.x_test[:1])).numpy()[0]  # (28, 28, 32)
    draw_tiles(panels["maps"], np.moveaxis(maps, -1, 0), columns=8)
    panels["maps"].set(title=f"what each of them makes of a {split.y_test[0]}")
    panels["maps"].set(xlabel="28 pixels each", ylabel="28 pixels each")
    found = np.argmax(model.predict(split.x_test, verbose=0), axis=-1)
    draw_confusion(panels["confusion"], split.y_test, found, [str(digit) for digit in range(10)])
    share = np.mean(found == split.y_test)
    panels["confusion"].set_title(f"{share:.1%} right of {len(found)} held-out digits")
