"""Regularizers and constraints against Keras: values, gradients, names, configurations."""

from __future__ import annotations

import inspect
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from factory import same_kind
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    normal,
    numbers,
)

import numpynn
from numpynn import constraints, regularizers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
weights_of_any_shape = filled(hnp.array_shapes(min_dims=0, max_dims=4, max_side=4))
matrices = filled(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5), 0.1, 3)
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


@each_float_type
@pytest.mark.parametrize("mode", ["rows", "columns"])
@given(w=matrices, factor=factors)
def test_the_orthogonal_regularizer_matches_keras(
    dtype: str, mode: str, w: Any, factor: float
) -> None:
    """Of positive matrices: no cosine comes near 0, where the derivative of |cos| jumps."""
    with both_float_types(dtype):
        held_regularizer(lambda r: r.OrthogonalRegularizer(factor, mode), w.astype(dtype), dtype)


@each_float_type
@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_the_orthogonal_regularizer_knows_either_sign(dtype: str, mode: str) -> None:
    zeros = np.array([[0.0, 0.0], [1.0, 2.0]])  # a vector without a direction
    with both_float_types(dtype):
        for w in (normal(0, 4, 3), normal(1, 2, 6), np.eye(3), 1e6 * normal(2, 3, 3), zeros):
            held_regularizer(lambda r: r.OrthogonalRegularizer(1.0, mode), w.astype(dtype), dtype)


def held_regularizer(make: Any, w: Any, dtype: str) -> None:
    ours, theirs = make(regularizers), make(keras.regularizers)
    value, gradients = derived(numpynn, ours, [w])
    expected, expected_gradients = derived(keras, theirs, [w])
    assert value.dtype == expected.dtype == dtype
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


def test_orthogonal_vectors_cost_nothing_and_equal_ones_everything() -> None:
    penalty = regularizers.OrthogonalRegularizer(0.5)
    assert float(penalty(np.eye(3))) == 0.0
    assert float(penalty(np.ones((4, 3)))) == pytest.approx(0.5)
    assert float(penalty(np.array([[1.0, 0.0], [1.0, 1.0]]))) == pytest.approx(0.5 * 0.5**0.5)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_single_vector_has_no_pair() -> None:
    for library in (numpynn, keras):
        for mode, shape in (("rows", (1, 4)), ("columns", (4, 1))):
            penalty = library.regularizers.OrthogonalRegularizer(0.1, mode)
            assert np.isnan(float(penalty(np.ones(shape, "float32"))))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), ()])
def test_the_orthogonal_regularizer_takes_matrices_only(shape: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="inputs"):
            library.regularizers.OrthogonalRegularizer()(np.ones(shape, "float32"))
        with pytest.raises(ValueError, match="mode"):
            library.regularizers.OrthogonalRegularizer(mode="diagonal")


def test_no_penalty_is_a_number_of_the_same_dtype() -> None:
    for library in (numpynn, keras):
        penalty = library.regularizers.L1L2()(np.ones(3, "float32"))
        assert penalty.dtype == "float32" and float(penalty) == 0.0


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
        for name in ("L1", "L2", "L1L2", "OrthogonalRegularizer"):
            with pytest.raises(ValueError, match="l[12]|factor"):
                getattr(library.regularizers, name)(bad)


NAMES = ["l1", "l2", "L1", "L2", "L1L2", "orthogonal_regularizer", "OrthogonalRegularizer"]


@pytest.mark.parametrize("name", NAMES)
def test_regularizers_are_found_by_their_names(name: str) -> None:
    found, theirs = regularizers.get(name), keras.regularizers.get(name)
    assert type(found).__name__ == type(theirs).__name__
    same_configuration(found.get_config(), theirs.get_config())


# -- names and configurations of both --------------------------------------------------------------


