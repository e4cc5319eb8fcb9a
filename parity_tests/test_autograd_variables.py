"""Variables in the engine: a read is a snapshot, an update changes no recorded gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from factory import array, error

from numpynn import random
from numpynn.autograd import GradientTape, Tensor, grad, no_grad, remat
from numpynn.variables import Variable


def close(ours: Any, theirs: Any, bar: float = 1e-12) -> None:
    assert error(array(ours), array(theirs)) <= bar


def pair(*values: float, trainable: bool = True) -> tuple[Variable, Any]:
    ours = Variable(np.array(values), dtype="float64", trainable=trainable)
    return ours, tf.Variable(np.array(values), trainable=trainable)


def test_trainable_variables_are_watched_by_themselves() -> None:
    for trainable in (True, False):
        found = []
        for tape_class, w in zip(
            (GradientTape, tf.GradientTape), pair(2.0, 3.0, trainable=trainable), strict=True
        ):
            with tape_class() as tape:
                y = w * w
            found.append(tape.gradient(y, w))
        if trainable:
            close(found[0], found[1])
        else:
            assert found == [None, None]


def test_watching_can_be_switched_off() -> None:
    for tape_class, w in zip((GradientTape, tf.GradientTape), pair(2.0), strict=True):
        with tape_class(watch_accessed_variables=False) as tape:
            y = w * w
        assert tape.gradient(y, w) is None
        with tape_class(watch_accessed_variables=False) as tape:
            tape.watch(w)
            y = w * w
        assert tape.gradient(y, w) is not None


def test_a_variable_computes_without_a_graph_outside_a_scope() -> None:
    w = Variable(np.ones(3))
    assert (w * 2.0).node is None and np.tanh(w).node is None
    with GradientTape(), no_grad():
        assert (w * 2.0).node is None


def test_an_update_does_not_change_a_recorded_gradient() -> None:
    found = []
    for tape_class, w in zip((GradientTape, tf.GradientTape), pair(2.0, 3.0), strict=True):
        with tape_class(persistent=True) as tape:
            y = w * w * w
        first = array(tape.gradient(y, w)).copy()
        w.assign(np.array([10.0, 20.0]))
        second = tape.gradient(y, w)
        w.assign_add(np.array([1.0, 1.0]))
        third = tape.gradient(y, w)
        close(first, second)
        found.append((array(second), array(third), array(y)))
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs)


def test_a_read_is_a_snapshot() -> None:
    w = Variable(np.array([1.0, 2.0]), dtype="float64")
    before, view = w.value, w.value[:1]
    w.assign([5.0, 6.0])
    assert before.tolist() == [1.0, 2.0] and view.tolist() == [1.0]
    assert w.value.tolist() == [5.0, 6.0]


def test_reads_before_and_after_an_update_both_count() -> None:
    found = []
    for tape_class, w in zip((GradientTape, tf.GradientTape), pair(2.0), strict=True):
        with tape_class() as tape:
            y = w * w
            w.assign([5.0])
            z = y + w * w
        found.append(tape.gradient(z, w))
    close(found[0], found[1])


def test_an_update_writes_in_place_where_nobody_else_looks() -> None:
    w = Variable(np.zeros(4))
    memory = w.array.ctypes.data
    for _ in range(3):
        with GradientTape() as tape:
            y = np.sum(w * w)
        tape.gradient(y, w)
        del y
        w.assign_sub(np.ones(4))
        assert w.array.ctypes.data == memory


def test_higher_derivatives_for_variables() -> None:
    found = []
    for xp, tape_class, w in zip(
        (np, tf), (GradientTape, tf.GradientTape), pair(0.3, 0.7), strict=True
    ):
        with tape_class() as outer:
            with tape_class() as inner:
                y = xp.tanh(w) * w
            slope = inner.gradient(y, w)
        found.append((slope, outer.gradient(slope, w)))
    close(found[0][0], found[1][0])
    close(found[0][1], found[1][1])


def test_a_checkpoint_captures_variables() -> None:
    w = Variable(np.random.default_rng(0).normal(size=(3, 3)), dtype="float64")
    b = Variable(np.zeros(3), dtype="float64")
    x = Tensor(np.random.default_rng(1).normal(size=(2, 3)))

    def layer(z: Any) -> Any:
        return np.tanh(z @ w + b)

    found = []
    for f in (layer, remat(layer)):
        with GradientTape() as tape:
            tape.watch(x)
            y = np.sum(f(f(x)) ** 2)
        found.append(tape.gradient(y, [w, b, x]))
    for plain, checkpointed in zip(*found, strict=True):
        close(checkpointed, plain)


def test_a_checkpoint_draws_the_same_numbers_again() -> None:
    random.seed_everything(3)
    stream = random.SeedGenerator(5)

    def noisy(z: Any) -> Any:
        mask = random.uniform((1000,)) > 0.5
        other = random.uniform((1000,), seed=stream) > 0.5
        return z * mask.astype("float64") * (1.0 + other.astype("float64"))

    x = Tensor(np.ones(1000), requires_grad=True)
    y = remat(noisy)(x)
    after = random.uniform((3,))
    np.sum(y).backward()
    assert np.array_equal(x.grad.numpy(), y.numpy())
    assert not np.array_equal(array(random.uniform((3,))), array(after))  # the stream goes on


def test_grad_of_a_function_that_uses_variables() -> None:
    w = Variable(np.array([2.0, 3.0]), dtype="float64")
    assert grad(lambda x: np.sum(x * w))(np.ones(2)).tolist() == [2.0, 3.0]
    assert grad(lambda v: np.sum(v * v))(w).tolist() == [4.0, 6.0]


def test_a_variable_is_immutable_but_for_assign() -> None:
    w = Variable(np.array([2.0, 3.0]))
    with pytest.raises(TypeError, match="immutable"):
        w[0] = 1.0
    with pytest.raises(ValueError, match="shape"):
        w.assign(np.zeros(3))
