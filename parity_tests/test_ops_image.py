"""`ops.image` against Keras: sizes, frames and colours."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import Call, Domain, calls, check
from hypothesis import example, given, settings
from hypothesis import strategies as st
from image_cases import (
    fractions,
    hold_both,
    image_calls,
    image_shapes,
    same_values,
    sizes_of,
)
from pairs import FLOAT_TYPES, hold

from numpynn.ops import image

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area")
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
SHAPING = st.sampled_from([{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}])
few = settings(max_examples=8)


# -- resize ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_resize_matches_keras(interpolation: str) -> None:
    options = {"size": SIZES, "antialias": st.booleans(), "fill_value": fractions((), -2, 2)}
    drawn = st.tuples(image_calls(options), SHAPING).map(
        lambda pair: Call(pair[0].arrays, pair[0].keywords | pair[1], pair[0].seed)
    )

    def resized(library: Any) -> Any:
        return lambda x, **options: library.resize(x, interpolation=interpolation, **options)

    check(resized(image), resized(keras.ops.image), drawn, numpy=False, second=False, examples=8)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@few
@given(call=image_calls({"size": SIZES}), shaping=SHAPING)
def test_resize_matches_tensorflow_in_float32(
    interpolation: str, call: Call, shaping: dict[str, Any]
) -> None:
    options = call.keywords | shaping

    def resized(library: Any, x: Any) -> Any:
        return library.ops.image.resize(x, interpolation=interpolation, **options)

    # TensorFlow has no gradient of means over areas.
    hold_both(resized, call.arrays, "float32", gradients=interpolation != "area")


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float16"])
@given(data=st.data())
def test_resized_whole_numbers_are_rounded_as_in_keras(dtype: str, data: Any) -> None:
    """Between powers of two, so that all means are exact in float32, halves among them."""
    two = st.sampled_from([1, 2, 4, 8])
    height, width, *size = (data.draw(two) for _ in range(4))
    x = data.draw(fractions((1, height, width, 2), 0, 255, 1)).astype(dtype)
    for interpolation in ("nearest", "bilinear", "area"):
        same_values(lambda library, by=interpolation: library.ops.image.resize(x, size, by))


@pytest.mark.parametrize("fill_value", [3, 0.0])
def test_integer_images_may_be_padded(fill_value: float) -> None:
    """Keras takes an integer as fill value only, and so refuses its own default."""
    x = np.arange(12, dtype="uint8").reshape(1, 3, 4, 1)
    y = image.resize(x, (4, 2), "nearest", pad_to_aspect_ratio=True, fill_value=fill_value)
    expected = keras.ops.image.resize(
        x, (4, 2), "nearest", pad_to_aspect_ratio=True, fill_value=int(fill_value)
    )
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y, expected)


def test_the_nearest_pixel_is_tensorflows_where_rounding_decides() -> None:
    """(i + ½) n / m is a whole number, or nearly; e.g. n = 2, m = 41 decides by float32."""
    for n, m in [(2, 41), (2, 47), (4, 55), (6, 37), (6, 79), (9, 6), (5, 3), (3, 30)]:
        x = np.arange(n, dtype="float32").reshape(1, n, 1, 1)
        same_values(lambda library, x=x, m=m: library.ops.image.resize(x, (m, 1), "nearest"))


# -- frames ----------------------------------------------------------------------------------------

SIDES = (("top", "bottom", "height"), ("left", "right", "width"))


@st.composite
def framings(draw: Any, kind: str) -> Call:
    """Calls of crop_images ("cropping") or pad_images ("padding"), two of three numbers an axis."""
    call = draw(image_calls())
    sizes = sizes_of(call.arrays[0], call.keywords["data_format"])
    for (before, after, name), n in zip(SIDES, sizes, strict=True):
        first = draw(st.integers(0, n if kind == "cropping" else 3))
        last = draw(st.integers(0, n - first if kind == "cropping" else 3))
        target = n + (first + last) * (1 if kind == "padding" else -1)
        numbers = {
            f"{before}_{kind}": first,
            f"{after}_{kind}": last,
            f"target_{name}": target,
        }
        del numbers[draw(st.sampled_from(sorted(numbers)))]
        call.keywords.update(numbers)
    return call


@pytest.mark.parametrize(("name", "kind"), [("crop_images", "cropping"), ("pad_images", "padding")])
def test_frames_match_keras(name: str, kind: str) -> None:
    ours, theirs = getattr(image, name), getattr(keras.ops.image, name)
    check(ours, theirs, framings(kind), numpy=False, second=False)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16"])
def test_frames_keep_dtypes(dtype: str) -> None:
    x = np.arange(24).reshape(2, 3, 4, 1).astype(dtype)
    same_values(lambda library: library.ops.image.crop_images(x, 1, 0, 0, target_width=2))
    same_values(
        lambda library: library.ops.image.pad_images(x, 1, 0, target_height=7, target_width=5)
    )


# -- colours ---------------------------------------------------------------------------------------


def test_grayscale_matches_keras() -> None:
    drawn = image_calls(channels=(1, 3))
    check(
        image.rgb_to_grayscale,
        keras.ops.image.rgb_to_grayscale,
        drawn,
        numpy=False,
        second=False,
    )


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float16"])
def test_grayscale_of_whole_numbers_is_cut_off(dtype: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, size=(3, 20, 20, 3)).astype(dtype)
    y = image.rgb_to_grayscale(x)
    expected = np.asarray(keras.ops.image.rgb_to_grayscale(x))
    assert y.dtype == expected.dtype == dtype
    exact = x.astype(float) @ [0.2989, 0.587, 0.114]
    clear = np.abs(exact - np.round(exact))[..., None] > 1e-3  # no rounding decides
    bar = 0.25 if dtype == "float16" else 0  # TensorFlow adds in float16
    assert np.max(np.abs(y.astype(float) - expected.astype(float))[clear]) <= bar


# Positive values without ties: at a tie the largest or the smallest channel changes, a kink.
COLORS = calls(
    st.sampled_from([(2, 2, 3), (1, 2, 2, 3), (1, 3)]).map(lambda s: ((1, *s)[-4:],)),
    Domain(0.2, 3.0, margin=0.04, distinct=True),
)


def test_hue_saturation_and_value_match_keras() -> None:
    check(image.rgb_to_hsv, keras.ops.image.rgb_to_hsv, COLORS, numpy=False, second=False)


def test_hsv_has_second_derivatives() -> None:
    """TensorFlow's gradient of the hue cannot be differentiated; against differences here."""
    check(image.rgb_to_hsv, None, COLORS, numpy=False, examples=5)


