"""Keras's `ops.numpy`: values, derivatives, new arrays, ties, misuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import (
    DISTINCT,
    NONZERO,
    POSITIVE,
    REAL,
    UNIT,
    Domain,
    calls,
    check,
    elementwise,
    error,
    reduction,
    shape,
    shaped,
    sized,
)
from hypothesis import given
from hypothesis import strategies as st

import numpynn
from numpynn import ops
from numpynn.autograd.structure import leaves

# -- derivatives -----------------------------------------------------------------------------------

STEPS = Domain(-2.0, 2.0, avoid=(-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0), margin=0.1)
TALL = Domain(1.2, 3.0)
RANKED = Domain(-3.0, 3.0, margin=0.05, distinct=True)
SMALL = sized((2, 3))

# What is called, by the name of the function; its calls; options of `check`.
Program = Callable[[Any], Callable[..., Any]]
SMOOTH: dict[str, tuple[Any, ...]] = {
    **{
        name: (elementwise(REAL),)
        for name in """
            arcsinh arctan conj conjugate copy cos cosh exp exp2 expm1 imag negative real sin sinh
            square tanh
        """.split()
    },
    **{name: (elementwise(UNIT),) for name in "arccos arcsin arctanh tan".split()},
    **{name: (elementwise(POSITIVE),) for name in "log log10 log1p log2 sqrt".split()},
    **{name: (elementwise(NONZERO),) for name in "abs absolute fabs reciprocal sign".split()},
    **{name: (elementwise(STEPS),) for name in "ceil floor round trunc".split()},
    "angle": (elementwise(NONZERO),),
    "arccosh": (elementwise(TALL),),
    "cbrt": (elementwise(POSITIVE),),
    "deg2rad": (elementwise(REAL),),
    "i0": (elementwise(NONZERO),),  # TensorFlow doubles the second derivative at 0
    "nan_to_num": (elementwise(REAL),),
    "rad2deg": (elementwise(REAL),),
    "sinc": (elementwise(NONZERO),),
    **{name: (elementwise(REAL, REAL),) for name in "add multiply subtract".split()},
    **{name: (elementwise(REAL, NONZERO),) for name in "divide divide_no_nan true_divide".split()},
    **{name: (elementwise(DISTINCT, UNIT),) for name in "fmax fmin maximum minimum".split()},
    "arctan2": (elementwise(NONZERO, POSITIVE),),
    "hypot": (elementwise(Domain(0.2, 1.0), Domain(1.2, 3.0)),),  # at a tie Keras counts twice
    "logaddexp": (elementwise(UNIT, Domain(1.2, 3.0)),),
    "power": (elementwise(POSITIVE, REAL),),
    **{name: (reduction(REAL),) for name in "mean nanmean nansum sum".split()},
    **{name: (reduction(RANKED, min_side=2),) for name in "nanstd nanvar std var".split()},
    **{name: (reduction(RANKED),) for name in "amax amin max min nanmax nanmin ptp".split()},
    **{name: (reduction(NONZERO),) for name in "nanprod prod".split()},
    **{
        name: (reduction(REAL, several=False, keepdims=False),)
        for name in "average cumsum nancumsum".split()
    },
    **{
        name: (reduction(NONZERO, several=False, keepdims=False),)
        for name in "cumprod nancumprod".split()
    },
    "median": (reduction(RANKED), {"second": False}),
    "ravel": (shape(),),
    "transpose": (shape(),),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_match_keras(name: str) -> None:
    drawn, *options = SMOOTH[name]
    drawn = drawn if name not in ("ravel", "transpose") else calls(drawn, REAL)
    second = options[0]["second"] if options else True
    reference = getattr(keras.ops, name) if name != "add" else tf.add  # see below
    if name in ("imag", "angle", "sign", "ceil", "floor", "round", "trunc"):
        reference = None  # constants, which TensorFlow does not differentiate twice
    check(getattr(ops, name), reference, drawn, second=second, bar=10.0)


# Calls with further arguments, as one program of both libraries each.
PROGRAMS: dict[str, tuple[Program, Any]] = {
    "append": (lambda o: lambda x, y: o.append(x, y, axis=1), calls(sized((2, 3), (2, 1)), REAL)),
    "append flat": (lambda o: o.append, calls(sized((2, 3), (2,)), REAL)),
    "array_split": (lambda o: lambda x: o.array_split(x, 2, axis=1), calls(SMALL, REAL)),
    "average weights": (
        lambda o: lambda x, w: o.average(x, axis=1, weights=w),
        calls(sized((2, 3), (2, 3)), REAL, POSITIVE),
    ),
    "average weights of an axis": (
        lambda o: lambda x, w: o.average(x, axis=1, weights=w),
        calls(sized((2, 3), (3,)), REAL, POSITIVE),
    ),
    "broadcast_to": (lambda o: lambda x: o.broadcast_to(x, (2, 2, 3)), calls(SMALL, REAL)),
    "clip": (lambda o: lambda x: o.clip(x, -1.0, 0.5), elementwise(Domain(avoid=(-1.0, 0.5)))),
    "concatenate": (
        lambda o: lambda x, y: o.concatenate([x, y], axis=-1),
        calls(sized((2, 3), (2, 1)), REAL),
    ),
    "corrcoef": (lambda o: o.corrcoef, calls(sized((2, 4)), RANKED)),
    "correlate": (lambda o: lambda x, y: o.correlate(x, y, "same"), calls(sized((5,), (3,)), REAL)),
    "correlate full": (
        lambda o: lambda x, y: o.correlate(x, y, "full"),
        calls(sized((5,), (2,)), REAL),
    ),
    "cross": (lambda o: o.cross, calls(sized((2, 3), (2, 3)), REAL)),
    "cross of plane vectors": (lambda o: o.cross, calls(sized((4, 2), (4, 2)), REAL)),
    "cross of both": (
        lambda o: lambda x, y: o.cross(x, y, axisa=0, axisb=1),
        calls(sized((2, 4), (4, 3)), REAL),
    ),
    "diag": (lambda o: lambda x: o.diag(x, k=1), calls(sized((3,)), REAL)),
    "diag of a matrix": (lambda o: lambda x: o.diag(x, k=-1), calls(sized((3, 3)), REAL)),
    "diagflat": (lambda o: o.diagflat, calls(SMALL, REAL)),
    "diagonal": (lambda o: lambda x: o.diagonal(x, 1, 0, 2), calls(sized((3, 2, 3)), REAL)),
    "diff": (lambda o: lambda x: o.diff(x, n=2, axis=0), calls(sized((4, 2)), REAL)),
    "dot": (lambda o: o.dot, shaped("(m,k),(k,n)", REAL, loops=0)),
    "dot of a vector": (lambda o: o.dot, calls(sized((2, 3), (3,)), REAL)),
    "dstack": (lambda o: lambda x, y: o.dstack([x, y]), calls(sized((2, 3), (2, 3)), REAL)),
    "einsum": (
        lambda o: lambda x, y: o.einsum("bij,bjk->bki", x, y),
        calls(sized((2, 3, 4), (2, 4, 2)), REAL),
    ),
    "expand_dims": (lambda o: lambda x: o.expand_dims(x, axis=[0, -1]), calls(SMALL, REAL)),
    "flip": (lambda o: lambda x: o.flip(x, axis=(0, 1)), calls(SMALL, REAL)),
    "fmod": (lambda o: o.fmod, elementwise(Domain(1.2, 1.8), Domain(0.9, 1.1))),
    "full": (lambda o: lambda x: o.full((2, 3), x, dtype=o.dtype(x)), calls(sized(()), REAL)),
    "full_like": (
        lambda o: lambda x: o.full_like(o.zeros((2, 3), o.dtype(x)), x),
        calls(sized(()), REAL),
    ),
    "geomspace": (
        lambda o: lambda x, y: o.geomspace(x, y, 4, dtype=o.dtype(x)),
        calls(sized((), ()), POSITIVE),
    ),
    "get_item": (lambda o: lambda x: o.get_item(x, (slice(None), 1)), calls(SMALL, REAL)),
    "hsplit": (lambda o: lambda x: o.hsplit(x, 3), calls(SMALL, REAL)),
    "hstack": (lambda o: lambda x, y: o.hstack([x, y]), calls(sized((2, 3), (2, 1)), REAL)),
    "inner": (lambda o: o.inner, calls(sized((2, 3), (4, 3)), REAL)),
    "kron": (lambda o: o.kron, calls(sized((2, 2), (3, 1)), REAL)),
    "ldexp": (
        lambda o: lambda x: o.ldexp(x, np.array([1, -2, 3], "int32")),
        calls(SMALL, NONZERO),
    ),
    "linspace": (
        lambda o: lambda x, y: o.linspace(x, y, 4, endpoint=False, axis=1),
        calls(sized((2,), (2,)), REAL),
    ),
    "logspace": (lambda o: lambda x, y: o.logspace(x, y, 3, base=2.0), calls(sized((), ()), REAL)),
    "matmul": (lambda o: o.matmul, shaped("(m,k),(k,n)", REAL)),
    "matmul of a stack": (lambda o: o.matmul, calls(sized((2, 2, 3), (3, 2)), REAL)),
    "matmul of vectors": (lambda o: o.matmul, calls(sized((3,), (3, 2)), REAL)),
    "max initial": (lambda o: lambda x: o.max(x, axis=1, initial=0.25), calls(SMALL, RANKED)),
    "meshgrid": (lambda o: lambda x, y: o.meshgrid(x, y), calls(sized((2,), (3,)), REAL)),
    "mod": (lambda o: o.mod, elementwise(Domain(1.2, 1.8), Domain(0.9, 1.1))),
    "moveaxis": (lambda o: lambda x: o.moveaxis(x, [0, 1], [1, 2]), calls(sized((2, 3, 1)), REAL)),
    "nanquantile": (lambda o: lambda x: o.nanquantile(x, 0.25, axis=1), calls(SMALL, RANKED)),
    "outer": (lambda o: o.outer, calls(sized((2, 2), (3,)), REAL)),
    "pad": (lambda o: lambda x: o.pad(x, ((1, 0), (2, 1))), calls(SMALL, REAL)),
    "pad reflect": (
        lambda o: lambda x: o.pad(x, ((1, 1), (2, 0)), mode="reflect"),
        calls(SMALL, REAL),
    ),
    "pad symmetric": (lambda o: lambda x: o.pad(x, 2, mode="symmetric"), calls(sized((3,)), REAL)),
    "percentile": (lambda o: lambda x: o.percentile(x, 37.5, axis=[0]), calls(SMALL, RANKED)),
    "quantile": (
        lambda o: lambda x: o.quantile(x, np.array([0.25, 0.5]), axis=(0, 1), keepdims=True),
        calls(SMALL, RANKED),
    ),
    "repeat": (lambda o: lambda x: o.repeat(x, 2, axis=1), calls(SMALL, REAL)),
    "repeat each": (lambda o: lambda x: o.repeat(x, [1, 2], axis=0), calls(SMALL, REAL)),
    "reshape": (lambda o: lambda x: o.reshape(x, (3, -1)), calls(SMALL, REAL)),
    "roll": (lambda o: lambda x: o.roll(x, 1, axis=1), calls(SMALL, REAL)),
    "roll flat": (lambda o: lambda x: o.roll(x, -2), calls(SMALL, REAL)),
    "rot90": (lambda o: lambda x: o.rot90(x, k=3), calls(SMALL, REAL)),
    "select": (
        lambda o: lambda x, y: o.select([np.array([True, False, False])], [x], y),
        calls(sized((2, 3), (2, 3)), REAL),
    ),
    "slogdet": (
        lambda o: lambda x: o.slogdet(x + 3.0 * o.eye(2, dtype=o.dtype(x)))[1],
        calls(sized((2, 2)), UNIT),
    ),
    "sort": (lambda o: lambda x: o.sort(x, axis=0), calls(SMALL, RANKED)),
    "split": (lambda o: lambda x: o.split(x, [1, 2], axis=1), calls(SMALL, REAL)),
    "squeeze": (lambda o: lambda x: o.squeeze(x, axis=[0]), calls(sized((1, 2, 1)), REAL)),
    "stack": (lambda o: lambda x, y: o.stack([x, y], axis=-1), calls(sized((2,), (2,)), REAL)),
    "swapaxes": (lambda o: lambda x: o.swapaxes(x, 0, -1), calls(SMALL, REAL)),
    "take": (lambda o: lambda x: o.take(x, [[2, -1], [0, 2]], axis=1), calls(SMALL, REAL)),
    "take flat": (lambda o: lambda x: o.take(x, [5, 0, 5]), calls(SMALL, REAL)),
    "take_along_axis": (
        lambda o: lambda x: o.take_along_axis(x, np.array([[2, -1]]), axis=1),
        calls(SMALL, REAL),
    ),
    "tensordot": (
        lambda o: lambda x, y: o.tensordot(x, y, axes=[[1], [0]]),
        calls(sized((2, 3), (3, 2)), REAL),
    ),
    "tile": (lambda o: lambda x: o.tile(x, (2, 1, 2)), calls(SMALL, REAL)),
    "trace": (lambda o: lambda x: o.trace(x, offset=1), calls(sized((3, 3)), REAL)),
    "transpose": (lambda o: lambda x: o.transpose(x, (2, 0, 1)), calls(sized((2, 3, 1)), REAL)),
    "trapezoid": (lambda o: lambda x: o.trapezoid(x, dx=0.5, axis=0), calls(SMALL, REAL)),
    "trapezoid over points": (
        lambda o: lambda y: o.trapezoid(y, np.array([0.0, 1.0, 3.0])),
        calls(SMALL, REAL),
    ),
    "tril": (lambda o: lambda x: o.tril(x, k=-1), calls(sized((2, 3, 3)), REAL)),
    "triu": (lambda o: lambda x: o.triu(x, k=1), calls(sized((3, 3)), REAL)),
    "vander": (lambda o: lambda x: o.vander(x, 3), calls(sized((3,)), POSITIVE)),
    "vdot": (lambda o: o.vdot, calls(sized((2, 2), (2, 2)), REAL)),
    "vstack": (lambda o: lambda x, y: o.vstack([x, y]), calls(sized((2, 3), (1, 3)), REAL)),
    "where": (
        lambda o: lambda x, y: o.where(np.array([True, False, True]), x, y),
        calls(sized((2, 3), (3,)), REAL),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_match_keras(name: str) -> None:
    program, drawn = PROGRAMS[name]
    check(program(ops), program(keras.ops), drawn, bar=10.0)


def test_logaddexp2_keeps_the_digits_that_keras_rounds_away() -> None:
    """Keras takes log 2 in float32."""
    check(ops.logaddexp2, None, elementwise(REAL, REAL))
    x, y = np.array([0.5, -1.0]), np.array([2.0, -1.0])
    assert error(ops.logaddexp2(x, y), keras.ops.logaddexp2(x, y).numpy()) < 1e-6


def test_add_broadcasts_where_keras_takes_a_bias() -> None:
    """Keras sends (…, n, 1) + (n,) to TensorFlow's bias_add, which adds along another axis."""
    x, y = np.zeros((1, 2, 1)), np.array([1.0, 2.0])
    assert ops.add(x, y).tolist() == (x + y).tolist() == [[[1.0, 2.0], [1.0, 2.0]]]
    assert keras.ops.add(x, y).numpy().tolist() == [[[1.0], [2.0]]]


