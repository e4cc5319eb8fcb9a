"""Google's share, day by day: prices to learn from, and those of the days that follow."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_folders
from numpynn.typing import Array

COLUMNS = ("Open", "High", "Low", "Close", "Volume")
"""Four prices in dollars and the number of shares that changed hands."""

PARTS = (
    ("Google_Stock_Price_Train.csv", "Google_Stock_Price_Test.csv"),
    ("trainset.csv", "testset.csv"),
)
"""The names under which the two files go about."""


def load() -> Dataset:
    """x (n, 5): the `COLUMNS` of each day.   y (n,): the opening price, x[:, 0], to be foretold.

    The first `train_rows` days are to learn from. Published form: two files of one of the `PARTS`,
    a line for each day under a line of names; further columns, such as the date, are passed over.
    In those of 2012 to 2017 closing prices before April 2014 are twice too large: the share was
    split then, and only they were not corrected. No package carries the files: without them a
    random walk is drawn, and `source` says so.
    """
    for folder, source in find_folders("google-stock"):
        for parts in PARTS:
            paths = [folder / part for part in parts]
            if all(path.is_file() for path in paths):
                x, train_rows = _parse(*paths)
                return Dataset(x, x[:, 0], source, str(folder), train_rows)
        if source == "published":
            expected = " or ".join(" and ".join(parts) for parts in PARTS)
            raise FileNotFoundError(f"{folder} lacks {expected}.")
    x = generate()
    return Dataset(x, x[:, 0], "generated", "a geometric Brownian motion, seed 0", TRAINING_DAYS)


# -- the published files ---------------------------------------------------------------------------


@functools.cache
def _parse(*paths: Path) -> tuple[Array, int]:
    """The days of both files, and how many are in the first."""
    parts = [_read(path) for path in paths]
    return np.concatenate(parts), len(parts[0])


def _read(path: Path) -> Array:
    """(days, 5). Raises ValueError that names file and line."""
    rows: list[list[float]] = []
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: expected columns {', '.join(COLUMNS)}; no {missing[0]}.")
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            rows.append([_number(row[name], place) for name in COLUMNS])
    if not rows:
        raise ValueError(f"{path}: expected a line for each day, got none.")
    return np.array(rows)


def _number(value: str | None, place: str) -> float:
    """A number that may have commas between its digits, such as 1,16,88,800."""
    try:
        return float((value or "").replace(",", ""))
    except ValueError:
        raise ValueError(f"{place}: expected a number, got {value!r}.") from None


# -- the generator ---------------------------------------------------------------------------------

TRAINING_DAYS, TEST_DAYS = 1259, 125
START, DRIFT, VOLATILITY = 357.385559, 6e-4, 0.014
"""The first opening price, in dollars, and mean and spread of a day's growth, of the logarithm."""


@functools.cache
def generate(seed: int = 0) -> Array:
    """x (1384, 5): a geometric Brownian motion, of which the past says nothing about the future.

        open_{t+1} = open_t exp(DRIFT + VOLATILITY z_t)        z_t ~ N(0, 1)

    The share closes where it opens next; in between it leaves that range a little.
    """
    random = np.random.default_rng(seed)
    days = TRAINING_DAYS + TEST_DAYS
    growth = DRIFT + VOLATILITY * random.normal(size=days)
    price = START * np.exp(np.append(0, np.cumsum(growth)))
    opened, closed = price[:-1], price[1:]
    further = np.exp(VOLATILITY / 3 * np.absolute(random.normal(size=(2, days))))
    high = np.maximum(opened, closed) * further[0]
    low = np.minimum(opened, closed) / further[1]
    volume = np.round(random.lognormal(np.log(2.5e6), 0.5, days))
    return np.stack([opened, high, low, closed, volume], axis=1)
