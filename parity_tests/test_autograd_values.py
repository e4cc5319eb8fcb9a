"""Tensors hold values: immutable, never losing a history silently, with NumPy's dtypes."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import Any

import numpy as np
import pytest

from numpynn.autograd import GradientTape, Tensor, grad, no_grad
from numpynn.autograd.tape import recording


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


# -- immutability ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "update",
    [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod],
)
def test_in_place_operators_rebind(update: Any) -> None:
    x = before = leaf(1.0, 2.0)
    x = update(x, 3.0)
    assert x is not before and before.tolist() == [1.0, 2.0]
    np.sum(x).backward()
    assert before.grad is not None


def test_in_place_matmul_rebinds() -> None:
    x = before = Tensor(np.ones((2, 2)), requires_grad=True)
    x @= np.ones((2, 2))
    assert x is not before and before.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_writing_into_a_tensor_is_refused() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match=r"immutable.*np\.where"):
        x[0] = 3.0
    for refused in (
        lambda: np.add(x, 1.0, out=x),
        lambda: np.add(np.ones(2), 1.0, out=x),
        lambda: np.add.at(x, [0], 1.0),
        lambda: np.multiply(x, 2.0, where=np.array([True, False])),
        lambda: np.cumsum(np.ones(2), out=x),
        lambda: np.copyto(x, 0.0),
        lambda: np.put(x, 0, 1.0),
        lambda: np.sum(np.ones((2, 2)), axis=0, out=x),
    ):
        with pytest.raises(TypeError):
            refused()
    assert x.tolist() == [1.0, 2.0]


def test_an_array_cannot_take_a_tensor_in_place() -> None:
    buffer = np.ones(2)
    with pytest.raises(TypeError, match="out"):
        buffer += leaf(1.0, 2.0)
    assert buffer.tolist() == [1.0, 1.0]


# -- the doors out of a history --------------------------------------------------------------------


def _set(buffer: Any, index: Any, value: Any) -> Any:
    buffer[index] = value
    return buffer


def _extended(values: list[Any], t: Any) -> Any:
    values.extend(t)
    return np.array(values)


DOORS = {
    "np.asarray(t)": lambda t: np.asarray(t),
    "np.array(t)": lambda t: np.array(t),
    "np.array([t, u])": lambda t: np.array([t, t]),
    "np.array([t[0], t[1]])": lambda t: np.array([t[0], t[1]]),
    "np.array([t[0], 1.0])": lambda t: np.array([1.0, t[0]]),
    "np.array([[t, t], [t, t]])": lambda t: np.array([[t, t], [t, t]]),
    "np.array(list)": lambda t: _extended([], t),
    "buffer[:] = t": lambda t: _set(np.zeros(2), slice(None), t),
    "buffer[[0, 1]] = t": lambda t: _set(np.zeros(2), [0, 1], t),
    "buffer[mask] = t": lambda t: _set(np.zeros(2), np.array([True, True]), t),
    "buffer[...] = t": lambda t: _set(np.zeros((3, 2)), ..., t),
    "np.r_[t]": lambda t: np.r_[t, 1.0],
    "np.c_[t]": lambda t: np.c_[t, t],
    "np.array of its elements": lambda t: np.array([x for x in t]),
    "np.asfortranarray": lambda t: np.asfortranarray(t),
    "np.ascontiguousarray": lambda t: np.ascontiguousarray(t),
    "np.full(3, t)": lambda t: np.full((3, 2), t),
    "array.dot(t)": lambda t: np.ones(2).dot(t),
    "as_strided": lambda t: np.lib.stride_tricks.as_strided(t, (1,), (8,)),
    "np.require": lambda t: np.require(t, requirements="C"),
    "np.vectorize": lambda t: np.vectorize(abs)(t),
    "np.ma.array": lambda t: np.ma.array(t),
    "np.linalg.inv of lists": lambda t: np.linalg.inv([[t[0], t[0]], [t[1], 1.0]]),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_no_door_loses_a_history_silently(door: Any) -> None:
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        t = x * 2.0
        with pytest.raises(
            TypeError, match=r"np\.stack.*t\.numpy\(\).*stop_gradient|no derivative"
        ):
            door(t)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_the_doors_give_values_of_what_has_no_history(door: Any) -> None:
    with recording():
        try:
            door(Tensor([1.0, 2.0]))
        except TypeError as error:
            assert "no derivative" in str(error)


def test_outside_a_scope_values_are_given() -> None:
    t = leaf(1.0, 2.0) * 2.0
    assert np.array(t).tolist() == [2.0, 4.0]
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    assert np.array([t, t]).shape == (2, 2)
    assert _set(np.zeros(2), slice(None), t).tolist() == [2.0, 4.0]
    assert np.r_[t, 1.0].tolist() == [2.0, 4.0, 1.0]
    with no_grad(), recording(), no_grad():
        assert np.array(t).tolist() == [2.0, 4.0]


def test_copies_are_asked_for_as_numpy_does() -> None:
    t = Tensor(np.array([1.0, 2.0]))
    assert np.asarray(t) is not t.numpy() or np.shares_memory(np.asarray(t), t.numpy())
    copied = np.array(t, copy=True)
    copied[0] = 9.0
    assert t.tolist() == [1.0, 2.0]


def test_numbers_come_out_as_python_numbers() -> None:
    t = Tensor(2.5, requires_grad=True)
    assert float(t) == t.item() == 2.5 and int(t) == 2 and complex(t) == 2.5 and bool(t)
    assert range(5)[Tensor(3)] == 3
    with pytest.raises(TypeError):
        iter(t)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf(1.0, 2.0))


def test_a_tensor_describes_itself() -> None:
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(leaf(1.0)) == "Tensor([1.], requires_grad=True)"
    assert repr(Tensor(np.float32(1.0))) == "Tensor(1., dtype=float32)"
    with recording():
        assert "Tensor" in repr(leaf(1.0) * 2.0)
    assert f"{Tensor(3.14159):.2f}" == "3.14"


def test_tensors_are_compared_by_value_and_kept_by_identity() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    assert (a == b).tolist() == [True, False]
    assert len({a, b, a}) == 2
    assert type(a < b) is np.ndarray


def test_tensors_can_be_copied_and_pickled() -> None:
    t = Tensor([1.0, 2.0])
    for twin in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t))):
        assert twin.tolist() == [1.0, 2.0]


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x + 1,
        lambda x: x * 2.0,
        lambda x: 1 / x,
        lambda x: x**2,
        lambda x: x**0.5,
        lambda x: 2**x,
        lambda x: x + np.float64(1.0),
        lambda x: x + np.arange(3),
        lambda x: x * np.float32(2.0),
        lambda x: x > 0,
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.mean(x),
        lambda x: np.sum(x),
        lambda x: np.concatenate([x, np.ones(2)]),
        lambda x: np.clip(x, 0, 1),
        lambda x: x.astype(np.float64),
        lambda x: np.float_power(x, 2),
        lambda x: x // 2,
        lambda x: np.linalg.norm(x),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_are_promoted_as_numpy_does(call: Any, dtype: Any) -> None:
    x = np.array([0.5, 1.0, 2.0], dtype=dtype)
    if dtype == np.float16 and call(x).dtype == np.float16:
        return
    t = Tensor(x, requires_grad=True)
    found = call(t)
    assert found.dtype == call(x).dtype
    if isinstance(found, Tensor) and found.node is not None:
        np.sum(found).backward()
        assert t.grad.dtype == dtype


def test_gradients_come_back_in_the_dtype_of_each_argument() -> None:
    a = Tensor(np.ones(3, np.float32), requires_grad=True)
    b = Tensor(np.ones(3, np.float64), requires_grad=True)
    np.sum(a * b + np.concatenate([a, b])[:3]).backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64


def test_integers_carry_no_gradient() -> None:
    x = leaf(1.4, 2.6)
    assert x.astype(int).node is None
    assert np.argmax(x).dtype.kind == "i"
    n = Tensor([1, 2])
    assert (n * 2).node is None and (n * 2).dtype.kind == "i"
    gradient = grad(lambda z: np.sum(z * n + z.astype(int)))(np.array([1.5, 2.5]))
    assert gradient.tolist() == [1.0, 2.0]


def test_python_numbers_become_float64_tensors() -> None:
    assert Tensor(1.0).dtype == np.float64 and Tensor([1, 2]).dtype.kind == "i"
    assert Tensor(1, dtype="float32").dtype == np.float32


def test_a_tensor_of_a_tensor_shares_values_but_not_history() -> None:
    x = leaf(1.0, 2.0)
    y = Tensor(x * 2.0)
    assert y.node is None and y.tolist() == [2.0, 4.0]


def test_foreign_types_may_take_over() -> None:
    class Polite:
        __array_ufunc__ = None

        def __radd__(self, other: Any) -> str:
            return "taken over"

    assert Tensor([1.0]) + Polite() == "taken over"