# -- values ----------------------------------------------------------------------------------------

numbers = st.integers(0, 2**16).map(
    lambda seed: np.random.default_rng(seed).integers(-3, 4, (4, 5))
)
VALUES: dict[str, Program] = {
    "argmax": lambda o: lambda x: o.argmax(x, axis=1, keepdims=True),
    "argmin": lambda o: lambda x: o.argmin(x),
    "argsort": lambda o: lambda x: o.argsort(x, axis=0),
    "argsort flat": lambda o: lambda x: o.argsort(x, axis=None),
    "all": lambda o: lambda x: o.all(x, axis=1),
    "any": lambda o: lambda x: o.any(x, axis=(0, 1)),
    "allclose": lambda o: lambda x: o.allclose(x, x + 1e-9),
    "bincount": lambda o: lambda x: o.bincount(np.abs(x[0]), minlength=6),
    "bincount of rows": lambda o: lambda x: o.bincount(np.abs(x)),
    "bincount weights": lambda o: (
        lambda x: o.bincount(np.abs(x[0]), weights=x[1].astype("float32"))
    ),
    "count_nonzero": lambda o: lambda x: o.count_nonzero(x, axis=0),
    "digitize": lambda o: lambda x: o.digitize(x, [-1.0, 0.0, 2.5]),
    "histogram": lambda o: lambda x: o.histogram(x.ravel().astype("float32"), bins=4),
    "histogram range": lambda o: (
        lambda x: o.histogram(x.ravel().astype("float32"), bins=3, range=(-2.0, 2.0))
    ),
    "isclose": lambda o: lambda x: o.isclose(x, x[::-1]),
    "isin": lambda o: lambda x: o.isin(x, [1, 2], invert=True),
    "nonzero": lambda o: lambda x: list(o.nonzero(x)),
    "where": lambda o: lambda x: list(o.where(x > 0)),
    "searchsorted": lambda o: lambda x: o.searchsorted(np.sort(x[0]), x[1], side="right"),
    "signbit": lambda o: lambda x: o.signbit(x.astype("float32") * -0.0),
    "sort flat": lambda o: lambda x: o.sort(x, axis=None),
    "unique": lambda o: (
        lambda x: list(o.unique(x, return_index=True, return_inverse=True, return_counts=True))
    ),
    "unique as they come": lambda o: lambda x: list(o.unique(x, sorted=False, return_counts=True)),
    "unique rows": lambda o: lambda x: o.unique(x % 2, axis=0),
    "unique size": lambda o: lambda x: list(o.unique(x, return_counts=True, size=9, fill_value=-7)),
    "unravel_index": lambda o: lambda x: list(o.unravel_index(np.abs(x.ravel()), (2, 2))),
    "nanargmax": lambda o: lambda x: o.nanargmax(np.where(x > 0, np.nan, x * 1.0), axis=1),
    "nanargmin": lambda o: lambda x: o.nanargmin(np.where(x[:1] > 0, np.nan, x[:1] * 1.0)),
    "quantile lower": lambda o: lambda x: o.quantile(x * 1.0, 0.3, axis=1, method="lower"),
    "quantile higher": lambda o: lambda x: o.quantile(x * 1.0, 0.3, axis=1, method="higher"),
    "quantile midpoint": lambda o: lambda x: o.quantile(x * 1.0, 0.3, axis=1, method="midpoint"),
    "quantile nearest": lambda o: lambda x: o.quantile(x * 1.0, 0.3, axis=1, method="nearest"),
    "view": lambda o: lambda x: o.view(x.astype("float32"), "int32"),
    "view of halves": lambda o: lambda x: o.view(x.astype("int32"), "int16"),
    "round": lambda o: lambda x: o.round(x / 7.0, decimals=2),
    "gcd": lambda o: lambda x: o.gcd(x, x[::-1]),
    "lcm": lambda o: lambda x: o.lcm(x, x[::-1]),
    "select": lambda o: lambda x: o.select([x > 1, x < 0], [x, -x], 9),
    "rot90": lambda o: lambda x: o.rot90(x[:, :4], k=2),  # Keras's mixes up other shapes
    "heaviside": lambda o: lambda x: o.heaviside(x, 0.5),
}


