"""Layers that move, repeat, cut off and surround values, against Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, agree, array, both_float_types, filled, hold, normal, same_configs

import numpynn
from numpynn import layers
from numpynn.ops.image import resize

FORMATS = ["channels_last", "channels_first"]

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
each_format = pytest.mark.parametrize("data_format", FORMATS)


def same_shapes(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    """Hold the output shapes of a known input shape, of an open batch, and of any sizes."""
    for given_shape in (shape, (None, *shape[1:]), (None,) * len(shape)):
        found = ours.compute_output_shape(given_shape)
        assert found == tuple(theirs.compute_output_shape(given_shape))


def agree_in_shape_too(make: Callable[[Any], Any], x: Any, dtype: str) -> None:
    with both_float_types(dtype):
        ours, theirs = agree(make, [x], dtype)
    same_shapes(ours, theirs, x.shape)


# -- Permute and RepeatVector ----------------------------------------------------------------------


@st.composite
def permuted(draw: Any) -> tuple[Any, Any]:
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    return draw(filled((2, *shape))), draw(st.permutations(range(1, len(shape) + 1)))


@each_float_type
@given(drawn=permuted())
def test_permute_matches_keras(dtype: str, drawn: tuple[Any, Any]) -> None:
    x, dims = drawn
    agree_in_shape_too(lambda library: library.layers.Permute(dims), x, dtype)


def test_permute_of_an_input_of_the_functional_api() -> None:
    x = numpynn.Input((10, 64))
    assert layers.Permute((2, 1))(x).shape == (None, 64, 10)


@each_float_type
@given(x=filled((2, 3)), n=st.integers(1, 4))
def test_repeat_vector_matches_keras(dtype: str, x: Any, n: int) -> None:
    agree_in_shape_too(lambda library: library.layers.RepeatVector(n), x, dtype)


def test_repeat_vector_behind_a_dense_layer() -> None:
    model = numpynn.Sequential([numpynn.Input((32,)), layers.Dense(32), layers.RepeatVector(3)])
    assert model.output_shape == (None, 3, 32) and model.count_params() == 1056


# -- cropping and padding --------------------------------------------------------------------------

amounts = st.integers(0, 2)
pairs_of_amounts = st.tuples(amounts, amounts)


def amounts_of(rank: int) -> st.SearchStrategy[Any]:
    """One number for all axes, a number an axis, a pair an axis, or mixed."""
    each = st.tuples(*[st.one_of(amounts, pairs_of_amounts)] * rank)
    return st.one_of(amounts, each, each.map(list))


def sides(rank: int, data_format: str, least: int) -> st.SearchStrategy[Any]:
    """Arrays (2, sizes, 2) with `rank` sizes, or with the channels first."""
    sizes = st.tuples(*[st.integers(least, least + 2)] * rank)
    if data_format == "channels_last":
        return sizes.flatmap(lambda n: filled((2, *n, 2)))
    return sizes.flatmap(lambda n: filled((2, 2, *n)))


@each_float_type
@given(data=st.data())
def test_cropping_1d_matches_keras(dtype: str, data: Any) -> None:
    x = data.draw(sides(1, "channels_last", 5))
    cropping = data.draw(st.one_of(amounts, pairs_of_amounts))
    agree_in_shape_too(lambda library: library.layers.Cropping1D(cropping), x, dtype)


@pytest.mark.parametrize("rank", [2, 3])
@each_format
@given(data=st.data())
def test_cropping_matches_keras(rank: int, data_format: str, data: Any) -> None:
    x = data.draw(sides(rank, data_format, 5))
    cropping = data.draw(amounts_of(rank))
    kind = f"Cropping{rank}D"
    agree_in_shape_too(
        lambda library: getattr(library.layers, kind)(cropping, data_format), x, "float64"
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@each_format
@given(data=st.data())
def test_zero_padding_matches_keras(rank: int, data_format: str, data: Any) -> None:
    x = data.draw(sides(rank, data_format, 1))
    padding = data.draw(amounts_of(rank) if rank > 1 else st.one_of(amounts, pairs_of_amounts))
    kind = f"ZeroPadding{rank}D"
    agree_in_shape_too(
        lambda library: getattr(library.layers, kind)(padding, data_format), x, "float64"
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_defaults_of_cropping_padding_and_upsampling_match_keras(rank: int) -> None:
    x = normal(rank, 2, *[4] * rank, 2)
    for kind in ("Cropping", "ZeroPadding", "UpSampling"):
        agree_in_shape_too(
            lambda library, kind=kind: getattr(library.layers, f"{kind}{rank}D")(), x, "float32"
        )


@pytest.mark.parametrize("kind", ["ZeroPadding2D", "UpSampling2D", "Cropping2D", "Permute"])
def test_whole_numbers_and_specials_pass_unchanged(kind: str) -> None:
    arguments = [(3, 1, 2)] if kind == "Permute" else [1]
    for x in (
        np.arange(32).reshape(1, 4, 4, 2),
        np.array([np.nan, np.inf, -np.inf, -0.0] * 8, "float32").reshape(1, 4, 4, 2),
    ):
        y = [getattr(library.layers, kind)(*arguments)(x) for library in (numpynn, keras)]
        assert array(y[0]).dtype == array(y[1]).dtype == x.dtype
        np.testing.assert_array_equal(array(y[0]), array(y[1]))


# -- upsampling ------------------------------------------------------------------------------------


@each_float_type
@given(x=filled((2, 3, 2)), size=st.integers(1, 4))
def test_upsampling_1d_matches_keras(dtype: str, x: Any, size: int) -> None:
    agree_in_shape_too(lambda library: library.layers.UpSampling1D(size), x, dtype)


@pytest.mark.parametrize("rank", [2, 3])
@each_format
@given(data=st.data())
def test_upsampling_matches_keras(rank: int, data_format: str, data: Any) -> None:
    x = data.draw(sides(rank, data_format, 1))
    factor = st.integers(1, 3)
    size = data.draw(st.one_of(factor, st.tuples(*[factor] * rank)))
    kind = f"UpSampling{rank}D"
    agree_in_shape_too(
        lambda library: getattr(library.layers, kind)(size, data_format), x, "float64"
    )


INTERPOLATIONS = ["bilinear", "bicubic", "lanczos3", "lanczos5"]


@each_float_type
@each_format
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@given(data=st.data())
def test_interpolated_upsampling_matches_keras(
    dtype: str, data_format: str, interpolation: str, data: Any
) -> None:
    x = data.draw(sides(2, data_format, 1))
    size = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    agree_in_shape_too(
        lambda library: library.layers.UpSampling2D(size, data_format, interpolation), x, dtype
    )


@pytest.mark.parametrize("interpolation", ["nearest", *INTERPOLATIONS])
@given(
    n=st.integers(1, 9),
    m=st.integers(1, 9),
    antialias=st.booleans(),
    data_format=st.sampled_from(FORMATS),
    single=st.booleans(),
)
def test_resize_matches_keras(
    interpolation: str, n: int, m: int, antialias: bool, data_format: str, single: bool
) -> None:
    x = normal(n, 1, n, 4, 2) if data_format == "channels_last" else normal(n, 1, 2, n, 4)
    x = (x[0] if single else x).astype("float32")
    hold(
        resize(x, (m, 5), interpolation, antialias, data_format=data_format),
        keras.ops.image.resize(x, (m, 5), interpolation, antialias, data_format=data_format),
        1e-5,
    )


@pytest.mark.parametrize("interpolation", ["nearest", *INTERPOLATIONS])
def test_resized_whole_numbers_are_rounded_and_stay_in_range(interpolation: str) -> None:
    x = np.random.default_rng(0).choice([0, 255], size=(2, 4, 4, 1)).astype("uint8")
    y = resize(x, (8, 8), interpolation)
    assert y.dtype == np.uint8
    expected = array(keras.ops.image.resize(x, (8, 8), interpolation)).astype(int)
    # a value of …5 may be rounded to either side
    assert np.max(np.abs(y.astype(int) - expected)) <= 1


@given(x=filled((2, 3, 4, 2)), shape=st.tuples(st.integers(1, 8), st.integers(1, 8)))
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_constant_images_stay_constant_and_resizing_is_linear(
    interpolation: str, x: Any, shape: Any
) -> None:
    hold(
        resize(np.full((1, 3, 4, 1), 2.5), shape, interpolation),
        np.full((1, *shape, 1), 2.5),
        1e-12,
    )
    doubled = resize(x * 2.0 + 1.0, shape, interpolation)
    hold(doubled, resize(x, shape, interpolation) * 2.0 + 1.0, 1e-12)


# -- errors and configurations ---------------------------------------------------------------------

BAD_AMOUNTS = [-1, "a", (1,), (1, 2, 3, 4), ((1, 2), (3,)), 1.5, None, (1, -1), ((1, 2), (3, -4))]
ONE_D = ["Cropping1D", "ZeroPadding1D"]
TWO_AND_THREE_D = ["Cropping2D", "Cropping3D", "UpSampling2D", "UpSampling3D"]


@pytest.mark.parametrize("kind", [*ONE_D, *TWO_AND_THREE_D])
@pytest.mark.parametrize("bad", BAD_AMOUNTS, ids=str)
def test_bad_amounts_are_value_errors_as_in_keras(kind: str, bad: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            getattr(library.layers, kind)(bad)


def test_negative_padding_is_refused_at_once() -> None:
    """Keras takes it, and fails when the layer is called."""
    for kind in (layers.ZeroPadding2D, layers.ZeroPadding3D):
        with pytest.raises(ValueError, match=r"`padding\[0\]` must be .* 0 or more; got -1"):
            kind(-1)


REFUSED: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "a gap in dims": (ValueError, lambda k: k.layers.Permute((1, 3))),
    "dims from 0": (ValueError, lambda k: k.layers.Permute((0, 1))),
    "dims that are a number": (TypeError, lambda k: k.layers.Permute(3)),
    "rank for Permute": (ValueError, lambda k: k.layers.Permute((2, 1))(np.ones((2, 3)))),
    "half a repetition": (TypeError, lambda k: k.layers.RepeatVector(1.5)),
    "True repetitions": (TypeError, lambda k: k.layers.RepeatVector(True)),
    "no repetition": (ValueError, lambda k: k.layers.RepeatVector(0)),
    "rank for RepeatVector": (ValueError, lambda k: k.layers.RepeatVector(2)(np.ones((1, 2, 3)))),
    "half a step": (TypeError, lambda k: k.layers.UpSampling1D(1.5)),
    "no step": (ValueError, lambda k: k.layers.UpSampling1D(0)),
    "nothing left of 1": (ValueError, lambda k: k.layers.Cropping1D(2)(np.ones((1, 4, 4)))),
    "nothing left of 2": (ValueError, lambda k: k.layers.Cropping2D(2)(np.ones((1, 4, 5, 1)))),
    "nothing left of 3": (
        ValueError,
        lambda k: k.layers.Cropping3D((0, 3, 0)).compute_output_shape((None, 4, 5, 6, 1)),
    ),
    "a data format": (ValueError, lambda k: k.layers.ZeroPadding2D(1, data_format="first")),
    "an interpolation": (
        ValueError,
        lambda k: k.layers.UpSampling2D(2, interpolation="cubic")(np.ones((1, 2, 2, 1))),
    ),
    "a rank to resize": (ValueError, lambda k: resizer(k)(np.ones((2, 2)), (3, 3))),
    "sizes to resize to": (ValueError, lambda k: resizer(k)(np.ones((2, 2, 1)), (3,))),
    "a way to resize": (ValueError, lambda k: resizer(k)(np.ones((2, 2, 1)), (3, 3), "cubic")),
}


def resizer(library: Any) -> Any:
    return resize if library is numpynn else library.ops.image.resize


@pytest.mark.parametrize("case", REFUSED)
def test_bad_settings_and_inputs_raise_keras_error_types(case: str) -> None:
    expected, program = REFUSED[case]
    for library in (numpynn, keras):
        with pytest.raises(expected):
            program(library)


CONFIGURED = [
    lambda k: k.layers.Permute((2, 1)),
    lambda k: k.layers.RepeatVector(4, name="four", trainable=False),
    lambda k: k.layers.Cropping1D((1, 2)),
    lambda k: k.layers.Cropping2D(((1, 2), (3, 4)), data_format="channels_first"),
    lambda k: k.layers.Cropping3D(1),
    lambda k: k.layers.ZeroPadding1D((1, 2), data_format="channels_first"),
    lambda k: k.layers.ZeroPadding2D((1, 2)),
    lambda k: k.layers.ZeroPadding3D(((1, 2), 3, 4), data_format="channels_first"),
    lambda k: k.layers.UpSampling1D(3, dtype="float64"),
    lambda k: k.layers.UpSampling2D(2, "channels_first", "bilinear"),
    lambda k: k.layers.UpSampling3D((1, 2, 3), data_format="channels_first"),
]


def test_configurations_match_keras() -> None:
    same_configs(*CONFIGURED)
