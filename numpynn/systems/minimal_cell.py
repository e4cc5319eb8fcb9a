"""A cell of one's own, the smallest there is: a layer that makes the next state from the last.

    h_t = x_t W + h_{t-1} R        h_0 = 0        x_t (5)   h_t (32)   W (5, 32)   R (32, 32)

What makes it a cell is `state_size`, and that it takes x_t and [h_{t-1}] and gives its output and
[h_t]; `RNN` makes the loop. There is no activation, so what came k steps ago is still there as
x W Rᵏ. It fades like ρᵏ, where ρ is the largest of the absolute eigenvalues of R: about 0.17 for 32
units whose first weights are drawn between -0.05 and 0.05, and after ten steps there is nothing
left. What must be remembered R must learn.

Here it learns 32 leaky averages of five signals,

    a_t = r a_{t-1} + (1 - r) x_t        r = 0 … 0.9

slower and slower ones. Such averages are linear too, so the cell can be exactly them, with the
numbers r on the diagonal of R and zeros elsewhere; then ρ = 0.9. It finds another R, full and
nearly as good, with ρ = 0.86.

1184 parameters. The book prints 1312: its cell also makes a bias of 4 · 32 numbers which it never
uses (`AsPrinted`). It shows the model's summary alone; signals and averages are made for it.

Source: course book, chapter 9; Keras's documentation of RNN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Model, layers
from numpynn.layers import MinimalRNNCell
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "9"
TASK = "leaky averages of signals by a cell of one's own"
EPOCHS = 40
BATCH_SIZE = 32
METRIC = "loss"

SIGNALS, UNITS, STEPS = 5, 32, 20
LEAKS = np.linspace(0, 0.9, UNITS)


def data(seed: int = 0) -> Split:
    """600 sequences of noise to learn from and 200 others, with their averages at the end."""
    x = np.random.default_rng(seed).normal(size=(800, STEPS, SIGNALS))
    y = leaky_averages(x)
    return Split(x[:600], y[:600], x[600:], y[600:])


def leaky_averages(x: Array) -> Array:
    """The last of each, (B, T, 5) to (B, 32); unit j averages signal j mod 5."""
    signals = x[:, :, np.arange(UNITS) % SIGNALS]
    ages = np.arange(x.shape[1])[::-1, np.newaxis]
    return np.sum(signals * (1 - LEAKS) * LEAKS**ages, axis=1)


class AsPrinted(MinimalRNNCell):
    """The book's cell, with the bias that it makes and does not use."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.bias = self.add_weight((4 * self.units,), name="bias")


CUSTOM_OBJECTS = {"AsPrinted": AsPrinted}


def model(cell: type[MinimalRNNCell] = MinimalRNNCell) -> Model:
    x = Input((None, SIGNALS))
    model = Model(x, layers.RNN(cell(UNITS))(x))
    model.compile(Adam(0.01), "mse")
    return model


def impulse_response(recurrent_kernel: Array, steps: int) -> Array:
    """How much of a state is left after 0, 1, … steps: the norm of Rᵏ, the largest stretch."""
    powers = [np.eye(len(recurrent_kernel))]
    for _ in range(steps - 1):
        powers.append(powers[-1] @ recurrent_kernel)
    return np.array([np.linalg.norm(power, 2) for power in powers])
