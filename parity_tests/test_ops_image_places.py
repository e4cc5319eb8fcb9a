"""`ops.image` against Keras: what looks at other places of an image, which lie between its pixels.

Transforms, places and displacements are drawn as multiples of 1/64 where they can be. Then places
are exact in float32 too, and both libraries see the same side of every discontinuity: halves of a
pixel for the nearest one, and the ends of a repetition.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from factory import Call, check, verify
from hypothesis import example, given, settings
from hypothesis import strategies as st
from image_cases import FORMATS, fractions, hold_both, image_calls, same_values, sizes_of
from pairs import BARS, hold, normal

import numpynn
from numpynn.ops import image

INTERPOLATIONS = ("nearest", "bilinear")
FILL_MODES = ("constant", "nearest", "wrap", "reflect")
few = settings(max_examples=8)


# -- affine transforms -----------------------------------------------------------------------------


@st.composite
def transforms(draw: Any, **options: Any) -> Call:
    """Images, and a transform for all or one for each, which may lead far beyond the image."""
    call = draw(image_calls({"fill_value": fractions((), -2, 2), **options}))
    x = call.arrays[0]
    each = x.ndim == 4 and draw(st.booleans())
    shape = (len(x), 6) if each else draw(st.sampled_from([(6,), (1, 6)]))
    transform = draw(fractions(shape, -2, 2))
    transform[..., [2, 5]] *= 5
    call.keywords["transform"] = np.concatenate([transform, np.zeros((*shape[:-1], 2))], -1)
    return call


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_affine_transform_matches_keras(interpolation: str, fill_mode: str) -> None:
    check(
        image.affine_transform,
        keras.ops.image.affine_transform,
        transforms(interpolation=st.just(interpolation), fill_mode=st.just(fill_mode)),
        numpy=False,
        second=False,
        examples=6,
    )


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@few
@given(data=st.data())
def test_affine_transform_matches_tensorflow_in_float32(
    interpolation: str, fill_mode: str, data: Any
) -> None:
    """Its gradient is not compared: TensorFlow puts the cotangent through the inverse transform."""
    given_options = {"interpolation": st.just(interpolation), "fill_mode": st.just(fill_mode)}
    call = data.draw(transforms(**given_options))
    hold_both(
        lambda library, x: library.ops.image.affine_transform(x, **call.keywords),
        call.arrays,
        "float32",
        gradients=False,
    )


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float16"])
@few
@given(data=st.data())
def test_transformed_whole_numbers_are_cut_off(dtype: str, data: Any) -> None:
    call = data.draw(transforms(fill_mode=st.sampled_from(FILL_MODES)))
    # shares of 1/8, and so means that are exact in float16 too
    options = call.keywords | {"fill_value": 2.75}
    options["transform"] = np.round(options["transform"] * 8) / 8
    x = np.round(np.abs(call.arrays[0]) * 15).astype(dtype)
    for by in INTERPOLATIONS:
        same_values(
            lambda library, by=by: library.ops.image.affine_transform(
                x, interpolation=by, **options
            )
        )


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@few
@given(data=st.data())
def test_transforms_have_their_gradients(fill_mode: str, data: Any) -> None:
    """In places that are no whole numbers, which are kinks. TensorFlow's own kernel has none."""
    call = data.draw(transforms(fill_mode=st.just(fill_mode)))
    options = {**call.keywords}
    transform = options.pop("transform")
    transform[..., [2, 5]] += 1 / 128

    def seen(library: Any, x: Any, transform: Any) -> Any:
        return library.ops.image.affine_transform(x, transform, **options)

    hold_both(seen, [call.arrays[0], transform], "float64")


