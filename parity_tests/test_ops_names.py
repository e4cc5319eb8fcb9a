"""Keras's `ops`: every name, its signature, the dtypes of `ops.numpy`, arrays and Tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import keras.src.ops.numpy as keras_numpy
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from numpynn import config, ops
from numpynn.autograd import Tensor
from numpynn.autograd.structure import leaves
from numpynn.ops.dtypes import result_type, standardize_dtype

# -- names and signatures --------------------------------------------------------------------------

# What Keras has and numpynn has not yet, by subject.
LATER = {
    "attention": "dot_product_attention",
    "speech": "ctc_decode ctc_loss fft fft2 ifft2 irfft istft polar rfft stft",
    "text patterns of axes": "rearrange",
}
later = {name for names in LATER.values() for name in names.split()}


def public_functions(module: Any) -> dict[str, Any]:
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_every_numpy_name_of_keras_is_here() -> None:
    names = set(public_functions(keras_numpy)) - {"shape_equal"}  # Keras's own helper
    assert not {name for name in names if not hasattr(ops.numpy, name)}


def test_every_name_of_keras_is_here_or_on_the_list() -> None:
    names = {name for name in dir(keras.ops) if not name.startswith("_")}
    missing = {name for name in names if not hasattr(ops, name)}
    assert missing == later
    for space in ("numpy", "nn", "linalg", "image"):
        theirs = {n for n in dir(getattr(keras.ops, space)) if not n.startswith("_")}
        assert {n for n in theirs if not hasattr(getattr(ops, space), n)} <= later


def test_ops_exports_nothing_else() -> None:
    modules = {"core", "dtypes", "erf", "image", "linalg", "math", "nn", "numpy", "sequences"}
    ours = {name for name in vars(ops) if not name.startswith("_")} - modules
    assert ours <= {name for name in dir(keras.ops) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(n for n in dir(keras.ops) if hasattr(ops, n)))
def test_arguments_have_keras_names_and_defaults(name: str) -> None:
    ours, theirs = getattr(ops, name), getattr(keras.ops, name)
    if name.startswith("_") or not inspect.isfunction(theirs):
        return
    a, b = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    named = [p for p in b.values() if p.kind is not p.VAR_KEYWORD]
    assert [p.name for p in named] == list(a)[: len(named)]
    assert [p.default for p in named] == [p.default for p in a.values()][: len(named)]


# -- dtypes ----------------------------------------------------------------------------------------

DTYPES = "bool uint8 uint16 uint32 int8 int16 int32 int64 float16 float32 float64".split()
TOLERANCE = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-6}
REFUSALS = (TypeError, ValueError, AttributeError, tf.errors.OpError)


def drawn_array(dtype: str, seed: int, positive: bool = False) -> Any:
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.integers(0, 2, (3, 4)).astype(bool)
    if dtype.startswith("u") or positive:
        return random.integers(1, 5, (3, 4)).astype(dtype)
    if "int" in dtype:
        return random.integers(-4, 5, (3, 4)).astype(dtype)
    return (random.integers(-16, 17, (3, 4)) / 8 + 0.0625).astype(dtype)


def same_as_keras(name: str, program: Callable[[Any], Any], *arrays: Any) -> None:
    """Values and dtypes of `program(library)`, wherever Keras takes the dtypes at all."""
    try:
        theirs = [np.asarray(part) for part in leaves(program(keras_numpy)(*arrays))]
    except REFUSALS:
        return
    with np.errstate(all="ignore"):
        ours = [np.asarray(part) for part in leaves(program(ops.numpy)(*arrays))]
    given_dtypes = [a.dtype.name for a in arrays]
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype.name == b.dtype.name, f"{name} of {given_dtypes}"
        assert a.shape == b.shape, f"{name} of {given_dtypes}"
        bar = TOLERANCE.get(b.dtype.name, 0.0)
        exact = (np.asarray(x, complex if b.dtype.kind == "c" else float) for x in (a, b))
        np.testing.assert_allclose(*exact, rtol=bar, atol=bar, err_msg=f"{name} {given_dtypes}")


# Python numbers where Keras has a tensor; Keras's own int64 arithmetic; joined along the last axis.
ODD = {
    "ndim",
    "size",
    "shape_equal",
    "corrcoef",
    "concatenate",
    "hstack",
    "vstack",
    "dstack",
    "stack",
}
UNARY = [
    name
    for name, function in public_functions(keras_numpy).items()
    if [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    in (["x"], ["a"], ["y"], ["array"])
    and name not in ODD | {"bartlett", "blackman", "hamming", "hanning"}
]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array_have_keras_dtypes(name: str) -> None:
    for dtype in DTYPES:
        same_as_keras(name, lambda library: getattr(library, name), drawn_array(dtype, 0))


BINARY = """
    add append arctan2 average bitwise_and bitwise_or bitwise_xor correlate cross digitize divide
    divide_no_nan dot einsum equal floor_divide fmax fmin fmod gcd greater greater_equal heaviside
    hypot inner isclose isin kron lcm ldexp left_shift less less_equal logaddexp logaddexp2
    logical_and logical_or logical_xor matmul maximum minimum mod multiply not_equal outer power
    right_shift subtract tensordot true_divide vdot where