def same_configuration(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Equal but for Keras's rounding through float32."""
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        expected = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        assert ours[key] == expected, key


MADE: list[tuple[str, str, dict[str, Any]]] = [
    ("regularizers", "L1", {"l1": 0.3}),
    ("regularizers", "L2", {"l2": 0.3}),
    ("regularizers", "L1L2", {"l1": 0.3, "l2": 0.4}),
    ("regularizers", "OrthogonalRegularizer", {"factor": 0.3, "mode": "columns"}),
    ("constraints", "NonNeg", {}),
    ("constraints", "UnitNorm", {"axis": [0, 1]}),
    ("constraints", "MaxNorm", {"max_value": 3, "axis": 1}),
    (
        "constraints",
        "MinMaxNorm",
        {"min_value": 0.1, "max_value": 0.7, "rate": 0.9, "axis": (0, 1)},
    ),
]


@pytest.mark.parametrize(("family", "name", "options"), MADE, ids=[made[1] for made in MADE])
def test_configurations_are_keras_and_make_equal_objects(
    family: str, name: str, options: dict[str, Any]
) -> None:
    ours, theirs = getattr(numpynn, family), getattr(keras, family)
    for given_options in ({}, options):
        made, expected = (getattr(f, name)(**given_options) for f in (ours, theirs))
        same_configuration(made.get_config(), expected.get_config())
        written = theirs.serialize(expected)
        assert ours.serialize(made) == {**written, "config": made.get_config()}
        for again in (
            ours.deserialize(ours.serialize(made)),
            ours.get(ours.serialize(made)),
            type(made).from_config(made.get_config()),
        ):
            assert type(again) is type(made) and again.get_config() == made.get_config()
        same_configuration(ours.get(written).get_config(), expected.get_config())
        same_configuration(theirs.get(ours.serialize(made)).get_config(), expected.get_config())


@pytest.mark.parametrize("family", ["regularizers", "constraints"])
def test_names_arguments_and_defaults_are_keras(family: str) -> None:
    ours, theirs = getattr(numpynn, family), getattr(keras, family)
    for name in [n for n in dir(theirs) if not n.startswith("_")]:
        found, expected = (inspect.signature(getattr(f, name)).parameters for f in (ours, theirs))
        assert [(p.name, p.default) for p in found.values()] == [
            (p.name, p.default) for p in expected.values()
        ]


@pytest.mark.parametrize("family", ["regularizers", "constraints"])
@pytest.mark.parametrize("wrong", ["l3", "", 3, 2.5, ["l2"], {"class_name": "L3", "config": {}}])
def test_what_is_no_penalty_and_no_constraint_is_refused(family: str, wrong: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            getattr(library, family).get(wrong)


@pytest.mark.parametrize("family", ["regularizers", "constraints"])
def test_objects_of_ones_own_are_found_among_custom_ones(family: str) -> None:
    module = getattr(numpynn, family)
    base = module.Regularizer if family == "regularizers" else module.Constraint

    class Own(base):
        def get_config(self) -> dict[str, Any]:
            return {}

    assert module.get(None) is None and isinstance(module.get(Own), Own)
    assert isinstance(module.deserialize(module.serialize(Own()), {"Own": Own}), Own)


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


@each_float_type
def test_constraints_of_extreme_weights_are_keras(dtype: str) -> None:
    columns = [[0.0, -0.0], [1e30, 1.0], [1e-30, 0.0], [np.inf, 1.0], [-np.inf, 0.0], [np.nan, 1.0]]
    w = np.array(columns, dtype).T
    with both_float_types(dtype), np.errstate(all="ignore"):
        for make in (
            lambda c: c.NonNeg(),
            lambda c: c.UnitNorm(),
            lambda c: c.MaxNorm(),
            lambda c: c.MinMaxNorm(0.5, 1.0, 0.5),
        ):
            projected, expected = make(constraints)(w), array(make(keras.constraints)(w))
            same_kind(projected, expected, "projected weights")
            finite = np.isfinite(expected)
            np.testing.assert_allclose(projected[finite], expected[finite], rtol=1e-5)


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
