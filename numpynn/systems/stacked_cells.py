"""Several cells make one: at each step every cell takes what the one below it has just made.

    h_t = tanh(x_t W₁ + h_{t-1} R₁ + b₁)        24 units
    g_t = tanh(h_t W₂ + g_{t-1} R₂ + b₂)       128 units, the output

`RNN(StackedRNNCells([…]))`, or a list of cells given to `RNN`, goes along the sequence once, step
by step through all cells; the states of all cells are its states. Layers stacked one on another go
along it once for each, and give the same with the same weights: which loop is the inner one does
not matter.

Here are both of the course's stacks on the same waves, each with an output of its own: SimpleRNN
cells of 24 and 128 units (24 d + 600 and 19,584 parameters with d inputs), and two LSTM cells of
128, whose states are [h, c] twice. The waves, 16 moments of two instruments, are sines, squares or
saw teeth with noise; phase and frequency differ. The course shows the cells alone.

219,662 parameters. Source: course book, chapters 8 and 9; the waves are generated.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Model, layers
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "8"
TASK = "forms of waves by stacked cells, simple and LSTM"
EPOCHS = 4
BATCH_SIZE = 32
METRIC = "lstm_accuracy"

STEPS, INSTRUMENTS, FORMS = 16, 2, 3


def data(seed: int = 0) -> Split:
    """900 waves to learn from and 300 others, the same targets for both outputs."""
    random = np.random.default_rng(seed)
    forms = random.integers(FORMS, size=1200)
    x = waves(random, forms)
    y, y_test = (dict.fromkeys(("simple", "lstm"), part) for part in (forms[:900], forms[900:]))
    return Split(x[:900], y, x[900:], y_test)


def waves(random: np.random.Generator, forms: Array) -> Array:
    """Sines (0), squares (1) or saw teeth (2) between -1 and 1, and noise: (B, 16, 2)."""
    size = len(forms)
    start, frequency = random.random((size, 1)), random.uniform(0.08, 0.16, (size, 1))
    phase = start + frequency * np.arange(STEPS)
    sine = np.sin(2 * np.pi * phase)
    every = np.stack([sine, np.sign(sine), 2 * (phase % 1) - 1])
    found = every[forms, np.arange(size)][..., np.newaxis]
    return found + random.normal(0, 0.2, (size, STEPS, INSTRUMENTS))


def model() -> Model:
    x = Input((STEPS, INSTRUMENTS))
    cells = layers.StackedRNNCells([layers.SimpleRNNCell(24), layers.SimpleRNNCell(128)])
    simple = layers.RNN(cells, name="stacked_simple")(x)
    lstm = layers.RNN([layers.LSTMCell(128) for _ in range(2)], name="stacked_lstm")(x)
    outputs = {
        name: layers.Dense(FORMS, activation="softmax", name=name)(last)
        for name, last in (("simple", simple), ("lstm", lstm))
    }
    model = Model(x, outputs)
    model.compile(
        "adam",
        dict.fromkeys(outputs, "sparse_categorical_crossentropy"),
        metrics={name: ["accuracy"] for name in outputs},
    )
    return model
