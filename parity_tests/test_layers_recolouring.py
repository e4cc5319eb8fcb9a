"""Layers that change the colours, edges and parts of images, against Keras on the same draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from augmentation import agree_on_data, agree_on_images, images, make_pair, seeds
from hypothesis import given
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, array, both_float_types, normal, on_both

import numpynn
from kerasref.bridge import copy_weights
from kerasref.compare import TrainingRun, worst
from numpynn import layers
from numpynn.systems import Split

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
shares = st.sampled_from([0, 0.25, 1.0, (0.5, 0.25), [0.1, 1]])
signed = st.one_of(shares, st.sampled_from([-0.5, (-1, 0.25)]))
ranges = st.sampled_from([(0, 255), (0, 1), [-0.5, 0.75]])
painted = st.sampled_from([None, 0.5, 300, (0.1, 0.2, 0.9)])

# How each layer is made of drawn settings, and what it takes.
LAYERS: dict[str, tuple[Callable[..., Any], dict[str, st.SearchStrategy[Any]]]] = {
    "RandomBrightness": (
        lambda k, factor, value_range, **rest: k.RandomBrightness(factor, value_range, **rest),
        {"factor": signed, "value_range": ranges},
    ),
    "RandomInvert": (
        lambda k, factor, value_range, **rest: k.RandomInvert(factor, value_range, **rest),
        {"factor": shares, "value_range": ranges},
    ),
    "RandomPosterization": (
        lambda k, factor, value_range, **rest: k.RandomPosterization(factor, value_range, **rest),
        {"factor": st.sampled_from([1, 3, 8, (3, 3), [2, 7]]), "value_range": ranges},
    ),
    "Solarization": (
        lambda k, first, second, value_range, **rest: k.Solarization(
            first, second, value_range, **rest
        ),
        {"first": shares, "second": shares, "value_range": ranges},
    ),
    "RandomSharpness": (
        lambda k, factor, value_range, **rest: k.RandomSharpness(factor, value_range, **rest),
        {"factor": shares, "value_range": ranges},
    ),
    "RandomGrayscale": (
        lambda k, factor, **rest: k.RandomGrayscale(factor, **rest),
        {"factor": st.sampled_from([0, 0.5, 1.0])},
    ),
    "RandomHue": (
        lambda k, factor, value_range, **rest: k.RandomHue(factor, value_range, **rest),
        {"factor": shares, "value_range": ranges},
    ),
    "RandomSaturation": (
        lambda k, factor, value_range, **rest: k.RandomSaturation(factor, value_range, **rest),
        {"factor": signed, "value_range": st.sampled_from([(0, 255), (0, 1), [0, 0.5]])},
    ),
    "RandomErasing": (
        lambda k, factor, scale, fill, **rest: k.RandomErasing(
            factor, scale, fill, (-1, 200), **rest
        ),
        {"factor": shares, "scale": shares, "fill": painted},
    ),
    "RandomShear": (
        lambda k, x, y, fill_mode, interpolation, **rest: k.RandomShear(
            x, y, interpolation, fill_mode, 0.25, **rest
        ),
        {
            "x": shares,
            "y": shares,
            "fill_mode": st.sampled_from(["reflect", "wrap", "constant", "nearest"]),
            "interpolation": st.sampled_from(["bilinear", "nearest"]),
        },
    ),
}
each_kind = pytest.mark.parametrize("kind", LAYERS)
NO_GRADIENT = ("RandomHue", "RandomSaturation", "RandomPosterization")  # in Keras


@each_kind
@each_float_type
@given(drawn=images(0.0, 1.0, depth=3), data=st.data(), training=st.booleans(), seed=seeds)
def test_recolouring_layers_match_keras(
    kind: str, dtype: str, drawn: Any, data: Any, training: bool, seed: int
) -> None:
    data_format, x = drawn
    make, settings = LAYERS[kind]
    options = {name: data.draw(values, label=name) for name, values in settings.items()}
    low, high = options.get("value_range", (0, 1)) if kind != "RandomSaturation" else (0, 1)
    if kind == "RandomSharpness":  # rounding decides whether what lies at a bound is clipped
        x = 0.1 + 0.8 * x
    if data_format == "channels_first" and isinstance(options.get("fill"), tuple):
        options["fill"] = None  # where Keras lays the three along the columns
    agree_on_images(
        lambda library: make(library.layers, data_format=data_format, **options),
        (low + (high - low) * x).astype("float32").astype("float64"),
        dtype,
        seed,
        training=training,
        gradient=kind not in NO_GRADIENT,
        exact_gradient=kind != "RandomShear" or not training,
    )


def test_three_fill_values_are_of_the_channels() -> None:
    """Keras lays them along the last axis, which is the columns if the channels come first."""
    fill = (1.0, 2.0, 3.0)
    for data_format, axis in (("channels_last", -1), ("channels_first", 1)):
        layer = layers.RandomErasing((1, 1), (1, 1), fill, data_format=data_format)
        y = layer(np.zeros((2, 3, 3, 3)), training=True).numpy()
        np.testing.assert_array_equal(np.moveaxis(y, axis, -1), np.ones((2, 3, 3, 1)) * fill)


# -- other data ------------------------------------------------------------------------------------

EVERY: dict[str, Callable[..., Any]] = {
    "RandomBrightness": lambda k, **rest: k.layers.RandomBrightness(0.5, **rest),
    "RandomInvert": lambda k, **rest: k.layers.RandomInvert((0.5, 0.5), **rest),
    "RandomPosterization": lambda k, **rest: k.layers.RandomPosterization(7, **rest),
    "Solarization": lambda k, **rest: k.layers.Solarization(0.5, 0.5, **rest),
    "RandomSharpness": lambda k, **rest: k.layers.RandomSharpness(1.0, **rest),
    "RandomGrayscale": lambda k, **rest: k.layers.RandomGrayscale(0.5, **rest),
    "RandomHue": lambda k, **rest: k.layers.RandomHue(0.5, **rest),
    "RandomSaturation": lambda k, **rest: k.layers.RandomSaturation((0.25, 0.75), **rest),
    "RandomErasing": lambda k, **rest: k.layers.RandomErasing(**rest),
    "RandomShear": lambda k, **rest: k.layers.RandomShear(0.5, 0.25, **rest),
}


@each_kind
@given(
    pixels=st.sampled_from(["float64", "int32", "uint8"]),
    batched=st.booleans(),
    training=st.booleans(),
    seed=seeds,
)
def test_a_dict_keeps_together_what_belongs_together(
    kind: str, pixels: str, batched: bool, training: bool, seed: int
) -> None:
    if kind in ("RandomBrightness", "RandomSaturation") and training:
        pixels = "float64"  # see the next tests
    random = np.random.default_rng(seed)
    data = {
        "images": random.integers(0, 255, (3, 5, 6, 3)).astype(pixels),
        "segmentation_masks": random.integers(0, 4, (3, 5, 6, 1)),
        "labels": random.integers(0, 9, (3,)).astype("float64"),
    }
    if not batched:
        data = {name: value[0] for name, value in data.items()}
    agree_on_data(EVERY[kind], data["images"], seed, training=training)
    if kind != "RandomGrayscale":
        agree_on_data(EVERY[kind], data, seed, training=training)
    else:  # Keras asks the dict for its shape
        ours, _ = make_pair(EVERY[kind], 3 if batched else 1, seed)
        y = ours(data, training=training)
        np.testing.assert_array_equal(y["images"], ours(data["images"], training=training))
        np.testing.assert_array_equal(y["segmentation_masks"], data["segmentation_masks"])


@given(drawn=images(0.0, 255.0), seed=seeds)
def test_brightness_of_whole_numbers_is_that_of_floats(drawn: Any, seed: int) -> None:
    """Keras makes bytes of what is added too, and they run over: darker becomes bright."""
    data_format, x = drawn
    x = np.floor(x)
    a, b = (layers.RandomBrightness(0.5, seed=seed, data_format=data_format) for _ in range(2))
    np.testing.assert_array_equal(a(x.astype("uint8")), b(x.astype("float32")))


@each_kind
def test_draws_differ_for_each_image_and_are_the_same_from_the_same_seed(kind: str) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (1, 6, 6, 3)) + np.zeros((40, 1, 1, 1))
    first, second = (EVERY[kind](numpynn, seed=3) for _ in range(2))
    calls = [first(x, training=True).numpy() for _ in range(4)]
    np.testing.assert_array_equal(calls[0], second(x, training=True))
    assert any(not np.array_equal(calls[0], other) for other in calls[1:])
    assert not all(np.array_equal(calls[0][0], image) for image in calls[0])
    np.testing.assert_array_equal(first(x, training=False), x.astype("float32"))


def test_draws_fill_their_range() -> None:
    x = np.zeros((4000, 2, 2, 3))
    drawn = layers.RandomBrightness((-0.5, 0.25), (0, 100), 0).get_random_transformation(x)
    assert np.min(drawn["rgb_delta"]) < -49 and 24 < np.max(drawn["rgb_delta"]) <= 25
    drawn = layers.RandomPosterization((2, 5), seed=0).get_random_transformation(x)
    assert set(drawn["shift_factor"]) == {4, 5, 6}
    drawn = layers.RandomInvert((0.3, 0.3), seed=0).get_random_transformation(x)
    assert abs(np.mean(drawn["apply_inversion"]) - 0.3) < 0.05
    drawn = layers.RandomGrayscale(0.3, seed=0).get_random_transformation(x)
    assert abs(np.mean(drawn) - 0.3) < 0.05
    drawn = layers.Solarization(0.5, (0.1, 1.0), seed=0).get_random_transformation(x)
    assert 127 < np.max(drawn["additions"]) <= 127.5 and 250 < np.max(drawn["thresholds"]) <= 255
    drawn = layers.RandomHue(0.5, seed=0).get_random_transformation(x)
    assert np.min(drawn["factor"]) < -0.24 and 0.24 < np.max(drawn["factor"]) <= 0.25
    drawn = layers.RandomShear((0.5, 1.0), 0, seed=0).get_random_transformation(x)
    x_shear, y_shear = drawn["shear_factor"].T
    assert set(np.sign(x_shear)) == {-1, 1} and np.min(np.abs(x_shear)) >= 0.5
    assert not np.any(y_shear)


@given(seed=seeds)
def test_erased_parts_have_the_size_that_was_asked_for(seed: int) -> None:
    layer = layers.RandomErasing((1, 1), (0.25, 0.25), 7.0, seed=seed)
    y = layer(np.zeros((3, 40, 60, 1)), training=True).numpy()
    for image in y[..., 0] == 7:
        rows, columns = np.any(image, axis=1), np.any(image, axis=0)
        assert np.sum(rows) == 20 and np.sum(columns) == 30
        np.testing.assert_array_equal(image, np.outer(rows, columns))


def test_noise_has_the_deviation_of_the_range() -> None:
    layer = layers.RandomErasing((1, 1), (1, 1), None, (-500, 100), seed=0)
    y = layer(np.zeros((1, 100, 100, 3)), training=True).numpy()
    assert y.max() == 100 and abs(np.std(y[y < 0]) - 100 * np.sqrt(1 - 2 / np.pi)) < 3


# -- models, configurations, errors ----------------------------------------------------------------


def network(library: Any) -> Any:
    """Every layer of this family once, those without a gradient on whole numbers."""
    k = library.layers
    return library.Sequential(
        [
            library.Input((6, 5, 3)),
            k.RandomBrightness(0.2, (0, 1), seed=1),
            k.RandomInvert(0.5, (0, 1), seed=2),
            k.Solarization(0.01, 0.9, (0, 1), seed=3),
            k.RandomSharpness(1.0, (0, 1), seed=4),
            k.RandomGrayscale(0.3, seed=5),
            k.RandomErasing(0.5, (0.1, 0.5), 0.5, (0, 1), seed=6),
            k.Flatten(),
            k.Dense(3, activation="softmax"),
        ]
    )


def test_models_that_recolour_are_compared_step_by_step() -> None:
    x = np.random.default_rng(0).uniform(0, 1, (20, 6, 5, 3))
    y = np.arange(20) % 3
    with both_float_types("float64"):
        ours, theirs = on_both(network)
        copy_weights(ours, theirs)
        for model in (ours, theirs):
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        run = TrainingRun(ours, theirs, Split(x, y, x, y), 8, "float64")
        assert run.compare_gradients() <= BARS["float64"]["gradient"]
        assert max(run.step() for _ in range(4)) <= BARS["float64"]["loss"]
        assert worst(ours.get_weights(), theirs.get_weights()) <= BARS["float64"]["weights"]


def test_a_network_of_all_these_layers_goes_to_keras_and_back(tmp_path: Path) -> None:
    x = normal(0, 4, 6, 5, 3).astype("float32")
    theirs = network(keras)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)


FIRST = {"data_format": "channels_first"}
CONFIGURED = [
    lambda k: k.layers.RandomBrightness(-0.2),
    lambda k: k.layers.RandomBrightness((0.1, 0.2), [1, 0], 3, **FIRST),
    lambda k: k.layers.RandomInvert(),
    lambda k: k.layers.RandomInvert((0.1, 0.2), (0, 1), 3, "channels_first", name="negative"),
    lambda k: k.layers.RandomPosterization(3),
    lambda k: k.layers.RandomPosterization((4, 3), (0, 1), "channels_first", 3),
    lambda k: k.layers.Solarization(),
    lambda k: k.layers.Solarization((0.1, 0.2), 0.3, (0, 1), 3, **FIRST),
    lambda k: k.layers.RandomSharpness(0.3),
    lambda k: k.layers.RandomSharpness((0.3, 0.2), (0, 1), "channels_first", 3, dtype="float64"),
    lambda k: k.layers.RandomGrayscale(),
    lambda k: k.layers.RandomGrayscale(0.2, "channels_first", 3),
    lambda k: k.layers.RandomHue(0.3),
    lambda k: k.layers.RandomHue((0.3, 0.2), (0, 1), "channels_first", 3),
    lambda k: k.layers.RandomSaturation(0.3),
    lambda k: k.layers.RandomSaturation((0.3, 0.2), (0, 1), "channels_first", 3),
    lambda k: k.layers.RandomErasing(),
    lambda k: k.layers.RandomErasing(0.3, 0.2, (1, 2, 3), (0, 1), 3, "channels_first"),
    lambda k: k.layers.RandomShear(),
    lambda k: k.layers.RandomShear(
        (0.1, 0.2), (0.3, 0), "nearest", "wrap", 2.0, "channels_first", 3
    ),
]


def test_configurations_match_keras() -> None:
    found = on_both(lambda library: [make(library) for make in CONFIGURED])
    for ours, theirs in zip(*found, strict=True):
        config, expected = ours.get_config(), theirs.get_config()
        assert config == expected
        # As a file has it; the lists in Keras's hold on to their layer.
        written, expected = (json.loads(json.dumps(part)) for part in (config, expected))
        for part in (written, expected):
            for layer in (ours, theirs):
                again = type(layer).from_config(part).get_config()
                assert json.loads(json.dumps(again)) == expected


def test_a_shear_by_one_number_comes_back_from_its_configuration() -> None:
    """Keras refuses the range that it writes."""
    theirs, ours = keras.layers.RandomShear(0.2, seed=1), layers.RandomShear(0.2, seed=1)
    for config in (ours.get_config(), theirs.get_config()):
        assert layers.RandomShear.from_config(config).x_factor == (-0.2, 0.2)
    with pytest.raises(TypeError, match=r"in the range \[0, 1.0\]"):
        keras.layers.RandomShear.from_config(theirs.get_config())


FACTORS = [2, (0.1,), (0.1, 0.2, 0.3), (2, 3), "0.1", np.float32(0.1), (None, 1), {0.1}]
IMAGE = np.ones((2, 4, 5, 3), "float32")
BAD: list[Any] = [
    *[lambda k, f=f: k.RandomBrightness(f) for f in FACTORS],
    *[lambda k, f=f: k.RandomInvert(f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomSharpness(f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomHue(f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomSaturation(f) for f in [*FACTORS, None]],
    *[lambda k, f=f: k.RandomErasing(f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomErasing(scale=f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomShear(f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomShear(0.1, f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.Solarization(f) for f in [*FACTORS, -0.1, None, (-0.1, 0.1)]],
    *[lambda k, f=f: k.Solarization(0.1, f) for f in [*FACTORS, -0.1, None]],
    *[lambda k, f=f: k.RandomPosterization(f) for f in [9, 0, (9, 10), "3", None, (1, 2, 3)]],
    *[lambda k, f=f: k.RandomGrayscale(f) for f in [-0.1, 1.1, "0.1", None]],
    *[
        lambda k, kind=kind, r=r: getattr(k, kind)(1, value_range=r)
        for kind in (
            "RandomBrightness",
            "RandomSharpness",
            "RandomSaturation",
            "RandomPosterization",
            "Solarization",
        )
        for r in (1, (0,), (0, 1, 2), "01")
    ],
    *[lambda k, v=v: k.RandomErasing(fill_value=v)(IMAGE) for v in ("1", (1, 2), {1, 2, 3})],
    lambda k: k.RandomShear(0.1, fill_mode="mirror"),
    lambda k: k.RandomShear(0.1, interpolation="cubic"),
    lambda k: k.RandomHue(0.1, seed="1"),
    lambda k: k.RandomSaturation(0.1)(IMAGE.astype("uint8")),
    lambda k: k.RandomGrayscale(0.1)(IMAGE[..., :2]),
    *[
        lambda k, kind=kind, x=x: getattr(k, kind)(1)(x)
        for kind in LAYERS
        if kind not in ("Solarization", "RandomShear", "RandomGrayscale")
        for x in (IMAGE[0, 0], IMAGE[None])
    ],
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_arguments_raise_what_keras_raises(number: int) -> None:
    with pytest.raises(Exception) as expected:
        BAD[number](keras.layers)
    with pytest.raises(expected.type):
        BAD[number](layers)


def test_worked_numbers() -> None:
    x = np.array([[0.0, 100], [200, 255]], "float32").reshape(1, 2, 2, 1)
    half = np.full((1, 1, 1, 1), 127.5, "float32")
    for kind, drawn, expected in (
        ("RandomBrightness", {"rgb_delta": half}, [127.5, 227.5, 255, 255]),
        ("RandomInvert", {"apply_inversion": np.array([True])}, [255, 155, 55, 0]),
        ("RandomPosterization", {"shift_factor": np.array([6], "uint8")}, [0, 64, 192, 192]),
        ("Solarization", {"additions": half * 0, "thresholds": half}, [0, 100, 55, 0]),
        ("RandomSharpness", {"factor": np.zeros(1, "float32")}, None),
    ):
        results = []
        for library in (numpynn, keras):
            layer = EVERY[kind](library)
            layer.get_random_transformation = lambda *given, drawn=drawn, **named: drawn
            results.append(array(layer(x, training=True)).ravel())
        if expected is None:  # the mean of what there is, and five times itself
            expected = (np.sum(x) + 4 * x.ravel()) / 13
        np.testing.assert_allclose(results[0], expected, rtol=1e-6)
        np.testing.assert_allclose(results[1], expected, rtol=1e-6)
