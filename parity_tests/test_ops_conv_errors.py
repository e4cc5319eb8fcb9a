"""Convolutions that cannot work, in both libraries, and the shapes that are known beforehand."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_cases import FORMATS, convolutions, depthwise, transposes
from factory import Call
from hypothesis import given
from hypothesis import strategies as st

import numpynn
from numpynn import ops

# What Keras and TensorFlow's kernels raise for what ours refuse with ValueError.
REFUSALS = (ValueError, IndexError, OverflowError, tf.errors.OpError)

Sizes = tuple[int, ...]


def ones(*shape: int) -> Any:
    """float64: where nothing fits, TensorFlow's float32 kernels return memory as they find it."""
    return np.ones(shape)


# -- values ----------------------------------------------------------------------------------------

# By what is wrong: the function, the shapes of its arguments, its options, and what the message of
# ours says with which numbers.
WRONG: dict[str, tuple[str, tuple[Sizes, ...], dict[str, Any], str]] = {
    "kernel over input": ("conv", ((2, 3, 4), (7, 4, 2)), {}, r"\(3,\).*\(7,\)"),
    "kernel over one axis": ("conv", ((2, 9, 3, 4), (2, 4, 4, 2)), {}, r"\(9, 3\).*\(2, 4\)"),
    "kernel over space": ("conv", ((1, 3, 4, 4, 2), (4, 2, 1, 2, 2)), {}, r"\(3, 4, 4\)"),
    "kernel over input by dilation": (
        "conv",
        ((2, 5, 4), (3, 4, 2)),
        {"dilation_rate": 3},
        r"\(5,\).*\(3,\).*3",
    ),
    "kernel over input by one": ("conv", ((2, 2, 4), (3, 4, 2)), {}, r"\(2,\).*\(3,\)"),
    "grouped kernel over input": ("conv", ((2, 3, 4), (7, 2, 2)), {}, r"\(3,\).*\(7,\)"),
    "no filters": ("conv", ((2, 9, 4), (3, 4, 0)), {}, "0"),
    "no channels": ("conv", ((2, 9, 0), (3, 0, 2)), {}, "0"),
    "no channels in the kernel": ("conv", ((2, 9, 4), (3, 0, 2)), {}, "0"),
    "no places in the kernel": ("conv", ((2, 9, 4), (0, 4, 2)), {}, "0"),
    "channels": ("conv", ((2, 9, 4), (3, 3, 6)), {}, "4.*3"),
    "channels of a plane": ("conv", ((2, 5, 5, 4), (3, 3, 5, 6)), {}, "4.*5"),
    "channels first": ("conv", ((2, 4, 9), (3, 9, 6)), {"data_format": FORMATS[1]}, "4.*9"),
    "groups that do not divide": ("conv", ((2, 9, 4), (3, 2, 5)), {}, "4.*2.*5"),
    "fewer filters than groups": ("conv", ((2, 9, 4), (3, 1, 2)), {}, "4.*1.*2"),
    "padding": ("conv", ((2, 9, 4), (3, 4, 6)), {"padding": "full"}, "valid.*same.*full"),
    "causal on a plane": ("conv", ((2, 5, 5, 4), (3, 3, 4, 6)), {"padding": "causal"}, "causal"),
    "data format": ("conv", ((2, 9, 4), (3, 4, 6)), {"data_format": "nhwc"}, "channels_.*nhwc"),
    "strides 0": ("conv", ((2, 9, 4), (3, 4, 6)), {"strides": 0}, "strides.*0"),
    "strides -1": ("conv", ((2, 9, 4), (3, 4, 6)), {"strides": -1}, "strides.*-1"),
    "stride 0 on an axis": ("conv", ((2, 5, 5, 4), (3, 3, 4, 2)), {"strides": (1, 0)}, "strides"),
    "dilation 0": ("conv", ((2, 9, 4), (3, 4, 6)), {"dilation_rate": 0}, "dilation_rate.*0"),
    "dilation -1": ("conv", ((2, 9, 4), (3, 4, 6)), {"dilation_rate": -1}, "dilation_rate.*-1"),
    "too many strides": ("conv", ((2, 9, 4), (3, 4, 6)), {"strides": (2, 2)}, r"strides.*\(2, 2\)"),
    "too many dilations": (
        "conv",
        ((2, 9, 4), (3, 4, 6)),
        {"dilation_rate": (2, 2)},
        r"dilation_rate.*\(2, 2\)",
    ),
    "no batch": ("conv", ((9, 4), (3, 4, 6)), {}, r"\(9, 4\)"),
    "four axes": ("conv", ((1, 2, 2, 2, 2, 4), (1, 1, 1, 1, 4, 2)), {}, r"\(1, 2, 2, 2, 2, 4\)"),
    "a kernel of another rank": ("conv", ((2, 9, 4), (3, 3, 4, 2)), {}, r"\(3, 3, 4, 2\)"),
    "a kernel of too few axes": ("conv", ((2, 9, 4), (3, 4)), {}, r"\(3, 4\)"),
    "depthwise channels": ("depthwise_conv", ((2, 9, 4), (3, 3, 2)), {}, "4.*3"),
    "depthwise in space": ("depthwise_conv", ((1, 3, 3, 3, 2), (2, 2, 2, 2, 1)), {}, "rank"),
    "depthwise padding": ("depthwise_conv", ((2, 9, 4), (3, 4, 2)), {"padding": "full"}, "full"),
    "depthwise strides": ("depthwise_conv", ((2, 9, 4), (3, 4, 2)), {"strides": 0}, "strides.*0"),
    "depthwise too many strides": (
        "depthwise_conv",
        ((2, 9, 4), (3, 4, 2)),
        {"strides": (2, 2)},
        "strides",
    ),
    "depthwise dilation": (
        "depthwise_conv",
        ((2, 9, 4), (3, 4, 2)),
        {"dilation_rate": 0},
        "dilation_rate.*0",
    ),
    "depthwise without batch": ("depthwise_conv", ((9, 4), (3, 4, 2)), {}, r"\(9, 4\)"),
    "depthwise kernel of another rank": (
        "depthwise_conv",
        ((2, 9, 9, 4), (3, 4, 2)),
        {},
        r"\(3, 4, 2\)",
    ),
    "separable channels": ("separable_conv", ((2, 9, 4), (3, 3, 2), (1, 6, 3)), {}, "4.*3"),
    "separable rows": ("separable_conv", ((2, 9, 4), (3, 4, 2), (1, 7, 3)), {}, "8.*7"),
    "separable pointwise kernel": (
        "separable_conv",
        ((2, 9, 4), (3, 4, 2), (2, 8, 3)),
        {},
        r"\(2, 8, 3\)",
    ),
    "separable pointwise rank": ("separable_conv", ((2, 9, 4), (3, 4, 2), (8, 3)), {}, r"\(8, 3\)"),
    "separable padding": (
        "separable_conv",
        ((2, 9, 4), (3, 4, 2), (1, 8, 3)),
        {"padding": "full"},
        "full",
    ),
    "separable in space": (
        "separable_conv",
        ((1, 3, 3, 3, 2), (2, 2, 2, 2, 1), (1, 1, 1, 2, 3)),
        {},
        "rank",
    ),
    "transpose channels": ("conv_transpose", ((2, 4, 3), (3, 3, 5)), {}, "3.*5"),
    "transpose in groups": ("conv_transpose", ((2, 4, 6), (3, 5, 3)), {}, "6.*3"),
    "transpose padding": ("conv_transpose", ((2, 4, 3), (3, 5, 3)), {"padding": "full"}, "full"),
    "transpose causal": ("conv_transpose", ((2, 4, 3), (3, 5, 3)), {"padding": "causal"}, "causal"),
    "transpose strides": ("conv_transpose", ((2, 4, 3), (3, 5, 3)), {"strides": 0}, "strides.*0"),
    "transpose too many strides": (
        "conv_transpose",
        ((2, 4, 3), (3, 5, 3)),
        {"strides": (2, 2)},
        "strides",
    ),
    "transpose dilation": (
        "conv_transpose",
        ((2, 4, 3), (3, 5, 3)),
        {"dilation_rate": 0},
        "dilation_rate.*0",
    ),
    "output padding of a stride": (
        "conv_transpose",
        ((2, 4, 3), (3, 5, 3)),
        {"strides": 2, "output_padding": 2},
        "output_padding=2",
    ),
    "output padding below 0": (
        "conv_transpose",
        ((2, 4, 3), (3, 5, 3)),
        {"strides": 2, "output_padding": -1},
        "output_padding.*-1",
    ),
    "no output padding for an even kernel": (
        "conv_transpose",
        ((2, 4, 3), (4, 5, 3)),
        {"padding": "same", "output_padding": 0},
        "output_padding=0",
    ),
    "transpose without batch": ("conv_transpose", ((4, 3), (3, 5, 3)), {}, r"\(4, 3\)"),
    "transpose kernel of another rank": (
        "conv_transpose",
        ((2, 4, 3), (3, 3, 5, 3)),
        {},
        r"\(3, 3, 5, 3\)",
    ),
    "transpose kernel of too few axes": ("conv_transpose", ((2, 4, 3), (5, 3)), {}, r"\(5, 3\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_work_is_refused_as_by_keras(case: str) -> None:
    name, shapes, options, message = WRONG[case]
    arrays = [ones(*shape) for shape in shapes]
    with pytest.raises(REFUSALS):
        getattr(keras.ops, name)(*map(tf.constant, arrays), **options)
    with pytest.raises(ValueError, match=message):
        getattr(ops, name)(*arrays, **options)


def test_depthwise_kernels_over_the_input_are_refused_where_keras_gives_nothing() -> None:
    """TensorFlow's kernel returns an output without places; Keras refuses the same symbolically."""
    x, kernel, pointwise = ones(2, 2, 4), ones(3, 4, 2), ones(1, 8, 3)
    assert keras.ops.depthwise_conv(x, kernel).shape == (2, 0, 8)
    for function, arrays in (
        (ops.depthwise_conv, (x, kernel)),
        (ops.separable_conv, (x, kernel, pointwise)),
    ):
        with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
            function(*arrays)


@pytest.mark.parametrize("name", ["strides", "dilation_rate"])
@pytest.mark.parametrize("value", ["2", 1.5, (1.5,)])
def test_strides_and_dilations_that_are_no_whole_numbers_are_refused(name: str, value: Any) -> None:
    """Keras cuts the fractions off, where it does not refuse them."""
    for function, kernel in ((ops.conv, ones(3, 4, 2)), (ops.conv_transpose, ones(3, 2, 4))):
        with pytest.raises((TypeError, ValueError), match=name):
            function(ones(2, 9, 4), kernel, **{name: value})


# -- symbolic calls --------------------------------------------------------------------------------

SYMBOLICALLY = [
    "kernel over input",
    "kernel over one axis",
    "kernel over input by dilation",
    "channels",
    "channels first",
    "padding",
    "data format",
    "strides 0",
    "strides -1",
    "too many dilations",
    "a kernel of another rank",
    "depthwise channels",
    "depthwise padding",
    "depthwise kernel of another rank",
    "separable channels",
    "separable padding",
    "transpose channels",
    "transpose padding",
    "transpose causal",
]


@pytest.mark.parametrize("case", SYMBOLICALLY)
def test_what_cannot_work_is_refused_before_there_are_values(case: str) -> None:
    name, (shape, *sizes), options, _ = WRONG[case]
    kernels = [ones(*size).astype("float32") for size in sizes]
    with np.errstate(divide="ignore"), pytest.raises(REFUSALS):
        getattr(keras.ops, name)(keras.KerasTensor((None, *shape[1:])), *kernels, **options)
    with pytest.raises(ValueError):
        getattr(ops, name)(numpynn.KerasTensor((None, *shape[1:])), *kernels, **options)


def agreed_shape(draw: Any, name: str, call: Call) -> None:
    """Some axes unknown: Keras's shape, and that of the values where it is known."""
    x, *kernels = (a.astype("float32") for a in call.arrays)
    known = getattr(ops, name)(x, *kernels, **call.keywords).shape
    hidden = draw(st.lists(st.booleans(), min_size=x.ndim, max_size=x.ndim))
    hidden[1 if call.keywords["data_format"] == FORMATS[1] else -1] = False  # the channels
    shape = tuple(None if h else n for h, n in zip(hidden, x.shape, strict=True))
    ours = getattr(ops, name)(numpynn.KerasTensor(shape), *kernels, **call.keywords)
    theirs = getattr(keras.ops, name)(keras.KerasTensor(shape), *kernels, **call.keywords)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert all(n in (None, m) for n, m in zip(ours.shape, known, strict=True))
    whole = getattr(ops, name)(numpynn.KerasTensor(x.shape), *kernels, **call.keywords)
    assert whole.shape == known


@given(st.data(), st.sampled_from((1, 2, 3)), st.sampled_from(FORMATS))
def test_symbolic_shapes_of_conv_are_keras(data: Any, rank: int, data_format: str) -> None:
    agreed_shape(data.draw, "conv", data.draw(convolutions(rank, data_format)))


@given(st.data())
def test_symbolic_shapes_of_causal_conv_are_keras(data: Any) -> None:
    agreed_shape(data.draw, "conv", data.draw(convolutions(1, causal=True)))


@given(st.data(), st.sampled_from((1, 2)), st.sampled_from(FORMATS))
def test_symbolic_shapes_of_depthwise_conv_are_keras(
    data: Any, rank: int, data_format: str
) -> None:
    agreed_shape(data.draw, "depthwise_conv", data.draw(depthwise(rank, data_format)))


@given(st.data(), st.sampled_from((1, 2)), st.sampled_from(FORMATS))
def test_symbolic_shapes_of_separable_conv_are_keras(
    data: Any, rank: int, data_format: str
) -> None:
    agreed_shape(data.draw, "separable_conv", data.draw(depthwise(rank, data_format, True)))


@given(st.data(), st.sampled_from((1, 2, 3)), st.sampled_from(FORMATS))
def test_symbolic_shapes_of_conv_transpose_are_keras(
    data: Any, rank: int, data_format: str
) -> None:
    agreed_shape(data.draw, "conv_transpose", data.draw(transposes(rank, data_format)))


def test_symbolic_convolutions_may_have_groups() -> None:
    """Keras's ops refuse them symbolically, though its layers and its values do not."""
    x = numpynn.KerasTensor((None, None, 4))
    kernel = ones(3, 2, 6).astype("float32")
    assert ops.conv(x, kernel, strides=2).shape == (None, None, 6)


def test_a_model_of_convolutions_computes_what_its_functions_compute() -> None:
    """KerasTensors for the kernel too."""
    x = numpynn.Input((9, 4), batch_size=2)
    kernel = numpynn.Input((4, 6), batch_size=3)
    model = numpynn.Model([x, kernel], ops.conv(x, kernel, strides=2, padding="same"))
    values = [np.cos(np.arange(72.0)).reshape(2, 9, 4), np.sin(np.arange(72.0)).reshape(3, 4, 6)]
    values = [a.astype("float32") for a in values]
    expected = ops.conv(*values, strides=2, padding="same")
    found = model(values)
    assert model.output_shape == found.shape == (2, 5, 6)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-6)
