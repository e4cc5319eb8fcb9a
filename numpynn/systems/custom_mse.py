"""A loss as a class: squared error, and a pull towards one half.

    L = mean (y - p)² + λ mean (½ - p)²        λ = 0.1

is least at p = (y + λ/2) / (1 + λ): predictions are drawn to ½ by a factor of 1/(1 + λ). A noisy
wave between 0 and 1 comes out 9 % flatter.

A Loss gives one value a sample and leaves the rest to its base class, which weighs, sums and
divides. Were it to take the mean over the batch itself, as in the article, sample weights could no
longer tell one sample from another.

Source: notes on custom losses in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import noisy_sine
from numpynn.losses import Loss
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "custom losses"
TASK = "a loss as a class, which pulls to one half"
EPOCHS = 500
BATCH_SIZE = 16
METRIC = "loss"


class CustomMSE(Loss):
    """mean_k (y_k - p_k)² + λ mean_k (½ - p_k)²,  (B, K) → (B,)."""

    def __init__(
        self, regularization_factor: float = 0.1, name: str = "custom_mse", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.regularization_factor = regularization_factor

    def call(self, y_true: Array, y_pred: Array) -> Array:
        error = np.mean(np.square(y_true - y_pred), axis=-1)
        pull = np.mean(np.square(0.5 - y_pred), axis=-1)
        return error + self.regularization_factor * pull

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "regularization_factor": self.regularization_factor}


CUSTOM_OBJECTS = {"CustomMSE": CustomMSE}


def data(seed: int = 0) -> Split:
    """A noisy sine lifted to 0 … 1; y (64, 1)."""
    points = noisy_sine.load(seed)
    y = (points.y[:, np.newaxis] + 1) / 2
    return Split(points.x, y, points.x, y)


def model(regularization_factor: float = 0.1) -> Sequential:
    model = Sequential(
        [
            Input((1,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    model.compile(Adam(0.02), loss=CustomMSE(regularization_factor))
    return model


def draw(figure: Any, model: Any, split: Split) -> None:
    """The points, the wave, the wave drawn to one half, and the curve."""
    panel = figure.subplots()
    x = np.linspace(0.0, 6.3, 200)[:, np.newaxis]
    wave = (np.sin(x) + 1) / 2
    panel.plot(split.x, split.y, ".", label="noisy points")
    panel.plot(x, wave, "--", label="wave")
    panel.plot(x, (wave + 0.05) / 1.1, ":", label="wave, drawn to ½")
    panel.plot(x, model.predict(x, verbose=0), label="network")
    panel.set(xlabel="x", ylabel="y")
    panel.legend()
