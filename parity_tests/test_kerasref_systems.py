"""The catalogue in Keras: the sizes of its models and the numbers that the course book prints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from kerasref import systems
from kerasref.backend import float_type
from kerasref.systems import food_prices_batch, food_prices_online
from numpynn.systems import SLUGS, load
from numpynn.typing import Array


@pytest.fixture
def float64() -> Iterator[None]:
    with float_type("float64"):
        yield


def test_the_catalogue_is_complete() -> None:
    assert systems.slugs() == sorted(SLUGS)


MODELS = [slug for slug in SLUGS if load(slug).is_model]


@pytest.mark.parametrize("slug", MODELS)
def test_models_are_compiled_and_of_the_right_size(slug: str) -> None:
    model = systems.load(slug).model()
    assert model.compiled
    assert model.count_params() == load(slug).count_params()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_recipe_has_callbacks_on_both_sides_or_on_none(slug: str) -> None:
    ours, theirs = load(slug).callbacks(), systems.callbacks(slug)
    assert [type(callback).__name__ for callback in ours] == [
        type(callback).__name__ for callback in theirs
    ]
    again = systems.callbacks(slug)
    assert not any(callback is other for callback, other in zip(theirs, again, strict=True))


def test_an_unknown_system_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="no system 'iris' in Keras. There are: .*iris-mlp"):
        systems.load("iris")


def test_iris_learns_faster_than_the_book_prints() -> None:
    rates = [
        float(systems.load(slug).model().optimizer.learning_rate)
        for slug in ("iris-mlp", "iris-mlp-as-printed")
    ]
    np.testing.assert_allclose(rates, [0.01, 0.001], rtol=1e-6)


def test_gradient_descent_shrinks_x_by_one_minus_the_step_size() -> None:
    system = systems.load("gradient-descent-1d")
    x = np.array([-1.0, 1.0, 3.0], dtype="float32")
    for t in range(10):
        x, value = system.step(x, t)
        np.testing.assert_allclose(value, 11 / 2 * 0.9 ** (2 * t), rtol=1e-5)
    np.testing.assert_allclose(x, np.array([-1, 1, 3]) * 0.9**10, rtol=1e-5)
    np.testing.assert_allclose(system.output(np.array([2.0, 4.0])), [2, 8])


START = np.array([50.0, 50.0, 50.0])


def run(step: Array, quantity: Array, steps: int) -> Array:
    for t in range(steps):
        quantity, _ = step(quantity, t)
    return quantity


def test_batch_gradient_descent_gives_the_prices_that_the_book_prints(float64: None) -> None:
    printed = [149.99854969104385, 50.00249323213941, 99.9987175643975]
    prices = run(food_prices_batch.step, START, 500)
    np.testing.assert_allclose(prices, printed, rtol=1e-10)


def test_online_gradient_descent_gives_the_prices_that_the_book_prints(float64: None) -> None:
    printed = [149.9999854696171, 50.00004609118093, 99.99997795027406]
    prices = run(food_prices_online.step, START, 500)
    np.testing.assert_allclose(prices, printed, rtol=1e-10)


def test_one_online_step_is_the_one_that_the_book_works_out(float64: None) -> None:
    prices, error = food_prices_online.step(START, 0)
    np.testing.assert_allclose(prices, [70, 100, 80], rtol=1e-10)
    np.testing.assert_allclose(error, 350**2 / 2, rtol=1e-10)


def test_backpropagation_by_the_books_four_rules_is_the_gradient(float64: None) -> None:
    system = systems.load("backprop-by-hand")
    weights = np.random.default_rng(0).normal(size=12)
    x, target = system.INPUTS[1], system.TARGETS[1]
    first, second = weights[:6].reshape(2, 3), weights[6:].reshape(3, 2)
    hidden = 1 / (1 + np.exp(-x @ first))
    out = 1 / (1 + np.exp(-hidden @ second))
    delta_out = out * (1 - out) * (target - out)
    delta_hidden = hidden * (1 - hidden) * (second @ delta_out)
    rate = system.LEARNING_RATE
    expected = weights + rate * np.append(np.outer(x, delta_hidden), np.outer(hidden, delta_out))
    learnt, error = system.step(weights, 1)
    np.testing.assert_allclose(learnt, expected, rtol=1e-10)
    np.testing.assert_allclose(error, np.sum((target - out) ** 2) / 2, rtol=1e-10)
