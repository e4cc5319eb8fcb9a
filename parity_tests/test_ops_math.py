"""Keras's `ops.math`, `ops.linalg`, `ops.core`: segments, matrices, loops, slices, scattering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import NONZERO, POSITIVE, REAL, UNIT, Domain, array, calls, check, error, sized
from hypothesis import given
from hypothesis import strategies as st

import numpynn
from numpynn import ops
from numpynn.autograd import GradientTape, Tensor
from numpynn.autograd.structure import leaves
from numpynn.variables import Variable

Program = Callable[[Any], Callable[..., Any]]
DISTINCT = Domain(-3.0, 3.0, margin=0.05, distinct=True)
SQUARE = sized((2, 3, 3))
IDS = np.array([0, 2, 0, 1, 2])


def steady(o: Any, x: Any) -> Any:
    """A well-conditioned matrix."""
    return x + 4.0 * o.eye(3, dtype=o.dtype(x))


def spread(o: Any, x: Any) -> Any:
    """A matrix with different eigenvalues and singular values."""
    return x + o.cast(np.diag([3.0, 9.0, 15.0]), o.dtype(x))


def positive(o: Any, x: Any) -> Any:
    """A symmetric, positive definite matrix."""
    return o.matmul(x, o.swapaxes(x, -1, -2)) + 2.0 * o.eye(3, dtype=o.dtype(x))


# -- derivatives against Keras ---------------------------------------------------------------------

PROGRAMS: dict[str, tuple[Any, ...]] = {
    "cdist": (lambda o: o.cdist, calls(sized((2, 3), (4, 3)), UNIT, Domain(1.2, 3.0))),
    "extract_sequences": (
        lambda o: lambda x: o.extract_sequences(x, 3, 2),
        calls(sized((2, 8)), REAL),
    ),
    "logdet": (lambda o: lambda x: o.logdet(positive(o, x)), calls(SQUARE, UNIT)),
    "rsqrt": (lambda o: o.rsqrt, calls(sized((2, 3)), POSITIVE)),
    "segment_sum": (
        lambda o: lambda x: o.segment_sum(x, IDS, num_segments=4),
        calls(sized((5, 2)), REAL),
    ),
    "segment_prod": (lambda o: lambda x: o.segment_prod(x, IDS), calls(sized((5,)), NONZERO)),
    "segment_max": (lambda o: lambda x: o.segment_max(x, IDS), calls(sized((5, 2)), DISTINCT)),
    "segment_min": (lambda o: lambda x: o.segment_min(x, IDS), calls(sized((5, 2)), DISTINCT)),
    "top_k": (lambda o: lambda x: o.top_k(x, 2)[0], calls(sized((3, 4)), DISTINCT)),
    "inv": (lambda o: lambda x: o.inv(steady(o, x)), calls(SQUARE, UNIT)),
    "det": (lambda o: lambda x: o.det(steady(o, x)), calls(SQUARE, UNIT)),
    "solve": (
        lambda o: lambda x, b: o.solve(steady(o, x), b),
        calls(sized((2, 3, 3), (2, 3, 2)), UNIT, REAL),
    ),
    "solve of vectors": (
        lambda o: lambda x, b: o.solve(steady(o, x), b),
        calls(sized((2, 3, 3), (2, 3)), UNIT, REAL),
    ),
    "solve_triangular": (
        lambda o: lambda x, b: o.solve_triangular(steady(o, x), b),
        calls(sized((3, 3), (3, 2)), UNIT, REAL),
    ),
    "solve_triangular lower": (
        lambda o: lambda x, b: o.solve_triangular(steady(o, x), b, lower=True),
        calls(sized((3, 3), (3,)), UNIT, REAL),
    ),
    "cholesky": (lambda o: lambda x: o.cholesky(positive(o, x)), calls(SQUARE, UNIT)),
    "cholesky upper": (
        lambda o: lambda x: o.cholesky(positive(o, x), upper=True),
        calls(sized((3, 3)), UNIT),
    ),
    "cholesky_inverse": (
        lambda o: lambda x: o.cholesky_inverse(o.cholesky(positive(o, x))),
        calls(sized((3, 3)), UNIT),
    ),
    "lstsq": (
        lambda o: lambda b: o.lstsq(np.arange(8.0).reshape(4, 2).astype(o.dtype(b)) ** 0.5, b),
        calls(sized((4,)), REAL),
    ),
    "pinv": (
        lambda o: lambda x: o.matmul(o.pinv(steady(o, x)[:, :2]), o.ones((3, 1), o.dtype(x))),
        calls(sized((3, 3)), UNIT),
    ),
    "qr": (lambda o: lambda x: o.abs(o.qr(steady(o, x))[1]), calls(sized((3, 3)), UNIT)),
    "eigh": (
        lambda o: lambda x: o.eigh(spread(o, x) + o.transpose(spread(o, x)))[0],
        calls(sized((3, 3)), UNIT),
    ),
    "svd": (
        lambda o: lambda x: o.svd(spread(o, x), compute_uv=False),
        calls(sized((3, 3)), UNIT),
    ),
    "lu_factor": (lambda o: lambda x: o.lu_factor(steady(o, x))[0], calls(sized((3, 3)), UNIT)),
    "norm": (lambda o: lambda x: o.norm(x, axis=1), calls(sized((2, 3)), NONZERO)),
    "norm of all": (lambda o: lambda x: o.norm(x, keepdims=True), calls(sized((2, 3)), NONZERO)),
    "norm 1": (lambda o: lambda x: o.norm(x, ord=1, axis=0), calls(sized((2, 3)), NONZERO)),
    "norm 3": (lambda o: lambda x: o.norm(x, ord=3, axis=-1), calls(sized((2, 3)), NONZERO)),
    "norm inf": (
        lambda o: lambda x: o.norm(x * o.cast([1.0, 2.0, 70.0], o.dtype(x)), ord=np.inf, axis=-1),
        calls(sized((2, 3)), POSITIVE),
    ),
    "norm of matrices": (
        lambda o: (
            lambda x: o.norm(o.moveaxis(spread(o, x), 0, 1), ord=1, axis=(0, 2), keepdims=True)
        ),
        calls(sized((2, 3, 3)), NONZERO),
    ),
    "slice": (lambda o: lambda x: o.slice(x, (1, 0), (2, -1)), calls(sized((4, 3)), REAL)),
    "slice_update": (
        lambda o: lambda x, u: o.slice_update(x, (1, 2), u),
        calls(sized((4, 3), (2, 1)), REAL),
    ),
    "unstack": (lambda o: lambda x: o.unstack(x, axis=1), calls(sized((2, 3)), REAL)),
    "scatter": (
        lambda o: lambda v: o.scatter(np.array([[0], [2], [0]]), v, (4, 2)),
        calls(sized((3, 2)), REAL),
    ),
    "scatter_update": (
        lambda o: lambda x, u: o.scatter_update(x, np.array([[0, 1], [2, 0]]), u),
        calls(sized((3, 2), (2,)), REAL),
    ),
    "scatter_update of rows": (
        lambda o: lambda x, u: o.scatter_update(x, np.array([[1], [0]]), u),
        calls(sized((3, 2), (2, 2)), REAL),
    ),
    "scatter_update add": (
        lambda o: lambda x, u: o.scatter_update(x, np.array([[1], [1]]), u, reduction="add"),
        calls(sized((3, 2), (2, 2)), REAL),
    ),
    "scatter_update max": (
        lambda o: lambda x, u: o.scatter_update(x, np.array([[1], [0]]), u, reduction="max"),
        calls(sized((3,), (2,)), UNIT, Domain(-0.95, 0.85, margin=0.03)),
    ),
    "map": (lambda o: lambda x: o.map(lambda row: row * o.sum(row), x), calls(sized((3, 2)), REAL)),
    "vectorized_map": (
        lambda o: lambda x: o.vectorized_map(lambda row: o.sum(row * row), x),
        calls(sized((3, 2)), REAL),
    ),
    "scan": (
        lambda o: lambda s, x: o.scan(lambda c, v: (c * v, c + v), s, x),
        calls(sized((2,), (3, 2)), REAL),
    ),
    "scan reversed": (
        lambda o: lambda s, x: o.scan(lambda c, v: (c * v, c + v), s, x, reverse=True),
        calls(sized((2,), (3, 2)), REAL),
    ),
    "associative_scan": (
        lambda o: lambda x: o.associative_scan(lambda a, b: a * b, x, axis=1),
        calls(sized((2, 5)), NONZERO),
    ),
    "associative_scan reversed": (
        lambda o: lambda x: o.associative_scan(lambda a, b: a + b, x, reverse=True),
        calls(sized((4, 2)), REAL),
    ),
    "while_loop": (
        lambda o: (
            lambda x: o.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * v), (0, x))[1]
        ),
        calls(sized((2,)), UNIT),
    ),
    "fori_loop": (
        lambda o: lambda x: o.fori_loop(0, 3, lambda i, v: v * 1.5 + 1.0, x),
        calls(sized((2,)), REAL),
    ),
    "cond": (lambda o: lambda x: o.cond(True, lambda: x * x, lambda: x), calls(sized((2,)), REAL)),
    "switch": (
        lambda o: lambda x: o.switch(1, [lambda v: v, lambda v: v * v], x),
        calls(sized((2,)), REAL),
    ),
}
# TensorFlow has no second derivative of these, or only part of it.
FIRST_ONLY = {"segment_prod", "segment_max", "segment_min", "scatter_update max"}
VALUES_ONLY = {"lu_factor", "slice_update"}  # TensorFlow has no derivative of these


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_match_keras(name: str) -> None:
    program, drawn = PROGRAMS[name]
    second = name not in FIRST_ONLY
    if name not in VALUES_ONLY:
        check(program(ops), program(keras.ops), drawn, bar=100.0, second=second)
    if not second or name in VALUES_ONLY:
        check(program(ops), None, drawn, bar=100.0)


# -- values ----------------------------------------------------------------------------------------


@given(st.integers(0, 2**16))
def test_values_match_keras(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-3, 4, (4, 5)).astype("float32")
    programs: list[Callable[[Any], Any]] = [
        lambda o: list(o.top_k(x, 3)),
        lambda o: o.in_top_k(np.array([0, 4, 2, 1]), x, 2),
        lambda o: o.segment_sum(x, np.array([1, 0, 1, 1])),
        lambda o: o.segment_max(x, np.array([0, 2, 2, 0]), num_segments=4),
        lambda o: o.segment_min(x.astype("int32"), np.array([0, 2, 2, 0])),
        lambda o: o.segment_sum(x, np.array([0, -1, 1, 1]), num_segments=2),
        lambda o: o.saturate_cast(x * 100.0, "int8"),
        lambda o: o.saturate_cast(x, "uint8"),
        lambda o: o.view_as_real(o.view_as_complex(x[:, :2])),
        lambda o: o.matrix_rank(x),
        lambda o: o.slice_update(x, (3, 4), np.ones((2, 2), "float32")),
        lambda o: o.scatter_update(x, np.array([[1], [2]]), x[:2], reduction="mul"),
        lambda o: o.scatter_update(x, np.array([[1], [1]]), x[:2], reduction="min"),
    ]
    for program in programs:
        for a, b in zip(leaves(program(ops)), leaves(program(keras.ops)), strict=True):
            a, b = np.asarray(a), np.asarray(b)
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_equal_values_of_top_k_keep_their_order() -> None:
    x = np.array([1, 3, 3, 0, 3, 1], "uint8")
    values, indices = ops.top_k(x, 4)
    assert values.tolist() == [3, 3, 3, 1] and indices.tolist() == [1, 2, 4, 0]


def test_in_top_k_is_false_for_no_class_and_no_number() -> None:
    y = np.array([[0.1, 0.9], [0.1, 0.9], [np.nan, 0.5], [np.inf, 0.5]], "float32")
    targets = np.array([2, 1, 0, 0])
    assert ops.in_top_k(targets, y, 1).tolist() == [False, True, False, False]


def test_lu_factors_multiply_to_the_matrix() -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 4))
    lu, order = ops.lu_factor(x)
    lower = np.tril(lu, -1) + np.eye(4)
    rows = np.take_along_axis(x, order[..., None].astype(int), axis=1)
    assert error(lower @ np.triu(lu), rows) < 1e-12
    theirs, places = keras.ops.lu_factor(x[0])
    assert error(lu[0], theirs.numpy()) < 1e-12
    assert order[0].tolist() == places.numpy().tolist()


def test_eigenvectors_and_singular_vectors_rebuild_the_matrix() -> None:
    x = np.random.default_rng(0).normal(size=(3, 3))
    w, v = ops.eigh(x + x.T)
    assert error(v @ np.diag(w) @ v.T, x + x.T) < 1e-12
    u, s, vt = ops.svd(x)
    assert error(u @ np.diag(s) @ vt, x) < 1e-12
    w, v = ops.eig(x)
    assert error(np.abs(x @ v - v * w), np.zeros((3, 3))) < 1e-12
    assert w.dtype == keras.ops.eig(x)[0].numpy().dtype
    assert [part.shape for part in ops.qr(x[:, :2], mode="complete")] == [(3, 3), (3, 2)]
    assert [part.shape for part in ops.svd(x[:, :2])] == [(3, 3), (2,), (2, 2)]


def test_jvp_is_the_change_along_the_tangents() -> None:
    x, u = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    value, change = ops.jvp(lambda x: ops.sum(x**3), (x,), (u,))
    assert float(value) == 9.0 and float(change) == pytest.approx(3 * 0.5 - 12.0)
    value, change, aux = ops.jvp(lambda x: (x * x, "extra"), (x,), (u,), has_aux=True)
    assert change.tolist() == [1.0, -4.0] and aux == "extra"


# -- conversion and control flow -------------------------------------------------------------------


def test_convert_to_tensor_gives_tensors_and_keeps_histories() -> None:
    assert isinstance(ops.convert_to_tensor([1.0]), Tensor)
    assert ops.convert_to_tensor([1, 2], dtype="float16").dtype == "float16"
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert ops.convert_to_tensor(x) is x
    ops.sum(ops.convert_to_tensor([x * 2.0, x])).backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert ops.is_tensor(x) and not ops.is_tensor(np.ones(2))
    assert ops.shape(x) == (2,) and ops.dtype(x) == "float64"


def test_a_variable_is_converted_to_its_value_now() -> None:
    variable = Variable(np.ones(2, "float32"))
    before = ops.convert_to_tensor(variable)
    variable.assign(np.zeros(2, "float32"))
    assert type(before) is Tensor and before.tolist() == [1.0, 1.0]
    with GradientTape() as tape:
        y = ops.sum(ops.square(ops.convert_to_tensor(variable) + 3.0))
    assert tape.gradient(y, variable).tolist() == [6.0, 6.0]


def test_convert_to_numpy_copies() -> None:
    x = Tensor(np.ones(2))
    copied = ops.convert_to_numpy(x)
    copied[0] = 5.0
    assert x.tolist() == [1.0, 1.0] and isinstance(copied, np.ndarray)


def test_cast_brings_the_gradient_back_in_the_dtype_it_came_from() -> None:
    x = Tensor(np.ones(2, "float32"), requires_grad=True)
    ops.sum(ops.cast(x, "float64") * 2.0).backward()
    assert x.grad.dtype == "float32" and x.grad.tolist() == [2.0, 2.0]
    assert ops.cast(x, "int32").node is None


def test_stop_gradient_and_custom_gradient_match_keras() -> None:
    def program(o: Any) -> Callable[..., Any]:
        @o.custom_gradient
        def doubled(x: Any) -> Any:
            return x * x, lambda g: g * 7.0

        return lambda x: doubled(x) + x * o.stop_gradient(x)

    x = np.array([1.0, 2.0])
    variable = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        y = tf.reduce_sum(program(keras.ops)(variable))
    ours = numpynn.grad(lambda x: ops.sum(program(ops)(x)))(x)
    np.testing.assert_allclose(ours, tape.gradient(y, variable))


def test_loops_take_nestings_and_limits() -> None:
    count = ops.while_loop(lambda i: i < 100, lambda i: i + 1, 0, maximum_iterations=5)
    assert count == 5
    state, ys = ops.scan(lambda c, _: (c + 1, None), 0, length=4)
    assert state == 4 and ys is None
    xs = {"a": np.arange(3.0), "b": np.ones((3, 2))}
    found = ops.map(lambda x: {"c": x["a"] * x["b"]}, xs)
    assert found["c"].tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    assert ops.switch(9, [lambda: "first", lambda: "last"]) == "last"
    a, b = ops.associative_scan(lambda p, q: (p[0] + q[0], p[1] * q[1]), (xs["a"], xs["a"] + 1.0))
    assert a.tolist() == [0.0, 1.0, 3.0] and b.tolist() == [1.0, 2.0, 6.0]


def test_long_loops_are_differentiated_without_recursion() -> None:
    x = Tensor(np.float64(1.0), requires_grad=True)
    ops.fori_loop(0, 5000, lambda i, v: v * 0.999, x).backward()
    assert float(x.grad) == pytest.approx(0.999**5000)


def test_repeated_indices_of_a_replacement_take_the_last() -> None:
    x, places = np.zeros(3), np.array([[1], [1]])
    assert ops.scatter_update(x, places, np.array([5.0, 7.0])).tolist() == [0.0, 7.0, 0.0]
    slope = numpynn.grad(lambda u: ops.sum(ops.scatter_update(x, places, u)))(np.ones(2))
    assert slope.tolist() == [0.0, 1.0]


def test_results_are_tensors_where_an_argument_is() -> None:
    x = np.ones((3, 2))
    ids = Tensor(np.array([0, 1, 0]))
    assert isinstance(ops.scatter(Tensor(np.array([[0], [1], [0]])), x, (2, 2)), Tensor)
    assert isinstance(ops.in_top_k(ids, x, 1), Tensor)
    assert isinstance(ops.top_k(Tensor(x), 1).indices, Tensor)
    assert array(ops.segment_sum(Tensor(x), ids)).tolist() == [[2.0, 2.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("program", "raised"),
    [
        (lambda o: o.cdist(np.ones(3), np.ones((2, 3))), ValueError),
        (lambda o: o.cdist(np.ones((2, 2)), np.ones((2, 3))), ValueError),
        (lambda o: o.segment_sum(np.ones((3, 2)), np.zeros(2, int)), ValueError),
        (lambda o: o.segment_sum(np.ones(4), np.zeros((2, 2), int)), ValueError),
        (lambda o: o.view_as_complex(np.ones((2, 3))), ValueError),
        (lambda o: o.inv(np.ones((2, 3))), ValueError),
        (lambda o: o.det(np.ones(3)), ValueError),
        (lambda o: o.cholesky(-np.eye(2)), ValueError),
        (lambda o: o.solve(np.eye(2), np.ones(3)), ValueError),
        (lambda o: o.qr(np.eye(2), mode="r"), ValueError),
        (lambda o: o.lstsq(np.eye(2), np.ones(3)), ValueError),
        (lambda o: o.lstsq(np.ones((2, 2, 2)), np.ones(2)), TypeError),
        (lambda o: o.norm(np.ones((2, 2)), ord="nuclear"), ValueError),
        (lambda o: o.scan(3, 0, np.ones(2)), TypeError),
        (lambda o: o.scan(lambda c, x: (c, x), 0), ValueError),
        (lambda o: o.scan(lambda c, x: (c, x), 0, np.ones(2), unroll=0), ValueError),
        (lambda o: o.associative_scan(3, np.ones(2)), TypeError),
        (lambda o: o.associative_scan(lambda a, b: a, [np.ones(2), np.ones(3)]), ValueError),
        (lambda o: o.scatter_update(np.ones(2), [[0]], np.ones(1), reduction="pow"), ValueError),
        (lambda o: o.unstack(np.ones((2, 3)), num=3), ValueError),
        (lambda o: o.cast(np.ones(2), "float31"), ValueError),
    ],
)
def test_misuse_raises_what_keras_raises(program: Callable[[Any], Any], raised: Any) -> None:
    with pytest.raises((raised, tf.errors.OpError)):
        program(keras.ops)
    with pytest.raises(raised):
        program(ops)


def test_a_segment_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="Segment 5 is out of range: there are 3"):
        ops.segment_sum(np.ones(2), np.array([0, 5]), num_segments=3)
