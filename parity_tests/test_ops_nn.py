"""Keras's `ops.nn`: values, first and second derivatives, kinks, extremes, cross-entropies."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from factory import (
    REAL,
    UNIT,
    Call,
    Domain,
    array,
    calls,
    check,
    elementwise,
    error,
    shaped,
    sized,
    verify,
)
from hypothesis import given
from hypothesis import strategies as st
from slopes import gradient, gradient_of_keras
from standin import StandIn

from numpynn import ops
from numpynn.autograd import Tensor, vjp
from numpynn.autograd.primitive import PRIMITIVES

FLOAT_TYPES = ("float32", "float64")


def wide(*kinks: float) -> Any:
    """Numbers from -8 to 8, away from kinks."""
    return elementwise(Domain(-8.0, 8.0, avoid=kinks))


# -- activations: Keras's function, and where it is smooth -----------------------------------------

# Keras rounds the constants of the first two through float32, so the formulas are written out.
FLOAT64_REFERENCES: dict[str, Callable[..., Any]] = {
    "leaky_relu": lambda x, negative_slope=0.2: tf.where(x > 0, x, negative_slope * x),
    "gelu": lambda x, approximate=True: (
        0.5 * x * (1.0 + tf.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
        if approximate
        else 0.5 * x * (1.0 + tf.math.erf(x * math.sqrt(0.5)))
    ),
    "softsign": lambda x: x / (1.0 + tf.abs(x)),  # Keras's has no second derivative
}
ACTIVATIONS = {
    "celu": (wide(0.0), {"alpha": [1.0, 0.5]}),
    "elu": (wide(0.0), {"alpha": [1.0, 0.5]}),
    "gelu": (elementwise(Domain(-2.5, 2.5)), {"approximate": [True, False]}),
    "hard_shrink": (wide(-0.5, 0.5), {}),
    "hard_sigmoid": (wide(-3.0, 3.0), {}),
    "hard_silu": (wide(-3.0, 3.0), {}),
    "hard_tanh": (wide(-1.0, 1.0), {}),
    "leaky_relu": (wide(0.0), {"negative_slope": [0.2, 1.5, -0.5, 0.0]}),
    "log_sigmoid": (wide(), {}),
    "relu": (wide(0.0), {}),
    "relu6": (wide(0.0, 6.0), {}),
    "selu": (wide(0.0), {}),
    "sigmoid": (wide(), {}),
    "silu": (wide(), {}),
    "soft_shrink": (wide(-0.5, 0.5), {}),
    "softplus": (wide(), {}),
    "softsign": (wide(0.0), {}),
    "sparse_plus": (wide(-1.0, 1.0), {}),
    "sparse_sigmoid": (wide(-1.0, 1.0), {}),
    "squareplus": (wide(), {"b": [4, 0.5]}),
    "tanh_shrink": (wide(), {}),
    "threshold": (wide(0.5), {"threshold": [0.5], "default_value": [-1.0]}),
}
SMOOTH = ("gelu", "log_sigmoid", "sigmoid", "silu", "softplus", "squareplus", "tanh_shrink")


def every(choices: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Each choice of the keywords at a time."""
    if not choices:
        return [{}]
    first = {name: values[0] for name, values in choices.items()}
    return [first | {name: v} for name, values in choices.items() for v in values]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_matches_keras(name: str) -> None:
    drawn, choices = ACTIVATIONS[name]
    reference = FLOAT64_REFERENCES.get(name, getattr(keras.ops, name))
    for keywords in every(choices):
        check(
            lambda x, keywords=keywords: getattr(ops, name)(x, **keywords),
            lambda x, keywords=keywords: reference(x, **keywords),
            drawn,
        )


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
def test_activation_along_axes_matches_keras(name: str, axis: Any) -> None:
    check(
        lambda x: getattr(ops, name)(x, axis=axis),
        lambda x: getattr(keras.ops, name)(x, axis=axis),
        calls(sized((2, 3, 4)), Domain(-3.0, 3.0)),
    )


@pytest.mark.parametrize("axis", [-1, 0])
def test_sparsemax_matches_keras(axis: int) -> None:
    """It jumps where a value enters the support, so the numbers are no drawn ones."""
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(3, 5)).astype("float32").astype("float64")
        verify(
            lambda x: ops.sparsemax(x, axis=axis),
            lambda x: keras.ops.sparsemax(x, axis=axis),
            Call([x], seed=seed),
        )


def test_glu_matches_keras() -> None:
    for axis in (-1, 0):
        check(
            lambda x, axis=axis: ops.glu(x, axis=axis),
            lambda x, axis=axis: keras.ops.glu(x, axis=axis),
            calls(sized((4, 3, 2)), REAL),
        )