@pytest.mark.parametrize("name", VALUES)
@given(x=numbers)
def test_values_match_keras(name: str, x: Any) -> None:
    program = VALUES[name]
    theirs = [np.asarray(part) for part in leaves(program(keras.ops)(x))]
    ours = [np.asarray(part) for part in leaves(program(ops)(x))]
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_argpartition_puts_the_smaller_elements_first() -> None:
    x = np.random.default_rng(0).normal(size=(3, 9))
    places = ops.argpartition(x, 4, axis=1)
    found = np.take_along_axis(x, places, axis=1)
    assert places.dtype == "int32"
    assert (found[:, :4] <= found[:, 4:5]).all() and (found[:, 5:] >= found[:, 4:5]).all()


CREATED: dict[str, Program] = {
    "arange": lambda o: o.arange(2, 9, 3),
    "arange of a float": lambda o: o.arange(0.5, 3),
    "arange of a dtype": lambda o: o.arange(4, dtype="int16"),
    "bartlett": lambda o: o.bartlett(6),
    "blackman": lambda o: o.blackman(6),
    "eye": lambda o: o.eye(3, 4, k=1),
    "full": lambda o: o.full((2, 1), 3, dtype="int32"),
    "geomspace": lambda o: o.geomspace(1.0, 1000.0, 4),
    "geomspace of negative ends": lambda o: o.geomspace(-1.0, -8.0, 4),
    "hamming": lambda o: o.hamming(6),
    "hanning": lambda o: o.hanning(6),
    "identity": lambda o: o.identity(3, dtype="int8"),
    "kaiser": lambda o: o.kaiser(6, 5.0),
    "linspace": lambda o: o.linspace(0, 3, 7),
    "linspace of integers": lambda o: o.linspace(0.0, 9.0, 4, dtype="int32"),
    "linspace with a step": lambda o: list(o.linspace(0.0, 1.0, 5, endpoint=False, retstep=True)),
    "logspace": lambda o: o.logspace(0.0, 3.0, 4),
    "ones": lambda o: o.ones((2,), dtype="bool"),
    "ones_like": lambda o: o.ones_like(np.zeros((2, 2)), dtype="int32"),
    "tri": lambda o: o.tri(3, 4, k=-1),
    "vander": lambda o: o.vander(np.array([1, 2, 3], "int32"), increasing=True),
    "zeros": lambda o: o.zeros((2, 3)),
    "zeros_like": lambda o: o.zeros_like(np.ones((2, 2), "float16")),
}


