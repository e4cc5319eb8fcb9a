"""The data of the systems: one loader a data set, each `load() -> Dataset(x, y, source, origin)`.

    from numpynn.datasets import iris, train_test_split
    flowers = iris.load()
    x_train, x_test, y_train, y_test = train_test_split(flowers.x, flowers.y, 0.33, seed=0)

Every loader works without a network; `dataset.py` says where it looks first.
"""

from __future__ import annotations

import importlib
from typing import cast

from numpynn.datasets.dataset import Dataset, cache_folder, data_folder
from numpynn.datasets.split import k_folds, train_test_split

__all__ = ["NAMES", "Dataset", "cache_folder", "data_folder", "k_folds", "load", "train_test_split"]

NAMES = (
    "boston-housing",
    "credit-card-fraud",
    "diabetes",
    "food-prices",
    "google-stock",
    "har-smartphones",
    "ionosphere",
    "iris",
    "mnist",
    "noisy-sine",
    "reuters-r8",
    "sentence-polarity",
    "two-level-labels",
    "xor",
)
"""Each is a folder's name under $NUMPYNN_DATA and, with underscores, a module of this package."""


def load(name: str) -> Dataset:
    """The data set of that name: `load("boston-housing")`.

    Raises ValueError for a name that is not in `NAMES`.
    """
    if name not in NAMES:
        raise ValueError(f"Unknown data set {name!r}. Known: {', '.join(NAMES)}.")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast(Dataset, module.load())