@pytest.mark.parametrize("rows", [1, 3, 200])
def test_softmax_of_many_short_rows_matches_keras(rows: int) -> None:
    """Large arrays take another way to the maxima and sums."""
    x = np.random.default_rng(rows).normal(size=(rows, 10)) * 5
    for name in ("softmax", "log_softmax"):
        for dtype, bar in (("float64", 1e-12), ("float32", 1e-5)):
            ours = getattr(ops, name)(x.astype(dtype))
            assert ours.dtype == dtype
            assert error(ours, getattr(keras.ops, name)(x).numpy()) <= bar


def test_softmax_over_an_axis_of_length_one_warns() -> None:
    with pytest.warns(UserWarning, match="length 1"):
        ops.softmax(np.ones((3, 1)))


# -- kinks -----------------------------------------------------------------------------------------

KINKS = {
    "relu": [0.0],
    "relu6": [0.0, 6.0],
    "leaky_relu": [0.0],
    "elu": [0.0],
    "selu": [0.0],
    "hard_sigmoid": [-3.0, 3.0],
    "hard_silu": [-3.0, 3.0],
    "hard_tanh": [-1.0, 1.0],
    "hard_shrink": [-0.5, 0.5],
    "soft_shrink": [-0.5, 0.5],
    "sparse_plus": [-1.0, 1.0],
    "sparse_sigmoid": [-1.0, 1.0],
    "softsign": [0.0],
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("recorded", [False, True])
def test_the_slope_at_a_kink_is_keras(name: str, recorded: bool) -> None:
    """In the fused derivative, and in that of the plain composition."""
    x = np.array(KINKS[name], "float32")
    ours = getattr(ops, name)
    if recorded and hasattr(ours, "plain"):
        ours = ours.plain
    assert gradient(ours, x).tolist() == gradient_of_keras(getattr(keras.ops, name), x).tolist()


def test_elu_with_alpha_has_the_slope_of_its_negative_side_at_zero() -> None:
    zero = np.zeros(1, "float32")
    for alpha in (1.0, 0.5, 2.0):
        theirs = gradient_of_keras(lambda x, a=alpha: keras.ops.elu(x, alpha=a), zero)
        assert gradient(lambda x, a=alpha: ops.elu(x, a), zero) == theirs == [alpha]


def test_celu_has_slope_one_at_zero_where_tensorflow_counts_both_sides() -> None:
    """TensorFlow gives a tie to maximum and to minimum, and gets 2 for this smooth function."""
    zero = np.zeros(1, "float32")
    assert gradient(ops.celu, zero) == [1.0]
    assert gradient_of_keras(keras.ops.celu, zero) == [2.0]


# -- extremes --------------------------------------------------------------------------------------

EXTREMES = [-math.inf, -1e30, -1000.0, -100.0, -20.0, 0.0, 20.0, 100.0, 1000.0, 1e30, math.inf]


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "threshold"])
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_extreme_values_are_keras(name: str, dtype: str) -> None:
    x = np.array([*EXTREMES, math.nan], dtype)
    with np.errstate(all="ignore"):
        ours = getattr(ops, name)(x)
    theirs = getattr(keras.ops, name)(x).numpy()
    assert ours.dtype == dtype
    if name == "squareplus":  # TensorFlow's fused kernel and ours round √(x² + b) - |x| differently
        ours, theirs = ours[2:-2], theirs[2:-2]
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(theirs))
    finite = np.isfinite(theirs)
    assert error(ours[finite], theirs[finite]) <= 1e-5


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax", "log_softmax", "sparsemax"])
def test_large_values_need_no_warning_and_have_finite_slopes(name: str) -> None:
    keywords = {k: v[0] for k, v in ACTIVATIONS.get(name, (None, {}))[1].items()}
    x = np.array([-1e4, -100.0, -90.0, 0.0, 90.0, 100.0, 1e4], "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, pull = vjp(lambda x: getattr(ops, name)(x, **keywords), x)
        slopes = pull(np.ones_like(x))[0]
    assert np.isfinite(array(y)).all() and np.isfinite(array(slopes)).all()


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("sigmoid", scipy.special.expit),
        ("log_sigmoid", scipy.special.log_expit),
        ("softplus", lambda x: np.logaddexp(x, 0.0)),
        ("silu", lambda x: x * scipy.special.expit(x)),
        ("erfc", scipy.special.erfc),
    ],
)
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_small_values_keep_their_digits(name: str, truth: Any, dtype: str) -> None:
    """sigmoid(-20) is 2.06e-9 in float32 too, not 0."""
    x = np.linspace(-40.0, 40.0, 321) * (0.2 if name == "erfc" else 1.0)
    x = x.astype(dtype)
    exact = truth(x.astype("float64"))
    np.testing.assert_allclose(
        getattr(ops, name)(x), exact, rtol=1e-5 if dtype == "float32" else 1e-13
    )


