"""`ops.conv` against Keras: every option on one to three axes, values and derivatives.

Options that Keras refuses on a CPU are compared with an equal computation that it does; see
`conv_cases.py`. What a convolution is in mathematics is held in `test_ops_conv_identities.py`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_cases import FORMATS, conv_of_keras, convolutions, hold_on_both
from factory import Call, array, check, check_special, error, verify
from hypothesis import given
from pairs import BARS, derived, normal

import numpynn
from numpynn import ops
from numpynn.autograd import Tensor, vjp

RANKS = (1, 2, 3)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", RANKS)
def test_conv_matches_keras(rank: int, data_format: str) -> None:
    check(ops.conv, conv_of_keras, convolutions(rank, data_format), numpy=False)


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("rank", RANKS)
def test_conv_in_groups_matches_keras(rank: int, groups: int) -> None:
    drawn = convolutions(rank, FORMATS[groups % 2], groups)
    check(ops.conv, conv_of_keras, drawn, numpy=False, examples=4)


def test_causal_conv_matches_keras() -> None:
    check(ops.conv, conv_of_keras, convolutions(1, causal=True), numpy=False)


# What Keras's own kernels do, some of them compiled, without the help of `conv_of_keras`.
OWN: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "groups": ((2, 6, 7, 4), (3, 2, 2, 6), {"padding": "same"}),
    "groups, strides": ((2, 9, 4), (3, 1, 4), {"strides": 2}),
    "groups, dilation": ((2, 9, 6), (3, 2, 3), {"dilation_rate": 2, "padding": "same"}),
    "groups, channels first": ((2, 4, 9), (3, 2, 6), {"data_format": "channels_first"}),
    "groups in space": ((1, 4, 3, 5, 4), (2, 3, 1, 2, 2), {"strides": (1, 2, 3)}),
    "channels first in space": (
        (1, 3, 4, 3, 5),
        (2, 3, 1, 3, 2),
        {"data_format": "channels_first"},
    ),
    "strides over the kernel in space": (
        (1, 2, 5, 6, 4),
        (2, 3, 1, 2, 2),
        {"strides": 5, "padding": "same", "data_format": "channels_first"},
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_options_of_keras_own_kernels_match(name: str) -> None:
    shape, size, options = OWN[name]
    call = Call([normal(1, *shape), normal(2, *size)], options)
    verify(ops.conv, keras.ops.conv, call, numpy=False, second=False)


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize(
    ("shape", "size", "options"),
    [
        ((33, 28, 28, 1), (5, 5, 1, 32), {"padding": "same"}),
        ((17, 14, 14, 32), (3, 3, 32, 64), {}),
        ((17, 14, 14, 16), (3, 3, 16, 24), {"strides": 2, "padding": "same"}),
        ((33, 128, 9), (3, 9, 64), {}),
        ((5, 16, 16, 48), (1, 1, 48, 20), {}),
        ((65, 31, 3), (8, 3, 7), {"dilation_rate": 3, "padding": "same"}),
        ((3, 9, 10, 11, 5), (3, 3, 3, 5, 8), {"padding": "same"}),
    ],
)
def test_convolutions_of_a_networks_size_match_keras(
    shape: tuple[int, ...], size: tuple[int, ...], options: dict[str, Any], dtype: str
) -> None:
    """Batches in which blocks do not go up: several whole ones and a short last one."""
    hold_on_both("conv", [normal(1, *shape), normal(2, *size)], options, dtype)


# -- edges -----------------------------------------------------------------------------------------


def test_an_empty_batch_gives_an_empty_batch_and_no_gradient() -> None:
    for rank in RANKS:
        x, kernel = np.zeros((0, *(5,) * rank, 4)), np.ones((*(3,) * rank, 4, 2))
        y, pull = vjp(ops.conv, x, kernel)
        assert y.shape == keras.ops.conv(tf.constant(x), kernel).shape == (0, *(3,) * rank, 2)
        of_x, of_kernel = (array(part) for part in pull(np.zeros(y.shape)))
        assert of_x.shape == x.shape
        assert of_kernel.tolist() == np.zeros(kernel.shape).tolist()


def test_an_axis_of_no_places_stays_one_with_same_padding() -> None:
    x, kernel = np.zeros((2, 0, 4)), np.ones((3, 4, 2))
    y, pull = vjp(lambda *args: ops.conv(*args, padding="same"), x, kernel)
    assert y.shape == keras.ops.conv(tf.constant(x), kernel, padding="same").shape
    assert not array(pull(np.zeros(y.shape))[1]).any()


def test_a_kernel_over_the_input_works_with_same_padding() -> None:
    call = Call([normal(1, 2, 3, 2, 4), normal(2, 6, 5, 4, 2)], {"padding": "same", "strides": 2})
    verify(ops.conv, keras.ops.conv, call, numpy=False)


def test_padding_names_may_be_written_large() -> None:
    x, kernel = normal(1, 2, 6, 3), normal(2, 3, 3, 2)
    for name in ("same", "valid", "causal"):
        large, small = (ops.conv(x, kernel, padding=p) for p in (name.upper(), name))
        assert np.array_equal(large, small)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_infinite_and_missing_inputs_stay_where_keras_has_them(padding: str, strides: int) -> None:
    """0 · inf is NaN wherever a window sees an infinity, and no window sees beyond its places."""
    for value in (np.inf, -np.inf, np.nan):
        for place in range(7):
            x, kernel = normal(1, 1, 7, 2), normal(2, 3, 2, 2)
            x[0, place, 0] = value
            kernel[1, 0, 0] = 0.0
            options = {"padding": padding, "strides": strides}
            check_special(
                partial(ops.conv, **options),
                partial(keras.ops.conv, **options),
                x,
                kernel,
            )


@pytest.mark.parametrize("name", ["conv", "conv_transpose", "depthwise_conv"])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_infinite_kernels_reach_the_places_that_keras_reach(name: str, padding: str) -> None:
    """Infinity times the zeros of padding is NaN or nothing, in TensorFlow too: by its kernels."""
    x, kernel = 1.0 + np.abs(normal(1, 2, 7, 2)), 1.0 + np.abs(normal(2, 3, 2, 2))
    for value in (np.inf, -np.inf):
        kernel[0, 1, 0] = value
        results = []
        for library in (numpynn, keras):
            function = partial(getattr(library.ops, name), padding=padding)
            with np.errstate(invalid="ignore"):
                results.append(derived(library, function, [x, kernel]))
        (y, gradients), (expected, theirs) = results
        for a, b in zip((y, *gradients), (expected, *theirs), strict=True):
            assert np.array_equal(np.isinf(a), np.isinf(b))
            both = ~np.isnan(a) & ~np.isnan(b)
            np.testing.assert_allclose(a[both], b[both], rtol=1e-12)


def test_huge_numbers_overflow_where_keras_overflows() -> None:
    x = normal(1, 1, 6, 1) * 1e200
    check_special(ops.conv, keras.ops.conv, x, np.array([1e200, 1.0, -1.0]).reshape(3, 1, 1))


# -- dtypes, Tensors, runs -------------------------------------------------------------------------


def test_float16_sums_are_rounded_once() -> None:
    """As TensorFlow's: the products are added in float32."""
    for shape, size in (((2, 9, 64), (3, 64, 8)), ((2, 6, 6, 32), (3, 3, 32, 4))):
        x, kernel = (normal(i, *s).astype("float16") for i, s in enumerate((shape, size)))
        y = ops.conv(x, kernel)
        exact = ops.conv(x.astype("float64"), kernel.astype("float64"))
        assert y.dtype == keras.ops.conv(x, kernel).dtype == "float16"
        assert error(y, exact) <= 2.0**-11
        assert error(y, array(keras.ops.conv(x, kernel))) <= 2.0**-11


