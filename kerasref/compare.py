"""One system, both sides: values, gradients, a training run, and the time of a step.

Weights are copied, the batches and their order are the same, dropout masks come from one generator.
Errors are relative, `max|a - b| / max(1, max|b|)`, the worst over all arrays and batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import numpy as np

import numpynn
from kerasref import systems as keras_systems
from kerasref import timing
from kerasref.backend import device_name, float_type, inject, model_gradients, value_and_gradients
from kerasref.bridge import copy_weights
from numpynn import blas, config
from numpynn.autograd import grad
from numpynn.autograd.structure import leaves
from numpynn.autograd.tape import recording, sweep
from numpynn.autograd.transforms import source
from numpynn.layers import Dropout
from numpynn.systems import Split, System
from numpynn.typing import Array

BARS = {
    "float64": {"forward": 1e-12, "gradient": 1e-10, "weights": 1e-8, "loss": 1e-10},
    "float32": {"forward": 1e-5, "gradient": 1e-4, "weights": 1e-3, "loss": 1e-4},
}
FORWARD_SAMPLES = 512
SEEDS = (0, 1, 2, 3, 4)

Row = dict[str, Any]


def error(found: Array, expected: Array) -> float:
    """`max|a - b| / max(1, max|b|)`; infinite where shapes, NaN or Inf differ in place."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return math.inf
    finite = np.isfinite(expected)
    if not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return math.inf
    found, expected = found[finite], expected[finite]
    if not np.isfinite(found).all():
        return math.inf
    if not expected.size:
        return 0.0
    worst = np.max(np.absolute(found.astype("float64") - expected.astype("float64")))
    return float(worst / max(1.0, float(np.max(np.absolute(expected)))))


def worst(found: Sequence[Array], expected: Sequence[Array]) -> float:
    """The largest error over pairs of arrays."""
    return max((error(a, b) for a, b in zip(found, expected, strict=True)), default=0.0)


@contextmanager
def both_float_types(dtype: str) -> Iterator[None]:
    """Both libraries make their models and compute in `dtype`."""
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        with float_type(dtype):
            yield
    finally:
        config.set_floatx(before)


def suited_blas(system: System) -> AbstractContextManager[None]:
    """NumPy's BLAS with the threads that suit the system's size."""
    if not system.is_model:
        return blas.suited_to(0)
    return blas.suited_to(blas.largest_product(system.model(), system.module.BATCH_SIZE))


def compare(system: System, dtype: str, steps: int = 20, train: bool = False) -> Row:
    """The row of one system: errors, metrics and times of both sides.

    steps: of the training run that is compared step by step. train: also train both sides to the
    end of the recipe, from several seeds.
    """
    with both_float_types(dtype), suited_blas(system):
        figures = _compare_model if system.is_model else _compare_procedure
        row: Row = {
            "system": system.slug,
            "dtype": dtype,
            "backend": keras.backend.backend(),
            "device": device_name(),
            "params": system.count_params(),
            **figures(system, dtype, steps, train),
            "steps": steps,
            "bar": BARS[dtype],
        }
    row["ok"] = all(row[name] <= bar for name, bar in BARS[dtype].items())
    return row


# -- Keras models ----------------------------------------------------------------------------------


def _compare_model(system: System, dtype: str, steps: int, train: bool) -> Row:
    numpynn.utils.set_random_seed(0)
    split = system.data()
    ours, theirs = pair(system)
    batch_size = system.module.BATCH_SIZE
    x = split.x_test[:FORWARD_SAMPLES]
    forward = error(ours.predict(x, verbose=0), theirs.predict(x, verbose=0))
    run = TrainingRun(ours, theirs, split, batch_size, dtype)
    gradient = run.compare_gradients()
    loss = max((run.step() for _ in range(steps)), default=0.0)
    weights = worst(ours.get_weights(), theirs.get_weights())
    metric = run.metric(system.metric)
    if train:
        metric = train_to_the_end(system)
    return {
        "forward": forward,
        "gradient": gradient,
        "weights": weights,
        "loss": loss,
        "metric": {"name": system.metric, **metric},
        **timing.model_times(system, split),
    }


def pair(system: System) -> tuple[Any, Any]:
    """The system's model on both sides, with the same weights."""
    ours, theirs = system.model(), keras_systems.load(system.slug).model()
    copy_weights(ours, theirs)
    return ours, theirs


