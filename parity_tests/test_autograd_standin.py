"""Arrays on another device: every rule works on an array that is not NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from autograd_cases import CASES, Case
from factory import Call, error
from hypothesis import given, settings
from standin import StandIn
from test_autograd_primitives import EXAMPLES, library_primitives, values

from numpynn.autograd import (
    GradientTape,
    Tensor,
    custom_gradient,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    primitive,
    remat,
    vjp,
)
from numpynn.autograd.structure import leaves


def revealed(value: Any) -> Any:
    value = value.array if isinstance(value, Tensor) else value
    return value.revealed() if isinstance(value, StandIn) else np.asarray(value)


def gradients(call: Call, function: Any, kind: Any, create_graph: bool) -> tuple[list[Any], Any]:
    """The outputs, and the gradients of the sum of their squares."""
    x = [Tensor(kind(a), requires_grad=True) for a in call.arrays]
    outputs = leaves(function(*x, **call.keywords))
    for part in outputs:
        if isinstance(part, Tensor) and part.node is not None:
            part.backward(
                kind(np.cos(np.ones(part.shape))), create_graph=create_graph, retain_graph=True
            )
    return outputs, [leaf.grad for leaf in x]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_on_a_foreign_array(case: Case) -> None:
    @settings(max_examples=2)
    @given(case.drawn)
    def holds(call: Call) -> None:
        expected, slopes = gradients(call, case.call, np.asarray, False)
        for create_graph in (False, True):
            found, foreign = gradients(call, case.call, StandIn, create_graph)
            for a, b in zip(found, expected, strict=True):
                assert error(revealed(a), revealed(b)) <= 1e-12
            for a, b in zip(foreign, slopes, strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    assert isinstance(a.array, StandIn)
                    assert error(revealed(a), revealed(b)) <= 1e-10

    holds()


A = np.random.default_rng(2).normal(size=(3, 3))
X = np.array([0.3, -0.7, 1.1])


def number(x: Any) -> Any:
    """Sums, products, a slice twice, a matrix made like the input."""
    a = np.asarray(A, like=x) if not isinstance(x, Tensor) else np.asarray(A, like=x.array)
    return np.sum(np.tanh(x @ a) * x) + np.prod(x) + np.sum(x[1:] * x[:2]) + x[0] * x[0]


@pytest.mark.parametrize(
    "transform",
    [
        lambda x: grad(number)(x),
        lambda x: hessian(number)(x),
        lambda x: hvp(number, x, x),
        lambda x: jacobian(lambda z: np.exp(z) * np.sum(z))(x),
        lambda x: jvp(lambda z: np.exp(z) * np.sum(z), (x,), (x,))[1],
        lambda x: vjp(np.sin, x)[1](x)[0],
        lambda x: grad(lambda z: np.sum(remat(lambda q: np.tanh(q) * q)(z)))(x),
        lambda x: grad(lambda z: np.sum(halved(z) ** 2))(x),
        lambda x: grad(lambda z: np.sum(squared(z)))(x),
        lambda x: grad(lambda z: np.sum(grad(lambda q: np.sum(squared(q) * q))(z)))(x),
    ],
)
def test_transforms_on_a_foreign_array(transform: Any) -> None:
    found = transform(StandIn(X))
    assert isinstance(found.array, StandIn)
    assert error(revealed(found), revealed(transform(X))) <= 1e-12


@custom_gradient
def halved(x: Any) -> Any:
    return (x * 0.5, lambda g: g * 0.5)


@primitive(plain=lambda x: x * x)
def squared(x: Any) -> Any:
    return x * x, lambda g: (2.0 * g * x,)


def test_every_primitive_on_a_foreign_array() -> None:
    random = np.random.default_rng(0)
    for call in library_primitives():
        example = EXAMPLES.get(call.__name__)
        args = (values(random, 3, 4),) if example is None else example(random)
        expected, slopes = of_primitive(call, args, np.asarray)
        found, foreign = of_primitive(call, args, StandIn)
        assert isinstance(found, StandIn), call.__name__
        assert error(revealed(found), expected) <= 1e-12, call.__name__
        for a, b in zip(foreign, slopes, strict=True):
            assert error(revealed(a), revealed(b)) <= 1e-10, call.__name__


def of_primitive(call: Any, args: Any, kind: Any) -> tuple[Any, list[Any]]:
    """Value and gradients of a primitive on arrays of this kind."""
    given = [kind(a) if isinstance(a, np.ndarray) else a for a in args]
    watched = [
        Tensor(a, requires_grad=True) if getattr(a, "dtype", np.dtype(int)).kind == "f" else a
        for a in given
    ]
    y = call(*watched)
    y.backward(kind(np.cos(np.arange(y.size)).reshape(y.shape)))
    return y.numpy(), [x.grad for x in watched if isinstance(x, Tensor)]


def test_tapes_and_operators_on_a_foreign_array() -> None:
    x = Tensor(StandIn(X))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = 2.0 * x + x / StandIn(X) - StandIn(X) * x**2 + (1.0 - x) % 0.7
    gradient, matrix = tape.gradient(y, x), tape.jacobian(y, x)
    expected = 2.0 + 1.0 / X - 2.0 * X * X - 1.0
    assert error(revealed(gradient), expected) <= 1e-12
    assert error(revealed(matrix), np.diag(expected)) <= 1e-12


def test_a_foreign_array_does_not_become_an_ndarray() -> None:
    t = Tensor(StandIn(X), requires_grad=True)
    for door in (np.asarray, np.array, lambda z: np.ones(3) * z.array):
        with pytest.raises(TypeError):
            door(t)
    assert isinstance(np.zeros_like(t), StandIn) and isinstance(np.eye(2, like=t), StandIn)
    assert isinstance(np.argsort(t), StandIn)
    assert "StandIn" in type(t.numpy()).__name__
    assert np.shape(t) == (3,) and len(t) == 3