def test_numbers_lists_and_integers_become_floats() -> None:
    for name in ("sigmoid", "softmax", "gelu", "elu", "log_softmax", "erf"):
        function = getattr(ops, name)
        assert function([1, 2]).dtype == function(np.array([1, 2])).dtype == "float32"
    for name in ("sigmoid", "relu", "gelu", "elu", "softplus", "erf"):
        assert np.shape(getattr(ops, name)(0.5)) == ()
    assert ops.relu(np.array([-1, 2])).tolist() == [0, 2]


def test_results_are_tensors_where_arguments_are() -> None:
    x = np.ones((2, 3), "float32")
    for name in (*ACTIVATIONS, "softmax"):
        keywords = {k: v[0] for k, v in ACTIVATIONS.get(name, (None, {}))[1].items()}
        function = getattr(ops, name)
        assert isinstance(function(Tensor(x), **keywords), Tensor)
        assert isinstance(function(x, **keywords), np.ndarray)


# -- the error function ----------------------------------------------------------------------------


def test_the_error_function_is_exact_to_rounding() -> None:
    x = np.concatenate([np.linspace(-7.0, 7.0, 4001), np.logspace(-300, 1, 301)])
    np.testing.assert_allclose(ops.erf(x), scipy.special.erf(x), rtol=1e-15)
    np.testing.assert_allclose(ops.erfc(x), scipy.special.erfc(x), rtol=4e-15)
    x = x[np.abs(x) > 1e-30].astype("float32")
    np.testing.assert_allclose(ops.erf(x), scipy.special.erf(x.astype("float64")), rtol=1e-6)
    assert ops.erf(np.array([math.inf, -math.inf])).tolist() == [1.0, -1.0]
    assert ops.erfc(np.array([math.inf, -math.inf])).tolist() == [0.0, 2.0]
    assert (
        np.isnan(ops.erf(np.array([math.nan])))[0] and np.isnan(ops.erfc(np.array([math.nan])))[0]
    )


def test_the_inverse_error_function_is_exact_to_1e_14() -> None:
    x = np.concatenate([np.linspace(-1.0, 1.0, 2001), 1.0 - np.logspace(-16, -1, 200)])
    np.testing.assert_allclose(ops.erfinv(x), scipy.special.erfinv(x), rtol=1e-14)
    assert ops.erfinv(np.array([2.0]))[0] != ops.erfinv(np.array([2.0]))[0]


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
def test_derivatives_of_the_error_function_match_keras(name: str) -> None:
    domain = Domain(-0.9, 0.9) if name == "erfinv" else Domain(-3.0, 3.0)
    check(getattr(ops, name), getattr(keras.ops, name), elementwise(domain), bar=10.0)


# -- encodings and normalisations ------------------------------------------------------------------


@given(st.integers(0, 2**16), st.sampled_from([(), (3,), (2, 3)]), st.sampled_from([-1, 0]))
def test_one_hot_matches_keras(seed: int, sizes: tuple[int, ...], axis: int) -> None:
    numbers = np.random.default_rng(seed).integers(-1, 6, size=sizes)
    for dtype in (None, "int32", "bool"):
        ours = ops.one_hot(numbers, 5, axis=axis, dtype=dtype)
        theirs = keras.ops.one_hot(numbers, 5, axis=axis, dtype=dtype).numpy()
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    if sizes:
        np.testing.assert_array_equal(
            ops.multi_hot(numbers, 5), keras.ops.multi_hot(numbers, 5).numpy()
        )


def test_one_hot_refuses_sparse_results() -> None:
    for function in (ops.one_hot, ops.multi_hot):
        with pytest.raises(ValueError, match="dense"):
            function([0, 1], 2, sparse=True)
    with pytest.raises(ValueError, match="num_classes"):
        ops.multi_hot([0, 1])


def test_moments_and_normalisations_match_keras() -> None:
    one = calls(sized((3, 4)), UNIT)
    for program in (
        lambda o: lambda x: o.moments(x, axes=[0])[1],
        lambda o: lambda x: o.moments(x, axes=(0, 1), keepdims=True),
        lambda o: lambda x: o.normalize(x, axis=-1),
        lambda o: lambda x: o.normalize(x, axis=0, order=3),
        lambda o: lambda x: o.rms_normalization(x, axis=-1, epsilon=1e-3),
        lambda o: lambda x: o.layer_normalization(x, axis=-1, epsilon=1e-3),
        lambda o: lambda x: o.psnr(x, 0.5 * x, 2.0),
    ):
        check_normalization(program, one)
    several = calls(sized((3, 4), (4,), (4,), (4,), (4,)), UNIT, REAL, Domain(0.5, 2.0), REAL)
    for program in (
        lambda o: lambda x, m, v, b, g: o.batch_normalization(x, m, v, -1, b, g),
        lambda o: lambda x, m, v, b, g: o.layer_normalization(x, g, b, axis=1, epsilon=1e-2),
        lambda o: lambda x, m, v, b, g: o.rms_normalization(x, g, axis=1, epsilon=1e-2),
    ):
        check_normalization(program, several)


