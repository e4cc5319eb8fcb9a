"""A training step of every system and of a larger network, beside Keras where it is installed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import networks
from kerasref.systems import load as load_keras
from numpynn import systems
from numpynn.autograd.structure import map_structure


def one_step(model: Any, x: Any, y: Any) -> Any:
    """A function that trains on one batch, after the first time, which builds and compiles."""
    model.train_on_batch(x, y)
    return lambda: model.train_on_batch(x, y)


@pytest.mark.parametrize("side", ["numpynn", "keras"])
@pytest.mark.parametrize("slug", [s for s in systems.SLUGS if systems.load(s).is_model])
def test_step(benchmark: Any, slug: str, side: str) -> None:
    benchmark.group = f"step: {slug}"
    system = systems.load(slug)
    split, size = system.data(), system.module.BATCH_SIZE
    model = system.model() if side == "numpynn" else load_keras(slug).model()
    x = map_structure(lambda array: array[:size].astype("float32"), split.x)
    y = map_structure(lambda array: None if array is None else array[:size], split.y)
    benchmark(one_step(model, x, y))


@pytest.mark.parametrize("side", ["numpynn", "keras"])
@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda network: network.name)
def test_step_of_a_larger_network(benchmark: Any, network: Any, side: str) -> None:
    import keras

    import numpynn

    benchmark.group = f"step: {network.name}, batch {networks.BATCH_SIZE}"
    x, y = network.data()
    model = network.model(numpynn if side == "numpynn" else keras)
    benchmark(one_step(model, x[: networks.BATCH_SIZE], y[: networks.BATCH_SIZE]))
