"""`ops.image` against Keras: filters, likeness, patches, scaling."""

from __future__ import annotations

from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import scipy.ndimage
from factory import Call, check
from hypothesis import given, settings
from hypothesis import strategies as st
from image_cases import FORMATS, fractions, hold_both, image_calls, image_shapes, same_values
from pairs import FLOAT_TYPES, hold, normal

from numpynn.ops import image

few = settings(max_examples=8)


# -- filters ---------------------------------------------------------------------------------------


@st.composite
def blurs(draw: Any) -> Call:
    """Kernels of any size, square or not; both deviations are differentiated."""
    size = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    call = draw(image_calls({"kernel_size": st.just(size)}))
    call.arrays.append(draw(fractions((2,), 0.5, 3)))
    return call


def blurred(library: Any) -> Any:
    return lambda x, sigma, **options: library.gaussian_blur(x, sigma=sigma, **options)


def test_blur_matches_keras() -> None:
    check(blurred(image), blurred(keras.ops.image), blurs(), numpy=False, second=False)


@few
@given(call=blurs())
def test_blur_matches_keras_in_float32(call: Call) -> None:
    hold_both(
        lambda library, *x: blurred(library.ops.image)(*x, **call.keywords), call.arrays, "float32"
    )


def test_blur_is_a_gaussian_filter() -> None:
    """SciPy's, where the kernel is square; sigma is that of x, then that of y."""
    x = normal(0, 9, 8)
    y = image.gaussian_blur(x[..., None], (7, 7), (0.75, 0.5))[..., 0]
    curves = {s: np.exp(-0.5 * (np.arange(-3, 4) / s) ** 2) for s in (0.75, 0.5)}
    expected = x
    for axis, sigma in ((0, 0.5), (1, 0.75)):
        weights = curves[sigma] / curves[sigma].sum()
        expected = scipy.ndimage.correlate1d(expected, weights, axis, mode="constant")
    hold(y, expected, 1e-14)


def test_edges_match_keras() -> None:
    drawn = image_calls(batch_only=True, least=2)
    check(image.sobel_edges, keras.ops.image.sobel_edges, drawn, numpy=False, second=False)


def test_edges_of_a_ramp() -> None:
    """8 for a step of 1 a pixel: the difference 2 of both sides, blurred by 1 + 2 + 1."""
    x = np.arange(5.0)[None, :, None, None] + 3.0 * np.arange(6.0)[None, None, :, None]
    edges = image.sobel_edges(x)[0, 1:-1, 1:-1, 0]
    assert (edges == [8.0, 24.0]).all()


# -- likeness --------------------------------------------------------------------------------------


@st.composite
def likenesses(draw: Any) -> Call:
    """Two images, one noise and the other like it in part: with windows of no variance SSIM is a
    quotient of two roundings in float32."""
    size = draw(st.integers(1, 4))
    data_format = draw(st.sampled_from(FORMATS))
    shape = draw(image_shapes(data_format, least=4, most=6))
    seed = draw(st.integers(0, 1000))
    x, noise = normal(seed, *shape), normal(seed + 1, *shape)
    y = x * draw(fractions((), -1, 1)) + noise / 2
    arrays = [a.astype(np.float32).astype(float) for a in (x, y)]
    options = {
        "max_val": draw(st.sampled_from([1.0, 2.5])),
        "filter_size": size,
        "filter_sigma": draw(st.sampled_from([0.5, 1.5])),
        "k1": draw(st.sampled_from([0.01, 0.1])),
        "k2": draw(st.sampled_from([0.03, 0.2])),
        "data_format": data_format,
    }
    return Call(arrays, options, seed)


def test_ssim_matches_keras() -> None:
    check(image.ssim, keras.ops.image.ssim, likenesses(), numpy=False, examples=5)


def test_ssim_of_an_image_with_itself_is_one() -> None:
    x = normal(0, 2, 12, 13, 3)
    hold(image.ssim(x, x), np.ones(2), 1e-12)
    assert image.ssim(x[0] + 9, 9 - x[0]) < -0.9  # as bright, and the opposite
    whole = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 1)).astype("uint8")
    same_values(lambda library: library.ops.image.ssim(whole, whole, max_val=255))


# -- patches ---------------------------------------------------------------------------------------


@st.composite
def patches(draw: Any, rank: int) -> Call:
    """Windows that fit; strides over 1 go without dilation in Keras."""
    data_format = draw(st.sampled_from(FORMATS))
    lengths = [draw(st.integers(3, 6)) for _ in range(rank)]
    depth = draw(st.integers(1, 3))
    shape = [*lengths, depth] if data_format == "channels_last" else [depth, *lengths]
    shape = [draw(st.integers(1, 2)), *shape] if draw(st.booleans()) else shape
    size = draw(st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * rank)))
    options = {"size": size, "padding": draw(st.sampled_from(["valid", "same"]))}
    if options["padding"] == "same" and draw(st.booleans()):
        options |= {"strides": 1, "dilation_rate": draw(st.integers(1, 2))}
    else:
        stride = st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * rank))
        options["strides"] = draw(st.one_of(st.none(), stride) if rank == 3 else stride)
    x = draw(fractions(tuple(shape), -1, 1))
    return Call([x], options | {"data_format": data_format}, draw(st.integers(0, 1000)))