@pytest.mark.parametrize("name", CREATED)
def test_new_arrays_match_keras(name: str) -> None:
    for a, b in zip(leaves(CREATED[name](ops)), leaves(CREATED[name](keras.ops)), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_vectorize_runs_a_function_over_arrays() -> None:
    x = np.arange(6.0).reshape(2, 3)
    square = ops.vectorize(lambda v: v * v)
    np.testing.assert_array_equal(square(x), x * x)
    distance = ops.vectorize(lambda a, b: ops.sum(abs(a - b)), signature="(n),(n)->()")
    assert distance(x, x[0]).tolist() == [0.0, 9.0]
    both = ops.vectorize(lambda a, k: (a + k, a), excluded={1})
    assert [part.tolist() for part in both(x[0], 1.0)] == [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]]
    slope = numpynn.grad(lambda x: ops.sum(square(x)))(x)
    np.testing.assert_array_equal(slope, 2.0 * x)
    with pytest.raises(ValueError):
        ops.vectorize(3)


# -- kinks, infinities, misuse ---------------------------------------------------------------------


def test_conventions_at_ties_are_keras() -> None:
    x = np.array([-1.0, 0.5, 0.5, 2.0])
    programs: list[Program] = [
        lambda o: lambda x: o.clip(x, -1.0, 0.5),
        lambda o: lambda x: o.max(x[1:3]),
        lambda o: lambda x: o.maximum(x, x[::-1]),
        lambda o: lambda x: o.minimum(x, 0.5),
        lambda o: lambda x: o.abs(x - 0.5),
        lambda o: lambda x: o.sign(x),
        lambda o: lambda x: o.sort(x),
        lambda o: lambda x: o.prod(x - 0.5),
    ]
    for program in programs:
        variable = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(variable)
            y = tf.reduce_sum(program(keras.ops)(variable))
        theirs = tape.gradient(y, variable, unconnected_gradients="zero").numpy()
        ours = numpynn.grad(lambda x, p=program: ops.sum(p(ops)(x)))(x)
        np.testing.assert_array_equal(ours, theirs)


