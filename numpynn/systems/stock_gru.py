"""Tomorrow's price of a share from the sixty before: three GRUs, and a guess hard to beat.

    60 x 1           opening prices, scaled:  (p - min) / (max - min)
    60 x 50          GRU: a state after each day; a fifth dropped, here and below
    60 x 50, 50      a GRU over the states, and one over those, of which the last state stays
    1                the next opening price, scaled

38,601 parameters. Minimum and maximum are those of the days to learn from: prices that nobody can
know yet must not set the scale, and so later ones may exceed 1. The book takes both from all days.

The figure is the root of the mean squared error in dollars, which the book leaves out. Of a random
walk the best guess is persistence: tomorrow opens as today did. Nothing in the prices helps to beat
that, and the network, so near in a picture, is further off: by 12 dollars instead of 8 for the
published days, after 25 epochs, and by 9 instead of 7 for the generated ones, after 20.
`persistence` measures the guess; `draw` shows both, and how little the changes that the network
expects have to do with those that come.

Source: course book, chapter 8; data: Google's share 2012 to 2017, or a generated random walk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import google_stock
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "8"
TASK = "the next price of a share, by three GRUs"
EPOCHS = 100
BATCH_SIZE = 32
METRIC = "error_in_dollars"

WINDOW, UNITS = 60, 50


def data(seed: int = 0) -> Split:
    """Windows x (n, 60, 1) and the price after each (n, 1), scaled; the same whatever the seed."""
    stock = google_stock.load()
    low, width = scale()
    x, y = windows((stock.y - low) / width)
    at = len(stock.y[: stock.train_rows]) - WINDOW
    return Split(x[:at], y[:at], x[at:], y[at:])


def scale() -> tuple[float, float]:
    """The lowest price of the days to learn from, and how far above it the highest is."""
    stock = google_stock.load()
    known = stock.y[: stock.train_rows]
    return float(np.min(known)), float(np.ptp(known))


def windows(series: Array) -> tuple[Array, Array]:
    """x (n - 60, 60, 1): all windows that something follows.   y (n - 60, 1): what follows."""
    found = np.lib.stride_tricks.sliding_window_view(series[:-1], WINDOW)
    return found[:, :, np.newaxis].copy(), series[WINDOW:, np.newaxis]


def model() -> Sequential:
    model = Sequential(
        [
            Input((WINDOW, 1)),
            layers.GRU(UNITS, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(UNITS, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(UNITS),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


def measure(evaluation: dict[str, float]) -> float:
    """√(mean squared error), in dollars."""
    return float(evaluation["loss"] ** 0.5 * scale()[1])


def persistence(split: Split) -> float:
    """The same of the guess that the next price is the last one known."""
    return measure({"loss": float(np.mean(np.square(split.x_test[:, -1] - split.y_test)))})


def draw(figure: Any, model: Any, split: Split) -> None:
    """Prices and both guesses, and each day's change against the change expected."""
    low, width = scale()
    last, true = split.x_test[:, -1, 0], split.y_test[:, 0]
    guess = model.predict(split.x_test, verbose=0)[:, 0]
    prices, changes = figure.subplots(1, 2, width_ratios=[1.6, 1])
    days = np.arange(1, len(true) + 1)
    error = measure({"loss": float(np.mean(np.square(guess - true)))})
    for values, style, name in (
        (true, "k-", "price"),
        (last, "C1:", f"persistence, off by ${persistence(split):.2f}"),
        (guess, "C0-", f"network, off by ${error:.2f}"),
    ):
        prices.plot(days, low + width * values, style, label=name)
    prices.legend(fontsize="small")
    prices.xaxis.get_major_locator().set_params(integer=True)
    prices.set(title="opening prices", xlabel="day after the last learnt from", ylabel="dollars")
    changes.scatter(width * (true - last), width * (guess - last), s=8)
    changes.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    changes.set(title="change from day to day", xlabel="true, dollars", ylabel="expected, dollars")