class TrainingRun:
    """Both sides trained step by step on the same batches and masks."""

    def __init__(self, ours: Any, theirs: Any, split: Split, batch_size: int, dtype: str) -> None:
        self.ours = ours
        self.theirs = inject(theirs, batch_size)
        self.random_layers = [
            layer for layer in ours.layers if isinstance(layer, Dropout) and layer.rate
        ]
        self.split = split
        self.dtype = dtype
        self.generator = np.random.default_rng(0)
        self.batches = self._endless(batch_size)

    def _endless(self, batch_size: int) -> Iterator[tuple[Array, Array]]:
        """Epoch after epoch in a new order, the short last batches included."""
        x, y = self.split.x, self.split.y
        x = x.astype(self.dtype) if x.dtype.kind == "f" else x
        while True:
            order = self.generator.permutation(len(x))
            for start in range(0, len(x), batch_size):
                chosen = order[start : start + batch_size]
                yield x[chosen], y[chosen]

    def _draw_masks(self, size: int) -> None:
        masks = self.theirs.draw(self.generator, size)
        self.theirs.assign(masks)
        for layer, mask in zip(self.random_layers, masks, strict=True):
            layer.__dict__["keep_mask"] = _given(mask, layer.rate)

    def compare_gradients(self, batches: int = 3) -> float:
        """The worst error of loss gradients, of every weight and of the inputs."""
        largest = 0.0
        for _ in range(batches):
            x, y = next(self.batches)
            self._draw_masks(len(x))
            expected = model_gradients(self.theirs.model, x, y)
            weights, inputs = gradients_of(self.ours, x, y)
            largest = max(largest, worst([*weights, inputs], [*expected.weights, expected.inputs]))
        return largest

    def step(self) -> float:
        """One update of both sides; the error of the loss."""
        x, y = next(self.batches)
        self._draw_masks(len(x))
        losses = []
        for model in (self.ours, self.theirs.model):
            losses.append(model.train_on_batch(x, y, return_dict=True)["loss"])
        return error(losses[0], losses[1])

    def metric(self, name: str) -> dict[str, float]:
        """The system's measure on its evaluation data, on both sides."""
        return {
            "numpynn": measured(self.ours, self.split, name),
            "keras": measured(self.theirs.model, self.split, name),
        }


def _given(mask: Array, rate: float) -> Callable[[Array], Array]:
    """A `keep_mask` that was drawn elsewhere."""
    return lambda inputs: mask * np.dtype(inputs.dtype).type(1.0 / (1.0 - rate))


def measured(model: Any, split: Split, name: str) -> float:
    """A figure of `evaluate`."""
    found = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)
    return float(found[name])


def gradients_of(model: Any, x: Array, y: Array) -> tuple[list[Array], Array]:
    """The gradients of the loss in training mode, for the trainable weights and for the inputs."""
    model._clear_losses()
    with recording():
        inputs = source(x.astype(model.dtype))
        loss = model.compute_loss(inputs, y, model(inputs, training=True))
    variables = model.trainable_variables
    watched: list[Any] = [inputs.node, *(v.node for v in variables)]
    found = sweep({loss.node: np.ones_like(loss.array)}, watched)
    missing = [np.zeros_like(a) for a in (inputs.array, *(v.array for v in variables))]
    gradients = [found.get(node, zeros) for node, zeros in zip(watched, missing, strict=True)]
    return gradients[1:], gradients[0]


def train_to_the_end(system: System) -> Row:
    """Both sides trained by the whole recipe from several seeds: medians, and each seed's figure.

    A seed's two models start with the same weights; shuffling and dropout are each side's own.
    Keras is not seeded: on TensorFlow it would then repeat one order of the samples in every epoch.
    """
    split, module = system.data(), system.module
    figures: dict[str, list[float]] = {"numpynn": [], "keras": []}
    for seed in SEEDS:
        numpynn.utils.set_random_seed(seed)
        ours, theirs = pair(system)
        for side, model in (("numpynn", ours), ("keras", theirs)):
            model.fit(
                split.x, split.y, batch_size=module.BATCH_SIZE, epochs=module.EPOCHS, verbose=0
            )
            figures[side].append(measured(model, split, system.metric))
    return {
        **{side: float(np.median(values)) for side, values in figures.items()},
        "spread": {side: max(values) - min(values) for side, values in figures.items()},
        "seeds": figures,
    }


# -- procedures ------------------------------------------------------------------------------------


def _compare_procedure(system: System, dtype: str, steps: int, train: bool) -> Row:
    ours, theirs = system.module, keras_systems.load(system.slug)
    x = ours.inputs().astype(dtype)
    expected, [expected_gradient] = value_and_gradients(
        lambda x: keras.ops.sum(theirs.output(x)), [x]
    )
    gradient = grad(lambda x: np.sum(ours.output(x)))(x).numpy()
    forward = error(_array(ours.output(x)), _array(theirs.output(keras.ops.convert_to_tensor(x))))
    quantities, losses = {}, {}
    for side, module in (("numpynn", ours), ("keras", theirs)):
        quantities[side], losses[side] = _run(module.step, ours.start().astype(dtype), steps)
    measures = {side: ours.measure(quantity) for side, quantity in quantities.items()}
    if train:
        for side, module in (("numpynn", ours), ("keras", theirs)):
            end, _ = _run(module.step, ours.start().astype(dtype), ours.STEPS)
            measures[side] = ours.measure(end)
        measures["spread"] = {"numpynn": 0.0, "keras": 0.0}  # nothing is random
    return {
        "forward": max(forward, error(np.sum(_array(ours.output(x))), expected)),
        "gradient": error(gradient, expected_gradient),
        "weights": error(quantities["numpynn"], quantities["keras"]),
        "loss": worst([*losses["numpynn"]], [*losses["keras"]]),
        "metric": {"name": system.metric, **measures},
        **timing.procedure_times(ours, theirs, ours.start().astype(dtype)),
    }


def _run(step: Callable[..., Any], quantity: Array, count: int) -> tuple[Array, Array]:
    """The quantity after some steps, and the objective before each."""
    objectives = []
    for t in range(count):
        quantity, objective = step(quantity, t)
        objectives.append(float(objective))
    return _array(quantity), np.array(objectives)


def _array(value: Any) -> Array:
    [leaf] = leaves(value)
    return keras.ops.convert_to_numpy(leaf) if keras.ops.is_tensor(leaf) else np.asarray(leaf)
