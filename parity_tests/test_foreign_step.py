"""A training step on arrays that are not NumPy's: the same source carries it."""

from __future__ import annotations

import numpy as np
import pytest
from standin import StandIn

from numpynn import Input, Sequential, layers, losses, optimizers, utils
from numpynn.autograd.tape import recording, sweep


def network():
    utils.set_random_seed(0)
    return Sequential(
        [
            Input((3, 4)),
            layers.Flatten(),
            layers.Dense(5, activation="relu", kernel_regularizer="l2"),
            layers.Dense(4, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def steps(model, optimizer, loss_function, x, y, count=3):
    """The losses of some steps, and the weights after them."""
    found = []
    for _ in range(count):
        with recording():
            loss = loss_function(y, model(x, training=True)) + sum(model.losses)
        found.append(float(loss))
        gradients = sweep({loss.node: loss.array * 0 + 1})
        variables = model.trainable_variables
        optimizer.apply([gradients[v.node] for v in variables], variables)
    return found, [w.array for w in model.weights]


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: optimizers.Adam(0.01, amsgrad=True),
        lambda: optimizers.Nadam(0.01, clipnorm=0.5),
        lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True, weight_decay=0.01),
    ],
)
@pytest.mark.parametrize(
    "loss_function", [losses.CategoricalCrossentropy(), losses.MeanSquaredError()]
)
def test_a_step_runs_on_foreign_arrays(make, loss_function):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(6, 3, 4)).astype("float32")
    y = np.eye(3, dtype="float32")[generator.integers(0, 3, 6)]
    expected_losses, expected = steps(network(), make(), loss_function, x, y)
    foreign = network()
    for weight in foreign.weights:
        weight.array = StandIn(weight.array.copy())
    found_losses, found = steps(foreign, make(), loss_function, StandIn(x), StandIn(y))
    assert found_losses == pytest.approx(expected_losses, rel=1e-6)
    for a, b in zip(found, expected, strict=True):
        assert isinstance(a, StandIn)
        np.testing.assert_allclose(a.revealed(), b, rtol=1e-5, atol=1e-7)
