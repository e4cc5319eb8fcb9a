"""Layers for images in use: what they draw, worked numbers, whole models, files and errors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from augmentation import FORMATS
from hypothesis import given
from hypothesis import strategies as st
from pairs import BARS, array, both_float_types, normal, on_both, same_configs

import numpynn
from kerasref.bridge import copy_weights
from kerasref.compare import TrainingRun, worst
from numpynn import layers
from numpynn.systems import Split

# What each layer draws for 200 images of 10 x 20 pixels: its name, and its range.
DRAWN: dict[str, tuple[Any, dict[str, tuple[float, float]]]] = {
    "RandomRotation": (
        lambda k, **rest: k.RandomRotation((-0.1, 0.3), **rest),
        {"angle": (-36, 108)},
    ),
    "RandomZoom": (
        lambda k, **rest: k.RandomZoom(0.5, (0.1, 0.2), **rest),
        {"height_zoom": (0.5, 1.5), "width_zoom": (1.1, 1.2)},
    ),
    "RandomTranslation": (
        lambda k, **rest: k.RandomTranslation(0.5, 0.25, **rest),
        {"translations": (-5, 5)},
    ),
    "RandomContrast": (
        lambda k, **rest: k.RandomContrast((0.2, 0.6), **rest),
        {"contrast_factor": (0.8, 1.6)},
    ),
}
IMAGES = np.zeros((200, 10, 20, 1), "float32")
each_drawing = pytest.mark.parametrize("kind", DRAWN)
RANDOM = {
    **{kind: make for kind, (make, _) in DRAWN.items()},
    "RandomFlip": lambda k, **rest: k.RandomFlip("horizontal", **rest),
    "RandomCrop": lambda k, **rest: k.RandomCrop(4, 5, **rest),
}
each_random_layer = pytest.mark.parametrize("kind", RANDOM)


# -- what is drawn ---------------------------------------------------------------------------------


@each_drawing
@given(seed=st.integers(0, 2**31 - 1))
def test_draws_fill_their_range_and_differ_for_each_image(kind: str, seed: int) -> None:
    make, ranges = DRAWN[kind]
    drawn = make(layers, seed=seed).get_random_transformation(IMAGES)
    theirs = make(keras.layers, seed=seed % 2**20).get_random_transformation(IMAGES)
    for name, (low, high) in ranges.items():
        for found in (drawn[name], array(theirs[name])):
            assert found.dtype == np.float32
            assert found.min() >= np.float32(low) and found.max() <= np.float32(high)
            assert np.ptp(found) > 0.9 * (high - low)  # fails once in a million times
            assert len(np.unique(found)) > 190
        assert drawn[name].shape == tuple(theirs[name].shape)
        mean, spread = (low + high) / 2, (high - low) / math.sqrt(12 * drawn[name].size)
        if name != "translations":
            assert abs(np.mean(drawn[name]) - mean) < 6 * spread


def test_one_factor_zooms_both_ways_alike() -> None:
    drawn = layers.RandomZoom(0.5, seed=0).get_random_transformation(IMAGES)
    np.testing.assert_array_equal(drawn["height_zoom"], drawn["width_zoom"])


def test_translations_are_shares_of_each_side() -> None:
    drawn = layers.RandomTranslation(0.5, (0.75, 1), seed=0).get_random_transformation(IMAGES)
    right, down = drawn["translations"].T
    assert right.min() >= 15 and right.max() <= 20 and abs(down).max() <= 5
    of_columns = layers.RandomTranslation(0.5, 0.5, data_format="channels_first", seed=0)
    right, down = of_columns.get_random_transformation(IMAGES)["translations"].T
    assert abs(right).max() <= 0.5 and 8 < abs(down).max() <= 10


@given(seed=st.integers(0, 2**31 - 1))
def test_half_of_the_images_are_flipped(seed: int) -> None:
    flips = layers.RandomFlip(seed=seed).get_random_transformation(IMAGES)["flips"]
    assert flips.shape == (200, 1, 1, 1) and abs(np.sum(flips) - 100) < 6 * math.sqrt(50)


def test_crops_begin_at_every_place_and_alike_for_a_batch() -> None:
    layer = layers.RandomCrop(8, 17, seed=0)
    places = {layer.get_random_transformation(IMAGES) for _ in range(300)}
    assert places == {(top, left) for top in range(3) for left in range(4)}
    x = np.arange(200.0).reshape(1, 10, 20, 1) + np.zeros((3, 1, 1, 1))
    y = layer(x, training=True).numpy()
    assert np.all(y == y[:1])


@each_random_layer
def test_draws_are_new_at_every_call_and_the_same_from_the_same_seed(kind: str) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (8, 10, 20, 1))
    first, second = (RANDOM[kind](layers, seed=3) for _ in range(2))
    calls = [first(x, training=True).numpy() for _ in range(6)]
    np.testing.assert_array_equal(calls[0], second(x, training=True))
    assert any(not np.array_equal(calls[0], other) for other in calls[1:])
    first.generator = numpynn.random.SeedGenerator(7)
    drawn = [first.get_random_transformation(x, seed=9) for _ in range(2)]
    np.testing.assert_equal(drawn[0], drawn[1])  # from the seed, not from the layer's stream


@each_random_layer
def test_training_is_the_default_and_prediction_changes_nothing(kind: str) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (8, 10, 20, 1)).astype("float32")
    for library in (numpynn, keras):
        calls = [array(RANDOM[kind](library.layers, seed=seed)(x)) for seed in range(6)]
        assert any(not np.array_equal(y, x) for y in calls)
        model = library.Sequential([library.Input((10, 20, 1)), RANDOM[kind](library.layers)])
        y = RANDOM[kind](library.layers)(x, training=False)
        np.testing.assert_array_equal(array(y), x)
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)


# -- worked numbers --------------------------------------------------------------------------------


def given_to_both(make: Any, transformation: Any, x: Any) -> Any:
    """What numpynn makes of one image (H, W) with a transformation, and Keras too."""
    images = np.asarray(x, "float32")[None, :, :, None]
    ours, theirs = make(layers), make(keras.layers)
    for layer in (ours, theirs):
        layer.get_random_transformation = lambda *given, **named: transformation
    y = ours(images, training=True).numpy()
    np.testing.assert_allclose(array(theirs(images, training=True)), y, rtol=1e-6, atol=1e-6)
    return y[0, :, :, 0]


X = np.arange(1.0, 10).reshape(3, 3)


def test_flips_of_two_rows() -> None:
    flips = {"flips": np.ones((1, 1, 1, 1), bool), "input_shape": (1, 2, 2, 1)}
    for mode, expected in {
        "horizontal": [[2, 1], [4, 3]],
        "vertical": [[3, 4], [1, 2]],
        "horizontal_and_vertical": [[4, 3], [2, 1]],
    }.items():
        y = given_to_both(lambda k, mode=mode: k.RandomFlip(mode), flips, [[1, 2], [3, 4]])
        np.testing.assert_array_equal(y, expected)


def test_a_quarter_of_a_turn_goes_counter_clockwise() -> None:
    layer = layers.RandomRotation((0.25, 0.25), seed=0)
    drawn = layer.get_random_transformation(np.zeros((1, 3, 3, 1)))
    assert drawn["angle"] == 90
    np.testing.assert_allclose(drawn["rotation_matrix"], [[0, -1, 2, 1, 0, 0, 0, 0]], atol=1e-6)
    y = given_to_both(lambda k: k.RandomRotation(0.25), drawn, X)
    np.testing.assert_allclose(y, np.rot90(X), atol=1e-4)


def test_whole_pixels_to_the_right_and_down() -> None:
    moved = {"translations": np.array([[1, 0]], "float32"), "input_shape": (1, 3, 3, 1)}
    for fill_mode, column in {
        "constant": [7, 7, 7],
        "nearest": [1, 4, 7],
        "reflect": [1, 4, 7],
        "wrap": [3, 6, 9],
    }.items():
        y = given_to_both(
            lambda k, mode=fill_mode: k.RandomTranslation(1, 1, mode, fill_value=7.0), moved, X
        )
        np.testing.assert_array_equal(y, np.column_stack([column, X[:, :2]]))
    moved["translations"] = np.array([[0, 1]], "float32")
    y = given_to_both(lambda k: k.RandomTranslation(1, 1, "constant"), moved, X)
    np.testing.assert_array_equal(y, [[0, 0, 0], [1, 2, 3], [4, 5, 6]])


def test_twice_as_small_about_the_middle() -> None:
    twice = np.full((1, 1), 2, "float32")
    zoom = {"height_zoom": twice, "width_zoom": twice, "input_shape": (1, 3, 3, 1)}
    y = given_to_both(lambda k: k.RandomZoom(1.0, fill_mode="constant"), zoom, X)
    np.testing.assert_array_equal(y, [[0, 0, 0], [0, 5, 0], [0, 0, 0]])


def test_twice_the_distance_from_the_mean() -> None:
    twice = {"contrast_factor": np.full((1, 1, 1, 1), 2, "float32")}
    y = given_to_both(lambda k: k.RandomContrast(1.0, (0, 12)), twice, X)
    np.testing.assert_array_equal(y, [[0, 0, 1], [3, 5, 7], [9, 11, 12]])


def test_windows_in_the_middle_and_elsewhere() -> None:
    y = given_to_both(lambda k: k.RandomCrop(2, 1), (1, 2), X)
    np.testing.assert_array_equal(y, [[6], [9]])
    middle = {"input_shape": (1, 3, 3, 1)}
    np.testing.assert_array_equal(given_to_both(lambda k: k.CenterCrop(1, 3), middle, X), X[1:2])
    np.testing.assert_array_equal(given_to_both(lambda k: k.CenterCrop(2, 2), middle, X), X[:2, :2])
    np.testing.assert_array_equal(
        given_to_both(lambda k: k.Resizing(1, 1), (3, 3), X), [[np.mean(X)]]
    )


# -- whole models ----------------------------------------------------------------------------------


def network(library: Any, data_format: str = "channels_last") -> Any:
    """Every layer of this family once."""
    k, rest = library.layers, {"data_format": data_format}
    return library.Sequential(
        [
            library.Input((8, 9, 2) if data_format == "channels_last" else (2, 8, 9)),
            k.Resizing(7, 9, "bicubic", **rest),
            k.RandomFlip("horizontal", seed=1, **rest),
            k.RandomRotation(0.1, seed=2, **rest),
            k.RandomTranslation(0.1, (-0.1, 0.3), "wrap", seed=3, **rest),
            k.RandomZoom(0.2, 0.1, "constant", fill_value=0.5, seed=4, **rest),
            k.RandomContrast(0.3, (-3, 3), seed=5, **rest),
            k.RandomCrop(6, 7, seed=6, **rest),
            k.CenterCrop(5, 5, **rest),
            k.Flatten(),
            k.Dense(3, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("data_format", FORMATS)
def test_models_that_augment_are_compared_step_by_step(data_format: str) -> None:
    shape = (20, 8, 9, 2) if data_format == "channels_last" else (20, 2, 8, 9)
    x, y = normal(0, *shape), np.arange(20) % 3
    with both_float_types("float64"):
        ours, theirs = on_both(lambda library: network(library, data_format))
        copy_weights(ours, theirs)
        for model in (ours, theirs):
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        run = TrainingRun(ours, theirs, Split(x, y, x, y), 8, "float64")
        assert run.compare_gradients() <= BARS["float64"]["gradient"]
        errors = [run.step() for _ in range(7)]  # an epoch ends with half a batch
        assert max(errors) <= BARS["float64"]["loss"]
        assert worst(ours.get_weights(), theirs.get_weights()) <= BARS["float64"]["weights"]


def test_a_network_of_all_these_layers_goes_to_keras_and_back(tmp_path: Path) -> None:
    x = normal(0, 4, 8, 9, 2).astype("float32")
    ours, theirs = on_both(network)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert [type(layer).__name__ for layer in again.layers] == [
        type(layer).__name__ for layer in ours.layers
    ]
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    assert worst(ours.get_weights(), theirs.get_weights()) == 0


# -- configurations and errors ---------------------------------------------------------------------

MOVED = {"fill_mode": "constant", "interpolation": "nearest", "fill_value": 2.0, "seed": 3}
CONFIGURED = [
    lambda k: k.layers.Resizing(3, 4),
    lambda k: k.layers.Resizing(
        3, 4, "nearest", True, False, "constant", 1.0, True, "channels_first", name="smaller"
    ),
    lambda k: k.layers.CenterCrop(3, 4, "channels_first", trainable=False),
    lambda k: k.layers.RandomFlip(),
    lambda k: k.layers.RandomFlip("vertical", 3, "channels_first", bounding_box_format="xyxy"),
    lambda k: k.layers.RandomCrop(3, 4, 5, "channels_first", "window", dtype="float64"),
    lambda k: k.layers.RandomContrast(0.3),
    lambda k: k.layers.RandomContrast([0.3, 0.2], (0, 1), 3, data_format="channels_first"),
    lambda k: k.layers.RandomRotation(0.3),
    lambda k: k.layers.RandomRotation((0.3, -0.2), data_format="channels_first", **MOVED),
    lambda k: k.layers.RandomTranslation(0.3, (-0.1, 0.2)),
    lambda k: k.layers.RandomTranslation((0.1, 0.2), 1, data_format="channels_first", **MOVED),
    lambda k: k.layers.RandomZoom(0.3),
    lambda k: k.layers.RandomZoom((0.3, 0.1), -0.2, data_format="channels_first", **MOVED),
]


def test_configurations_match_keras() -> None:
    for ours, theirs in same_configs(*CONFIGURED):
        assert ours.compute_output_shape((2, 5, 6, 3)) == theirs.compute_output_shape((2, 5, 6, 3))


def test_a_random_crop_without_a_seed_draws_one() -> None:
    layer = layers.RandomCrop(2, 2)
    again = layers.RandomCrop.from_config(layer.get_config())
    assert layer.seed == layer.generator.initial_seed == again.seed


def raised(make: Any, library: Any) -> type[BaseException] | None:
    try:
        make(library)
    except Exception as error:
        return type(error)
    return None


FACTORS = [2, (0.1,), (0.1, 0.2, 0.3), (2, 3), "0.1", np.float32(0.1), (None, 1), {0.1}]
IMAGE = np.ones((2, 4, 5, 3), "float32")
BAD: list[Any] = [
    *[lambda k, f=f: k.RandomRotation(f) for f in FACTORS],
    *[lambda k, f=f: k.RandomContrast(f) for f in [*FACTORS, None, -0.1]],
    *[lambda k, f=f: k.RandomZoom(f) for f in [*FACTORS, None, -1, (-1, 0)]],
    *[lambda k, f=f: k.RandomZoom(0.1, f) for f in FACTORS],
    *[lambda k, f=f: k.RandomTranslation(f, 0.1) for f in [*FACTORS, None, (-2, 0.1)]],
    *[lambda k, f=f: k.RandomTranslation(0.1, f) for f in FACTORS],
    lambda k: k.RandomRotation(0.1, fill_mode="mirror"),
    lambda k: k.RandomZoom(0.1, interpolation="bicubic"),
    lambda k: k.RandomTranslation(0.1, 0.1, fill_mode="Reflect"),
    lambda k: k.RandomFlip(data_format="channels_middle"),
    lambda k: k.RandomFlip(seed="0"),
    lambda k: k.RandomCrop(2, 2, seed=1.5),
    lambda k: k.RandomFlip(factor=0.1),
    lambda k: k.Resizing(2, 2, seed=1),
    lambda k: k.CenterCrop(2),
    lambda k: k.RandomRotation(),
    lambda k: k.Resizing(2, 2, "cubic")(IMAGE),
    lambda k: k.Resizing(2, 2, fill_mode="reflect")(IMAGE),
    lambda k: k.Resizing(2, 2, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)(IMAGE),
    lambda k: k.CenterCrop(2, 2).compute_output_shape((3, 4)),
    lambda k: k.RandomFlip()({"images": IMAGE, "bounding_boxes": {}}),
    *[lambda k, x=x: k.CenterCrop(2, 2)(x) for x in (IMAGE[0, 0], IMAGE[None])],
    *[lambda k, x=x: k.RandomFlip()(x) for x in (IMAGE[0, 0], IMAGE[None])],
    *[lambda k, x=x: k.RandomContrast(0.1)(x) for x in (IMAGE[0, 0], IMAGE[None])],
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_arguments_raise_what_keras_raises(number: int) -> None:
    expected = raised(BAD[number], keras.layers)
    assert expected is not None
    with pytest.raises(expected):
        BAD[number](layers)


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.Resizing(0, 3),
        lambda k: k.CenterCrop(2.5, 3),
        lambda k: k.RandomCrop(3, -1),
        lambda k: k.RandomFlip("sideways"),
    ],
)
def test_what_keras_fails_on_later_or_ignores_is_refused_at_once(make: Any) -> None:
    make(keras.layers)
    with pytest.raises(ValueError, match="must be"):
        make(layers)


def test_rotating_one_row_is_a_clear_error() -> None:
    """Keras reads past the end of the shape."""
    with pytest.raises(ValueError, match=r"rank 3 \(one\) or 4 .*\(4, 5\)"):
        layers.RandomTranslation(0.1, 0.1)(np.ones((4, 5)))
    with pytest.raises(IndexError):
        keras.layers.RandomTranslation(0.1, 0.1)(np.ones((4, 5)))


def test_bounding_boxes_stay_where_nothing_moves_and_are_refused_elsewhere() -> None:
    boxes = {"boxes": np.array([[[0.0, 1, 2, 3]]] * 2, "float32"), "labels": np.zeros((2, 1))}
    data = {"images": IMAGE, "bounding_boxes": boxes}
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="format"):
            library.layers.RandomContrast(0.1)(dict(data))
        found = library.layers.RandomContrast(0.1, bounding_box_format="xyxy")(dict(data))
        np.testing.assert_array_equal(found["bounding_boxes"]["boxes"], boxes["boxes"])
    with pytest.raises(NotImplementedError, match="does not move bounding boxes"):
        layers.RandomFlip(bounding_box_format="xyxy")(data)
