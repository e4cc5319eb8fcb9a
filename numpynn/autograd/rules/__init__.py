"""The derivative of every NumPy function that has one, by family. A page of formulary each."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from numpynn.autograd.rules import (  # noqa: F401 - importing a family fills the table
    decompositions,
    elementwise,
    indexing,
    linear,
    plain,
    reductions,
    sequences,
    shapes,
    statistics,
)
from numpynn.autograd.rules.elementwise import cast
from numpynn.autograd.rules.reductions import logsumexp
from numpynn.autograd.rules.refused import why_refused
from numpynn.autograd.rules.sequences import running
from numpynn.autograd.rules.table import (
    COMPOSED,
    PLAIN,
    REFUSED,
    RULES,
    Rule,
    compose,
    define,
    define_each,
    like,
    own,
)

__all__ = [
    "COMPOSED",
    "PLAIN",
    "REFUSED",
    "RULES",
    "Rule",
    "cast",
    "compose",
    "define",
    "define_each",
    "like",
    "own",
    "ufunc_method",
    "why_refused",
]

_METHODS = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.logical_and, "reduce"): np.all,
    (np.logical_or, "reduce"): np.any,
    (np.logaddexp, "reduce"): logsumexp,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
    (np.maximum, "accumulate"): partial(running, ufunc=np.maximum),
    (np.minimum, "accumulate"): partial(running, ufunc=np.minimum),
}


def ufunc_method(ufunc: Any, method: str) -> Any:
    """The function that `np.add.reduce`, `np.multiply.accumulate`, `np.subtract.outer` … stand for.

    Raises TypeError for methods without a derivative, `ufunc.at` among them.
    """
    if method == "outer":
        return _outer(ufunc)
    function = _METHODS.get((ufunc, method))
    if function is None:
        raise TypeError(
            f"np.{ufunc.__name__}.{method} does not take Tensors. Write the result as a new value "
            "(np.where, np.concatenate, t[index]), or give it values: t.numpy()."
        )
    return _first_axis(function)


def _first_axis(function: Any) -> Any:
    """`reduce` and `accumulate` run along axis 0 where the functions take all axes."""

    def along(array: Any, axis: Any = 0, **keywords: Any) -> Any:
        return function(array, axis=axis, **keywords)

    return along


def _outer(ufunc: Any) -> Any:
    def outer(a: Any, b: Any) -> Any:
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b)

    return outer
