"""`ops.conv_transpose` against Keras: strides, dilation, paddings of the output, derivatives."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_cases import FORMATS, hold_on_both, positions, transpose_of_keras, transposes
from factory import Call, array, check, check_special, error, verify
from hypothesis import given
from pairs import BARS, hold, normal

from numpynn import ops
from numpynn.autograd import Tensor, vjp

RANKS = (1, 2, 3)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", RANKS)
def test_conv_transpose_matches_keras(rank: int, data_format: str) -> None:
    check(ops.conv_transpose, transpose_of_keras, transposes(rank, data_format), numpy=False)


COMPILED = {
    "dilation": ((2, 4, 3), (3, 5, 3), {"dilation_rate": 2}),
    "strides and dilation": ((2, 4, 3), (3, 5, 3), {"dilation_rate": 2, "strides": 3}),
    "channels first": ((2, 3, 3, 4), (2, 3, 5, 3), {"data_format": FORMATS[1], "strides": (2, 1)}),
    "same": ((2, 3, 4), (4, 5, 3), {"data_format": FORMATS[1], "strides": 2, "padding": "same"}),
    "strides over the kernel": (
        (1, 2, 3, 2, 2),
        (2, 1, 3, 2, 2),
        {"strides": 4, "padding": "same", "data_format": FORMATS[0]},
    ),
}


@pytest.mark.parametrize("name", COMPILED)
def test_options_that_keras_takes_when_compiled_match(name: str) -> None:
    shape, size, options = COMPILED[name]

    @tf.function(jit_compile=True)
    def compiled(y: Any, kernel: Any) -> Any:
        return keras.ops.conv_transpose(y, kernel, **options)

    call = Call([normal(1, *shape), normal(2, *size)])
    verify(partial(ops.conv_transpose, **options), compiled, call, numpy=False, second=False)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_every_output_padding_gives_keras_length_or_an_error_in_both(padding: str) -> None:
    """Those that a convolution of that length undoes: it gives back the input's length."""
    for k, s, extra in product((1, 2, 3, 4, 5), (1, 2, 3), (0, 1, 2, 3)):
        y, kernel = normal(k, 1, 4, 2), normal(s, k, 3, 2)
        options = {"strides": s, "padding": padding, "output_padding": extra}
        length = 3 * s + (k if padding == "valid" else k % 2) + extra
        if length > 0 and positions(length, k, s, 1, padding) == 4:
            found = ops.conv_transpose(y, kernel, **options)
            assert found.shape == (1, length, 3)
            hold(found, keras.ops.conv_transpose(y, kernel, **options), 1e-12)
        else:
            with pytest.raises(tf.errors.InvalidArgumentError):
                keras.ops.conv_transpose(y, kernel, **options)
            with pytest.raises(ValueError, match="output_padding"):
                ops.conv_transpose(y, kernel, **options)


@pytest.mark.parametrize("extra", [(0, 1), [1, 0], (None, 1), (1, None), None])
def test_output_padding_of_each_axis_matches_keras(extra: Any) -> None:
    call = Call([normal(1, 2, 4, 3, 3), normal(2, 3, 2, 5, 3)])
    for padding in ("valid", "same"):
        if padding == "same" and extra is not None and extra[1] == 0:
            continue  # an even kernel has no such length
        options = {"strides": 2, "padding": padding, "output_padding": extra}
        verify(
            partial(ops.conv_transpose, **options),
            partial(keras.ops.conv_transpose, **options),
            call,
            numpy=False,
        )


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize(
    ("shape", "size", "options"),
    [
        ((33, 14, 14, 16), (3, 3, 8, 16), {"strides": 2, "padding": "same"}),
        ((17, 13, 14, 24), (4, 4, 16, 24), {"strides": 2}),
        ((33, 64, 9), (5, 32, 9), {}),
        ((5, 12, 12, 48), (1, 1, 20, 48), {}),
        ((3, 5, 6, 7, 8), (3, 3, 3, 5, 8), {"strides": 2}),
    ],
)
def test_transposes_of_a_networks_size_match_keras(
    shape: tuple[int, ...], size: tuple[int, ...], options: dict[str, Any], dtype: str
) -> None:
    hold_on_both("conv_transpose", [normal(1, *shape), normal(2, *size)], options, dtype)


