"""What a person does, from a telephone on the waist, by one convolution over time.

    128 x 9      2.56 s of nine signals: acceleration with and without gravity, rotation
    126 x 64     relu(conv)     64 filters of three moments and all nine signals, half dropped
     63 x 64     the larger of each two moments
    100, 6       relu(x W₁ + b₁), softmax(h W₂ + b₂)

405,698 parameters; the signals are taken as they are. Nobody is both learnt from and tested on, and
everybody wears the telephone a little differently. So who sits and who stands are confused, for
both keep still and gravity pulls at both alike: of the measured windows (2400 to learn from, 950
others) 88 % are taken for what they are, of the generated ones 92 %.

The book's text drops after the hidden layer, its program, which this follows, after the
convolution.

Source: course book, chapter 5; data: Anguita et al. 2013, or a generated stand-in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import har_smartphones
from numpynn.systems import Split
from numpynn.utils import to_categorical

CHAPTER = "5"
TASK = "six activities from a telephone's motion"
EPOCHS = 10
BATCH_SIZE = 32
METRIC = "accuracy"
BARS = {"float32": {"gradient": 1e-3, "weights": 0.02, "loss": 0.02}}
"""Rounding decides a rectifier's gradient once in some hundred steps; see `mnist_cnn.BARS`."""


def data(seed: int = 0) -> Split:
    """The publisher's parts, whatever the seed: nobody is in both. Targets are one-hot."""
    windows = har_smartphones.load()
    y = to_categorical(windows.y, len(har_smartphones.ACTIVITIES))
    n = windows.train_rows
    return Split(windows.x[:n], y[:n], windows.x[n:], y[n:])


def model() -> Sequential:
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


def draw(figure: Any, model: Any, split: Split) -> None:
    """A window of walking, what the filters make of it, and which activities are confused."""
    from numpynn.plots import draw_confusion, draw_tiles

    panels = figure.subplot_mosaic(
        [["window", "filters", "confusion"], ["maps", "filters", "confusion"]],
        width_ratios=[1.2, 0.75, 1.2],
    )
    labels = np.argmax(split.y_test, axis=-1)
    walking = split.x_test[labels == har_smartphones.ACTIVITIES.index("walking")][:1]
    seconds = np.arange(har_smartphones.WINDOW) / har_smartphones.RATE
    panels["window"].plot(seconds, walking[0, :, :3], label=["x", "y", "z"])
    panels["window"].legend(fontsize="small", ncols=3, loc="upper right")
    panels["window"].set(
        title="a window of walking",
        xlabel="time, s",
        ylabel="total acceleration, g",
        ylim=(np.min(walking) - 0.1, np.max(walking) + 0.6),
    )
    convolution = model.layers[0]
    maps = convolution(walking).numpy()[0]  # (126, 64)
    panels["maps"].imshow(maps.T, aspect="auto", cmap="Blues", extent=(0, seconds[-3], 64.5, 0.5))
    panels["maps"].set(title="what the filters make of it", xlabel="time, s", ylabel="filter")
    kernel = convolution.kernel.numpy()  # (3, 9, 64)
    draw_tiles(panels["filters"], kernel.transpose(2, 1, 0), columns=8)
    panels["filters"].set(title="64 filters", xlabel="3 moments each", ylabel="9 signals each")
    found = np.argmax(model.predict(split.x_test, verbose=0), axis=-1)
    draw_confusion(panels["confusion"], labels, found, har_smartphones.ACTIVITIES)
    share = np.mean(found == labels)
    panels["confusion"].set_title(f"{share:.1%} right of {len(found)}")
