"""Models that are trained with every loss: the loss curve and the weights are Keras's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from loss_cases import CASES
from networks import pair
from pairs import BARS, both_float_types, hold, normal

from numpynn import losses

X = normal(0, 24, 4)
CLASSES = np.arange(24) % 3
NUMBERS = np.abs(normal(1, 24, 3))
ONE_HOT = np.eye(3)[CLASSES]
# activation of the last layer, and targets
TASKS: dict[str, tuple[str | None, Any]] = {
    **dict.fromkeys([case.name for case in CASES.values()], (None, NUMBERS)),
    **dict.fromkeys(["hinge", "squared_hinge", "categorical_hinge"], (None, ONE_HOT)),
    **dict.fromkeys(["kl_divergence", "categorical_crossentropy"], ("softmax", ONE_HOT)),
    **dict.fromkeys(["binary_crossentropy", "binary_focal_crossentropy"], ("sigmoid", ONE_HOT)),
    **dict.fromkeys(["dice", "tversky"], ("sigmoid", ONE_HOT)),
    "categorical_focal_crossentropy": ("softmax", ONE_HOT),
    "sparse_categorical_crossentropy": ("softmax", CLASSES),
    "poisson": ("softplus", NUMBERS),
    "circle": ("unit", CLASSES),
}
del TASKS["categorical_generalized_cross_entropy"]  # which Keras's `compile` does not know by name


@pytest.mark.parametrize("name", TASKS)
def test_training_matches_keras(name: str) -> None:
    last, y = TASKS[name]

    def make(library: Any) -> Any:
        def unit(x: Any) -> Any:
            return 0.9 * library.ops.normalize(x, axis=-1)

        model = library.Sequential(
            [
                library.Input((4,)),
                library.layers.Dense(5, "tanh", kernel_regularizer="orthogonal_regularizer"),
                library.layers.Dense(3, unit if last == "unit" else last),
            ]
        )
        model.compile(library.optimizers.SGD(0.02), name, run_eagerly=True)
        return model

    with both_float_types("float64"):
        ours, theirs = pair(make)
        curves: tuple[list[float], list[float]] = ([], [])
        for step in range(20):
            batch = slice(8 * (step % 3), 8 * (step % 3) + 8)
            weights = np.linspace(0.5, 1.5, 8) if step % 2 else None
            for curve, model in zip(curves, (ours, theirs), strict=True):
                curve.append(float(model.train_on_batch(X[batch], y[batch], weights)))
        hold(np.array(curves[0]), np.array(curves[1]), BARS["float64"]["loss"], "losses")
        hold(ours.get_weights(), theirs.get_weights(), BARS["float64"]["weights"], "weights")
    assert abs(curves[0][-1] - curves[0][0]) > 1e-6


def test_every_loss_is_trained_with() -> None:
    assert {name for name in dir(losses) if hasattr(keras.losses, name) and name[0].islower()} <= {
        *TASKS, "categorical_generalized_cross_entropy", "get", "serialize", "deserialize",
    }  # fmt: skip