@few
@given(data=st.data())
def test_projections_match_keras(data: Any) -> None:
    """With k from 3/4 to 5/4, the places' rounding stays within the bars of float32."""
    call = data.draw(transforms())
    transform = call.keywords.pop("transform")
    transform[..., 6:] = data.draw(fractions((2,), -1 / 32, 1 / 32, 128))
    transform[..., :6] /= 2

    def seen(library: Any, x: Any) -> Any:
        return library.ops.image.affine_transform(x, transform, **call.keywords)

    hold_both(seen, call.arrays, "float64")
    hold_both(seen, call.arrays, "float32", gradients=False)


def test_places_at_infinity_are_filled() -> None:
    x = np.ones((1, 3, 3, 1), "float32")
    transform = np.array([1, 0, 0, 0, 1, 0, -1, 0.0])  # k = 1 - x
    for fill_mode in FILL_MODES:
        y = same_values(
            lambda library, mode=fill_mode: library.ops.image.affine_transform(
                x, transform, fill_mode=mode, fill_value=5
            )
        )
        assert (y[0, :, 1] == 5).all()


def test_nan_is_where_keras_has_it() -> None:
    x = np.array([1, 2, np.nan, 4, 5, np.inf, 7], "float32").reshape(1, 1, 7, 1)
    nowhere = np.array([np.nan, 0, 0, 0, 1, 0, 0, 0])
    moved = np.array([1, 0, 0.25, 0, 1, 0, 0, 0])
    with np.errstate(invalid="ignore"):
        for transform in (nowhere, moved, np.zeros(8)):
            for by in INTERPOLATIONS:
                same_values(
                    lambda library, t=transform, by=by: library.ops.image.affine_transform(
                        x, t, by, fill_value=9
                    )
                )


def test_quarter_turns_and_mirrors_in_numbers() -> None:
    x = np.arange(9.0).reshape(3, 3, 1)
    turned = image.affine_transform(x, np.array([0.0, 1, 0, -1, 0, 2, 0, 0]))
    np.testing.assert_array_equal(turned[..., 0], np.rot90(x[..., 0], -1))
    mirrored = image.affine_transform(x, np.array([-1.0, 0, 2, 0, 1, 0, 0, 0]), "nearest")
    np.testing.assert_array_equal(mirrored, x[:, ::-1])


@pytest.mark.parametrize("mode", ["constant", "nearest", "reflect"])
@few
@given(data=st.data())
def test_affine_transform_is_scipys_inside_of_one_period(mode: str, data: Any) -> None:
    """SciPy's modes grid-constant, nearest and reflect; its matrix has rows first."""
    x = data.draw(fractions((4, 5), -1, 1))
    a0, a1, b0, b1 = data.draw(fractions((4,), -1, 1))
    a2, b2 = data.draw(fractions((2,), -2, 2))
    y = image.affine_transform(
        x[..., None], np.array([a0, a1, a2, b0, b1, b2, 0, 0]), fill_mode=mode, fill_value=0.5
    )
    of_scipy = {"constant": "grid-constant", "nearest": "nearest", "reflect": "reflect"}
    expected = scipy.ndimage.affine_transform(
        x, [[b1, b0], [a1, a0]], [b2, a2], order=1, mode=of_scipy[mode], cval=0.5
    )
    hold(y[..., 0], expected, 1e-12)


# -- perspective -----------------------------------------------------------------------------------


@st.composite
def perspectives(draw: Any) -> Call:
    """The corners of images, moved by up to 3/8 of a pixel: far from three on a line."""
    call = draw(image_calls({"fill_value": fractions((), -2, 2)}, least=3))
    height, width = sizes_of(call.arrays[0], call.keywords["data_format"])
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
    batch = call.arrays[0].shape[:1] if call.arrays[0].ndim == 4 and draw(st.booleans()) else ()
    for name in ("start_points", "end_points"):
        call.keywords[name] = corners + draw(fractions((*batch, 4, 2), -0.375, 0.375))
    return call


