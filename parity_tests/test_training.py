"""Whole training runs of drawn networks: loss curves, gradients and weights against Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, both_float_types, hold, normal

import numpynn
from kerasref.bridge import copy_weights
from kerasref.compare import TrainingRun
from numpynn.systems import Split

STEPS = 20
drawn_models = settings(max_examples=settings.default.max_examples // 2)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

SMOOTH = ["tanh", "sigmoid", "softplus", "elu", "selu", "swish", "gelu", "softsign", "linear"]
KINKED = ["relu", "leaky_relu", "relu6", "hard_sigmoid"]
OPTIMIZERS = {
    "sgd": lambda o: o.SGD(0.05),
    "momentum": lambda o: o.SGD(0.02, momentum=0.9),
    "nesterov": lambda o: o.SGD(0.02, momentum=0.9, nesterov=True, clipnorm=1.0),
    "adam": lambda o: o.Adam(0.01),
    "amsgrad": lambda o: o.Adam(0.01, amsgrad=True, weight_decay=0.01),
    "nadam": lambda o: o.Nadam(0.01, global_clipnorm=2.0),
    "rmsprop": lambda o: o.RMSprop(0.005),
    "centred": lambda o: o.RMSprop(0.005, momentum=0.5, centered=True, clipvalue=0.5),
}
# task: outputs, activation of the last layer, loss
TASKS = {
    "squares": (2, None, lambda m: m.MeanSquaredError()),
    "absolute values": (1, None, lambda m: m.MeanAbsoluteError()),
    "binary": (1, "sigmoid", lambda m: m.BinaryCrossentropy()),
    "binary logits": (1, None, lambda m: m.BinaryCrossentropy(from_logits=True)),
    "sparse": (3, "softmax", lambda m: m.SparseCategoricalCrossentropy()),
    "sparse logits": (4, None, lambda m: m.SparseCategoricalCrossentropy(from_logits=True)),
    "categorical": (3, "softmax", lambda m: m.CategoricalCrossentropy(label_smoothing=0.1)),
}


@dataclass(frozen=True)
class Hidden:
    """One hidden layer and what follows it."""

    units: int
    activation: str
    bias: bool
    kernel_regularizer: str | None
    activity_regularizer: str | None
    constraint: str | None
    dropout: float


@dataclass(frozen=True)
class Design:
    """A network, its data, and the way it is trained."""

    features: int
    hidden: tuple[Hidden, ...]
    task: str
    optimizer: str
    samples: int
    batch_size: int
    seed: int

    def model(self, library: Any) -> Any:
        layers = [library.Input((self.features,))]
        for part in self.hidden:
            layers.append(
                library.layers.Dense(
                    part.units,
                    activation=part.activation,
                    use_bias=part.bias,
                    kernel_regularizer=part.kernel_regularizer,
                    activity_regularizer=part.activity_regularizer,
                    kernel_constraint=part.constraint,
                )
            )
            if part.dropout:
                layers.append(library.layers.Dropout(part.dropout))
        outputs, activation, loss = TASKS[self.task]
        layers.append(library.layers.Dense(outputs, activation=activation))
        model = library.Sequential(layers)
        optimizer = OPTIMIZERS[self.optimizer](library.optimizers)
        model.compile(optimizer, loss(library.losses), run_eagerly=True)
        return model

    def data(self) -> Split:
        outputs, *_ = TASKS[self.task]
        x = normal(self.seed, self.samples, self.features)
        y = normal(self.seed + 1, self.samples, outputs)
        classes = np.arange(self.samples) % max(2, outputs)
        if self.task.startswith("binary"):
            y = classes[:, np.newaxis].astype("float64")
        elif self.task.startswith("sparse"):
            y = classes
        elif self.task == "categorical":
            y = np.eye(outputs)[classes]
        return Split(x, y, x, y)


def hidden_layers(activations: list[str]) -> Any:
    return st.builds(
        Hidden,
        units=st.integers(1, 12),
        activation=st.sampled_from(activations),
        bias=st.booleans(),
        kernel_regularizer=st.sampled_from([None, "l1", "l2"]),
        activity_regularizer=st.sampled_from([None, None, "l1", "l2"]),
        constraint=st.sampled_from([None, None, None, "max_norm", "non_neg"]),
        dropout=st.sampled_from([0.0, 0.0, 0.25, 0.5]),
    )


def designs(activations: list[str]) -> Any:
    return st.builds(
        Design,
        features=st.integers(1, 6),
        hidden=st.lists(hidden_layers(activations), min_size=0, max_size=2).map(tuple),
        task=st.sampled_from(sorted(TASKS)),
        optimizer=st.sampled_from(sorted(OPTIMIZERS)),
        samples=st.integers(5, 40),
        batch_size=st.sampled_from([1, 3, 8, 16, 64]),
        seed=st.integers(0, 2**16),
    )


def hold_run(design: Design, dtype: str) -> None:
    """Train both sides on the same batches and masks; every error must stay within its bar."""
    with both_float_types(dtype):
        ours, theirs = design.model(numpynn), design.model(keras)
        copy_weights(theirs, ours)
        split = design.data()
        run = TrainingRun(ours, theirs, split, design.batch_size, dtype)
        gradient = run.compare_gradients(batches=1)
        losses = [run.step() for _ in range(STEPS)]
        assert gradient <= BARS[dtype]["gradient"], f"gradients: error {gradient:.1e}"
        assert max(losses) <= BARS[dtype]["loss"], f"losses: errors {losses}"
        hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["weights"], "weights")
        assert all(weight.dtype == np.dtype(dtype) for weight in ours.get_weights())
        measured = [
            model.evaluate(split.x, split.y, batch_size=7, verbose=0) for model in (ours, theirs)
        ]
        hold(*measured, BARS[dtype]["weights"], "evaluation")


@each_float_type
@drawn_models
@given(designs(SMOOTH))
def test_smooth_networks_train_as_in_keras(dtype: str, design: Design) -> None:
    hold_run(design, dtype)


@each_float_type
@drawn_models
@given(designs(KINKED))
def test_networks_with_kinks_train_as_in_keras(dtype: str, design: Design) -> None:
    hold_run(design, dtype)


@each_float_type
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_a_regularised_network(optimizer: str, dtype: str) -> None:
    hidden = Hidden(8, "tanh", True, "l2", "l1", None, 0.5)
    hold_run(Design(4, (hidden, hidden), "sparse", optimizer, 30, 8, 3), dtype)


@each_float_type
@pytest.mark.parametrize("task", TASKS)
def test_every_loss_trains_a_network(task: str, dtype: str) -> None:
    hold_run(
        Design(5, (Hidden(6, "relu", True, None, None, None, 0.0),), task, "adam", 21, 4, 8), dtype
    )


def test_fit_in_a_graph_gives_what_eager_steps_give() -> None:
    """Keras as a user runs it, through `tf.function`, with the order of the samples fixed."""
    design = Design(
        4, (Hidden(8, "gelu", True, "l2", None, None, 0.0),), "sparse", "nadam", 30, 8, 1
    )
    split = design.data()
    with both_float_types("float64"):
        ours, theirs = design.model(numpynn), design.model(keras)
        theirs.compile(
            OPTIMIZERS["nadam"](keras.optimizers),
            "sparse_categorical_crossentropy",
            jit_compile=False,
        )
        copy_weights(theirs, ours)
        histories = [
            model.fit(split.x, split.y, batch_size=8, epochs=5, shuffle=False, verbose=0).history
            for model in (ours, theirs)
        ]
        hold(*histories, BARS["float64"]["loss"])
        hold(ours.get_weights(), theirs.get_weights(), BARS["float64"]["weights"])


@pytest.mark.thorough
@drawn_models
@given(designs(SMOOTH))
def test_networks_train_as_in_keras_under_xla(design: Design) -> None:
    with both_float_types("float32"):
        ours, theirs = design.model(numpynn), design.model(keras)
        copy_weights(theirs, ours)
        for model in (ours, theirs):
            for layer in model.layers:
                if layer.name.startswith("dropout"):
                    layer.rate = 0
        theirs.compile(
            OPTIMIZERS[design.optimizer](keras.optimizers),
            TASKS[design.task][2](keras.losses),
            jit_compile=True,
        )
        split = design.data()
        histories = [
            model.fit(split.x, split.y, design.batch_size, 3, shuffle=False, verbose=0).history
            for model in (ours, theirs)
        ]
        hold(*histories, BARS["float32"]["loss"])
        hold(ours.get_weights(), theirs.get_weights(), BARS["float32"]["weights"])
