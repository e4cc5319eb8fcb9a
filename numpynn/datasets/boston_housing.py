"""Boston housing: the median price of homes in 506 districts (Harrison and Rubinfeld 1978).

Column 12, B, encodes the share of Black residents: the data are kept as a historical benchmark of
regression, not as a model of how to price anything.
"""

from __future__ import annotations

from numpynn.datasets.dataset import Dataset, find_file, package_file
from numpynn.datasets.tables import read_table

FEATURES = tuple("CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split())


def load() -> Dataset:
    """x (506, 13): the columns of `FEATURES`, unscaled.   y (506,): MEDV, in 1000 dollars.

    Published form: `boston-housing/housing.data` (UCI) or `housing.csv`, fourteen numbers a line.
    """
    found = find_file("boston-housing", "housing.csv", "housing.data")
    if found is not None:
        path, source = found
        return Dataset(*read_table(path, features=len(FEATURES)), source, str(path))
    path = package_file("mlxtend", "data/data/boston_housing.csv", "mlxtend")
    x, y = read_table(path, features=len(FEATURES))
    return Dataset(x, y, "embedded", "mlxtend's Boston housing")
