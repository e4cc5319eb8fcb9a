"""What tests of both libraries share: one program for both, drawn arrays, errors within the bars.

A test states a program once, as a function of the library:

    def program(library):
        return library.layers.Dense(3)

and runs it on `numpynn` and on `keras`. Bars are those of the comparison: for values, and for
gradients, whose cotangents are scaled so that the largest gradient is about 1.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

import numpynn
from kerasref.compare import BARS, both_float_types, error
from numpynn import blas
from numpynn.autograd.structure import leaves

__all__ = ["BARS", "both_float_types", "error"]

FLOAT_TYPES = ("float64", "float32")


# -- what is drawn ---------------------------------------------------------------------------------


def numbers(low: float = -3.0, high: float = 3.0) -> st.SearchStrategy[float]:
    """Numbers that float32 holds too, so that both float types see the same."""
    return st.floats(
        np.float32(low).item(), np.float32(high).item(), width=32, allow_subnormal=False
    )


def filled(shape: Any, low: float = -3.0, high: float = 3.0) -> st.SearchStrategy[Any]:
    """float64 arrays of a shape, or of a strategy of shapes."""
    return hnp.arrays(np.float64, shape, elements=numbers(low, high))


def weights(shape: Any) -> st.SearchStrategy[Any]:
    """Sample weights, some of them 0, the others well away from it."""
    return hnp.arrays(np.float64, shape, elements=st.one_of(st.just(0.0), numbers(0.1, 2.0)))


def labels(shape: Any, classes: int) -> st.SearchStrategy[Any]:
    """Class numbers."""
    return hnp.arrays(np.int64, shape, elements=st.integers(0, classes - 1))


def normal(seed: int, *shape: int) -> Any:
    """float64 values from N(0, 1), the same for the same seed."""
    return np.random.default_rng(seed).normal(size=shape)


# -- what is held ----------------------------------------------------------------------------------


def array(value: Any) -> Any:
    """The array of a Tensor, a TensorFlow tensor, a variable of either, or a number."""
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def hold(found: Any, expected: Any, bar: float, what: str = "values") -> None:
    """Fail unless each array of one nesting is within `bar` of the other's."""
    ours, theirs = leaves(found), leaves(expected)
    assert len(ours) == len(theirs), f"{what}: {len(ours)} arrays against {len(theirs)}"
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a, b = array(a), array(b)
        worst = error(a, b)
        assert worst <= bar, f"{what}, number {i}: error {worst:.2e} over {bar:.0e}\n{a}\n{b}"


def hold_gradients(found: Sequence[Any], expected: Sequence[Any], bar: float) -> None:
    """`hold`, after scaling both by the power of two that makes the largest gradient about 1.

    It is at most 16, or what is 0 but for rounding would become 1.
    """
    theirs = [array(part) for part in expected]
    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in theirs), default=0.0)
    factor = 2.0 ** min(4, -round(math.log2(largest))) if 0.0 < largest < math.inf else 1.0
    hold([array(part) * factor for part in found], [b * factor for b in theirs], bar, "gradients")


def derived(
    library: Any,
    compute: Callable[..., Any],
    inputs: Sequence[Any],
    weights: Any = (),
    seed: int = 0,
) -> tuple[Any, list[Any]]:
    """The value of `compute(*inputs)`, and its gradients for the inputs and for the weights.

    compute: one function for both libraries. weights: variables, or a function that gives them
    once `compute` has made them. The cotangent is drawn from the seed.
    """
    taped = _taped_by_numpynn if library is numpynn else _taped_by_tensorflow
    return taped(compute, inputs, weights, seed)


def _cotangent(value: Any, seed: int) -> Any:
    return np.random.default_rng(seed).uniform(0.5, 1.5, value.shape).astype(value.dtype)


def _taped_by_numpynn(compute: Any, inputs: Any, weights: Any, seed: int) -> Any:
    x = [numpynn.Tensor(a) for a in inputs]
    with numpynn.GradientTape() as tape:
        tape.watch(x)
        y = compute(*x)
    sources = [*x, *(weights() if callable(weights) else weights)]
    found = tape.gradient(y, sources, _cotangent(array(y), seed), unconnected_gradients="zero")
    return array(y), [array(part) for part in found]


def _taped_by_tensorflow(compute: Any, inputs: Any, weights: Any, seed: int) -> Any:
    x = [tf.constant(a) for a in inputs]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = compute(*x)
    sources = [*x, *(w.value for w in (weights() if callable(weights) else weights))]
    cotangent = tf.constant(_cotangent(array(y), seed))
    found = tape.gradient(y, sources, cotangent, unconnected_gradients="zero")
    return array(y), [array(tf.convert_to_tensor(part)) for part in found]


def agree(
    make: Callable[[Any], Any],
    inputs: Sequence[Any],
    dtype: str,
    weights: Sequence[Any] | None = None,
    **call: Any,
) -> tuple[Any, Any]:
    """Hold a layer's output and all its gradients on both sides; returns the two layers.

    make: of a library, the layer. weights: values to give both; otherwise ours gets Keras's.
    call: keyword arguments of the call.
    """
    inputs = [a.astype(dtype) if a.dtype.kind == "f" else a for a in inputs]
    theirs, ours = make(keras), make(numpynn)
    for layer in (theirs, ours):
        layer(*inputs)  # builds it
        if weights is not None:
            layer.set_weights(weights)
    if weights is None:
        ours.set_weights(theirs.get_weights())
    results = []
    for library, layer in ((numpynn, ours), (keras, theirs)):

        def compute(*x: Any, layer: Any = layer) -> Any:
            return layer(*x, **call)

        results.append(derived(library, compute, inputs, layer.trainable_variables))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == expected.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])
    return ours, theirs


def on_both(program: Callable[[Any], Any]) -> tuple[Any, Any]:
    """What a program gives in numpynn and in Keras, with names numbered from the beginning."""
    results = []
    for library in (numpynn, keras):
        library.utils.clear_session()
        results.append(program(library))
    return results[0], results[1]


def same_configs(*makes: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """Hold the configurations of `make(library)`, and what each side makes of them; returns both.

    Several at once, since clearing Keras's session takes a while.
    """
    found = on_both(lambda library: [make(library) for make in makes])
    for ours, theirs in zip(*found, strict=True):
        config, expected = ours.get_config(), theirs.get_config()
        assert config == expected
        for given in (config, expected):
            again = type(ours).from_config(copy.deepcopy(given))
            assert type(again) is type(ours) and again.get_config() == config
        assert type(theirs).from_config(copy.deepcopy(config)).get_config() == expected
    return list(zip(*found, strict=True))


@contextmanager
def shared_among(threads: int) -> Iterator[None]:
    """However small, work is shared among so many threads."""
    with (
        patch.object(blas, "SMALL", 0),
        patch.object(blas, "threads", lambda: threads),
        patch.object(blas, "set_threads", lambda number: None),
    ):
        yield
