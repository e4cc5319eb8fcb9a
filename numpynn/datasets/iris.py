"""Iris flowers: three species of fifty, four measures in cm (Fisher 1936)."""

from __future__ import annotations

from numpynn.datasets.dataset import Dataset, find_file, package_file
from numpynn.datasets.tables import read_table

CLASSES = ("Iris-setosa", "Iris-versicolor", "Iris-virginica")


def load() -> Dataset:
    """x (150, 4): length and width of sepal and petal.   y (150,): the index into `CLASSES`.

    Published form: UCI's `iris/iris.data`, five values a line, the last one of `CLASSES`. Two of
    its rows differ from Fisher's table, which scikit-learn's copy follows.
    """
    found = find_file("iris", "iris.data", "iris.csv")
    if found is not None:
        path, source = found
        x, y = read_table(path, features=4, classes=CLASSES)
        return Dataset(x, y, source, str(path))
    path = package_file("sklearn", "datasets/data/iris.csv", "scikit-learn")
    x, y = read_table(path, features=4, classes=("0", "1", "2"), header=1)
    return Dataset(x, y, "embedded", "scikit-learn's iris")
