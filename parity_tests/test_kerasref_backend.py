"""What makes Keras comparable: a back-end, gradients, random numbers from outside."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers, ops, optimizers

import kerasref
import numpynn
from kerasref.backend import (
    device_name,
    float_type,
    inject,
    model_gradients,
    value_and_gradients,
)
from numpynn.typing import Array

EXACT = 1e-14


def assert_close(a: Array, b: Array, tolerance: float) -> None:
    np.testing.assert_allclose(ops.convert_to_numpy(a), b, rtol=tolerance, atol=tolerance)


@pytest.fixture
def float64() -> Iterator[None]:
    with float_type("float64"):
        yield


def run_python(program: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


# The back-end and the device


def test_a_missing_keras_is_a_clear_error() -> None:
    program = """
import sys
sys.modules["keras"] = None
from kerasref import KerasMissing
try:
    import kerasref.systems
except KerasMissing as error:
    print(isinstance(error, ImportError), error)
"""
    said = run_python(program)
    assert said.startswith("True") and "pip install 'numpynn[keras]'" in said


def test_importing_kerasref_does_not_import_keras() -> None:
    assert run_python("import sys, kerasref; print('keras' in sys.modules)") == "False"


def test_the_backend_is_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert kerasref.choose_backend() == "jax"


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        ({"tensorflow", "jax", "torch"}, "tensorflow"),
        ({"jax", "torch"}, "jax"),
        ({"torch"}, "torch"),
        (set(), "tensorflow"),
    ],
)
def test_the_default_backend_is_the_first_that_is_installed(
    installed: set[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed)
    assert kerasref.choose_backend() == chosen == os.environ["KERAS_BACKEND"]


def test_the_device_has_a_name() -> None:
    assert device_name()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_these_tests_pass_on_other_backends(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    names = ("backend", "bridge", "float64", "systems")
    files = [Path(__file__).with_name(f"test_kerasref_{name}.py") for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-k", "not other_backends", *files]
    finished = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, check=False)
    assert finished.returncode == 0


# Gradients


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_value_and_gradients_match_the_formula(numbers: list[float]) -> None:
    a = np.array(numbers, dtype="float32")
    b = np.linspace(1, 2, a.size, dtype="float32")
    unused = np.ones((2, 3), dtype="float32")
    value, gradients = value_and_gradients(lambda a, b, c: ops.sum(a * a * b), [a, b, unused])
    assert_close(value, np.sum(a * a * b), 1e-5)
    for gradient, expected in zip(gradients, [2 * a * b, a * a, np.zeros((2, 3))], strict=True):
        assert gradient.dtype == "float32"
        assert_close(gradient, expected, 1e-6)


def regularised_model() -> Array:
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(4, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax", activity_regularizer="l1"),
        ]
    )
    model.compile(optimizer=optimizers.SGD(1.0), loss="sparse_categorical_crossentropy")
    return model


X = np.random.default_rng(0).normal(size=(6, 5))
Y = np.array([0, 1, 2, 0, 1, 2])


def test_model_gradients_are_what_a_training_step_subtracts(float64: None) -> None:
    model = regularised_model()
    injected = inject(model, len(X))
    injected.assign(injected.draw(np.random.default_rng(1), len(X)))
    before = [weight.numpy() for weight in model.trainable_weights]
    gradients = model_gradients(model, X, Y)
    loss = model.train_on_batch(X, Y)
    assert_close(gradients.loss, loss, EXACT)
    assert gradients.outputs.shape == (6, 3)
    for old, new, gradient in zip(before, model.trainable_weights, gradients.weights, strict=True):
        assert_close(new, old - gradient, EXACT)


def test_the_gradient_of_the_inputs_matches_differences(float64: None) -> None:
    model = regularised_model()
    injected = inject(model, len(X))
    injected.assign(injected.draw(np.random.default_rng(2), len(X)))
    direction = np.random.default_rng(3).normal(size=X.shape)
    above = model_gradients(model, X + 1e-5 * direction, Y).loss
    below = model_gradients(model, X - 1e-5 * direction, Y).loss
    slope = np.sum(model_gradients(model, X, Y).inputs * direction)
    assert abs((above - below) / 2e-5 - slope) < 1e-8


def test_model_gradients_leave_the_model_as_it_was() -> None:
    model = regularised_model()
    before = [variable.numpy() for variable in model.variables]
    model_gradients(model, X, Y)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


# Random numbers from outside


def model_with_dropout(rate: float = 0.25, noise_shape: Array = None) -> Array:
    model = keras.Sequential(
        [
            keras.Input((2, 3)),
            layers.Dropout(rate, noise_shape=noise_shape),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(optimizer=optimizers.SGD(0.0), loss="mean_absolute_error")
    return model


ONES = np.ones((5, 2, 3))


def test_dropout_uses_the_mask_that_was_assigned() -> None:
    injected = inject(model_with_dropout(), batch_size=5)
    [mask] = masks = injected.draw(np.random.default_rng(0), 5)
    injected.assign(masks)
    expected = (ONES * mask / 0.75).sum(-1, keepdims=True)
    assert_close(injected.model(ONES, training=True), expected, 1e-6)
    assert_close(injected.model(ONES), np.full((5, 2, 1), 3.0), 1e-6)


def test_a_compiled_step_sees_every_assignment_and_a_short_batch_the_first_rows() -> None:
    injected = inject(model_with_dropout(), batch_size=5)
    generator = np.random.default_rng(1)
    for rows in (5, 5, 2, 5, 1):
        [mask] = masks = injected.draw(generator, rows)
        assert mask.shape == (rows, 2, 3)
        injected.assign(masks)
        loss = injected.model.train_on_batch(ONES[:rows], np.zeros((rows, 2, 1)))
        injected.model.reset_metrics()
        assert abs(loss - (mask / 0.75).sum(-1).mean()) < 1e-5


def test_masks_are_no_weights() -> None:
    model = model_with_dropout()
    paths = [weight.path for weight in model.weights]
    injected = inject(model, batch_size=5)
    assert injected.model is model
    assert [weight.path for weight in model.weights] == paths
    assert len(model.get_weights()) == 2 and len(model.trainable_variables) == 2


def test_masks_keep_what_dropout_keeps() -> None:
    injected = inject(model_with_dropout(rate=0.25), batch_size=5)
    [mask] = injected.draw(np.random.default_rng(2), 4000)
    assert abs(mask.mean() - 0.75) < 0.01


def test_a_mask_is_shared_where_noise_shape_says_so() -> None:
    injected = inject(model_with_dropout(0.5, noise_shape=(None, 1, 3)), batch_size=5)
    [mask] = masks = injected.draw(np.random.default_rng(3), 5)
    assert mask.shape == (5, 1, 3)
    injected.assign(masks)
    expected = np.repeat((mask * 2.0).sum(-1, keepdims=True), 2, axis=1)
    assert_close(injected.model(ONES, training=True), expected, 1e-6)


def test_dropping_everything_gives_zeros() -> None:
    injected = inject(model_with_dropout(rate=1), batch_size=5)
    injected.assign(injected.draw(np.random.default_rng(4), 5))
    assert_close(injected.model(ONES, training=True), np.zeros((5, 2, 1)), 0)


def test_a_random_layer_without_a_twin_is_refused() -> None:
    class Shuffle(layers.Layer):
        def __init__(self, **kwargs: Array) -> None:
            super().__init__(**kwargs)
            self.seed_generator = keras.random.SeedGenerator(0)

        def call(self, inputs: Array) -> Array:
            return keras.random.shuffle(inputs, seed=self.seed_generator)

    model = keras.Sequential([keras.Input((3,)), Shuffle(name="mixed")])
    with pytest.raises(ValueError, match=r"'mixed' \(Shuffle\).*Known: Dropout"):
        inject(model, batch_size=5)


SATURATION = -1.7580993408473766  # the least value of selu

# A noise layer of both libraries, and what it makes of numbers x drawn from outside.
NOISE: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "GaussianNoise": (lambda k: k.layers.GaussianNoise(0.5), lambda x, drawn: x + drawn),
    "GaussianDropout": (lambda k: k.layers.GaussianDropout(0.25), lambda x, drawn: x * drawn),
    "AlphaDropout": (
        lambda k: k.layers.AlphaDropout(0.25, noise_shape=(None, 1, 3)),
        lambda x, drawn: (
            (np.where(drawn, x, SATURATION) - 0.25 * SATURATION)
            / np.sqrt(0.75 * (1 + 0.25 * SATURATION**2))
        ),
    ),
    "SpatialDropout1D": (
        lambda k: k.layers.SpatialDropout1D(0.25),
        lambda x, drawn: x * drawn / 0.75,
    ),
    "Dropout": (lambda k: k.layers.Dropout(0.25), lambda x, drawn: x * drawn / 0.75),
}


@pytest.mark.parametrize("kind", NOISE)
def test_a_noise_layer_uses_what_was_assigned_and_so_does_ours(kind: str, float64: None) -> None:
    make, formula = NOISE[kind]
    theirs, ours = (k.Sequential([k.Input((4, 3)), make(k)]) for k in (keras, numpynn))
    theirs.compile(optimizer="sgd", loss="mean_squared_error")
    injected = inject(theirs, batch_size=5)
    generator = np.random.default_rng(6)
    for rows in (5, 2):
        x = generator.normal(size=(rows, 4, 3))
        [drawn] = both = injected.draw(generator, rows)
        assert len(drawn) == rows
        injected.assign(both)
        injected.give(ours, both)
        expected = formula(x, drawn)
        assert_close(theirs(x, training=True), expected, EXACT)
        np.testing.assert_allclose(ours(x, training=True).numpy(), expected, rtol=1e-6, atol=1e-6)
        loss = theirs.train_on_batch(x, np.zeros_like(x))
        theirs.reset_metrics()
        assert abs(loss - np.mean(expected**2)) < 1e-12
        assert_close(theirs(x), x, 0)


@pytest.mark.parametrize(
    ("layer", "shape", "mask_shape"),
    [
        (layers.SpatialDropout1D(0.5), (4, 3), (5, 1, 3)),
        (layers.SpatialDropout2D(0.5), (4, 2, 3), (5, 1, 1, 3)),
        (layers.SpatialDropout2D(0.5, "channels_first"), (3, 4, 2), (5, 3, 1, 1)),
        (layers.SpatialDropout3D(0.5), (4, 2, 2, 3), (5, 1, 1, 1, 3)),
        (layers.AlphaDropout(0.5), (4, 3), (5, 4, 3)),
        (layers.AlphaDropout(0.5, noise_shape=(None, 1, 3)), (4, 3), (5, 1, 3)),
        (layers.GaussianNoise(0.5), (4, 3), (5, 4, 3)),
        (layers.GaussianDropout(0.5), (4, 3), (5, 4, 3)),
    ],
)
def test_what_is_drawn_has_the_shape_of_what_the_layer_draws(
    layer: Array, shape: tuple[int, ...], mask_shape: tuple[int, ...]
) -> None:
    injected = inject(keras.Sequential([keras.Input(shape), layer]), batch_size=5)
    [drawn] = injected.draw(np.random.default_rng(0), 5)
    assert drawn.shape == mask_shape


@given(rate=st.floats(0.05, 0.9), seed=st.integers(0, 99))
def test_drawn_noise_has_mean_and_deviation_of_its_layer(rate: float, seed: int) -> None:
    for layer, mean, deviation in (
        (layers.GaussianNoise(rate), 0.0, rate),
        (layers.GaussianDropout(rate), 1.0, np.sqrt(rate / (1 - rate))),
        (layers.AlphaDropout(rate), 1 - rate, np.sqrt(rate * (1 - rate))),
    ):
        injected = inject(keras.Sequential([keras.Input((100,)), layer]), batch_size=100)
        [drawn] = injected.draw(np.random.default_rng(seed), 100)
        assert abs(np.mean(drawn) - mean) < 6 * deviation / 100
        assert abs(np.std(drawn) / deviation - 1) < 0.2