# -- edges -----------------------------------------------------------------------------------------


def test_an_empty_batch_gives_an_empty_batch_and_no_gradient() -> None:
    for rank in RANKS:
        y, kernel = np.zeros((0, *(4,) * rank, 3)), np.ones((*(3,) * rank, 5, 3))
        x, pull = vjp(ops.conv_transpose, y, kernel)
        assert x.shape == keras.ops.conv_transpose(y, kernel).shape == (0, *(6,) * rank, 5)
        of_y, of_kernel = (array(part) for part in pull(np.zeros(x.shape)))
        assert of_y.shape == y.shape and not of_kernel.any()


def test_an_axis_of_no_places_has_keras_length() -> None:
    y, kernel = np.zeros((2, 0, 3)), np.ones((3, 5, 3))
    for padding in ("valid", "same"):
        theirs = keras.ops.conv_transpose(y, kernel, padding=padding).numpy()
        assert ops.conv_transpose(y, kernel, padding=padding).tolist() == theirs.tolist()


def test_a_kernel_over_the_output_works_with_same_padding() -> None:
    for strides in (1, 2):
        options = {"padding": "same", "strides": strides}
        call = Call([normal(1, 2, 2, 1, 3), normal(2, 7, 5, 4, 3)], options)
        verify(ops.conv_transpose, keras.ops.conv_transpose, call, numpy=False)


@pytest.mark.parametrize("strides", [1, 2, 4])
def test_infinite_and_missing_inputs_stay_where_keras_has_them(strides: int) -> None:
    for value in (np.inf, -np.inf, np.nan):
        for place in range(4):
            y, kernel = normal(1, 1, 4, 2), normal(2, 3, 2, 2)
            y[0, place, 0] = value
            kernel[1, 0, 0] = 0.0
            check_special(
                partial(ops.conv_transpose, strides=strides),
                partial(keras.ops.conv_transpose, strides=strides),
                y,
                kernel,
            )


def test_float16_sums_are_rounded_once() -> None:
    y, kernel = normal(1, 2, 9, 64).astype("float16"), normal(2, 3, 8, 64).astype("float16")
    x = ops.conv_transpose(y, kernel)
    exact = ops.conv_transpose(y.astype("float64"), kernel.astype("float64"))
    assert x.dtype == keras.ops.conv_transpose(y, kernel).dtype == "float16"
    assert error(x, exact) <= 2.0**-11


def test_int32_transposes_are_exact() -> None:
    random = np.random.default_rng(0)
    y, kernel = (random.integers(-9, 10, s).astype("int32") for s in ((2, 5, 4), (3, 6, 4)))
    ours, theirs = ops.conv_transpose(y, kernel), keras.ops.conv_transpose(y, kernel).numpy()
    assert ours.dtype == theirs.dtype == "int32"
    assert np.array_equal(ours, theirs)


def test_tensors_give_tensors_and_arrays_arrays() -> None:
    y, kernel = normal(1, 2, 6, 3), normal(2, 3, 2, 3)
    x = ops.conv_transpose(y, kernel)
    assert type(x) is np.ndarray
    for pair in ((Tensor(y), kernel), (y, Tensor(kernel)), (Tensor(y), Tensor(kernel))):
        found = ops.conv_transpose(*pair)
        assert isinstance(found, Tensor) and np.array_equal(found.array, x)


def test_runs_are_equal_to_the_last_bit() -> None:
    arrays = [normal(1, 67, 10, 10, 8).astype("float32"), normal(2, 3, 3, 4, 8).astype("float32")]

    def run() -> list[bytes]:
        x, pull = vjp(lambda y, k: ops.conv_transpose(y, k, strides=2), *arrays)
        return [array(part).tobytes() for part in (x, *pull(np.cos(array(x))))]

    first = run()
    assert all(run() == first for _ in range(3))


@given(transposes(2))
def test_arguments_are_left_as_they_were(call: Call) -> None:
    copies = [a.copy() for a in call.arrays]
    x, pull = vjp(lambda *args: ops.conv_transpose(*args, **call.keywords), *call.arrays)
    cotangent = np.ones(x.shape)
    pull(cotangent)
    for a, b in zip(call.arrays, copies, strict=True):
        assert np.array_equal(a, b)
    assert np.all(cotangent == 1.0)