def patches_of_keras(x: Any, data_format: str, **options: Any) -> Any:
    """Keras refuses channels first on a CPU; the same with the channels last."""
    if data_format == "channels_last":
        return keras.ops.image.extract_patches(x, data_format=data_format, **options)
    y = keras.ops.image.extract_patches(keras.ops.moveaxis(x, -3, -1), **options)
    return keras.ops.moveaxis(y, -1, -3)


@pytest.mark.parametrize(
    ("ours", "theirs", "rank"),
    [
        (image.extract_patches, patches_of_keras, 2),
        (image.extract_patches_3d, keras.ops.image.extract_patches_3d, 3),
    ],
    ids=["2D", "3D"],
)
def test_patches_match_keras(ours: Any, theirs: Any, rank: int) -> None:
    check(ours, theirs, patches(rank), numpy=False, second=False)


def test_patches_in_numbers() -> None:
    x = np.arange(16).reshape(4, 4, 1)
    assert image.extract_patches(x, 2).tolist() == [
        [[0, 1, 4, 5], [2, 3, 6, 7]],
        [[8, 9, 12, 13], [10, 11, 14, 15]],
    ]
    v = normal(0, 1, 4, 5, 6, 2)
    hold(image.extract_patches(v, (2, 2, 3)), keras.ops.image.extract_patches(v, (2, 2, 3)), 0)
    first = image.extract_patches_3d(np.moveaxis(v, -1, 1), 2, 1, data_format="channels_first")
    hold(np.moveaxis(first, 1, -1), image.extract_patches_3d(v, 2, 1), 0)


# -- scale and translate ---------------------------------------------------------------------------

METHODS = ("linear", "cubic", "lanczos3", "lanczos5")
OTHER_NAMES = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic", "tricubic": "cubic"}


def away_from_kinks(n: int, m: int, scale: float, translation: float, antialias: bool) -> bool:
    """Whether no place comes within 1/64 of whole distances to the n pixels, or of the edges.

    There the kernels have kinks; and Keras takes Lanczos's for 1 within 1/1000 of a pixel, where it
    is up to 4e-6 less.
    """
    places = (np.arange(m) + 0.5 - translation) / scale - 0.5
    width = max(1 / scale, 1) if antialias else 1
    distances = (places[:, None] - np.arange(n)) / width
    whole = np.abs(distances - np.round(distances)).min()
    edges = np.abs(np.stack([places + 0.5, places - n + 0.5])).min()
    return bool(min(whole, edges) >= 1 / 64)


SCALINGS = [
    drawn
    for drawn in product(
        range(2, 7),
        range(1, 5),
        (0.515625, 0.984375, 1.015625, 1.984375),
        (-1.3125, -0.6875, 0.1875, 0.4375, 2.3125),
        (False, True),
    )
    if away_from_kinks(*drawn)
]


@st.composite
def scalings(draw: Any) -> Call:
    """Images of one spatial axis, a scale around 1/2, 1 and 2, and a translation."""
    n, m, scale, translation, antialias = draw(st.sampled_from(SCALINGS))
    arrays = [draw(fractions((2, n, 3), -1, 1)), np.array([scale]), np.array([translation])]
    return Call(arrays, {"m": m, "antialias": antialias}, draw(st.integers(0, 1000)))


@pytest.mark.parametrize("method", METHODS)
def test_scaling_matches_keras(method: str) -> None:
    """The gradients are for the images, the scale and the translation."""

    def scaled(library: Any) -> Any:
        return lambda x, scale, translation, m, antialias: library.scale_and_translate(
            x, (2, m, 3), scale, translation, [1], method, antialias
        )

    check(
        scaled(image),
        scaled(keras.ops.image),
        scalings(),
        numpy=False,
        second=False,
        examples=8,
    )


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_scaling_of_several_axes_and_other_names(dtype: str) -> None:
    x = normal(0, 2, 5, 6, 3).astype(dtype)
    scale, translation = np.array([1.5625, 0.8125], dtype), np.array([0.3125, -0.4375], dtype)
    for name, method in OTHER_NAMES.items():

        def scaled(library: Any, x: Any, s: Any, t: Any, name: str = name) -> Any:
            return library.ops.image.scale_and_translate(x, (2, 7, 4, 3), s, t, (-3, 2), name)

        hold_both(scaled, [x, scale, translation], dtype)
        again = image.scale_and_translate(x, (2, 7, 4, 3), scale, translation, (1, 2), method)
        hold(image.scale_and_translate(x, (2, 7, 4, 3), scale, translation, (1, 2), name), again, 0)


def test_scaling_of_whole_numbers_is_rounded_within_their_range() -> None:
    """Keras on TensorFlow means to, and fails; the same in floats, rounded."""
    x = np.random.default_rng(0).integers(0, 200, (1, 5, 2)).astype("uint8")
    scale, translation = np.array([1.5], "float32"), np.array([0.25], "float32")
    y = image.scale_and_translate(x, (1, 7, 2), scale, translation, [1], "cubic")
    found = keras.ops.image.scale_and_translate(
        x.astype("float32"), (1, 7, 2), scale, translation, [1], "cubic"
    )
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y, np.clip(np.round(found), x.min(), x.max()))


def test_resizing_is_scaling_by_the_sizes() -> None:
    x = normal(0, 1, 5, 6, 2)
    scaled = image.scale_and_translate(
        x, (1, 10, 3, 2), np.array([2.0, 0.5]), np.zeros(2), (1, 2), "lanczos3"
    )
    hold(image.resize(x, (10, 3), "lanczos3", antialias=True), scaled, 1e-12)
