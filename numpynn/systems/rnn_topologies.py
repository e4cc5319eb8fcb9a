"""What goes into a recurrent network, and what comes out: one or many, in five ways.

    one to one           y = f(x)                    no recurrence: a dense layer
    one to many          x, x, x, …  → y_1 … y_T     x repeated; the state tells the steps apart
    many to one          x_1 … x_T → y               the last state
    many to many         x_1 … x_T → y_1 … y_T       every state, at its own step
    encoder, decoder     x_1 … x_T → s → y_1 … y_T   the last state, repeated, is decoded

Five small networks on the same inputs, one of four symbols or six of them, in a model of five
outputs. Each learns what its form can:

    one_to_one           the next symbol, 0 after 3
    one_to_many          the six symbols that follow
    many_to_one          whether the first and the last symbol are the same
    many_to_many         the symbol of the step before, at the first one 0
    encoder_decoder      the three first symbols, in reverse, once all six are read

The same weights serve each step, so any length will do. Reversing is out of reach of many_to_many,
which must answer at the first step what it will read at the third.

The book draws the five forms and gives no model; these symbols and sizes are made for it. Together
20,708 parameters, and after the recipe each output is right for more than nine of ten.

Source: course book, chapter 8; Karpathy 2015.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Model, layers
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "8"
TASK = "one or many in, one or many out: five forms of recurrence"
EPOCHS = 20
BATCH_SIZE = 32
METRIC = "accuracy"

SYMBOLS, STEPS, REVERSED, UNITS = 4, 6, 3, 32
OUTPUTS = ("one_to_one", "one_to_many", "many_to_one", "many_to_many", "encoder_decoder")


def data(seed: int = 0) -> Split:
    """1000 samples to learn from and 200 others: "one" (B, 4) and "many" (B, 6, 4), one-hot."""
    random = np.random.default_rng(seed)
    one = random.integers(SYMBOLS, size=1200)
    many = random.integers(SYMBOLS, size=(1200, STEPS))
    same = random.random(1200) < 0.4
    many[same, -1] = many[same, 0]
    shifted = np.roll(many, 1, axis=1)
    shifted[:, 0] = 0
    x = {"one": np.eye(SYMBOLS)[one], "many": np.eye(SYMBOLS)[many]}
    y = {
        "one_to_one": (one + 1) % SYMBOLS,
        "one_to_many": (one[:, np.newaxis] + np.arange(1, STEPS + 1)) % SYMBOLS,
        "many_to_one": np.where(many[:, 0] == many[:, -1], 1, 0),
        "many_to_many": shifted,
        "encoder_decoder": many[:, REVERSED - 1 :: -1],
    }
    learnt, measured = slice(1000), slice(1000, None)
    return Split(rows(x, learnt), rows(y, learnt), rows(x, measured), rows(y, measured))


def rows(parts: dict[str, Array], chosen: slice) -> dict[str, Array]:
    """The chosen samples of every array."""
    return {name: part[chosen] for name, part in parts.items()}


def model() -> Model:
    one, many = Input((SYMBOLS,), name="one"), Input((None, SYMBOLS), name="many")
    counted = layers.SimpleRNN(UNITS, return_sequences=True)(layers.RepeatVector(STEPS)(one))
    every = layers.SimpleRNN(UNITS, return_sequences=True)(many)
    last = layers.LSTM(UNITS)(many)
    read = layers.LSTM(UNITS)(many)
    told = layers.LSTM(UNITS, return_sequences=True)(layers.RepeatVector(REVERSED)(read))
    ends = dict(zip(OUTPUTS, (one, counted, last, every, told), strict=True))
    model = Model(
        {"one": one, "many": many},
        {
            name: layers.Dense(SYMBOLS, activation="softmax", name=name)(end)
            for name, end in ends.items()
        },
    )
    model.compile(
        Adam(0.01),
        dict.fromkeys(OUTPUTS, "sparse_categorical_crossentropy"),
        metrics={name: ["accuracy"] for name in OUTPUTS},
    )
    return model


def measure(evaluation: dict[str, float]) -> float:
    """The mean of the five accuracies."""
    return float(np.mean([evaluation[f"{name}_accuracy"] for name in OUTPUTS]))
