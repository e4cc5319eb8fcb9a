"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: against TensorFlow, in any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from factory import array, error
from hypothesis import given
from hypothesis import strategies as st

from numpynn.autograd import (
    GradientTape,
    Tensor,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)

A = np.random.default_rng(1).normal(size=(3, 3))
X = np.array([0.3, -0.7, 1.1])


def f(x: Any) -> Any:
    """A number of a vector, with mixed second derivatives."""
    return np.sum(np.tanh(x @ A) * x) + np.prod(x)


def f_tf(x: Any) -> Any:
    return tf.reduce_sum(tf.tanh(tf.linalg.matvec(A.T, x)) * x) + tf.reduce_prod(x)


def vector(x: Any) -> Any:
    return np.exp(x @ A) * np.sum(x * x)


def vector_tf(x: Any) -> Any:
    return tf.exp(tf.linalg.matvec(A.T, x)) * tf.reduce_sum(x * x)


def close(ours: Any, theirs: Any, bar: float = 1e-12) -> None:
    assert error(array(ours), array(theirs)) <= bar


# -- any order -------------------------------------------------------------------------------------


def nth(function: Any, n: int) -> Any:
    for _ in range(n):
        function = grad(function)
    return function


@pytest.mark.parametrize("x", [-1.3, 0.0, 0.4])
def test_derivatives_of_tanh_to_the_fifth(x: float) -> None:
    """With t = tanh x, every derivative is a polynomial: p' = (1 - t²) dp/dt."""
    polynomial = np.polynomial.Polynomial([0.0, 1.0])
    for n in range(6):
        close(nth(np.tanh, n)(Tensor(x)), polynomial(math.tanh(x)))
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([1.0, 0.0, -1.0])


def test_derivatives_of_powers_end_in_zeros() -> None:
    expected = [2.0**3, 3 * 2.0**2, 6 * 2.0, 6.0, 0.0, 0.0]
    for n, value in enumerate(expected):
        assert float(nth(lambda x: x**3, n)(Tensor(2.0))) == value


def test_derivatives_of_sine_turn() -> None:
    for n in range(9):
        close(nth(np.sin, n)(Tensor(0.6)), math.sin(0.6 + n * math.pi / 2))