@given(call=perspectives())
def test_perspective_matches_keras(call: Call) -> None:
    def seen(library: Any, x: Any) -> Any:
        return library.ops.image.perspective_transform(x, **call.keywords)

    hold_both(seen, call.arrays, "float64")
    hold_both(seen, call.arrays, "float32", gradients=False)


@few
@given(call=perspectives(), seed=st.integers(0, 1000))
def test_points_have_their_gradients(call: Call, seed: int) -> None:
    """With noise, which makes no place a whole number: there are kinks."""
    points = [call.keywords.pop(name) for name in ("start_points", "end_points")]
    points = [p + 0.05 * normal(seed + i, *p.shape) for i, p in enumerate(points)]
    x = call.arrays[0] * np.ones((*np.shape(points[0])[:-2], *call.arrays[0].shape[-3:]))

    def seen(library: Any, x: Any, start: Any, end: Any) -> Any:
        return library.ops.image.perspective_transform(x, start, end, **call.keywords)

    hold_both(seen, [x, *points], "float64")


def test_points_move_where_they_should() -> None:
    """What was at the start points is at the end points."""
    x = normal(0, 6, 7, 2)
    start = np.array([[0.0, 0], [6, 0], [1, 5], [4, 4]])
    end = np.array([[1.0, 1], [5, 2], [0, 5], [6, 4]])
    y = image.perspective_transform(x, start, end)
    for (a, b), (c, d) in zip(start.astype(int), end.astype(int), strict=True):
        hold(y[d, c], x[b, a], 1e-12)
    hold(image.perspective_transform(x, start, end, "nearest")[4, 6], x[4, 4], 0)


# -- any places ------------------------------------------------------------------------------------


@st.composite
def mappings(draw: Any, fill_mode: str) -> Call:
    """Arrays of one to three axes, and places in and around them, as another array."""
    least = 2 if fill_mode == "mirror" else 1
    shape = tuple(draw(st.lists(st.integers(least, 4), min_size=1, max_size=3)))
    x = draw(fractions(shape, -1, 1))
    places = draw(st.sampled_from([(3,), (2, 2), (1, 2, 2)]))
    low, high = (-9, 9) if fill_mode != "mirror" else (0, 0.98)
    coordinates = draw(fractions((len(shape), *places), low, high))
    if fill_mode == "mirror":  # from beyond the first pixel to before the last one, see below
        signs = draw(st.sampled_from([-1, 1]))
        coordinates = coordinates * signs * (np.array(shape) - 1).reshape(-1, *(1,) * len(places))
    options = {"fill_value": draw(fractions((), -2, 2)), "fill_mode": fill_mode}
    return Call([x, coordinates], options, draw(st.integers(0, 1000)))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("fill_mode", [*FILL_MODES, "mirror"])
@few
@given(data=st.data())
def test_map_coordinates_matches_keras(fill_mode: str, order: int, data: Any) -> None:
    """With the gradient for the coordinates; at a whole number, a kink, both take the right one."""
    call = data.draw(mappings(fill_mode))
    for dtype in BARS:
        hold_both(
            lambda library, x, places: library.ops.image.map_coordinates(
                x, places, order, **call.keywords
            ),
            call.arrays,
            dtype,
        )


def test_map_coordinates_has_second_derivatives() -> None:
    """Between pixels: at whole numbers there are kinks."""
    x, places = normal(0, 4, 5), np.array([[0.25, 1.625, 2.75], [3.375, 0.25, 1.875]])
    call = Call([x.astype("float32").astype(float), places], {"order": 1})
    verify(image.map_coordinates, keras.ops.image.map_coordinates, call, numpy=False)