def test_where_tensorflow_has_no_slope_ours_is_zero() -> None:
    equal = np.full(3, 2.0)
    assert numpynn.grad(ops.std)(equal).tolist() == [0.0, 0.0, 0.0]
    assert numpynn.grad(ops.norm)(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_infinities_are_close_to_themselves() -> None:
    """Keras's isclose says no to inf and inf, its allclose yes: ours say yes."""
    x = np.array([np.inf, -np.inf, np.nan, 1.0])
    assert ops.isclose(x, x).tolist() == [True, True, False, True]
    assert ops.isclose(x, x, equal_nan=True).all() and ops.allclose(x, x, equal_nan=True)
    assert ops.isclose([10000], [10001], rtol=1e-3).tolist() == [False]


@pytest.mark.parametrize(
    ("program", "raised"),
    [
        (lambda o: o.array_split(np.ones(4), 0), ValueError),
        (lambda o: o.array_split(np.ones(4), 2.5), TypeError),
        (lambda o: o.correlate(np.ones(3), np.ones(2), mode="sideways"), ValueError),
        (lambda o: o.diag(np.ones((2, 2, 2))), ValueError),
        (lambda o: o.diagonal(np.ones((2, 2)), axis1=0, axis2=0), ValueError),
        (lambda o: o.diff(np.ones(3), n=-1), ValueError),
        (lambda o: o.eye(2.5), TypeError),
        (lambda o: o.gcd(np.ones(2), np.ones(2)), TypeError),
        (lambda o: o.histogram(np.ones(3), bins=2.5), TypeError),
        (lambda o: o.histogram(np.ones(3), bins=-1), ValueError),
        (lambda o: o.histogram(np.ones((3, 3))), ValueError),
        (lambda o: o.ldexp(np.ones(2), np.ones(2)), TypeError),
        (lambda o: o.linspace(0.0, 1.0, -1), ValueError),
        (lambda o: o.pad(np.ones(2), 1, mode="reflect", constant_values=1.0), ValueError),
        (lambda o: o.rot90(np.ones(3)), ValueError),
        (lambda o: o.searchsorted(np.ones((2, 2)), np.ones(2)), ValueError),
        (lambda o: o.select([], []), ValueError),
        (lambda o: o.squeeze(np.ones((2, 1)), axis=0), ValueError),
        (lambda o: o.take_along_axis(np.ones((2, 2)), np.zeros((1, 1), int)), ValueError),
        (lambda o: o.transpose(np.ones((2, 2)), (0, 0)), ValueError),
        (lambda o: o.vander(np.ones((2, 2))), ValueError),
        (lambda o: o.vander(np.ones(2), N=-1), ValueError),
        (lambda o: o.where(np.ones(2), np.ones(2)), ValueError),
        (lambda o: o.zeros((2,), dtype="float31"), (ValueError, TypeError)),
    ],
)
def test_misuse_raises_what_keras_raises(program: Program, raised: Any) -> None:
    for library in (keras.ops, ops):
        with pytest.raises(raised):
            program(library)
