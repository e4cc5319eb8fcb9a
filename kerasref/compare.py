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
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tape import recording, sweep
from numpynn.autograd.tensor import Tensor
from numpynn.autograd.transforms import source
from numpynn.models.data import class_weights_to_sample_weights
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


def compare(
    system: System, dtype: str, steps: int = 20, train: bool = False, times: Row | None = None
) -> Row:
    """The row of one system: errors, metrics and times of both sides.

    steps: of the training run that is compared step by step. train: also train both sides to the
    end of the recipe, from several seeds. times: what `step_times` has found, if it has been asked.
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
            **(times or step_times(system, dtype)),
            "steps": steps,
            "bar": bars(system, dtype),
        }
    row["ok"] = all(row[name] <= bar for name, bar in row["bar"].items())
    return row


def bars(system: System, dtype: str) -> dict[str, float]:
    """The largest errors that pass: the usual ones, or the system's own where it says why."""
    return BARS[dtype] | system.own_bars(dtype)


def step_times(system: System, dtype: str) -> Row:
    """The times of a step and of `fit` on both sides."""
    with both_float_types(dtype), suited_blas(system):
        if system.is_model:
            return timing.model_times(system, system.data())
        ours, theirs = system.module, keras_systems.load(system.slug)
        return timing.procedure_times(ours, theirs, ours.start().astype(dtype))


# -- Keras models ----------------------------------------------------------------------------------


def _compare_model(system: System, dtype: str, steps: int, train: bool) -> Row:
    numpynn.utils.set_random_seed(0)
    split = system.data()
    ours, theirs = pair(system)
    x = map_structure(lambda array: array[:FORWARD_SAMPLES], split.x_test)
    predictions = [leaves(model.predict(x, verbose=0)) for model in (ours, theirs)]
    class_weight = system.fit_arguments(split).get("class_weight")
    run = TrainingRun(ours, theirs, split, system.module.BATCH_SIZE, dtype, class_weight)
    gradient = run.compare_gradients()
    loss = max((run.step() for _ in range(steps)), default=0.0)
    weights = worst(ours.get_weights(), theirs.get_weights())
    metric = train_to_the_end(system) if train else run.metric(system)
    return {
        "forward": worst(*predictions),
        "gradient": gradient,
        "weights": weights,
        "loss": loss,
        "metric": {"name": system.metric, **metric},
    }


def pair(system: System) -> tuple[Any, Any]:
    """The system's model on both sides, with the same weights."""
    ours, theirs = system.model(), keras_systems.load(system.slug).model()
    copy_weights(ours, theirs)
    return ours, theirs


class TrainingRun:
    """Both sides trained step by step on the same batches, sample weights and masks."""

    def __init__(
        self,
        ours: Any,
        theirs: Any,
        split: Split,
        batch_size: int,
        dtype: str,
        class_weight: dict[int, float] | None = None,
    ) -> None:
        self.ours = ours
        self.theirs = inject(theirs, batch_size)
        self.split = split
        self.dtype = dtype
        weights = class_weight and class_weights_to_sample_weights(split.y, class_weight)
        self.samples = map_structure(self._in_dtype, (split.x, split.y, weights))
        self.generator = np.random.default_rng(0)
        self.batches = self._endless(batch_size)

    def _in_dtype(self, array: Array) -> Array:
        return array.astype(self.dtype) if array is not None and array.dtype.kind == "f" else array

    def _endless(self, batch_size: int) -> Iterator[Any]:
        """Epoch after epoch in a new order, the short last batches included."""
        size = len(leaves(self.split.x)[0])
        while True:
            order = self.generator.permutation(size)
            for start in range(0, size, batch_size):
                yield _rows(self.samples, order[start : start + batch_size])

    def _draw_masks(self, size: int) -> None:
        masks = self.theirs.draw(self.generator, size)
        self.theirs.assign(masks)
        self.theirs.give(self.ours, masks)

    def _next_batch(self) -> Any:
        x, y, weights = next(self.batches)
        self._draw_masks(len(leaves(x)[0]))
        return x, y, weights

    def compare_gradients(self, batches: int = 3) -> float:
        """The worst error of loss gradients, of every weight and of the inputs."""
        largest = 0.0
        for _ in range(batches):
            batch = self._next_batch()
            expected = model_gradients(self.theirs.model, *batch)
            weights, inputs = gradients_of(self.ours, *batch)
            found = [*weights, *leaves(inputs)]
            largest = max(largest, worst(found, [*expected.weights, *leaves(expected.inputs)]))
        return largest

    def step(self) -> float:
        """One update of both sides; the error of the loss."""
        x, y, weights = self._next_batch()
        losses = []
        for model in (self.ours, self.theirs.model):
            logs = model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
            losses.append(logs["loss"])
        return error(losses[0], losses[1])

    def metric(self, system: System) -> dict[str, float]:
        """The system's measure on its evaluation data, on both sides."""
        return {
            "numpynn": measured(self.ours, self.split, system),
            "keras": measured(self.theirs.model, self.split, system),
        }


