"""Functions with derivatives of their own: primitives, custom gradients, checkpoints."""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
import tracemalloc
from functools import partial
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from factory import REAL, Call, array, calls, check, error, sized, verify

import numpynn
from numpynn.autograd import (
    GradientTape,
    Tensor,
    custom_gradient,
    grad,
    hessian,
    jvp,
    no_grad,
    primitive,
    remat,
    vjp,
)
from numpynn.autograd.tape import recording
from numpynn.ops.nn.convolution.window import window
from numpynn.ops.nn.pooling.windows import windows_of

PRIMITIVES = importlib.import_module("numpynn.autograd.primitive").PRIMITIVES


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def close(a: Any, b: Any, bar: float = 1e-12) -> None:
    assert error(array(a), array(b)) <= bar


# -- primitives ------------------------------------------------------------------------------------


@primitive(plain=lambda x, w, scale=1.0: scale * np.tanh(x @ w))
def fused(x: Any, w: Any, scale: float = 1.0) -> Any:
    y = scale * np.tanh(x @ w)

    def pulled(g: Any) -> Any:
        inner = g * (scale - y * y / scale)
        return inner @ w.T, x.T @ inner

    return y, pulled


@primitive(plain=lambda x, z: x * z)
def separate(x: Any, z: Any) -> Any:
    return x * z, (lambda g: g * z, lambda g: g * x)


@primitive()
def once(x: Any) -> Any:
    return x * x, lambda g: (2.0 * g * x,)


def test_a_primitive_is_a_function_like_any_other() -> None:
    check(fused, None, calls(sized((2, 3), (3, 4)), REAL, scale=1.5), numpy=False)
    check(separate, tf.multiply, calls(sized((2, 3), (2, 3)), REAL), numpy=False)


def test_a_primitive_of_arrays_gives_an_array() -> None:
    assert type(separate(np.ones(2), np.ones(2))) is np.ndarray
    assert separate(Tensor(np.ones(2)), 2.0).node is None
    with no_grad():
        assert separate(leaf(1.0), 2.0).node is None


def test_only_the_needed_vjp_is_called() -> None:
    def refuse(g: Any) -> Any:
        raise AssertionError("not needed")

    @primitive()
    def lopsided(x: Any, z: Any) -> Any:
        return x * z, (lambda g: g * z, refuse)

    x = leaf(1.0, 2.0)
    np.sum(lopsided(x, np.ones(2))).backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_second_derivatives_go_through_the_plain_composition() -> None:
    def twice(x: Any) -> Any:
        return np.sum(fused(x, np.eye(2)) ** 2)

    def plain(x: Any) -> Any:
        return np.sum(np.tanh(x) ** 2)

    x = np.array([[0.3, -0.2]])
    close(hessian(twice)(x), hessian(plain)(x))
    third = grad(lambda z: np.sum(grad(lambda q: np.sum(grad(twice)(q)))(z)))(x)
    close(third, grad(lambda z: np.sum(grad(lambda q: np.sum(grad(plain)(q)))(z)))(x))


def test_a_primitive_without_a_plain_one_raises_where_it_would_be_constant() -> None:
    x = leaf(1.0, 2.0)
    np.sum(once(x)).backward()
    assert x.grad.tolist() == [2.0, 4.0]
    for second in (
        lambda: grad(lambda z: np.sum(grad(lambda q: np.sum(once(q)))(z)))(np.ones(2)),
        lambda: jvp(once, (np.ones(2),), (np.ones(2),)),
        lambda: np.sum(once(x)).backward(create_graph=True),
    ):
        with pytest.raises(TypeError, match=r"once has a first derivative only.*plain"):
            second()


def test_a_primitive_may_give_no_gradient_for_an_argument() -> None:
    @primitive(plain=lambda x, labels: x * np.floor(labels))
    def weighted(x: Any, labels: Any) -> Any:
        return x * np.floor(labels), lambda g: (g * np.floor(labels), None)

    a, b = leaf(1.0, 2.0), leaf(3.5, 4.5)
    np.sum(weighted(a, b)).backward()
    assert a.grad.tolist() == [3.0, 4.0] and b.grad is None
    second = hessian(lambda x: np.sum(weighted(x, x)))(np.array([1.5, 2.5]))
    assert second.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_primitive_whose_plain_one_is_constant_has_second_derivative_zero() -> None:
    @primitive(plain=lambda x: np.floor(x))
    def step(x: Any) -> Any:
        return np.floor(x), lambda g: (np.zeros_like(x),)

    assert grad(lambda z: np.sum(grad(lambda q: np.sum(step(q)))(z)))(np.ones(2)).tolist() == [0, 0]


