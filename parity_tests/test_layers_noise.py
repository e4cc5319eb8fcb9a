"""Noise layers against Keras, on the noise that Keras drew; and what our own draws look like."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    normal,
    same_configs,
)

import numpynn
from numpynn import layers

SATURATION = -1.7580993408473766  # the least value of selu

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
rates = st.sampled_from([0.1, 0.25, 0.5, 0.9])


def agree_on_noise(
    make: Callable[[Any], Any], x: Any, dtype: str, draws: str, revealed: Callable[[Any], Any]
) -> None:
    """Hold value and gradient in training, with the noise that Keras drew.

    revealed: of Keras's output for ones, what our method `draws` must have drawn. The state of
    Keras's generator is put back, so that it draws the same for x.
    """
    x = x.astype(dtype)
    with both_float_types(dtype):
        theirs, ours = make(keras), make(numpynn)
        state = theirs.seed_generator.state
        before = state.numpy()
        drawn = revealed(array(theirs(np.ones_like(x), training=True)).astype("float64"))
        ours.__dict__[draws] = lambda inputs: drawn.astype(inputs.dtype)

        def compute(x: Any) -> Any:
            state.assign(before)
            return theirs(x, training=True)

        value, gradients = derived(numpynn, lambda x: ours(x, training=True), [x])
        expected, expected_gradients = derived(keras, compute, [x])
    assert value.dtype == expected.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


inputs = filled(st.sampled_from([(3, 2), (2, 3, 2), (2, 2, 2, 3)]))


@each_float_type
@given(x=inputs, stddev=rates, seed=st.integers(0, 99))
def test_gaussian_noise_matches_keras(dtype: str, x: Any, stddev: float, seed: int) -> None:
    agree_on_noise(
        lambda library: library.layers.GaussianNoise(stddev, seed),
        x,
        dtype,
        "noise",
        lambda y: y - 1.0,
    )


@each_float_type
@given(x=inputs, rate=rates, seed=st.integers(0, 99))
def test_gaussian_dropout_matches_keras(dtype: str, x: Any, rate: float, seed: int) -> None:
    agree_on_noise(
        lambda library: library.layers.GaussianDropout(rate, seed), x, dtype, "noise", lambda y: y
    )


@each_float_type
@given(x=inputs, rate=rates, seed=st.integers(0, 99), shared=st.booleans())
def test_alpha_dropout_matches_keras(
    dtype: str, x: Any, rate: float, seed: int, shared: bool
) -> None:
    a = ((1 - rate) * (1 + rate * SATURATION**2)) ** -0.5
    halfway = a * (1 + SATURATION) / 2 - a * SATURATION * rate  # between kept and dropped ones
    noise_shape = (None, *[1] * (x.ndim - 1)) if shared else None
    agree_on_noise(
        lambda library: library.layers.AlphaDropout(rate, noise_shape, seed),
        x,
        dtype,
        "keep_mask",
        lambda y: y > halfway,
    )


@each_float_type
@pytest.mark.parametrize("axes", [1, 2, 3])
@given(
    rate=rates,
    seed=st.integers(0, 99),
    data_format=st.sampled_from([None, "channels_last", "channels_first"]),
)
def test_spatial_dropout_matches_keras(
    dtype: str, axes: int, rate: float, seed: int, data_format: str | None
) -> None:
    x = normal(seed, 3, 4, *[2] * (axes - 1), 4)
    arguments = {"seed": seed} if axes == 1 else {"seed": seed, "data_format": data_format}
    kind = f"SpatialDropout{axes}D"
    agree_on_noise(
        lambda library: getattr(library.layers, kind)(rate, **arguments),
        x,
        dtype,
        "keep_mask",
        lambda y: (y > 0) / (1 - rate),
    )


# -- what is drawn ---------------------------------------------------------------------------------

LAYERS: dict[str, Callable[..., Any]] = {
    "GaussianNoise": lambda k, strength, **rest: k.layers.GaussianNoise(strength, **rest),
    "GaussianDropout": lambda k, strength, **rest: k.layers.GaussianDropout(strength, **rest),
    "AlphaDropout": lambda k, strength, **rest: k.layers.AlphaDropout(strength, **rest),
    "SpatialDropout1D": lambda k, strength, **rest: k.layers.SpatialDropout1D(strength, **rest),
}
each_layer = pytest.mark.parametrize("kind", LAYERS)


@given(stddev=st.floats(0.05, 1.0), seed=st.integers(0, 2**31 - 1))
def test_gaussian_noise_has_mean_0_and_its_deviation(stddev: float, seed: int) -> None:
    noise = layers.GaussianNoise(stddev, seed)(np.zeros((100, 100)), training=True).numpy()
    assert noise.dtype == np.float32
    assert abs(np.mean(noise)) < 6 * stddev / 100
    assert np.std(noise) == pytest.approx(stddev, rel=0.05)


@given(rate=st.floats(0.05, 0.9), seed=st.integers(0, 2**31 - 1))
def test_gaussian_dropout_has_the_mean_and_deviation_of_dropout(rate: float, seed: int) -> None:
    noise = layers.GaussianDropout(rate, seed)(np.ones((100, 100)), training=True).numpy()
    deviation = math.sqrt(rate / (1 - rate))
    assert abs(np.mean(noise) - 1) < 6 * deviation / 100
    assert np.std(noise) == pytest.approx(deviation, rel=0.05)


@given(rate=st.floats(0.05, 0.9), seed=st.integers(0, 2**31 - 1))
def test_alpha_dropout_keeps_mean_and_variance(rate: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(200, 200))
    y = layers.AlphaDropout(rate, seed=seed)(x, training=True).numpy()
    assert abs(np.mean(y)) < 0.05 and abs(np.var(y) - 1) < 0.1
    a = ((1 - rate) * (1 + rate * SATURATION**2)) ** -0.5
    dropped = np.isclose(y, a * SATURATION * (1 - rate), rtol=0, atol=1e-6)
    assert abs(np.mean(dropped) - rate) < 6 * math.sqrt(rate * (1 - rate)) / 200


def test_spatial_dropout_drops_whole_channels() -> None:
    y = layers.SpatialDropout2D(0.5, seed=0)(np.ones((20, 3, 4, 10)), training=True).numpy()
    assert np.all(y == y[:, :1, :1]) and set(np.unique(y)) == {0.0, 2.0}
    y = layers.SpatialDropout2D(0.5, "channels_first", seed=0)(
        np.ones((20, 10, 3, 4)), training=True
    ).numpy()
    assert np.all(y == y[:, :, :1, :1]) and not np.all(y == y[:, :1])


@each_layer
def test_noise_is_new_at_every_call_and_the_same_from_the_same_seed(kind: str) -> None:
    x = np.ones((10, 3, 10))
    first, second = (LAYERS[kind](numpynn, 0.5, seed=3) for _ in range(2))
    a, b, c = first(x, training=True), first(x, training=True), second(x, training=True)
    assert not np.array_equal(a, b) and np.array_equal(a, c)


@each_layer
@given(x=filled((2, 3, 2)), strength=st.floats(0, 0.99))
def test_noise_is_for_training_only(kind: str, x: Any, strength: float) -> None:
    for library in (numpynn, keras):
        layer = LAYERS[kind](library, strength)
        for y in (layer(x), layer(x, training=False)):
            np.testing.assert_array_equal(array(y), x.astype("float32"))
        none = LAYERS[kind](library, 0)
        np.testing.assert_array_equal(array(none(x, training=True)), x.astype("float32"))
        assert not hasattr(none, "seed_generator")


@each_layer
def test_noise_passes_masks_on(kind: str) -> None:
    x, mask = numpynn.Tensor(np.ones((2, 3, 4), "float32")), np.array([[True, False, True]] * 2)
    x.mask = mask
    for training in (False, True):
        assert LAYERS[kind](numpynn, 0.5)(x, training=training).mask is mask


# -- errors and configurations ---------------------------------------------------------------------


@each_layer
@pytest.mark.parametrize("strength", [-0.1, 1.5, math.nan])
def test_strengths_outside_0_to_1_are_value_errors_as_in_keras(kind: str, strength: float) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            LAYERS[kind](library, strength)


@pytest.mark.parametrize("kind", ["GaussianDropout", "AlphaDropout"])
def test_infinite_noise_is_refused_at_once(kind: str) -> None:
    """Keras divides by zero when the layer is called."""
    with pytest.raises(ValueError, match="below 1"):
        LAYERS[kind](numpynn, 1.0)
    with pytest.raises(ZeroDivisionError):
        LAYERS[kind](keras, 1.0)(np.ones((2, 3, 2)), training=True)


@pytest.mark.parametrize("kind", ["GaussianNoise", "GaussianDropout", "AlphaDropout"])
def test_noise_on_whole_numbers_is_a_clear_error(kind: str) -> None:
    """Keras leaves it to TensorFlow to complain."""
    with pytest.raises(ValueError, match="floating-point numbers; got .*int32"):
        LAYERS[kind](numpynn, 0.5)(np.ones((2, 3), "int32"), training=True)


def test_spatial_dropout_wants_its_rank() -> None:
    for library in (numpynn, keras):
        for kind, shape in (("1D", (2, 3)), ("2D", (2, 3, 4)), ("3D", (2, 3, 4, 5))):
            with pytest.raises(ValueError):
                getattr(library.layers, f"SpatialDropout{kind}")(0.5)(np.ones(shape))


CONFIGURED = [
    lambda k: k.layers.GaussianNoise(0.2, seed=3, name="noise"),
    lambda k: k.layers.GaussianDropout(0.2, seed=3, trainable=False),
    lambda k: k.layers.AlphaDropout(0.2, noise_shape=(None, 1, 3), seed=4, dtype="float64"),
    lambda k: k.layers.SpatialDropout1D(0.2, seed=3, name="channels", dtype="float64"),
    lambda k: k.layers.SpatialDropout2D(0.2, "channels_first", seed=3),
    lambda k: k.layers.SpatialDropout3D(0.2, data_format="channels_last"),
]


def test_configurations_match_keras() -> None:
    for ours, theirs in same_configs(*CONFIGURED):
        assert ours.compute_output_shape((None, 4)) == theirs.compute_output_shape((None, 4))