""".split()
DIVISORS = {"power", "floor_divide", "mod", "fmod", "left_shift", "right_shift", "divide"}
FORMS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "average": lambda o: lambda x, y: o.average(x, weights=np.abs(y) + np.ones((), y.dtype)),
    "correlate": lambda o: lambda x, y: o.correlate(x[0], y[0, :2]),
    "cross": lambda o: lambda x, y: o.cross(x[:, :3], y[:, :3]),
    "digitize": lambda o: lambda x, y: o.digitize(x, np.sort(np.ravel(y))),
    "dot": lambda o: lambda x, y: o.dot(x, y.T),
    "einsum": lambda o: lambda x, y: o.einsum("ij,kj->ik", x, y),
    "matmul": lambda o: lambda x, y: o.matmul(x, y.T),
    "where": lambda o: lambda x, y: o.where(drawn_array("bool", 3), x, y),
}


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays_have_keras_dtypes(name: str) -> None:
    program = FORMS.get(name, lambda library: getattr(library, name))
    for first in DTYPES:
        for second in DTYPES:
            y = drawn_array(second, 2, positive=name in DIVISORS)
            same_as_keras(name, program, drawn_array(first, 1), y)


@given(st.lists(st.sampled_from([*DTYPES, int, float]), max_size=4))
def test_result_type_is_keras(dtypes: list[Any]) -> None:
    assert result_type(*dtypes) == keras.backend.result_type(*dtypes)


def test_standardize_dtype_is_keras() -> None:
    for dtype in (None, "int8", np.float64, np.dtype("int32"), float, int, bool, "int"):
        assert standardize_dtype(dtype) == keras.backend.standardize_dtype(dtype)
    with pytest.raises(ValueError, match="Invalid dtype"):
        standardize_dtype("float31")


@pytest.mark.parametrize("name", "add subtract multiply divide maximum minimum power".split())
def test_python_numbers_are_weak(name: str) -> None:
    for dtype in ("int8", "int32", "float16", "float32", "float64"):
        x = np.arange(1, 4).astype(dtype)
        for number in (2, 2.0):
            ours = getattr(ops, name)(x, number)
            theirs = getattr(keras.ops, name)(x, number).numpy()
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    assert getattr(ops, name)(2, 3).dtype == getattr(keras.ops, name)(2, 3).numpy().dtype


def test_python_values_become_floatx_and_int32() -> None:
    assert ops.array([1.0, 2.0]).dtype == ops.zeros(2).dtype == "float32"
    assert ops.array([1, 2]).dtype == ops.sum([1, 2]).dtype == "int32"
    assert ops.array([2**40]).dtype == "int64"
    assert ops.array([np.float64(1.0)]).dtype == "float64"
    before = config.floatx()
    config.set_floatx("float64")
    try:
        assert ops.array([1.0]).dtype == ops.mean([1, 2]).dtype == ops.ones(1).dtype == "float64"
    finally:
        config.set_floatx(before)
    for wrong in (None, [[1.0], [1.0, 2.0]], [None]):
        with pytest.raises(ValueError):
            ops.array(wrong)


def test_results_are_tensors_where_an_argument_is() -> None:
    x = np.arange(6.0).reshape(2, 3)
    indices = np.array([1, 0])
    programs: list[Callable[..., Any]] = [
        lambda x: ops.add(x, 1.0),
        lambda x: ops.argmax(x, axis=1),
        lambda x: ops.equal(x, 1.0),
        lambda x: ops.where(ops.greater(x, 1.0), 1.0, 0.0),
        lambda x: (
            ops.take(np.eye(3), ops.cast(x[:, 0] > 1, "int32"), axis=0)
            if isinstance(x, np.ndarray)
            else ops.take(np.eye(3), ops.cast(ops.greater(x[:, 0], 1), "int32"), axis=0)
        ),
        lambda x: ops.zeros_like(x),
        lambda x: ops.take_along_axis(x, indices[:, None], axis=1),
        lambda x: ops.unique(x),
        lambda x: ops.select([x > 1.0], [x], 0.0) if isinstance(x, np.ndarray) else ops.sort(x),
    ]
    for program in programs:
        assert isinstance(program(Tensor(x)), Tensor)
        assert not isinstance(program(x), Tensor)
    assert isinstance(ops.stack([Tensor(x), Tensor(x)]), Tensor)