def test_broadcast_gradients_of_a_primitive_are_summed() -> None:
    x, z = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    np.sum(separate(x, z)).backward()
    assert z.grad.tolist() == [2.0, 2.0, 2.0]


# -- every primitive of the library ----------------------------------------------------------------


def library_primitives() -> list[Any]:
    """All that exist once every module of the library is imported."""
    for module in pkgutil.walk_packages(numpynn.__path__, "numpynn."):
        importlib.import_module(module.name)
    return [call for call in PRIMITIVES if call.__module__.startswith("numpynn.")]


def values(random: np.random.Generator, *shape: int) -> Any:
    """Numbers of both signs, zeros among them, where kinks are."""
    return np.round(random.normal(size=shape), 1) * (random.uniform(size=shape) > 0.1)


def shares(random: np.random.Generator, *shape: int) -> Any:
    """Probabilities along the last axis."""
    positive = random.uniform(0.1, 1.0, size=shape)
    return positive / positive.sum(axis=-1, keepdims=True)


POOL = windows_of((2, 5, 4, 3), (2, 3), (2, 1), "same", "channels_last")
WINDOW = window((5, 4), (2, 3), (1, 2), "same", 1)
BLOCKS = window((5, 4), (2, 3), (2, 1), "valid", 1)


# What a primitive is called with, where one array of numbers is not enough: a function of a
# generator, by the name of the primitive.
def recurrent(r: Any, width: int, biases: int = 1) -> list[Any]:
    bias = values(r, biases, width) if biases > 1 else values(r, width)
    return [values(r, 3, width), values(r, 4, width), bias]


EXAMPLES: dict[str, Any] = {
    "_logsumexp": lambda r: (values(r, 3, 4), -1, False),
    "_softmax_crossentropy": lambda r: (shares(r, 3, 4), values(r, 3, 4), -1),
    "_categorical_crossentropy": lambda r: (shares(r, 3, 4), shares(r, 3, 4), -1),
    "_sparse_softmax_crossentropy": lambda r: (r.integers(0, 4, size=3), values(r, 3, 4)),
    "_sparse_crossentropy": lambda r: (r.integers(0, 4, size=3), shares(r, 3, 4)),
    "_sigmoid_crossentropy": lambda r: (r.uniform(size=(3, 2)), values(r, 3, 2)),
    "_binary_crossentropy": lambda r: (r.uniform(size=(3, 2)), r.uniform(0.1, 0.9, size=(3, 2))),
    "affine": lambda r: (values(r, 5, 3), values(r, 3, 2), values(r, 2)),
    "prelu": lambda r: (values(r, 4, 3, 2), values(r, 1, 2)),
    "zero_padded": lambda r: (values(r, 2, 3, 4), ((0, 0), (1, 2), (0, 3))),
    "copied": lambda r: (values(r, 2, 3, 4), (1, 3, 2)),
    "batch_norm": lambda r: (values(r, 5, 3, 2), values(r, 3), values(r, 3), 1),
    "group_norm": lambda r: (values(r, 3, 4, 2), values(r, 4), values(r, 4), 2, 1),
    "rms_norm": lambda r: (values(r, 2, 3, 4) + 0.5, values(r, 3, 4), (1, 2)),
    "layer_norm": lambda r: (values(r, 2, 3, 4), values(r, 3, 4), values(r, 3, 4), (-1, 1)),
    "_added": lambda r: (values(r, 2, *BLOCKS.positions, 6, 2), BLOCKS),
    "conv": lambda r: (values(r, 2, 5, 4, 4), values(r, 2, 3, 2, 6), WINDOW),
    "conv_and_bias": lambda r: (
        values(r, 2, 5, 4, 4),
        values(r, 2, 3, 2, 6),
        r.normal(size=6),
        WINDOW,
        True,
    ),
    "conv_transpose": lambda r: (values(r, 2, 5, 2, 6), values(r, 2, 3, 4, 6), WINDOW),
    "largest": lambda r: (values(r, 2, 5, 4, 3), POOL),
    "mean": lambda r: (values(r, 2, 5, 4, 3), POOL),
    "simple_rnn": lambda r: (values(r, 2, 5, 3), values(r, 2, 4), *recurrent(r, 4)),
    "gru": lambda r: (values(r, 2, 5, 3), values(r, 2, 4), *recurrent(r, 12, biases=2)),
    "lstm": lambda r: (values(r, 2, 5, 3), values(r, 2, 4), values(r, 2, 4), *recurrent(r, 16)),
    "log_partition": lambda r: (
        values(r, 2, 4, 3),
        values(r, 3, 3),
        values(r, 3),
        values(r, 3),
        np.array([[True, False, True, True], [False] * 4]),
    ),
    "_reversed": lambda r: (values(r, 2, 4, 3), np.array([[2, 1, 0, 3], [0, 1, 2, 3]])),
    "rows": lambda r: (values(r, 4, 3), r.integers(0, 4, (2, 5))),
    "depthwise_conv": lambda r: (values(r, 2, 5, 4, 3), values(r, 2, 3, 3, 2), WINDOW),
}


