"""Every NumPy function that has a derivative: its domain, and TensorFlow's where there is one.

The tests of the rules, of the stand-in array and of the dispatch walk this table. Its modules are
those of `numpynn/autograd/rules`.
"""

from autograd_cases import (  # noqa: F401 - importing a family fills the table
    decompositions,
    elementwise,
    indexing,
    linear,
    reductions,
    sequences,
    shapes,
    statistics,
)
from autograd_cases.table import CASES, Case

__all__ = ["CASES", "Case"]
