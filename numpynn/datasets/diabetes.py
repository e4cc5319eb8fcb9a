"""Diabetes: how far the disease went in a year, from ten measurements (Efron et al. 2004).

Some of the measurements are nearly collinear, above all the first two blood serum values, total and
LDL cholesterol: the data on which least angle regression and its paths were first shown.
"""

from __future__ import annotations

import gzip

import numpy as np

from numpynn.datasets.dataset import Dataset, find_file, package_file
from numpynn.datasets.tables import read_table
from numpynn.typing import Array

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
"""Age, sex, body mass index, blood pressure, six values of the blood serum."""


def load() -> Dataset:
    """x (442, 10): the columns of `FEATURES`, unscaled.   y (442,): progression, 25 to 346.

    Published form: `diabetes/diabetes.tab.txt`, a line of names, then eleven numbers a line.
    """
    found = find_file("diabetes", "diabetes.tab.txt")
    if found is not None:
        path, source = found
        return Dataset(*read_table(path, features=len(FEATURES), header=1), source, str(path))
    x, y = _table("data_raw"), _table("target")
    return Dataset(x, y, "embedded", "scikit-learn's diabetes")


def _table(part: str) -> Array:
    path = package_file("sklearn", f"datasets/data/diabetes_{part}.csv.gz", "scikit-learn")
    with gzip.open(path) as lines:
        return np.loadtxt(lines)
