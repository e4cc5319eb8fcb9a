"""Layers for images against Keras: the same draws on both sides, for every option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from augmentation import agree_on_data, agree_on_images, images, seeds
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, normal

import numpynn
from numpynn import layers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
targets = st.tuples(st.integers(1, 7), st.integers(1, 7))


def shares(low: float = -1.0) -> st.SearchStrategy[Any]:
    """A factor of every form: one number, or two different ones in any order, tuple or list."""
    number = st.sampled_from([n for n in (-1.0, -0.7, -0.25, 0, 0.1, 0.5, 1) if n >= low])
    pair = st.lists(number, min_size=2, max_size=2, unique=True)
    return st.one_of(number, pair, pair.map(tuple))


# -- values and gradients --------------------------------------------------------------------------


@each_float_type
@given(
    drawn=images(),
    size=targets,
    interpolation=st.sampled_from(["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"]),
    shape=st.sampled_from(["", "crop_to_aspect_ratio", "pad_to_aspect_ratio"]),
    fill_value=st.sampled_from([0.0, -2.5]),
    antialias=st.booleans(),
)
def test_resizing_matches_keras(
    dtype: str,
    drawn: Any,
    size: Any,
    interpolation: str,
    shape: str,
    fill_value: float,
    antialias: bool,
) -> None:
    data_format, x = drawn
    options = {shape: True} if shape else {}

    def make(library: Any) -> Any:
        return library.layers.Resizing(
            *size,
            interpolation=interpolation,
            fill_value=fill_value,
            antialias=antialias,
            data_format=data_format,
            **options,
        )

    agree_on_images(make, x, dtype, 0)


@each_float_type
@given(drawn=images(), size=targets)
def test_center_crop_matches_keras(dtype: str, drawn: Any, size: Any) -> None:
    data_format, x = drawn
    agree_on_images(lambda k: k.layers.CenterCrop(*size, data_format), x, dtype, 0)


@each_float_type
@given(drawn=images(), size=targets, training=st.booleans(), seed=seeds)
def test_random_crop_matches_keras(
    dtype: str, drawn: Any, size: Any, training: bool, seed: int
) -> None:
    data_format, x = drawn
    agree_on_images(
        lambda k: k.layers.RandomCrop(*size, data_format=data_format),
        x,
        dtype,
        seed,
        training=training,
    )


@each_float_type
@given(
    drawn=images(),
    mode=st.sampled_from(["horizontal", "vertical", "horizontal_and_vertical"]),
    training=st.booleans(),
    seed=seeds,
)
def test_random_flip_matches_keras(
    dtype: str, drawn: Any, mode: str, training: bool, seed: int
) -> None:
    data_format, x = drawn
    agree_on_images(
        lambda k: k.layers.RandomFlip(mode, data_format=data_format),
        x,
        dtype,
        seed,
        training=training,
    )


@each_float_type
@given(
    drawn=images(0.0, 1.0),
    factor=shares(0.0),
    value_range=st.sampled_from([(0, 255), (0.25, 0.75), [0, 1]]),
    training=st.booleans(),
    seed=seeds,
)
def test_random_contrast_matches_keras(
    dtype: str, drawn: Any, factor: Any, value_range: Any, training: bool, seed: int
) -> None:
    """A value at a bound of the range has the clip's derivative 1 on both sides."""
    data_format, x = drawn

    def make(library: Any) -> Any:
        return library.layers.RandomContrast(factor, value_range, data_format=data_format)

    agree_on_images(make, x, dtype, seed, training=training)


MOVING: dict[str, Callable[..., Any]] = {
    "RandomRotation": lambda k, first, second, **rest: k.layers.RandomRotation(first, **rest),
    "RandomTranslation": lambda k, *both, **rest: k.layers.RandomTranslation(*both, **rest),
    "RandomZoom": lambda k, *both, **rest: k.layers.RandomZoom(*both, **rest),
    "RandomZoom of one factor": lambda k, first, second, **rest: k.layers.RandomZoom(first, **rest),
}


@each_float_type
@pytest.mark.parametrize("kind", MOVING)
@given(
    drawn=images(),
    factors=st.tuples(shares(), shares()),
    inside=st.tuples(shares(-0.7), shares(-0.7)),
    fill_mode=st.sampled_from(["reflect", "wrap", "constant", "nearest"]),
    interpolation=st.sampled_from(["bilinear", "nearest"]),
    fill_value=st.sampled_from([0.0, -2.5]),
    training=st.booleans(),
    seed=seeds,
)
def test_moving_layers_match_keras(
    kind: str,
    dtype: str,
    drawn: Any,
    factors: Any,
    inside: Any,
    fill_mode: str,
    interpolation: str,
    fill_value: float,
    training: bool,
    seed: int,
) -> None:
    """What is drawn are odd multiples of 1/8192 of a range: no place lies where the value jumps.

    In float32 TensorFlow puts the cotangent through the inverse transform, which is no derivative.
    """
    data_format, x = drawn
    given = inside if kind.startswith("RandomZoom") else factors

    def make(library: Any) -> Any:
        return MOVING[kind](
            library,
            *given,
            fill_mode=fill_mode,
            interpolation=interpolation,
            fill_value=fill_value,
            data_format=data_format,
        )

    agree_on_images(make, x, dtype, seed, training=training, exact_gradient=not training)


# -- other data ------------------------------------------------------------------------------------

