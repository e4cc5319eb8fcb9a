"""GradientTape: as TensorFlow's, on the same programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from factory import array, error

from numpynn.autograd import GradientTape, Tensor, grad, stop_gradient


def pair(*values: float) -> tuple[Tensor, Any]:
    """The same numbers on both sides."""
    return Tensor(np.array(values)), tf.constant(values, tf.float64)


def close(ours: Any, theirs: Any, bar: float = 1e-12) -> None:
    assert error(array(ours), array(theirs)) <= bar


def both(program: Any, *values: list[float], **options: Any) -> None:
    """Run `program(np or tf, tape class, inputs)` on both sides and compare what it returns."""
    ours = program(np, GradientTape, [Tensor(np.array(v)) for v in values], **options)
    theirs = program(tf, tf.GradientTape, [tf.constant(v, tf.float64) for v in values], **options)
    flat_ours, flat_theirs = tf.nest.flatten(list(ours)), tf.nest.flatten(list(theirs))
    assert len(flat_ours) == len(flat_theirs)
    for a, b in zip(flat_ours, flat_theirs, strict=True):
        if b is None:
            assert a is None
        else:
            close(a, b)


def test_gradient_of_a_watched_tensor() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class() as tape:
            tape.watch(x)
            y = xp.tanh(x) * x
        return [tape.gradient(y, x)]

    both(program, [0.5, -1.0, 2.0])


def test_what_is_not_watched_has_no_gradient() -> None:
    x = Tensor([1.0])
    with GradientTape() as tape:
        y = x * 2.0
    assert tape.gradient(y, x) is None
    with GradientTape() as tape:
        tape.watch(x)
        y = x * 2.0
    z = Tensor([1.0])
    assert tape.gradient(y, [z]) == [None]


def test_unconnected_sources_are_none_or_zero() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any, **options: Any) -> Any:
        a, b = inputs
        with tape_class() as tape:
            tape.watch([a, b])
            y = a * 3.0
        return tape.gradient(y, [a, b], **options)

    both(program, [1.0, 2.0], [3.0])
    both(program, [1.0, 2.0], [3.0], unconnected_gradients="zero")


def test_several_targets_add_and_nesting_is_kept() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        a, b = inputs
        with tape_class() as tape:
            tape.watch(a)
            tape.watch(b)
            y = a * b
            z = {"one": a * a, "two": [b * y]}
        found = tape.gradient([y, z, y], {"b": b, "ab": (a, [b])})
        return [found["b"], found["ab"][0], found["ab"][1][0]]

    both(program, [1.0, 2.0], [3.0, -1.0])


def test_output_gradients_are_cotangents() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        a, v = inputs
        with tape_class() as tape:
            tape.watch(a)
            y, z = xp.exp(a), a * a
        return [tape.gradient([y, z], a, output_gradients=[v, 2.0 * v])]

    both(program, [1.0, 2.0], [0.3, -1.0])


def test_a_tape_that_is_not_persistent_answers_once() -> None:
    for tensor, tape_class in (
        (Tensor([1.0]), GradientTape),
        (tf.constant([1.0]), tf.GradientTape),
    ):
        with tape_class() as tape:
            tape.watch(tensor)
            y = tensor * tensor
        tape.gradient(y, tensor)
        with pytest.raises(RuntimeError, match="persistent"):
            tape.gradient(y, tensor)


def test_a_persistent_tape_answers_again() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return [
            tape.gradient(z, x),
            tape.gradient(y, x),
            tape.gradient(z, y),
            tape.gradient(z, [x, y]),
        ]

    both(program, [3.0, 1.0])


def test_gradients_for_intermediate_results() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class() as tape:
            tape.watch(x)
            y = xp.sin(x)
            z = y * x
        return tape.gradient(z, [y, x, z])

    both(program, [3.0, 1.0])


def test_nested_tapes_give_higher_derivatives() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class() as outer:
            outer.watch(x)
            with tape_class() as middle:
                middle.watch(x)
                with tape_class() as inner:
                    inner.watch(x)
                    y = x**5 + xp.exp(x)
                first = inner.gradient(y, x)
            second = middle.gradient(first, x)
        third = outer.gradient(second, x)
        return [first, second, third]

    both(program, [1.5, -0.5])


def test_gradient_inside_the_tape_of_a_persistent_one() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
            slope = tape.gradient(y, x)
            penalty = slope * slope
        return [slope, tape.gradient(penalty, x), tape.gradient(y, x)]

    both(program, [1.5, -0.5])


def test_a_tape_may_be_asked_before_its_scope_ends() -> None:
    x = Tensor([2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        assert tape.gradient(y, x).tolist() == [4.0]
        assert (x * x).node is None  # as in TensorFlow, asking stops the recording


def test_stop_recording_leaves_out() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                factor = y * x
            z = y * factor
        return [tape.gradient(z, x)]

    both(program, [3.0, 2.0])


def test_stop_gradient_is_a_constant_for_a_tape() -> None:
    x, x_tf = pair(3.0, 2.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = stop_gradient(x * x) * x
    with tf.GradientTape() as tape_tf:
        tape_tf.watch(x_tf)
        y_tf = tf.stop_gradient(x_tf * x_tf) * x_tf
    close(tape.gradient(y, x), tape_tf.gradient(y_tf, x_tf))


def test_jacobian_equals_tensorflow() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        a, b = inputs
        with tape_class() as tape:
            tape.watch([a, b])
            y = xp.exp(a) * b
        return [tape.jacobian(y, [a, b])]

    both(program, [1.0, 2.0], [3.0, 4.0])


def test_jacobian_of_the_unconnected_is_none() -> None:
    a, b = Tensor([1.0]), Tensor([2.0])
    with GradientTape() as tape:
        tape.watch([a, b])
        y = a * 2.0
    assert tape.jacobian(y, [a, b])[1] is None


def test_hessian_by_jacobian_of_gradient() -> None:
    def program(xp: Any, tape_class: Any, inputs: Any) -> Any:
        (x,) = inputs
        with tape_class() as outer:
            outer.watch(x)
            with tape_class() as inner:
                inner.watch(x)
                y = xp.tanh(x) * x * x
            g = inner.gradient(y, x)
        return [outer.jacobian(g, x)]

    both(program, [1.0, 0.2, -0.4])


def test_a_tape_sees_leaves_made_by_hand() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x).tolist() == [2.0, 4.0]


def test_an_outer_tape_still_has_the_graph_after_an_inner_answer() -> None:
    x = Tensor([1.0, 2.0])
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x
        inner.gradient(y, x)
        z = y * y
    assert outer.gradient(z, x).tolist() == [4.0, 32.0]


def test_grad_works_inside_a_tape_on_its_tensors() -> None:
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = np.sum(grad(lambda z: np.sum(z**4))(x))
    assert tape.gradient(y, x).tolist() == [12.0, 48.0]


def test_integers_are_not_watched() -> None:
    n = Tensor([1, 2])
    with GradientTape() as tape:
        tape.watch(n)
        y = n * 2.0
    assert tape.gradient(y, n) is None


def test_wrong_uses_are_told() -> None:
    x = Tensor([1.0])
    with GradientTape() as tape:
        with pytest.raises(TypeError, match="watch needs Tensors"):
            tape.watch(np.ones(2))
        tape.watch(x)
        y = x * x
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.gradient(y, x, unconnected_gradients="nothing")
    with pytest.raises(TypeError, match="Tensors and Variables"):
        tape.gradient(y, np.ones(1))


def test_reset_lets_a_tape_be_used_again() -> None:
    x = Tensor([3.0])
    tape = GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y, x).tolist() == [6.0]
    tape.reset()
    with tape:
        tape.watch(x)
        y = x * x * x
    assert tape.gradient(y, x).tolist() == [27.0]
