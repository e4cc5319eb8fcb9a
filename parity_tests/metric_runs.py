"""What the tests of metrics share: batches with and without weights, and a metric's whole life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, array, both_float_types, hold, weights

from numpynn import metrics

Batch = tuple[Any, Any, Any]  # targets, predictions, weights or None
Make = Callable[[Any], Any]  # of a library's metrics, a metric

dtypes = st.sampled_from(FLOAT_TYPES)
WEIGHT_KINDS = ("none", "number", "samples", "column", "values")
# Weights of few binary digits: their sums are exact in any order, so that comparisons with a bound
# come out alike on both sides.
EXACT_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)


def grid(shape: Any, low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[Any]:
    """Values with many ties."""
    return hnp.arrays(np.float64, shape, elements=st.sampled_from(np.linspace(low, high, 5)))


def exact_weights(shape: Any) -> st.SearchStrategy[Any]:
    return hnp.arrays(np.float64, shape, elements=st.sampled_from(EXACT_WEIGHTS))


@st.composite
def runs(
    draw: Any,
    arrays: Callable[[tuple[int, ...]], Any],
    ranks: Sequence[int] = (1, 2),
    kinds: Sequence[str] = WEIGHT_KINDS,
    weigh: Callable[[Any], Any] = weights,
) -> list[Batch]:
    """One to three batches of one rank, with weights of one kind for all of them.

    arrays: draws (y_true, y_pred) for losses of a shape. kinds: weights there may be: one number,
    one for each sample, the same as a column, one for each value.
    """
    rest = tuple(draw(st.integers(1, 3)) for _ in range(draw(st.sampled_from(ranks)) - 1))
    kind = draw(st.sampled_from(kinds))
    batches = []
    for n in draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)):
        shape = (n, *rest)
        shapes: dict[str, tuple[int, ...]] = {
            "number": (),
            "samples": (n,),
            "column": (n, *[1] * len(rest)),
            "values": shape,
        }
        given = draw(weigh(shapes[kind])) if kind in shapes else None
        batches.append((*draw(arrays(shape)), given))
    return batches


def life(metric: Any, batches: Sequence[Batch], dtype: str) -> list[Any]:
    """The result after each batch and the state after all, after a reset, after the last alone."""

    def cast(values: Any) -> Any:
        return values.astype(dtype) if values.dtype.kind == "f" else values

    results = []
    for y_true, y_pred, given in batches:
        metric.update_state(y_true, cast(y_pred), sample_weight=given)
        results.append(array(metric.result()))
    results.extend(array(variable) for variable in metric.variables)
    metric.reset_state()
    results.extend(array(value) for value in (*metric.variables, metric.result()))
    y_true, y_pred, given = batches[-1]
    results.append(array(metric(y_true, cast(y_pred), sample_weight=given)))
    return results


def live_alike(make: Make, batches: Sequence[Batch], dtype: str, bar: float | None = None) -> None:
    """Hold the lives of a metric of both libraries; results have Keras's dtype."""
    with both_float_types(dtype):
        found = life(make(metrics), batches, dtype)
        expected = life(make(keras.metrics), batches, dtype)
    for ours, theirs in zip(found[: len(batches)], expected, strict=False):
        assert ours.dtype == theirs.dtype
    hold(found, expected, BARS[dtype]["forward"] if bar is None else bar)