def test_int32_convolutions_are_exact() -> None:
    random = np.random.default_rng(0)
    for shape, size in (((2, 9, 4), (3, 4, 6)), ((2, 5, 6, 3), (3, 2, 3, 2))):
        x, kernel = (random.integers(-9, 10, s).astype("int32") for s in (shape, size))
        ours, theirs = ops.conv(x, kernel), keras.ops.conv(x, kernel).numpy()
        assert ours.dtype == theirs.dtype == "int32"
        assert np.array_equal(ours, theirs)


def test_tensors_give_tensors_and_arrays_arrays() -> None:
    x, kernel = normal(1, 2, 6, 3), normal(2, 3, 3, 2)
    assert type(ops.conv(x, kernel)) is np.ndarray
    for pair in ((Tensor(x), kernel), (x, Tensor(kernel)), (Tensor(x), Tensor(kernel))):
        y = ops.conv(*pair)
        assert isinstance(y, Tensor) and np.array_equal(y.array, ops.conv(x, kernel))


@pytest.mark.parametrize(
    ("shape", "size"), [((67, 20, 20, 8), (3, 3, 8, 16)), ((70, 100, 9), (5, 9, 32))]
)
def test_runs_are_equal_to_the_last_bit(shape: tuple[int, ...], size: tuple[int, ...]) -> None:
    arrays = [normal(1, *shape).astype("float32"), normal(2, *size).astype("float32")]

    def run() -> list[bytes]:
        y, pull = vjp(lambda x, k: ops.conv(x, k, padding="same"), *arrays)
        return [array(part).tobytes() for part in (y, *pull(np.cos(array(y))))]

    first = run()
    assert all(run() == first for _ in range(3))


@given(convolutions(2))
def test_arguments_are_left_as_they_were(call: Call) -> None:
    copies = [a.copy() for a in call.arrays]
    y, pull = vjp(lambda *args: ops.conv(*args, **call.keywords), *call.arrays)
    cotangent = np.ones(y.shape)
    pull(cotangent)
    for a, b in zip(call.arrays, copies, strict=True):
        assert np.array_equal(a, b)
    assert np.all(cotangent == 1.0)
