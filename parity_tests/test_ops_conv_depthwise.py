"""`ops.depthwise_conv` and `ops.separable_conv` against Keras: options, derivatives, edges."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from conv_cases import (
    FORMATS,
    depthwise,
    depthwise_of_keras,
    hold_on_both,
    separable_of_keras,
)
from factory import Call, array, check, check_special, error, verify
from pairs import BARS, normal

from numpynn import ops
from numpynn.autograd import Tensor, vjp

RANKS = (1, 2)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", RANKS)
def test_depthwise_conv_matches_keras(rank: int, data_format: str) -> None:
    check(ops.depthwise_conv, depthwise_of_keras, depthwise(rank, data_format), numpy=False)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", RANKS)
def test_separable_conv_matches_keras(rank: int, data_format: str) -> None:
    drawn = depthwise(rank, data_format, separable=True)
    check(ops.separable_conv, separable_of_keras, drawn, numpy=False)


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize(
    ("shape", "size", "options"),
    [
        ((33, 28, 28, 3), (5, 5, 3, 4), {"padding": "same"}),
        ((17, 15, 14, 32), (3, 3, 32, 1), {"strides": 2, "padding": "same"}),
        ((33, 64, 9), (3, 9, 2), {"dilation_rate": 2}),
    ],
)
def test_depthwise_convolutions_of_a_networks_size_match_keras(
    shape: tuple[int, ...], size: tuple[int, ...], options: dict[str, Any], dtype: str
) -> None:
    x, kernel = normal(1, *shape), normal(2, *size)
    pointwise = normal(3, *(1,) * (len(size) - 2), size[-2] * size[-1], 20)
    hold_on_both("depthwise_conv", [x, kernel], options, dtype)
    hold_on_both("separable_conv", [x, kernel, pointwise], options, dtype)


def test_empty_batches_give_empty_batches_and_no_gradient() -> None:
    for rank in RANKS:
        x, kernel = np.zeros((0, *(5,) * rank, 4)), np.ones((*(3,) * rank, 4, 2))
        pointwise = np.ones((*(1,) * rank, 8, 3))
        cases = [("depthwise_conv", (x, kernel)), ("separable_conv", (x, kernel, pointwise))]
        for name, arrays in cases:
            y, pull = vjp(getattr(ops, name), *arrays)
            assert y.shape == getattr(keras.ops, name)(*arrays).shape
            for part, like in zip(pull(np.zeros(y.shape)), arrays, strict=True):
                assert array(part).tolist() == np.zeros(like.shape).tolist()


def test_kernels_over_the_input_work_with_same_padding() -> None:
    call = Call([normal(1, 2, 3, 2, 4), normal(2, 6, 5, 4, 2)], {"padding": "same", "strides": 2})
    verify(ops.depthwise_conv, keras.ops.depthwise_conv, call, numpy=False)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_infinite_and_missing_inputs_stay_where_keras_has_them(padding: str) -> None:
    for value in (np.inf, -np.inf, np.nan):
        for place in range(6):
            x, kernel = normal(1, 1, 6, 2), normal(2, 3, 2, 2)
            x[0, place, 0] = value
            kernel[1, 0, 0] = 0.0
            check_special(
                partial(ops.depthwise_conv, padding=padding),
                partial(keras.ops.depthwise_conv, padding=padding),
                x,
                kernel,
            )


def test_infinity_in_one_channel_does_not_reach_another() -> None:
    x = normal(1, 2, 6, 5, 3)
    x[..., 0] = np.nan
    y = ops.depthwise_conv(x, normal(2, 3, 2, 3, 2), padding="same")
    assert np.isnan(y[..., :2]).all() and np.isfinite(y[..., 2:]).all()


def test_float16_sums_are_rounded_once() -> None:
    x, kernel = normal(1, 2, 40, 3).astype("float16"), normal(2, 31, 3, 2).astype("float16")
    y = ops.depthwise_conv(x, kernel)
    exact = ops.depthwise_conv(x.astype("float64"), kernel.astype("float64"))
    assert y.dtype == keras.ops.depthwise_conv(x, kernel).dtype == "float16"
    assert error(y, exact) <= 2.0**-11


def test_tensors_give_tensors_and_arrays_arrays() -> None:
    x, kernel, pointwise = normal(1, 2, 6, 3), normal(2, 3, 3, 2), normal(3, 1, 6, 4)
    cases = [(ops.depthwise_conv, (x, kernel)), (ops.separable_conv, (x, kernel, pointwise))]
    for function, arrays in cases:
        y = function(*arrays)
        assert type(y) is np.ndarray
        for i in range(len(arrays)):
            given = [Tensor(a) if j == i else a for j, a in enumerate(arrays)]
            found = function(*given)
            assert isinstance(found, Tensor) and np.array_equal(found.array, y)


def test_runs_are_equal_to_the_last_bit() -> None:
    arrays = [normal(1, 67, 20, 20, 8).astype("float32"), normal(2, 3, 3, 8, 2).astype("float32")]

    def run() -> list[bytes]:
        y, pull = vjp(lambda x, k: ops.depthwise_conv(x, k, padding="same"), *arrays)
        return [array(part).tobytes() for part in (y, *pull(np.cos(array(y))))]

    first = run()
    assert all(run() == first for _ in range(3))