def test_every_primitive_names_its_plain_composition() -> None:
    missing = [call.__name__ for call in library_primitives() if call.plain is None]
    assert not missing


@pytest.mark.parametrize("seed", range(3))
def test_every_primitive_equals_its_plain_composition(seed: int) -> None:
    random = np.random.default_rng(seed)
    for call in library_primitives():
        required = [
            p
            for p in inspect.signature(call).parameters.values()
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        example = EXAMPLES.get(call.__name__)
        assert example is not None or len(required) == 1, f"{call.__name__} needs an example here"
        args = (values(random, 3, 4),) if example is None else example(random)
        numbers = [i for i, a in enumerate(args) if getattr(a, "dtype", np.dtype(int)).kind == "f"]
        for dtype, bars in (("float64", (1e-12, 1e-10)), ("float32", (1e-5, 1e-4))):
            arrays = [args[i].astype(dtype) for i in numbers]

            def of(function: Any, *x: Any, given: Any = args, at: Any = numbers) -> Any:
                full = list(given)
                for i, array_at in zip(at, x, strict=True):
                    full[i] = array_at
                return function(*full)

            fused, pull = vjp(partial(of, call), *arrays)
            plain, pull_plain = vjp(partial(of, call.plain), *arrays)
            v = random.normal(size=fused.shape).astype(dtype)
            assert fused.dtype == dtype, f"{call.__name__} gives {fused.dtype} for {dtype}"
            assert error(array(fused), array(plain)) <= bars[0], call.__name__
            for mine, other in zip(pull(v), pull_plain(v), strict=True):
                assert mine.dtype == dtype, call.__name__
                assert error(array(mine), array(other)) <= bars[1], call.__name__


# -- custom gradients ------------------------------------------------------------------------------


def test_custom_gradient_equals_tensorflow_to_second_order() -> None:
    @custom_gradient
    def ours(x: Any) -> Any:
        y = np.log(1.0 + np.exp(x))
        return y, lambda g: g * (1.0 - 1.0 / (1.0 + np.exp(x))) * 3.0

    @tf.custom_gradient
    def theirs(x: Any) -> Any:
        y = tf.math.log(1.0 + tf.exp(x))
        return y, lambda g: g * (1.0 - 1.0 / (1.0 + tf.exp(x))) * 3.0

    values = np.array([0.5, -1.0, 2.0])
    x = tf.constant(values)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = theirs(x) * x
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    close(ours(values), theirs(x))
    close(grad(lambda z: np.sum(ours(z) * z))(values), first)
    close(grad(lambda z: np.sum(grad(lambda q: np.sum(ours(q) * q))(z)))(values), second)


def test_custom_gradient_of_several_arguments_and_outputs() -> None:
    @custom_gradient
    def ours(a: Any, b: Any) -> Any:
        return (a * b, [a + b]), lambda g, h: (g * b * 10.0 + h, g * a + h * 100.0)

    @tf.custom_gradient
    def theirs(a: Any, b: Any) -> Any:
        return [a * b, a + b], lambda g, h: (g * b * 10.0 + h, g * a + h * 100.0)

    a, b = np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]])

    def total(p: Any, q: Any) -> Any:
        product, (together,) = ours(p, q)
        return np.sum(product * product) + np.sum(np.tanh(together))

    a_tf, b_tf = tf.constant(np.broadcast_to(a, b.shape)), tf.constant(b)
    with tf.GradientTape() as tape:
        tape.watch([a_tf, b_tf])
        product, together = theirs(a_tf, b_tf)
        y = tf.reduce_sum(product * product) + tf.reduce_sum(tf.tanh(together))
    expected = tape.gradient(y, [a_tf, b_tf])
    found = grad(total, (0, 1))(np.broadcast_to(a, b.shape).copy(), b)
    close(found[0], expected[0])
    close(found[1], expected[1])


def test_custom_gradient_may_refuse_an_argument_and_must_count_them() -> None:
    x, z = leaf(2.0), leaf(3.0)
    np.sum(custom_gradient(lambda a, b: (a * b, lambda g: (g * b, None)))(x, z)).backward()
    assert x.grad.tolist() == [3.0] and z.grad is None
    wrong = custom_gradient(lambda a, b: (a * b, lambda g: g))
    with pytest.raises(ValueError, match="one gradient for each"):
        np.sum(wrong(x, z)).backward()


