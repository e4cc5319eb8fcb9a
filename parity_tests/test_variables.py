"""Variables against Keras's: values, dtypes, assignment, snapshots, names, arithmetic."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, both_float_types, filled, hold, normal

import numpynn
from numpynn import Variable

any_shape = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)

FIRST_VALUES: dict[str, Callable[[Any], Any]] = {
    "float": lambda v: v(1.5),
    "int": lambda v: v(3),
    "bool": lambda v: v(True),
    "list": lambda v: v([1.0, 2.0]),
    "list of ints": lambda v: v([1, 2]),
    "float64 array": lambda v: v(np.ones(2)),
    "int64 array": lambda v: v(np.arange(3)),
    "another dtype": lambda v: v(np.arange(3), dtype="float32"),
    "name of an initializer": lambda v: v("ones", shape=(2, 3)),
    "initializer and dtype": lambda v: v("zeros", shape=(2,), dtype="int32"),
    "function": lambda v: v(lambda shape, dtype: np.full(shape, 7.0, dtype), shape=(2,)),
    "another variable": lambda v: v(v(np.ones(2))),
    "untrainable": lambda v: v(1.0, trainable=False),
}


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@pytest.mark.parametrize("how", FIRST_VALUES)
def test_first_values_and_dtypes_are_keras(how: str, dtype: str) -> None:
    with both_float_types(dtype):
        ours, theirs = (FIRST_VALUES[how](library.Variable) for library in (numpynn, keras))
    assert str(ours.dtype) == theirs.dtype
    assert ours.shape == tuple(theirs.shape) and ours.ndim == theirs.ndim
    assert ours.trainable == theirs.trainable
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@given(filled(any_shape), st.data())
def test_assignments_match_keras(first: Any, data: Any) -> None:
    changes = data.draw(
        st.lists(
            st.tuples(st.sampled_from(["assign", "assign_add", "assign_sub"]), filled(first.shape)),
            max_size=4,
        )
    )

    def program(library: Any) -> list[Any]:
        variable = library.Variable(first)
        results = []
        for method, value in changes:
            getattr(variable, method)(value)
            results.append(variable.numpy())
        return [*results, variable.numpy()]

    hold(program(numpynn), program(keras), 1e-12)


def test_an_assignment_keeps_the_dtype_and_takes_tensors_and_lists() -> None:
    variable = Variable(np.ones(2, "float32"))
    for value in (np.array([3, 4]), [3.0, 4.0], numpynn.Tensor([3.0, 4.0]), Variable([3.0, 4.0])):
        assert variable.assign(value) is variable
        assert variable.dtype == np.float32
        np.testing.assert_array_equal(variable, [3, 4])


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
def test_what_does_not_fit_is_refused(library: Any) -> None:
    variable = library.Variable(np.ones((2, 3)))
    for value in (np.ones(3), np.ones((3, 2)), 1.0, np.ones((1, 2, 3))):
        with pytest.raises(ValueError, match="shape"):
            variable.assign(value)
    np.testing.assert_array_equal(variable.numpy(), np.ones((2, 3)))
    for bad in (lambda: library.Variable("zeros"), lambda: library.Variable(np.zeros_like)):
        with pytest.raises(ValueError, match="shape"):
            bad()


def test_a_read_is_a_snapshot() -> None:
    variable = Variable(np.zeros(3))
    reads = [variable.value, variable + 0.0, variable[:2], np.array(variable)]
    memory = variable.array
    variable.assign(np.ones(3))
    for read in reads:
        assert not np.any(array(read))
    assert not np.any(memory)


def test_an_assignment_writes_in_place_where_nobody_looks() -> None:
    variable = Variable(np.zeros(1000))
    address = variable.array.ctypes.data
    variable.assign(np.ones(1000))
    assert variable.array.ctypes.data == address
    held = variable.value
    variable.assign(np.full(1000, 2.0))
    assert variable.array.ctypes.data != address and np.all(array(held) == 1)


def test_the_first_value_is_copied() -> None:
    value = np.zeros(2)
    variable = Variable(value)
    value[:] = 5
    np.testing.assert_array_equal(variable, [0, 0])
    variable.assign(value)
    value[:] = 7
    np.testing.assert_array_equal(variable, [5, 5])


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda v, o: v + 2.0 * v - v / 3.0 + 1.0 / (v * v + 1.0),
    "matmul": lambda v, o: o.matmul(v, o.transpose(v)),
    "power": lambda v, o: v**2,
    "negation": lambda v, o: -v,
    "comparison": lambda v, o: o.cast(v > 0, "float64"),
    "index": lambda v, o: v[1:, ::2],
    "function": lambda v, o: o.tanh(v),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_variables_compute_like_tensors(name: str) -> None:
    value = normal(0, 3, 3)
    with both_float_types("float64"):
        ours, theirs = (
            OPERATIONS[name](library.Variable(value), library.ops) for library in (numpynn, keras)
        )
        hold(ours, theirs, 1e-12)


def test_numpy_functions_take_variables() -> None:
    value = normal(0, 2, 3)
    variable = Variable(value)
    np.testing.assert_array_equal(np.tanh(variable), np.tanh(value))
    np.testing.assert_array_equal(np.concatenate([variable, value]), np.concatenate([value, value]))
    np.testing.assert_array_equal(np.asarray(variable), value)


def test_trainable_variables_are_watched_and_others_not() -> None:
    a, b = Variable(2.0), Variable(3.0, trainable=False)
    with numpynn.GradientTape() as tape:
        y = a * b
    assert [g if g is None else float(g) for g in tape.gradient(y, [a, b])] == [3.0, None]
    b.trainable, a.trainable = True, False
    with numpynn.GradientTape() as tape:
        y = a * b
    assert [g if g is None else float(g) for g in tape.gradient(y, [a, b])] == [None, 2.0]


def test_integers_are_never_watched() -> None:
    counter = Variable(3)
    assert counter.trainable and not counter.requires_grad


def test_names_and_paths() -> None:
    for library in (numpynn, keras):
        library.utils.clear_session()
        assert [library.Variable(1.0).name for _ in range(2)] == ["variable", "variable_1"]
        named = library.Variable(1.0, name="mine")
        assert (named.name, named.path) == ("mine", "mine")


def test_a_deep_copy_is_a_variable_of_its_own() -> None:
    variable = Variable(np.ones(2, "float32"), trainable=False, name="w")
    variable.constraint = numpynn.constraints.NonNeg()
    copied = copy.deepcopy(variable)
    copied.assign([5.0, 5.0])
    np.testing.assert_array_equal(variable, [1, 1])
    assert (copied.name, copied.dtype, copied.trainable) == ("w", np.float32, False)
    assert isinstance(copied.constraint, numpynn.constraints.NonNeg)


def test_the_repr_shows_path_shape_dtype_and_value() -> None:
    text = repr(Variable(np.ones(2, "float32"), name="w"))
    for part in ("Variable", "path=w", "(2,)", "float32", "1."):
        assert part in text
