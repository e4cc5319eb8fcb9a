"""Blocks of images as channels or columns, and back: against Keras, and as adjoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from factory import Call, check
from hypothesis import given
from hypothesis import strategies as st
from image_cases import FORMATS, fractions, same_values
from pairs import hold, normal

import numpynn
from numpynn import ops


@st.composite
def block_calls(draw: Any, to_depth: bool) -> Call:
    """Images that blocks of 2 or 3 pixels fill, or pixels with as many channels."""
    r, data_format = draw(st.integers(2, 3)), draw(st.sampled_from(FORMATS))
    batch, *sizes, depth = (draw(st.integers(1, 3)) for _ in range(4))
    sizes, depth = ([n * r for n in sizes], depth) if to_depth else (sizes, depth * r * r)
    shape = (*sizes, depth) if data_format == "channels_last" else (depth, *sizes)
    x = draw(fractions((batch, *shape), -1, 1))
    return Call([x], {"block_size": r, "data_format": data_format}, 0)


@pytest.mark.parametrize("name", ["space_to_depth", "depth_to_space"])
def test_blocks_match_keras(name: str) -> None:
    drawn = block_calls(name == "space_to_depth")
    check(getattr(ops, name), getattr(keras.ops, name), drawn, numpy=False, second=False)


@given(call=block_calls(True))
def test_space_and_depth_are_inverse(call: Call) -> None:
    x = call.arrays[0]
    assert (ops.depth_to_space(ops.space_to_depth(x, **call.keywords), **call.keywords) == x).all()


def test_blocks_in_numbers() -> None:
    x = np.arange(8, dtype="int8").reshape(1, 2, 4, 1)
    y = same_values(lambda library: library.ops.space_to_depth(x, 2))
    assert y.tolist() == [[[[0, 1, 4, 5], [2, 3, 6, 7]]]]
    same_values(lambda library: library.ops.depth_to_space(y, 2))


# -- columns ---------------------------------------------------------------------------------------


@st.composite
def columns(draw: Any) -> Call:
    """Images (B, D, H, W) of which some block fits, by the options of `unfold`."""
    pair = st.tuples(st.integers(1, 2), st.integers(1, 2))
    options: dict[str, Any] = {
        "kernel_size": draw(st.one_of(st.integers(1, 3), pair)),
        "dilation": draw(st.one_of(st.integers(1, 2), pair)),
        "padding": draw(st.one_of(st.integers(0, 2), st.tuples(*[st.integers(0, 2)] * 2))),
        "stride": draw(st.one_of(st.integers(1, 3), pair)),
    }
    shape = (
        *(draw(st.integers(1, 2)) for _ in range(2)),
        *draw(st.tuples(*[st.integers(5, 7)] * 2)),
    )
    return Call([draw(fractions(shape, -1, 1))], options, draw(st.integers(0, 1000)))


def test_unfold_matches_keras() -> None:
    check(ops.unfold, keras.ops.unfold, columns(), numpy=False, second=False, examples=8)


def folded(call: Call) -> Call:
    """Columns of these blocks, and the size that they fold into."""
    x = call.arrays[0]
    shape = ops.unfold(x, **call.keywords).shape
    y = normal(call.seed, *shape).astype("float32").astype(float)
    return Call([y], call.keywords | {"output_size": x.shape[2:]}, call.seed)


def test_fold_matches_keras() -> None:
    check(ops.fold, keras.ops.fold, columns().map(folded), numpy=False, examples=6)


@given(call=columns())
def test_fold_is_the_adjoint_of_unfold(call: Call) -> None:
    """<unfold(x), y> = <x, fold(y)>"""
    x, back = call.arrays[0], folded(call)
    y = back.arrays[0]
    left = np.sum(ops.unfold(x, **call.keywords) * y)
    hold(np.sum(x * ops.fold(y, **back.keywords)), left, 1e-12)


def test_a_convolution_is_a_product_with_the_columns() -> None:
    x, kernel = normal(0, 2, 3, 5, 6), normal(1, 2, 3, 3, 4)
    product = np.reshape(np.moveaxis(kernel, -2, 0), (-1, 4)).T @ ops.unfold(x, (2, 3), stride=2)
    expected = ops.conv(np.moveaxis(x, 1, -1), kernel, strides=2)
    hold(product.reshape(2, 4, 2, 2), np.moveaxis(expected, -1, 1), 1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16"])
def test_columns_keep_dtypes(dtype: str) -> None:
    x = np.arange(48).reshape(1, 3, 4, 4).astype(dtype)
    y = same_values(lambda library: library.ops.unfold(x, 2, stride=2))
    same_values(lambda library: library.ops.fold(y, 4, 2, stride=2))


# -- bad input -------------------------------------------------------------------------------------

X = np.ones((2, 3, 4, 5))
REFUSED: dict[str, tuple[bool, Callable[[Any], Any]]] = {
    "block size": (True, lambda o: o.space_to_depth(X, 1)),
    "block size back": (True, lambda o: o.depth_to_space(X, 0)),
    "data format": (True, lambda o: o.depth_to_space(X, 2, "last")),
    "rank of blocks": (False, lambda o: o.space_to_depth(X[0], 2)),
    "blocks that do not fill": (False, lambda o: o.space_to_depth(X, 2)),
    "channels that do not fill": (False, lambda o: o.depth_to_space(X, 2)),
    "rank of images": (True, lambda o: o.unfold(X[0], 2)),
    "rank of columns": (True, lambda o: o.fold(X, 4, 2)),
    "larger blocks": (False, lambda o: o.unfold(X, 7)),
    "no stride": (False, lambda o: o.unfold(X, 2, stride=0)),
    "too few positions": (False, lambda o: o.fold(np.ones((1, 12, 3)), (4, 4), 2, stride=2)),
    "half a channel": (False, lambda o: o.fold(np.ones((1, 10, 4)), (4, 4), 2, stride=2)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_a_value_error(name: str) -> None:
    """As in Keras, or where TensorFlow raises an error of its own."""
    also_in_keras, program = REFUSED[name]
    with pytest.raises(ValueError):
        program(numpynn.ops)
    with pytest.raises(ValueError if also_in_keras else Exception):
        program(keras.ops)
