"""How long a step takes on both sides, measured in one run, in turns.

    ms_per_step        the median interval between the ends of consecutive batches within an epoch
                       of `fit`, data repeated to at least 100 full batches, first epoch dropped
    ms_per_step_fit    whole `fit` time over its steps, on the system's real data

Keras runs in the faster of `jit_compile=True` and `False`, by a trial of a few batches. Metrics,
batch size and class weights are the recipe's; its callbacks and validation data are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasref import systems as keras_systems
from kerasref.backend import device_name
from numpynn.autograd.structure import leaves, map_structure
from numpynn.callbacks import Callback
from numpynn.systems import Split, System
from numpynn.typing import Array

FULL_BATCHES = 100
ROUNDS = 3
LONGEST = 40.0
"""Seconds of rounds after which no other begins: 3 rounds of a step of 60 ms are enough."""
TRIAL_BATCHES = 12
FIT_STEPS, FIT_EPOCHS = 200, 10


class _BatchEnds:
    """When each batch of an epoch ended."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[list[float]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append([])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.epochs[-1].append(time.perf_counter())

    def intervals(self) -> list[float]:
        """Seconds between ends within an epoch, without the first epoch's."""
        return [d for epoch in self.epochs[1:] for d in np.diff(epoch)]


class _OurBatchEnds(_BatchEnds, Callback):
    pass


class _TheirBatchEnds(_BatchEnds, keras.callbacks.Callback):
    pass


def batch_ends(side: str) -> Any:
    """A callback for `fit` of one side whose `intervals()` are the times of its steps."""
    return _OurBatchEnds() if side == "numpynn" else _TheirBatchEnds()


def repeated(samples: Any, size: int) -> Any:
    """The samples over and over, `size` in all."""

    def of(array: Array) -> Array:
        return None if array is None else array[np.arange(size) % len(array)]

    return map_structure(of, samples)


def model_times(system: System, split: Split, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Milliseconds a step of both sides and their ratio, numpynn over Keras."""
    recipe = _recipe(system, split)
    ours = system.model()
    samples = _repeated_batches(split, recipe["batch_size"], ours.dtype)
    theirs = _faster_keras_model(system.slug, samples, recipe)
    intervals: dict[str, list[float]] = {"numpynn": [], "keras": []}
    begin = time.perf_counter()
    for number in range(rounds):
        if number and time.perf_counter() - begin > LONGEST:
            break
        for side, model in (("numpynn", ours), ("keras", theirs)):
            intervals[side] += _intervals(side, model, samples, recipe)
    medians = {side: float(np.median(found)) for side, found in intervals.items()}
    return {
        "ms_per_step": _ratio(medians["numpynn"], medians["keras"]),
        "ms_per_step_fit": _fit_times(ours, theirs, split, recipe, medians["numpynn"], rounds),
    }


def _intervals(side: str, model: Any, samples: tuple[Any, Any], recipe: Any) -> list[float]:
    ends = batch_ends(side)
    model.fit(*samples, epochs=2, callbacks=[ends], **recipe)
    found: list[float] = ends.intervals()
    return found


def _faster_keras_model(slug: str, samples: tuple[Any, Any], recipe: dict[str, Any]) -> Any:
    """The model in the faster of Keras's modes, by a trial of a few batches."""
    models = {jit: _keras_model(slug, jit) for jit in (False, True)}
    size = TRIAL_BATCHES * recipe["batch_size"]
    few: Any = map_structure(lambda array: None if array is None else array[:size], samples)
    medians = {
        jit: np.median(_intervals("keras", model, few, recipe)) for jit, model in models.items()
    }
    return models[min(medians, key=lambda jit: medians[jit])]


def _recipe(system: System, split: Split) -> dict[str, Any]:
    """What `fit` is given of the recipe while it is timed."""
    class_weight = system.fit_arguments(split).get("class_weight")
    return {"batch_size": system.module.BATCH_SIZE, "class_weight": class_weight, "verbose": 0}


def _repeated_batches(split: Split, batch_size: int, dtype: str) -> tuple[Any, Any]:
    size = FULL_BATCHES * batch_size
    x = map_structure(
        lambda array: array.astype(dtype) if array.dtype.kind == "f" else array,
        repeated(split.x, size),
    )
    return x, repeated(split.y, size)


def bench_times(system: System, rounds: int) -> dict[str, Any]:
    """Milliseconds a step in `numpynn` and in Keras on each of its devices, and the ratios."""
    found: dict[str, Any] = {"keras": {}, "ratio": {}}
    for device in devices():
        with keras.device(device):
            if system.is_model:
                times = model_times(system, system.data(), rounds)["ms_per_step"]
            else:
                ours, start = system.module, system.module.start()
                theirs = keras_systems.load(system.slug)
                start = start.astype(keras.config.floatx())
                times = procedure_times(ours, theirs, start)["ms_per_step"]
        found.setdefault("numpynn", times["numpynn"])
        found["keras"][device] = times["keras"]
        found["ratio"][device] = times["ratio"]
    return found


def devices() -> list[str]:
    """Where Keras can run: the CPU, and a GPU where there is one."""
    return ["cpu:0"] if device_name() == "cpu" else ["cpu:0", "gpu:0"]


def _keras_model(slug: str, jit: bool) -> Any:
    model = keras_systems.load(slug).model()
    model.jit_compile = jit
    return model


def _fit_times(
    ours: Any, theirs: Any, split: Split, recipe: dict[str, Any], step: float, rounds: int
) -> dict[str, float]:
    steps = -(-len(leaves(split.x)[0]) // recipe["batch_size"])
    epochs = min(FIT_EPOCHS, max(1, FIT_STEPS // steps))
    if epochs * steps * step > LONGEST / 10:
        epochs, rounds = 1, 1 if steps * step > LONGEST / 4 else rounds
    found: dict[str, list[float]] = {"numpynn": [], "keras": []}
    for _ in range(rounds):
        for side, model in (("numpynn", ours), ("keras", theirs)):
            begin = time.perf_counter()
            model.fit(split.x, split.y, epochs=epochs, **recipe)
            found[side].append((time.perf_counter() - begin) / (epochs * steps))
    return _ratio(float(np.median(found["numpynn"])), float(np.median(found["keras"])))


def procedure_times(ours: Any, theirs: Any, start: Array) -> dict[str, dict[str, float]]:
    """The same of a procedure: the median time of a step, and a run's time over its steps."""
    medians, means = {}, {}
    for side, module in (("numpynn", ours), ("keras", theirs)):
        durations = []
        for _ in range(ROUNDS):
            durations.append(_step_durations(module.step, start))
        medians[side] = float(np.median(np.concatenate(durations)))
        means[side] = float(np.median([np.mean(d) for d in durations]))
    return {
        "ms_per_step": _ratio(medians["numpynn"], medians["keras"]),
        "ms_per_step_fit": _ratio(means["numpynn"], means["keras"]),
    }


def _step_durations(step: Callable[[Array, int], tuple[Array, Array]], start: Array) -> list[float]:
    """Of 100 steps, or of as many, above 20, as half a second holds."""
    quantity, durations = start, []
    for t in range(FULL_BATCHES):
        begin = time.perf_counter()
        quantity, _ = step(quantity, t)
        durations.append(time.perf_counter() - begin)
        if t >= 20 and sum(durations) > 0.5:
            break
    return durations


def _ratio(ours: float, theirs: float) -> dict[str, float]:
    return {"numpynn": ours * 1e3, "keras": theirs * 1e3, "ratio": ours / theirs}