@given(x=fractions((5,), -1, 1), places=fractions((1, 4), -14, 14))
@example(x=np.array([1.0, 2, 3, 4, 5]), places=np.array([[5.0, 5.5, -5.0, 4.5]]))
def test_mirror_is_scipys(x: Any, places: Any) -> None:
    """Keras on TensorFlow reads beyond the image at its size, where it raises an error."""
    y = image.map_coordinates(x, places, 1, "mirror")
    expected = scipy.ndimage.map_coordinates(x, places, order=1, mode="mirror")
    hold(y, expected, 1e-12)
    with pytest.raises(tf.errors.InvalidArgumentError):
        keras.ops.image.map_coordinates(x, np.array([[5.0]]), 1, "mirror")


def test_reflect_is_keras_on_tensorflow() -> None:
    """The front mirror stands on the first pixel, the one behind at the edge of the last."""
    x, places = np.array([1.0, 2.0, 3.0, 4.0]), np.array([[-3, -2, -1, 0, 3, 4, 5, 6]], float)
    y = same_values(lambda library: library.ops.image.map_coordinates(x, places, 1, "reflect"))
    assert y.tolist() == [4, 3, 2, 1, 4, 4, 3, 2]


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16"])
@few
@given(data=st.data())
def test_mapped_whole_numbers_are_rounded(dtype: str, data: Any) -> None:
    call = data.draw(mappings("nearest"))
    x = np.round(np.abs(call.arrays[0]) * 15).astype(dtype)
    places = (np.round(call.arrays[1] * 4) / 4).astype("float32")
    for order in (0, 1):
        same_values(lambda library, n=order: library.ops.image.map_coordinates(x, places, n))


def test_whole_places_give_the_values_themselves() -> None:
    """Keras makes the values integers where the coordinates are, and refuses those for order 1."""
    x = np.array([1.5, 2.5, 3.5])
    for order in (0, 1):
        assert image.map_coordinates(x, np.array([[2, 0]]), order).tolist() == [3.5, 1.5]


# -- elastic ---------------------------------------------------------------------------------------


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both libraries get the same noise: u first, then v."""

    def drawn(*shape: int) -> None:
        fields = normal(7, 2, *shape)
        turns = iter([0, 1] * 99)
        monkeypatch.setattr(
            tf.random,
            "stateless_normal",
            lambda shape, dtype, **_: tf.constant(fields[next(turns)], dtype),
        )
        monkeypatch.setattr(numpynn.ops.image.transforms, "_noise", lambda shape, seed: fields)

    return drawn


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", BARS)
def test_elastic_transform_matches_keras(
    dtype: str, data_format: str, fill_mode: str, noise: Any
) -> None:
    """Inside, `map_coordinates`; sigma 1 blurs by 7 x 7 pixels, 2 by 13 x 13."""
    noise(2, 5, 6)
    x = normal(0, 2, 5, 6, 3) if data_format == "channels_last" else normal(0, 2, 3, 5, 6)
    for alpha, sigma, interpolation in ((1.5, 1.0, "bilinear"), (4.0, 2.25, "nearest")):
        options = (alpha, sigma, interpolation, fill_mode, 0.5, None, data_format)

        def moved(library: Any, x: Any, options: Any = options) -> Any:
            return library.ops.image.elastic_transform(x, *options)

        hold_both(moved, [x], dtype)


def test_elastic_transform_of_one_image(noise: Any) -> None:
    noise(1, 5, 6)
    hold_both(
        lambda library, x: library.ops.image.elastic_transform(x), [normal(0, 5, 6, 2)], "float64"
    )


def test_elastic_transform_draws_by_its_seed() -> None:
    x = normal(0, 2, 9, 9, 1)
    first, again, other = (image.elastic_transform(x, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()
    stream = numpynn.random.SeedGenerator(3)
    assert (
        image.elastic_transform(x, seed=stream) != image.elastic_transform(x, seed=stream)
    ).any()
    hold(image.elastic_transform(x, alpha=0.0), x, 0)
    displaced = image.elastic_transform(np.broadcast_to(np.arange(9.0)[:, None, None], (9, 9, 1)))
    assert np.std(displaced - np.arange(9.0)[:, None, None]) > 0.1
