"""A noisy sine, fitted by two hidden layers of ten sigmoids.

    y = σ(σ(x W₁ + b₁) W₂ + b₂) W₃ + b₃        t = sin x + noise,  noise ~ N(0, 0.1²)

141 parameters for 64 points, and the curve still follows the sine rather than the noise.
Source: course book, chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import noisy_sine
from numpynn.optimizers import Nadam
from numpynn.systems import Split

CHAPTER = "3"
TASK = "a curve through a noisy sine"
EPOCHS = 1000
BATCH_SIZE = 10
METRIC = "loss"


def data(seed: int = 0) -> Split:
    points = noisy_sine.load(seed)
    return Split(points.x, points.y, points.x, points.y)


def model() -> Sequential:
    model = Sequential(
        [
            Input((1,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer=Nadam(0.02, beta_1=0.9, beta_2=0.999), loss="mse")
    return model


def draw(figure: Any, model: Any, split: Split) -> None:
    """The points, the sine behind them, and the fitted curve."""
    panel = figure.subplots()
    x = np.linspace(0.0, 6.3, 200)[:, np.newaxis]
    panel.plot(split.x, split.y, ".", label="noisy points")
    panel.plot(x, np.sin(x), "--", label="sine")
    panel.plot(x, model.predict(x, verbose=0), label="network")
    panel.set(xlabel="x", ylabel="y")
    panel.legend()