@st.composite
def hues(draw: Any) -> Call:
    """Hues of any size, at least 1/32 from the kinks at sixths; saturations, values."""
    shape = draw(image_shapes("channels_last", (3,), most=3))
    x = draw(fractions(shape, -1, 2))
    sixth = draw(st.integers(-6, 12))
    x[..., 0] = (sixth + np.mod(x[..., 0], 0.625) + 0.1875) / 6
    return Call([x.astype(np.float32).astype(float)], {}, 1)


def test_colors_of_hues_match_their_formula() -> None:
    """TensorFlow has no gradient of hsv_to_rgb; here is the formula that its kernel computes."""

    def formula(x: Any) -> Any:
        h, s, v = tf.unstack(x, axis=-1)
        shares = (tf.abs(6 * h - 3) - 1, 2 - tf.abs(6 * h - 2), 2 - tf.abs(6 * h - 4))
        return tf.stack([v * (1 - s + s * tf.clip_by_value(f, 0, 1)) for f in shares], -1)

    check(image.hsv_to_rgb, formula, hues(), numpy=False)


@pytest.mark.parametrize("name", ["rgb_to_hsv", "hsv_to_rgb"])
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@given(call=image_calls(low=-1, high=2, channels=(3,)))
@example(call=Call([np.zeros((1, 1, 3))], {"data_format": "channels_last"}))
@example(call=Call([-np.ones((1, 1, 3))], {"data_format": "channels_last"}))
@example(call=Call([np.ones((1, 1, 3))], {"data_format": "channels_last"}))
def test_colors_match_keras_beyond_their_range(name: str, dtype: str, call: Call) -> None:
    """Greys, blacks, ties and negative values, too."""

    def converted(library: Any, x: Any) -> Any:
        return getattr(library.ops.image, name)(x, **call.keywords)

    hold_both(converted, call.arrays, dtype, gradients=False)


def test_colors_in_numbers() -> None:
    """The corners of the colour cube are the sixths of the circle."""
    corners = {
        (1, 0, 0): (0, 1, 1), (1, 1, 0): (1 / 6, 1, 1), (0, 1, 0): (1 / 3, 1, 1),
        (0, 1, 1): (1 / 2, 1, 1), (0, 0, 1): (2 / 3, 1, 1), (1, 0, 1): (5 / 6, 1, 1),
        (1, 1, 1): (0, 0, 1), (0, 0, 0): (0, 0, 0), (0.5, 0.25, 0.25): (0, 0.5, 0.5),
    }  # fmt: skip
    rgb, hsv = (np.array(list(side), float)[None] for side in (corners, corners.values()))
    hold(image.rgb_to_hsv(rgb), hsv, 1e-15)
    hold(image.hsv_to_rgb(hsv), rgb, 1e-15)