RAMP = np.array([[1.0, 4.0, -2.0, 7.0], [5.0, -1.0, 8.0, 2.0], [-3.0, 9.0, 3.0, 0.0]])


def check_normalization(program: Callable[..., Any], drawn: Any) -> None:
    """Of numbers that lie well apart, or their spread has no good derivative.

    Second derivatives against differences: TensorFlow takes the mean for a constant there.
    """

    def apart(library: Any) -> Callable[..., Any]:
        return lambda x, *rest: program(library)(x + library.cast(RAMP, library.dtype(x)), *rest)

    check(apart(ops), apart(keras.ops), drawn, bar=10.0, second=False)
    check(apart(ops), None, drawn, bar=1000.0)


def test_normalize_leaves_zeros_and_refuses_other_orders() -> None:
    x = np.zeros((2, 3), "float32")
    assert ops.normalize(x).tolist() == keras.ops.normalize(x).numpy().tolist()
    assert np.isfinite(gradient(ops.normalize, x)).all()
    with pytest.raises(ValueError, match="order"):
        ops.normalize(x, order=0)


def test_batch_normalization_on_another_axis_matches_keras() -> None:
    random = np.random.default_rng(0)
    x, m, v = random.normal(size=(2, 3, 4)), random.normal(size=3), random.uniform(1, 2, size=3)
    ours = ops.batch_normalization(x, m, v, axis=1, offset=m, scale=v)
    theirs = keras.ops.batch_normalization(x, m, v, axis=1, offset=m, scale=v)
    assert error(ours, theirs.numpy()) < 1e-9


# -- primitives ------------------------------------------------------------------------------------


def test_activations_run_on_arrays_of_another_kind() -> None:
    """By NumPy's protocols alone, as on a GPU; backwards too."""
    x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
    t, labels = np.eye(4, dtype="float32")[np.arange(200) % 4], np.arange(200) % 4
    p = np.asarray(ops.softmax(x))
    cases: list[tuple[Callable[..., Any], Any]] = [
        (getattr(ops, name), x) for name in ACTIVATIONS if name not in ("threshold",)
    ]
    cases += [(ops.softmax, x), (ops.log_softmax, x), (ops.sparsemax, x), (ops.logsumexp, x)]
    cases += [(ops.erf, x), (ops.erfc, x), (ops.numpy.i0, x)]
    cases += [
        (lambda z: ops.categorical_crossentropy(like(t, z), z, True), x),
        (lambda q: ops.categorical_crossentropy(like(t, q), q), p),
        (lambda z: ops.binary_crossentropy(like(t, z), z, True), x),
        (lambda q: ops.binary_crossentropy(like(t, q), q), p),
        (lambda z: ops.sparse_categorical_crossentropy(like(labels, z), z, True), x),
        (lambda q: ops.sparse_categorical_crossentropy(like(labels, q), q), p),
    ]
    for function, values in cases:
        ours = Tensor(StandIn(values), requires_grad=True)
        y = function(ours)
        np.sum(y).backward()
        plain = function(values)
        np.testing.assert_allclose(y.array.revealed(), plain, rtol=1e-6)
        np.testing.assert_allclose(
            ours.grad.array.revealed(),
            gradient(function, values),
            rtol=1e-5,
            atol=1e-6,
        )


def like(values: Any, x: Any) -> Any:
    """`values` in the kind of array that `x` holds."""
    held = x.array if isinstance(x, Tensor) else x
    return StandIn(values) if isinstance(held, StandIn) else values


def test_every_primitive_of_ops_has_a_plain_composition() -> None:
    ours = [p for p in PRIMITIVES if p.__module__.startswith("numpynn.ops")]
    assert len(ours) > 15 and all(p.plain is not None for p in ours)


def test_logsumexp_matches_keras() -> None:
    for axis, keepdims in ((-1, False), (0, True), (None, False), ((0, 1), True), ([1], False)):
        check(
            lambda x, a=axis, k=keepdims: ops.logsumexp(x, axis=a, keepdims=k),
            lambda x, a=axis, k=keepdims: keras.ops.logsumexp(x, axis=a, keepdims=k),
            shaped("(m,n)", REAL, loops=0),
        )
    x = np.array([[-np.inf, -np.inf], [np.inf, 0.0], [1e4, -1e4]])
    np.testing.assert_array_equal(ops.logsumexp(x, axis=1), keras.ops.logsumexp(x, axis=1).numpy())