def _rows(samples: Any, chosen: Array) -> Any:
    return map_structure(lambda array: None if array is None else array[chosen], samples)


def measured(model: Any, split: Split, system: System) -> float:
    """The system's figure, by `evaluate`."""
    size = max(system.module.BATCH_SIZE, 32)
    found = model.evaluate(split.x_test, split.y_test, batch_size=size, verbose=0, return_dict=True)
    return system.measure(found)


def gradients_of(model: Any, x: Any, y: Any, sample_weight: Any = None) -> tuple[list[Array], Any]:
    """The gradients of the loss in training mode, for the trainable weights and for the inputs.

    Those for the inputs come in the inputs' nesting, zero for whole numbers. Running averages and
    the states of stateful layers are left as they were.
    """
    kept = [state for layer in model.layers for state in leaves(getattr(layer, "states", None))]
    moving = [v for v in (*model.non_trainable_variables, *kept) if v is not None]
    before = [(variable, variable.numpy()) for variable in moving]
    with recording():
        inputs = map_structure(lambda a: source(a) if a.dtype.kind == "f" else a, x)
        loss = model.compute_loss(inputs, y, model(inputs, training=True), sample_weight)
    for variable, value in before:
        variable.assign(value)
    variables = model.trainable_variables
    sources = [a for a in leaves(inputs) if isinstance(a, Tensor)]
    found = sweep(
        {loss.node: np.ones_like(loss.array)}, [watched.node for watched in (*sources, *variables)]
    )

    def gradient(watched: Any) -> Array:
        known = found.get(watched.node) if hasattr(watched, "node") else None
        return np.zeros(watched.shape, model.dtype) if known is None else known

    return [gradient(variable) for variable in variables], map_structure(gradient, inputs)


def train_to_the_end(system: System) -> Row:
    """Both sides trained by the whole recipe from several seeds: medians, and each seed's figure.

    A seed's two models start with the same weights; shuffling and dropout are each side's own.
    Keras is not seeded: on TensorFlow it would then repeat one order of the samples in every epoch.
    """
    split = system.data()
    figures: dict[str, list[float]] = {"numpynn": [], "keras": []}
    for seed in SEEDS:
        numpynn.utils.set_random_seed(seed)
        ours, theirs = pair(system)
        figures["numpynn"].append(_trained(ours, split, system, system.callbacks()))
        callbacks = keras_systems.callbacks(system.slug)
        figures["keras"].append(_trained(theirs, split, system, callbacks))
    return {
        **{side: float(np.median(values)) for side, values in figures.items()},
        "spread": {side: max(values) - min(values) for side, values in figures.items()},
        "seeds": figures,
    }


def _trained(model: Any, split: Split, system: System, callbacks: list[Any]) -> float:
    """The figure of a model after the whole recipe."""
    model.fit(
        split.x,
        split.y,
        batch_size=system.module.BATCH_SIZE,
        epochs=system.module.EPOCHS,
        callbacks=callbacks,
        verbose=0,
        **system.fit_arguments(split),
    )
    return measured(model, split, system)


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
