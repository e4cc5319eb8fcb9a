"""What a person does, from a telephone on the waist, by a cell of one's own.

    128 x 9      2.56 s of nine signals
    128          the last state of  h_t = x_t W + h_{t-1} R,  h_0 = 0
    100, 6       relu(h W₁ + b₁), softmax(z W₂ + b₂)

31,042 parameters; the course counts 31,554, with a bias of 512 numbers that its cell makes and
never uses. The cell is linear, so its last state is one weighted sum of the window,

    h_T = Σ_k x_{T-k} W R^k

and R, small and uniform at first, has eigenvalues up to 0.33: of what was felt ten moments ago,
0.2 s, some 10⁻⁵ is left. At first the cell sees little more than where gravity pulls at the end of
the window. Training drives a few eigenvalues out, to 0.85 and beyond, and half a second counts; it
takes many epochs, for the gradient too fades on its way back. After ten of them 70 % of the
measured windows are taken for what they are, and who walks is hard to tell from who climbs.
`memory` gives ‖W Rᵏ‖, moment by moment. An LSTM in the cell's place is `lstm_model`.

Source: course book, chapter 9; data: Anguita et al. 2013, or a generated stand-in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import har_smartphones
from numpynn.systems import Split
from numpynn.systems.har_cnn import data
from numpynn.typing import Array

__all__ = ["data", "lstm_model", "memory", "model"]

CHAPTER = "9"
TASK = "six activities from a telephone's motion, by a cell of one's own"
EPOCHS = 10
BATCH_SIZE = 32
METRIC = "accuracy"

UNITS = 128


def model() -> Sequential:
    return _classifier(layers.RNN(layers.MinimalRNNCell(UNITS)))


def lstm_model() -> Sequential:
    """The same with an LSTM, to hold the cell against: 84,162 parameters."""
    return _classifier(layers.LSTM(UNITS))


def _classifier(recurrent: Any) -> Sequential:
    model = Sequential(
        [
            Input((har_smartphones.WINDOW, len(har_smartphones.SIGNALS))),
            recurrent,
            layers.Dense(100, activation="relu"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def memory(model: Any, steps: int = 40) -> Array:
    """‖W R^k‖ for k = 0 … steps - 1: how much of what came k steps ago the state still holds."""
    cell = _cell(model)
    trace, recurrent = cell.kernel.numpy(), cell.recurrent_kernel.numpy()
    lengths = np.empty(steps)
    for k in range(steps):
        lengths[k] = np.linalg.norm(trace)
        trace = trace @ recurrent
    return lengths


def _cell(model: Any) -> Any:
    return model.layers[0].cell


def draw(figure: Any, trained: Any, split: Split) -> None:
    """How far back the cell remembers, its eigenvalues, and which activities are confused."""
    from numpynn.plots import draw_confusion

    panels = figure.subplot_mosaic(
        [["memory", "confusion"], ["eigenvalues", "confusion"]], width_ratios=[1, 1.2]
    )
    for name, network in (("learnt", trained), ("new", model())):
        lengths = memory(network)
        seconds = np.arange(len(lengths)) / har_smartphones.RATE
        panels["memory"].semilogy(seconds, lengths, label=name)
        values = np.linalg.eigvals(_cell(network).recurrent_kernel.numpy())
        panels["eigenvalues"].plot(values.real, values.imag, ".", markersize=4, label=name)
    panels["memory"].set(title="what is left of a moment", xlabel="seconds ago", ylabel="‖W Rᵏ‖")
    circle = np.exp(2j * np.pi * np.linspace(0, 1, 200))
    panels["eigenvalues"].plot(circle.real, circle.imag, color="grey", linewidth=0.8)
    panels["eigenvalues"].set(
        title="eigenvalues of R", xlabel="real part", ylabel="imaginary part", aspect="equal"
    )
    panels["memory"].legend(fontsize="small")
    found = np.argmax(trained.predict(split.x_test, verbose=0), axis=-1)
    labels = np.argmax(split.y_test, axis=-1)
    draw_confusion(panels["confusion"], labels, found, har_smartphones.ACTIVITIES)
    panels["confusion"].set_title(f"{np.mean(found == labels):.1%} right of {len(found)}")
