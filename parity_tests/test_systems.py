"""The systems of the catalogue, and the numbers that the course book prints about them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from kerasref import systems as keras_systems
from numpynn import Input, Sequential, config, layers, losses, systems, utils
from numpynn.autograd import grad
from numpynn.autograd.structure import leaves, map_structure
from numpynn.systems import (
    backprop_by_hand,
    food_prices_batch,
    food_prices_online,
    gradient_descent_1d,
    iris_mlp,
    iris_mlp_as_printed,
    xor,
)

PARAMETERS = {
    "xor": 9,
    "gradient-descent-1d": 2,
    "food-prices-batch": 3,
    "food-prices-online": 3,
    "food-prices": 4,
    "backprop-by-hand": 12,
    "ionosphere-mlp": 447,
    "iris-mlp": 165,
    "iris-mlp-as-printed": 165,
    "boston-mlp": 237,
    "sine-fit": 141,
    "mnist-softmax": 7850,
    "mnist-mlp": 101_770,
    "functional-mlp": 59_210,
    "fraud-bias-init": 497,
    "fraud-baseline": 497,
    "fraud-class-weight": 497,
    "fraud-oversampling": 497,
    "convolution-examples": 12,
    "mnist-cnn": 3_274_634,
    "har-cnn": 405_698,
    "hello-rnn": 37,
    "rnn-topologies": 20_708,
    "stacked-rnn": 196_746,
    "stacked-cells": 219_662,
    "state-passing": 258_698,
    "stateful-rnn": 329,
    "minimal-cell": 1184,
    "stock-gru": 38_601,
    "har-rnn": 31_042,
    "lstm-sentiment": 590_601,
    "two-outputs": 30,
    "two-outputs-custom": 30,
    "labels-as-inputs": 30,
    "endpoint-loss-layer": 4235,
    "multi-label": 4127,
    "focal-loss": 3867,
    "prior-cross-entropy": 3867,
    "custom-mse": 141,
    "top-two-metric": 4127,
    "checkpoint-class-weight": 10,
    "tensorboard-log": 165,
    "layer-in-layer": 2850,
    "sparse-representation": 447,
    "least-squares": 30,
    "polynomial-capacity": 118,
    "constrained-descent": 6,
    "naive-bayes": 16_008,
    "curse-of-dimensionality": 30,
    "smooth-functions": 9,
    "appendix-snippets": 3875,
}


def test_both_catalogues_hold_the_same_systems():
    assert sorted(systems.SLUGS) == keras_systems.slugs()


@pytest.mark.parametrize("slug", systems.SLUGS)
def test_parameters_are_as_many_as_the_book_counts(slug):
    assert systems.load(slug).count_params() == PARAMETERS[slug]


@pytest.mark.parametrize("slug", systems.SLUGS)
def test_a_system_says_what_it_is(slug):
    system = systems.load(slug)
    assert system.chapter
    assert system.task
    assert system.metric
    assert system.module.__doc__
    assert "Source: " in system.module.__doc__


def rows(samples, stop):
    """The first rows of every array of a nesting."""
    return map_structure(lambda array: None if array is None else array[:stop], samples)


@pytest.mark.parametrize("slug", [s for s in systems.SLUGS if systems.load(s).is_model])
def test_every_model_trains_by_its_recipe_and_is_measured(slug, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where checkpoints and logs go
    system = systems.load(slug)
    utils.set_random_seed(0)
    split, model = system.data(), system.model()
    parts = [(split.x, split.y), (split.x_test, split.y_test), split.validation]
    for part in parts[:2] if split.validation is None else parts:
        assert len({len(array) for array in leaves(part) if array is not None}) == 1
    x, y = rows((split.x, split.y), 500)
    history = model.fit(
        x,
        y,
        batch_size=system.module.BATCH_SIZE,
        epochs=1,
        verbose=0,
        callbacks=system.callbacks(),
        **system.fit_arguments(split),
    )
    assert math.isfinite(history.history["loss"][0])
    x, y = rows((split.x_test, split.y_test), 500)
    assert math.isfinite(system.measure(model.evaluate(x, y, verbose=0, return_dict=True)))


SPLITS = {
    "xor": (4, 4, (2,)),
    "food-prices": (5, 1, (3,)),
    "ionosphere-mlp": (235, 116, (34,)),
    "iris-mlp": (100, 50, (4,)),
    "iris-mlp-as-printed": (100, 50, (4,)),
    "boston-mlp": (339, 167, (13,)),
    "sine-fit": (64, 64, (1,)),
    "mnist-softmax": (4000, 1000, (28, 28)),
    "mnist-mlp": (4000, 1000, (28, 28)),
    "mnist-cnn": (4000, 1000, (28, 28)),
    "functional-mlp": (4000, 1000, (784,)),
}


@pytest.mark.parametrize("slug", SPLITS)
def test_data_are_split_as_in_the_book(slug):
    system = systems.load(slug)
    split, again, other = system.data(), system.data(), system.data(seed=1)
    train, test, sample = SPLITS[slug]
    assert split.x.shape == (train, *sample)
    assert split.x_test.shape == (test, *sample)
    assert len(split.y) == train
    assert len(split.y_test) == test
    for first, second in zip(split, again, strict=True):
        np.testing.assert_array_equal(first, second)
    drawn = slug not in ("xor", "food-prices")
    assert np.array_equal(split.y, other.y) != drawn
    assert np.isfinite(split.x).all()


@pytest.mark.parametrize(
    ("slug", "bound"),
    [
        ("gradient-descent-1d", 1e-4),
        ("food-prices-batch", 0.01),
        ("food-prices-online", 1e-4),
        ("backprop-by-hand", 0.6),  # without biases, (0, 0) stays out of reach
        ("convolution-examples", 1e-7),
        ("least-squares", 1e-3),
        ("constrained-descent", 1e-12),
    ],
)
def test_every_descent_reaches_its_aim(slug, bound):
    module = systems.load(slug).module
    end, objectives = run(module)
    assert module.measure(end) < bound < module.measure(module.start())
    assert objectives[-1] < objectives[0]


@pytest.mark.parametrize(
    ("slug", "bound"),
    [
        ("naive-bayes", 0.95),
        ("smooth-functions", 0.54),
        ("polynomial-capacity", 4.5),
        ("curse-of-dimensionality", 15),
    ],
)
def test_what_other_procedures_learn_measures_up(slug, bound):
    module = systems.load(slug).module
    end, objectives = run(module)
    assert module.measure(end) > bound > module.measure(module.start())
    assert objectives[-1] < objectives[0]


@pytest.mark.parametrize("slug", [s for s in systems.SLUGS if not systems.load(s).is_model])
def test_a_procedure_computes_in_the_float_type_of_its_input(slug):
    module = systems.load(slug).module
    for dtype in ("float32", "float64"):
        start = module.start().astype(dtype)
        quantity, objective = module.step(start, 0)
        assert quantity.dtype == np.asarray(objective).dtype == dtype
        assert quantity.shape == start.shape
        assert module.output(module.inputs().astype(dtype)).dtype == dtype


def run(module):
    """What a procedure has learnt at the end of its recipe, and the objective on its way."""
    quantity, objectives = module.start(), []
    for t in range(module.STEPS):
        quantity, objective = module.step(quantity, t)
        objectives.append(float(objective))
    return quantity, objectives


@pytest.mark.parametrize(
    "slug", [s for s in systems.SLUGS if hasattr(systems.load(s).module, "draw")]
)
def test_every_picture_says_what_its_axes_are(slug, tmp_path, monkeypatch):
    system = systems.load(slug)
    monkeypatch.setattr(system.module, "EPOCHS", 1, raising=False)  # some draw a rival too
    figure = Figure()
    if system.is_model:
        split = system.data()
        system.module.draw(figure, system.model(), split)
    else:
        quantity = system.module.start()
        for t in range(3):
            quantity, _ = system.module.step(quantity, t)
        system.module.draw(figure, quantity)
    figure.savefig(tmp_path / "picture.png")
    panels = [panel for panel in figure.axes if panel.get_label() != "<colorbar>"]
    assert all(panel.get_xlabel() for panel in panels)
    assert all(panel.get_ylabel() or panel.get_shared_y_axes().joined(panel, panels[0])
               for panel in panels)  # fmt: skip


def test_an_unknown_system_is_named_with_its_neighbours():
    with pytest.raises(ValueError, match=r"no system 'iris-mpl'.*iris-mlp"):
        systems.load("iris-mpl")


# -- exclusive or ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_books_network_computes_exclusive_or_to_the_bit(dtype):
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        points = xor.data().x
        np.testing.assert_array_equal(xor.hidden_map(points), [[0, 0], [1, 0], [1, 0], [2, 1]])
        found = xor.by_hand().predict(points, verbose=0)
    finally:
        config.set_floatx(before)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[:, 0], [0, 1, 1, 0])


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_no_line_separates_exclusive_or(numbers):
    split = xor.data()
    right = (split.x @ numbers[:2] + numbers[2] > 0) == (split.y > 0.5)
    assert right.sum() <= 3


def test_logistic_regression_on_exclusive_or_stays_at_ln_2():
    split = xor.data()
    utils.set_random_seed(0)
    model = Sequential([Input((2,)), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    model.optimizer.learning_rate = 0.1
    history = model.fit(split.x, split.y, batch_size=4, epochs=300, verbose=0)
    assert history.history["loss"][-1] == pytest.approx(math.log(2), abs=1e-3)


# -- gradient descent ------------------------------------------------------------------------------


@given(st.integers(1, 60))
def test_descent_on_the_parabola_follows_the_closed_form(steps):
    x = gradient_descent_1d.start()
    for t in range(steps):
        x, objective = gradient_descent_1d.step(x, t)
    factor = 1 - gradient_descent_1d.STEP_SIZE
    np.testing.assert_allclose(x, gradient_descent_1d.start() * factor**steps, rtol=1e-13)
    assert float(objective) == pytest.approx(factor ** (2 * (steps - 1)), rel=1e-12)


@pytest.mark.parametrize(("step_size", "converges"), [(0.5, True), (1.9, True), (2.1, False)])
def test_a_step_size_beyond_two_diverges(step_size, converges, monkeypatch):
    monkeypatch.setattr(gradient_descent_1d, "STEP_SIZE", step_size)
    x = gradient_descent_1d.start()
    for t in range(200):
        x, _ = gradient_descent_1d.step(x, t)
    assert (gradient_descent_1d.measure(x) < 1e-6) == converges


def test_batch_descent_ends_at_the_printed_prices():
    prices = food_prices_batch.start()
    for t in range(food_prices_batch.STEPS):
        prices, _ = food_prices_batch.step(prices, t)
    printed = [149.99854969104385, 50.00249323213941, 99.9987175643975]
    np.testing.assert_allclose(prices, printed, rtol=1e-12)


def test_online_descent_ends_at_the_printed_prices():
    prices = food_prices_online.start()
    for t in range(food_prices_online.STEPS):
        prices, _ = food_prices_online.step(prices, t)
    printed = [149.9999854696171, 50.00004609118093, 99.99997795027406]
    np.testing.assert_allclose(prices, printed, rtol=1e-12)


def test_the_worked_online_step():
    prices, loss = food_prices_online.step(food_prices_online.start(), 0)
    np.testing.assert_allclose(prices, [70, 100, 80], rtol=1e-15)
    assert float(loss) == 350.0**2 / 2


@pytest.mark.parametrize(("rate", "converges"), [(0.0069, True), (0.0071, False), (1 / 35, False)])
def test_batch_descent_has_a_largest_step_size(rate, converges):
    """2 / 287.0029, the bound that the largest eigenvalue of XᵀX sets, is 0.0069686."""
    x, prices = food_prices_batch.inputs(), food_prices_batch.start()
    total = x @ food_prices_batch.PRICES
    first = None
    for _ in range(150):
        prices, loss = food_prices_batch.descend(prices, x, total, rate)
        first = loss if first is None else first
    assert (loss < first) == converges


def test_the_rule_follows_the_gradient():
    x = food_prices_batch.inputs()
    total = x @ food_prices_batch.PRICES
    start = food_prices_batch.start()
    slope = grad(lambda w: np.sum(np.square(total - x @ w)) / 2)(start).numpy()
    moved, _ = food_prices_batch.descend(start, x, total, 0.005)
    np.testing.assert_allclose(moved, start - 0.005 * slope, rtol=1e-14)


# -- back-propagation by hand ----------------------------------------------------------------------


@given(st.lists(st.floats(-3, 3), min_size=12, max_size=12), st.integers(0, 3))
def test_the_four_steps_are_the_gradient(numbers, t):
    weights = np.array(numbers)
    x, target = backprop_by_hand.INPUTS[[t]].astype(float), backprop_by_hand.TARGETS[[t]]

    def error(w):
        return np.sum(np.square(target - backprop_by_hand.network(w, x)[1])) / 2

    moved, objective = backprop_by_hand.step(weights, t)
    by_engine = grad(error)(weights).numpy()
    by_differences = np.array(
        [(error(weights + 1e-6 * e) - error(weights - 1e-6 * e)) / 2e-6 for e in np.eye(12)]
    )
    by_hand = (weights - moved) / backprop_by_hand.LEARNING_RATE
    np.testing.assert_allclose(by_hand, by_engine, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(by_hand, by_differences, rtol=1e-5, atol=1e-9)
    assert float(objective) == pytest.approx(float(error(weights)), rel=1e-14)


# -- worked losses ---------------------------------------------------------------------------------


def test_the_cross_entropy_of_the_book():
    found = losses.categorical_crossentropy(
        np.array([[0.0, 1, 0]]), np.array([[0.228, 0.619, 0.153]])
    )
    assert float(found[0]) == pytest.approx(0.479650, abs=5e-7)


def test_logits_and_probabilities_give_the_books_value():
    y, z = np.array([[0.0, 1, 0, 0]]), np.array([[-18.6, 0.51, 2.94, -12.8]])
    loss = losses.BinaryCrossentropy(from_logits=True, dtype="float64")
    assert float(loss(y, z)) == pytest.approx(0.86545795, abs=5e-9)
    probabilities = losses.BinaryCrossentropy(dtype="float64")(y, 1 / (1 + np.exp(-z)))
    assert float(probabilities) == pytest.approx(0.86545795, abs=1e-6)


def test_the_printed_iris_recipe_differs_in_its_learning_rate_alone():
    printed, corrected = iris_mlp_as_printed.model(), iris_mlp.model()
    assert float(printed.optimizer.learning_rate) == pytest.approx(0.001)
    assert float(corrected.optimizer.learning_rate) == pytest.approx(0.01)
    assert [w.shape for w in printed.weights] == [w.shape for w in corrected.weights]
