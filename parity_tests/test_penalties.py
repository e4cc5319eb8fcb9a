"""Regularizers and constraints against Keras: values, gradients, names, configurations."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    numbers,
)

import numpynn
from numpynn import constraints, regularizers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
weights_of_any_shape = filled(hnp.array_shapes(min_dims=0, max_dims=4, max_side=4))
factors = st.one_of(st.just(0.0), numbers(0.001, 5))


@each_float_type
@given(w=weights_of_any_shape, first=factors, second=factors)
def test_regularizers_match_keras(dtype: str, w: Any, first: float, second: float) -> None:
    makers = [
        lambda r: r.L1(first),
        lambda r: r.L2(second),
        lambda r: r.L1L2(first, second),
        lambda r: r.l1_l2(l1=first, l2=second),
    ]
    with both_float_types(dtype):
        for make in makers:
            ours, theirs = make(regularizers), make(keras.regularizers)
            penalty, expected = ours(w.astype(dtype)), theirs(w.astype(dtype))
            hold(np.asarray(penalty, dtype), expected, BARS[dtype]["forward"])
            if first and second:
                _, gradients = derived(numpynn, ours, [w.astype(dtype)])
                _, expected_gradients = derived(keras, theirs, [w.astype(dtype)])
                hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


def test_l2_has_no_half() -> None:
    assert float(regularizers.L2(0.5)(np.array([1.0, 2.0]))) == 2.5


def test_a_regularizer_of_ones_own() -> None:
    def program(library: Any) -> Any:
        class Distance(library.regularizers.Regularizer):
            def __call__(self, w: Any) -> Any:
                return 0.1 * library.ops.sum(library.ops.abs(w - 1.0))

        dense = library.layers.Dense(
            2,
            kernel_initializer="ones",
            kernel_regularizer=Distance(),
            bias_regularizer=lambda b: library.ops.sum(b * b) + 1.0,
        )
        dense.build((None, 2))
        dense.set_weights([np.full((2, 2), 3.0), np.ones(2)])
        return sorted(float(loss) for loss in dense.losses)

    hold(program(numpynn), program(keras), 1e-6)


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), "0.1", None])
def test_factors_that_are_no_penalty_are_refused(bad: Any) -> None:
    if bad is None:
        assert regularizers.L1(None).l1 == 0.01
        return
    for library in (numpynn, keras):
        for name in ("L1", "L2"):
            with pytest.raises(ValueError, match="l[12]"):
                getattr(library.regularizers, name)(bad)


@pytest.mark.parametrize("name", ["l1", "l2", "L1", "L2", "L1L2"])
def test_regularizers_are_found_by_their_names(name: str) -> None:
    found, theirs = regularizers.get(name), keras.regularizers.get(name)
    assert type(found).__name__ == type(theirs).__name__
    assert found.get_config() == pytest.approx(theirs.get_config())
    again = regularizers.deserialize(regularizers.serialize(found))
    assert again.get_config() == found.get_config()


# -- constraints -----------------------------------------------------------------------------------


@st.composite
def constrained(draw: Any) -> tuple[Any, Any]:
    """A weight and one axis of it or several."""
    w = draw(filled(hnp.array_shapes(min_dims=2, max_dims=4, max_side=3)))
    axes = draw(st.permutations(range(w.ndim)))
    several = sorted(axes[: draw(st.integers(1, w.ndim))])
    return w, draw(st.sampled_from([axes[0], several, tuple(several)]))


@each_float_type
@given(constrained(), st.sampled_from([0.5, 2.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_constraints_match_keras(
    dtype: str, drawn: tuple[Any, Any], bound: float, rate: float
) -> None:
    w, axis = drawn
    w = w.astype(dtype)
    with both_float_types(dtype):
        for make in (
            lambda c: c.NonNeg(),
            lambda c: c.UnitNorm(axis),
            lambda c: c.MaxNorm(bound, axis),
            lambda c: c.MinMaxNorm(0.25, bound, rate, axis),
        ):
            projected = make(constraints)(w)
            assert projected.dtype == np.dtype(dtype)
            hold(projected, make(keras.constraints)(w), BARS[dtype]["forward"])


@pytest.mark.parametrize("name", ["non_neg", "NonNeg", "unit_norm", "max_norm", "min_max_norm"])
def test_constraints_are_found_by_their_names(name: str) -> None:
    found, theirs = constraints.get(name), keras.constraints.get(name)
    assert type(found).__name__ == type(theirs).__name__
    assert found.get_config() == theirs.get_config()
    again = constraints.deserialize(constraints.serialize(found))
    assert again.get_config() == found.get_config()


def test_constraints_may_be_functions_and_classes_of_ones_own() -> None:
    def program(library: Any) -> Any:
        class Rounded(library.constraints.Constraint):
            def __call__(self, w: Any) -> Any:
                return library.ops.round(w * 2.0) / 2.0

        dense = library.layers.Dense(
            2, kernel_constraint=Rounded(), bias_constraint=lambda b: library.ops.clip(b, -0.1, 0.1)
        )
        dense.build((None, 2))
        dense.set_weights([np.full((2, 2), 0.3), np.ones(2)])
        gradients = [np.array([[0.1, 0.2], [-0.7, 1.0]], "float32"), np.ones(2, "float32")]
        library.optimizers.SGD(1.0).apply(gradients, dense.trainable_variables)
        return dense.get_weights()

    hold(program(numpynn), program(keras), 1e-6)


def test_weights_without_a_gradient_are_not_projected() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.full(2, -1.0)) for _ in range(2)]
        for variable in w:
            variable.constraint = library.constraints.NonNeg()
        with np.errstate(all="ignore"):
            library.optimizers.SGD(0.1).apply([np.ones(2), None], w)
        return w

    with both_float_types("float64"), pytest.warns(UserWarning, match="Gradients do not exist"):
        hold(program(numpynn), program(keras), 1e-12)