def test_fourth_derivative_of_a_composition_equals_tensorflow() -> None:
    def ours(x: Any) -> Any:
        return np.log(1.0 + np.exp(x * x)) * np.arctan(x) / np.sqrt(x + 2.0)

    def theirs(x: Any) -> Any:
        return tf.math.log(1.0 + tf.exp(x * x)) * tf.atan(x) / tf.sqrt(x + 2.0)

    x = tf.constant(0.5, tf.float64)

    def nested(n: int) -> Any:
        if n == 0:
            return theirs(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = nested(n - 1)
        return tape.gradient(y, x)

    for n in range(5):
        close(nth(ours, n)(Tensor(0.5)), nested(n), 1e-10)


# -- first derivatives -----------------------------------------------------------------------------


def test_grad_and_its_value() -> None:
    value, gradient = value_and_grad(f)(X)
    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        y = f_tf(x)
    close(value, y)
    close(gradient, tape.gradient(y, x))
    close(grad(f)(X), gradient)
    assert type(value) is Tensor and value.node is None and gradient.node is None


def test_several_arguments_are_chosen_by_number() -> None:
    def g(a: Any, b: Any, scale: float = 1.0) -> Any:
        return scale * np.sum(a * b * b)

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert grad(g)(a, b).tolist() == [9.0, 16.0]
    assert grad(g, 1)(a, b, scale=2.0).tolist() == [12.0, 32.0]
    both = grad(g, (1, 0))(a, b)
    assert type(both) is tuple and [p.tolist() for p in both] == [[6.0, 16.0], [9.0, 16.0]]


def test_arguments_may_be_nested() -> None:
    parameters = {"w": [np.array([1.0, 2.0]), 3.0], "b": (np.array(4.0),)}
    found = grad(lambda p: np.sum(p["w"][0] * p["w"][1]) + p["b"][0] ** 2)(parameters)
    assert found["w"][0].tolist() == [3.0, 3.0]
    assert float(found["w"][1]) == 3.0 and float(found["b"][0]) == 8.0
    assert type(found["b"]) is tuple and list(found) == ["w", "b"]


def test_what_does_not_matter_has_gradient_zero() -> None:
    unused, used = grad(lambda a, b: np.sum(b), (0, 1))(X, X)
    assert unused.tolist() == [0.0] * 3 and used.tolist() == [1.0] * 3
    assert grad(lambda a: np.sum(np.floor(a)))(X).tolist() == [0.0] * 3
    assert grad(lambda a: np.float64(3.0))(X).tolist() == [0.0] * 3


def test_grad_refuses_what_is_not_one_number() -> None:
    with pytest.raises(ValueError, match="single number"):
        grad(vector)(X)
    with pytest.raises(TypeError, match="floating-point"):
        grad(lambda n: n * 2)(3)
    with pytest.raises(TypeError, match="floating-point"):
        grad(lambda n: np.sum(n))(np.array([1j]))


def test_vjp_can_be_called_repeatedly() -> None:
    y, pull = vjp(vector, X)
    v = np.array([1.0, -2.0, 0.5])
    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        y_tf = vector_tf(x)
    close(y, y_tf)
    close(pull(v)[0], tape.gradient(y_tf, x, output_gradients=tf.constant(v)))
    close(pull(2.0 * v)[0], 2.0 * pull(v)[0])
    with pytest.raises(ValueError, match="shapes"):
        pull(np.ones(2))


def test_vjp_and_jvp_of_several_outputs() -> None:
    def g(a: Any, b: Any) -> Any:
        return {"sum": a + b, "product": (a * b, np.argmax(a))}

    a, b = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    _, pull = vjp(g, a, b)
    found = pull({"sum": np.ones(2), "product": (np.ones(2), np.array(0))})
    assert [p.tolist() for p in found] == [[4.0, 6.0], [2.0, 3.0]]
    value, change = jvp(g, (a, b), (np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    assert change["sum"].tolist() == [1.0, 1.0]
    assert change["product"][0].tolist() == [3.0, 2.0]
    assert value["product"][0].tolist() == [3.0, 10.0]


def test_jvp_is_the_jacobian_times_the_tangent() -> None:
    u = np.array([0.2, -1.0, 0.4])
    value, change = jvp(vector, (X,), (u,))
    close(value, vector(X))
    close(change, array(jacobian(vector)(X)) @ u)
    x = tf.constant(X)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(u)) as forward:
        y = vector_tf(x)
    close(change, forward.jvp(y))
    with pytest.raises(ValueError, match="tangents"):
        jvp(vector, (X,), (u[:2],))


def test_jvp_of_a_constant_is_zero() -> None:
    _, change = jvp(lambda x: (np.floor(x), x * 0.0 + 1.0), (X,), (X,))
    assert [part.tolist() for part in change] == [[0.0] * 3, [0.0] * 3]


# -- matrices of derivatives -----------------------------------------------------------------------


def test_jacobian_equals_tensorflow() -> None:
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = vector_tf(x)
    close(jacobian(vector)(X), tape.jacobian(y, x))


@given(st.integers(0, 2), st.integers(0, 2))
def test_jacobian_has_the_shape_of_output_and_input(rows: int, columns: int) -> None:
    w = np.ones((columns, 2, rows))
    j = jacobian(lambda x: np.tensordot(w, x, ((0,), (0,))))(np.ones((columns, 3)))
    assert j.shape == (2, rows, 3, columns, 3)


def test_jacobian_of_several_arguments_and_nestings() -> None:
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    both = jacobian(lambda p, q: p["a"] * q, (0, 1))({"a": a}, b)
    assert both[0]["a"].tolist() == [[3.0, 0.0], [0.0, 4.0]]
    assert both[1].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    with pytest.raises(ValueError, match="one array"):
        jacobian(lambda x: (x, x))(a)


def test_hessian_equals_tensorflow_and_is_symmetric() -> None:
    x = tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f_tf(x)
        g = inner.gradient(y, x)
    h = array(hessian(f)(X))
    close(h, outer.jacobian(g, x), 1e-10)
    close(h, h.T)


def test_hvp_is_the_hessian_times_the_vector() -> None:
    v = np.array([1.0, -0.5, 2.0])
    close(hvp(f, X, v), array(hessian(f)(X)) @ v)


def test_jacobian_and_jvp_can_themselves_be_differentiated() -> None:
    third = jacobian(jacobian(jacobian(lambda x: np.sum(x**3) * x[0])))(X)
    assert third.shape == (3, 3, 3)
    numeric = (
        array(hessian(lambda x: np.sum(x**3) * x[0])(X + [1e-5, 0, 0]))
        - array(hessian(lambda x: np.sum(x**3) * x[0])(X - [1e-5, 0, 0]))
    ) / 2e-5
    close(array(third)[:, :, 0], numeric, 1e-8)
    u = np.array([0.2, -1.0, 0.4])
    along = grad(lambda x: jvp(f, (x,), (u,))[1])(X)
    close(along, array(hessian(f)(X)) @ u)


def test_forward_over_forward() -> None:
    u, w = np.array([0.2, -1.0, 0.4]), np.array([1.0, 0.5, -0.3])
    _, second = jvp(lambda x: jvp(f, (x,), (u,))[1], (X,), (w,))
    close(second, u @ array(hessian(f)(X)) @ w)


# -- nested in other scopes ------------------------------------------------------------------------


def test_grad_inside_a_tape_is_differentiated() -> None:
    x = Tensor(X)
    with GradientTape() as tape:
        tape.watch(x)
        penalty = np.sum(grad(f)(x) ** 2)
    h = array(hessian(f)(X))
    close(tape.gradient(penalty, x), 2.0 * h @ array(grad(f)(X)))


def test_grad_of_a_leaf_made_by_hand_is_differentiated() -> None:
    x = Tensor(X, requires_grad=True)
    np.sum(grad(f)(x)).backward()
    close(x.grad, array(hessian(f)(X)) @ np.ones(3))


def test_a_constant_of_an_outer_function_is_differentiated_too() -> None:
    """d/da of d/dx (a x²) = 2 x"""
    outer = grad(lambda a: grad(lambda x: a * x * x)(Tensor(3.0)))
    assert float(outer(Tensor(2.0))) == 6.0


def test_confusion_of_levels_does_not_happen() -> None:
    """d/dx (x · d/dy (x + y)) = 1, the classic example of perturbation confusion."""
    inner = grad(lambda x: x * grad(lambda y: x + y)(Tensor(1.0)))
    assert float(inner(Tensor(1.0))) == 1.0


def test_stop_gradient_makes_a_constant() -> None:
    x = np.array([1.0, 2.0])
    assert grad(lambda z: np.sum(stop_gradient(z) * z))(x).tolist() == x.tolist()
    nest = stop_gradient({"a": [Tensor(x, requires_grad=True)], "b": 3})
    assert nest["a"][0].node is None and nest["b"] == 3


def test_nothing_is_recorded_under_no_grad() -> None:
    leaf = Tensor(X, requires_grad=True)
    with no_grad():
        assert f(leaf).node is None
    assert f(leaf).node is not None
    assert grad(lambda x: np.sum(x) + float(no_gradient(x)))(X).tolist() == [1.0] * 3


def no_gradient(x: Any) -> Any:
    with no_grad():
        return np.sum(x * x)


def test_float32_stays_float32() -> None:
    x = X.astype(np.float32)
    a = A.astype(np.float32)

    def g(z: Any) -> Any:
        return np.sum(np.tanh(z @ a) * z)

    for found in (
        grad(g)(x),
        hessian(g)(x),
        jacobian(lambda z: z @ a)(x),
        hvp(g, x, x),
        jvp(g, (x,), (x,))[1],
        vjp(g, x)[1](np.float32(1.0))[0],
    ):
        assert found.dtype == np.float32
