"""The layers of the book's appendix in one network, each used as its snippet shows it.

    x (32) → Dense(32) → RepeatVector(3) → Permute(2, 1) → Flatten → antirectifier → h (192)
    z = relu(h W₁ + b₁)        s = σ(z W₂ + b₂)        l = z W₃ + b₃
    y = Linear([s, l]) + Σ_k s_k l_k + Σ_k s_k l_k²

The antirectifier keeps what a ReLU throws away: v = x - mean x, divided by its length, becomes
[max(v, 0), max(-v, 0)], twice as long. Two branches of one layer, 37 sigmoids and 37 linear units,
are put side by side (74 numbers), multiplied with one another (Dot, Multiply), and summed. The last
layer is the appendix's own class with a kernel and a bias. Trained by SGD on the mean squared
error, as the appendix compiles it: of the targets' variance of 1, 0.07 remains.

The snippets whose results the book prints, and those that it gets wrong, are tests.

Source: course book, appendix A, with its errors corrected (Permute is no reshape; a Lambda must not
change its input in place).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Model, layers
from numpynn.losses import MeanSquaredError
from numpynn.optimizers import SGD
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "appendix A"
TASK = "the appendix's layers in one network"
EPOCHS = 100
BATCH_SIZE = 32
METRIC = "loss"


def antirectifier(x: Array) -> Array:
    """[max(v, 0), max(-v, 0)] of v = (x - mean x) / ‖x - mean x‖:  (B, n) → (B, 2n)."""
    centred = x - np.mean(x, axis=1, keepdims=True)
    squared = np.sum(np.square(centred), axis=1, keepdims=True)
    unit = centred / np.sqrt(np.maximum(squared, 1e-12))
    return np.concatenate([np.maximum(unit, 0), np.maximum(-unit, 0)], axis=1)


class Linear(layers.Layer):
    """x W + b,  (B, d) → (B, units): the least that a layer with weights needs."""

    def __init__(self, units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(
            (input_shape[-1], self.units), initializer="random_normal", name="w"
        )
        self.b = self.add_weight((self.units,), initializer="zeros", name="b")

    def call(self, inputs: Array) -> Array:
        return np.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


CUSTOM_OBJECTS = {"antirectifier": antirectifier, "Linear": Linear}


def data(seed: int = 0) -> Split:
    """Targets from a product of two random projections of 32 normal numbers, and one more."""
    random = np.random.default_rng(seed)
    directions = random.normal(size=(32, 3)) / np.sqrt(32)
    x = random.normal(size=(1500, 32))
    a, b, c = (x @ directions).T
    y = (np.tanh(a) * b + c)[:, np.newaxis]
    y = (y - y.mean()) / y.std()
    return Split(x[:1200], y[:1200], x[1200:], y[1200:])


def model() -> Model:
    x = Input((32,))
    h = layers.Dense(32)(x)
    h = layers.RepeatVector(3)(h)
    h = layers.Permute((2, 1))(h)
    h = layers.Flatten()(h)
    h = layers.Lambda(antirectifier, output_shape=(192,))(h)
    z = layers.Dense(10, activation="relu")(h)
    gates = layers.Dense(37, activation="sigmoid")(z)
    values = layers.Dense(37)(z)
    both = layers.Concatenate()([gates, values])
    gated = layers.Dot(axes=1)([gates, values])
    squares = layers.Dot(axes=1)([layers.Multiply()([gates, values]), values])
    y = layers.Add()([Linear(1)(both), gated, squares])
    model = Model(x, y)
    model.compile(SGD(0.02), loss=MeanSquaredError())
    return model