def test_custom_gradient_is_not_recorded_without_a_scope() -> None:
    f = custom_gradient(lambda a: (a * 2.0, lambda g: g))
    assert f(np.ones(2)).node is None
    assert f(Tensor(np.ones(2))).node is None
    assert f(leaf(1.0)).node is not None


def test_gradient_reversal() -> None:
    flipped = custom_gradient(lambda a: (a, lambda g: -g))
    assert grad(lambda x: np.sum(flipped(x * 3.0)))(np.ones(2)).tolist() == [-3.0, -3.0]


# -- checkpoints -----------------------------------------------------------------------------------

W = np.random.default_rng(3).normal(size=(6, 6)) / 3.0


def block(x: Any) -> Any:
    for _ in range(3):
        x = np.tanh(x @ W) + x
    return x


def test_remat_gives_the_same_gradients() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))

    def loss(f: Any) -> Any:
        return lambda z: np.sum(f(f(z)) ** 2)

    close(grad(loss(remat(block)))(x), grad(loss(block))(x))
    assert remat(block)(x) is not None and type(remat(block)(x)) is np.ndarray


def test_remat_gives_the_same_second_derivatives() -> None:
    x = np.random.default_rng(0).normal(size=(2, 6))

    def penalty(f: Any) -> Any:
        return lambda z: np.sum(grad(lambda q: np.sum(f(q) ** 2))(z) ** 2)

    close(grad(penalty(remat(block)))(x), grad(penalty(block))(x), 1e-10)


def test_remat_of_nested_arguments_captured_leaves_and_several_outputs() -> None:
    captured = leaf(2.0, 3.0)

    def piece(a: Any, scale: float, b: Any = 1.0) -> Any:
        return {"sum": a * captured * scale, "rest": (np.sin(a), np.float64(3.0) * captured)}

    def loss(f: Any) -> Any:
        def of(a: Any) -> Any:
            found = f(a, 0.5, b=2.0)
            return np.sum(found["sum"] ** 2) + np.sum(found["rest"][0] * found["rest"][1])

        return of

    x = leaf(0.3, -0.7)
    gradients = []
    for f in (piece, remat(piece)):
        x.grad = captured.grad = None
        loss(f)(x).backward()
        gradients.append((x.grad, captured.grad))
    close(gradients[0][0], gradients[1][0])
    close(gradients[0][1], gradients[1][1])


def test_remat_of_tensors_watched_by_a_tape() -> None:
    x, w = Tensor(np.ones((2, 6))), Tensor(W)
    found = []
    for f in (lambda a: np.tanh(a @ w), remat(lambda a: np.tanh(a @ w))):
        with GradientTape() as tape:
            tape.watch([x, w])
            y = f(f(x * 0.5))
        found.append(tape.gradient(y, [x, w]))
    close(found[0][0], found[1][0])
    close(found[0][1], found[1][1])


def test_remat_does_not_record_what_is_not_watched() -> None:
    with recording():
        assert getattr(remat(block)(Tensor(np.ones((2, 6)))), "node", None) is None
    with no_grad():
        x = Tensor(np.ones((2, 6)), requires_grad=True)
        assert remat(block)(x).node is None


def test_remat_needs_less_memory() -> None:
    x = Tensor(np.random.default_rng(0).normal(size=(200, 60)), requires_grad=True)

    def long(z: Any) -> Any:
        for _ in range(10):
            z = np.tanh(z) * 1.01
        return z

    def peak(f: Any) -> int:
        x.grad = None
        gc.collect()
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = f(y)
        np.sum(y).backward()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    whole, first = peak(long), x.grad
    checkpointed = peak(remat(long))
    close(x.grad, first)
    assert checkpointed < whole / 3


def test_a_case_of_the_factory_fails_where_a_gradient_is_wrong() -> None:
    """The tests' own test: a wrong gradient, a wrong plain one, and a float64 leak are found."""

    @primitive(plain=lambda x: x * x)
    def wrong(x: Any) -> Any:
        return x * x, lambda g: (g * x * 2.001,)

    @primitive(plain=lambda x: x * x * 1.001)
    def uneven(x: Any) -> Any:
        return x * x, lambda g: (g * x * 2.0,)

    call = Call([np.array([0.5, 1.5])], {}, 1)
    for broken, words in (
        (wrong, "jvp"),
        (uneven, "jvp"),
        (lambda x: x * np.array([2.0, 3.0]), "float64"),
    ):
        with pytest.raises(AssertionError, match=words):
            verify(broken, None, call, numpy=False)
    verify(lambda x: x * x, tf.square, call)
    with pytest.raises(AssertionError, match="TensorFlow"):
        verify(lambda x: x * x, lambda x: x * x * 1.0001, call)