EVERY: dict[str, Callable[..., Any]] = {
    "Resizing": lambda k, **rest: k.layers.Resizing(4, 3, **rest),
    "CenterCrop": lambda k, **rest: k.layers.CenterCrop(4, 3, **rest),
    "CenterCrop of more": lambda k, **rest: k.layers.CenterCrop(8, 3, **rest),
    "RandomCrop": lambda k, **rest: k.layers.RandomCrop(4, 3, **rest),
    "RandomCrop of more": lambda k, **rest: k.layers.RandomCrop(8, 3, **rest),
    "RandomFlip": lambda k, **rest: k.layers.RandomFlip(**rest),
    "RandomContrast": lambda k, **rest: k.layers.RandomContrast(0.5, **rest),
    "RandomRotation": lambda k, **rest: k.layers.RandomRotation(0.25, **rest),
    "RandomTranslation": lambda k, **rest: k.layers.RandomTranslation(0.5, 0.5, **rest),
    "RandomZoom": lambda k, **rest: k.layers.RandomZoom(0.5, **rest),
}
each_layer = pytest.mark.parametrize("kind", EVERY)
RANDOM = [kind for kind in EVERY if kind.startswith("Random")]
each_random_layer = pytest.mark.parametrize("kind", RANDOM)


@each_layer
@given(
    pixels=st.sampled_from(["float32", "float64", "int32", "uint8"]),
    masks=st.sampled_from(["float64", "int32", "uint8"]),
    labels=st.sampled_from(["float64", "int64"]),
    batched=st.booleans(),
    training=st.sampled_from([None, True, False]),
    seed=seeds,
)
@example("uint8", "uint8", "int64", False, True, 0)
def test_a_dict_keeps_together_what_belongs_together(
    kind: str, pixels: str, masks: str, labels: str, batched: bool, training: Any, seed: int
) -> None:
    if kind == "RandomContrast" and training is not False and pixels in ("int32", "uint8"):
        pixels = "float32"  # where TensorFlow fails: see the next test
    random = np.random.default_rng(seed)
    data = {
        "images": random.integers(0, 255, (3, 5, 6, 3)).astype(pixels),
        "segmentation_masks": random.integers(0, 4, (3, 5, 6, 1)).astype(masks),
        "labels": random.integers(0, 9, (3,)).astype(labels),
    }
    if not batched:
        data = {name: value[0] for name, value in data.items()}
    before = {name: np.array(value) for name, value in data.items()}
    call = {} if training is None else {"training": training}
    agree_on_data(EVERY[kind], data, seed, **call)
    agree_on_data(EVERY[kind], data["images"], seed, **call)
    for name, value in data.items():
        np.testing.assert_array_equal(value, before[name])


@given(drawn=images(0.0, 255.0), seed=seeds)
def test_contrast_of_whole_numbers_is_that_of_floats(drawn: Any, seed: int) -> None:
    """Keras subtracts a float from integers, which TensorFlow refuses."""
    data_format, x = drawn
    x = np.floor(x)
    ours = [layers.RandomContrast(0.5, seed=seed, data_format=data_format) for _ in range(2)]
    np.testing.assert_array_equal(ours[0](x.astype("uint8")), ours[1](x.astype("float32")))
    theirs = keras.layers.RandomContrast(0.5, data_format=data_format)
    with pytest.raises(Exception, match="expected to be a uint8 tensor"):
        theirs(x.astype("uint8"), training=True)


@each_layer
def test_layers_of_a_dtype_compute_in_it(kind: str) -> None:
    x = np.random.default_rng(0).integers(0, 255, (2, 5, 6, 3)).astype("uint8")
    for dtype in ("uint8", "float64", "float16"):
        if kind == "RandomContrast":
            continue
        ours, theirs = (EVERY[kind](library, dtype=dtype) for library in (numpynn, keras))
        expected = array(theirs(x)).dtype
        if kind == "CenterCrop of more":
            expected = np.dtype(dtype)  # Keras's is float32: TensorFlow's resizing always is
        assert ours(x).dtype == expected
    if kind == "RandomContrast":
        for library in (numpynn, keras):
            with pytest.raises(ValueError):
                EVERY[kind](library, dtype="uint8")(x.astype("float32"), training=True)


@each_layer
def test_shapes_are_known_before_the_images_are(kind: str) -> None:
    ours, theirs = EVERY[kind](numpynn), EVERY[kind](keras)
    for shape in ((None, 5, 6, 3), (5, 6, 3), (2, None, None, 1)):
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)
    known, expected = ours(numpynn.Input((5, 6, 3))), theirs(keras.Input((5, 6, 3)))
    assert (known.shape, known.dtype) == (expected.shape, expected.dtype)
    both = ours({"images": numpynn.Input((5, 6, 3)), "labels": numpynn.Input(())})
    assert both["images"].shape == known.shape and both["labels"].shape == (None,)


@each_layer
def test_lists_are_images_and_no_images_give_none(kind: str) -> None:
    x = normal(0, 2, 5, 6, 3).astype("float32")
    layer = EVERY[kind](numpynn)
    np.testing.assert_array_equal(
        layer(x.tolist(), training=False), layer(x, training=False).numpy()
    )
    for library in (numpynn, keras):
        y = EVERY[kind](library)(x[:0])
        assert tuple(y.shape) == (0, *layer.compute_output_shape(x.shape)[1:])
