"""The comparison beyond its default: Keras compiled by XLA, and Keras's other back-ends."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from kerasref import compare as comparison
from numpynn import systems

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("slug", ["iris-mlp", "sine-fit", "mnist-mlp"])
def test_training_compiled_by_xla_stays_within_the_bars(slug):
    system = systems.load(slug)
    with comparison.both_float_types("float32"):
        ours, theirs = comparison.pair(system)
        theirs.jit_compile = True
        run = comparison.TrainingRun(
            ours, theirs, system.data(), system.module.BATCH_SIZE, "float32"
        )
        losses = [run.step() for _ in range(20)]
        found, expected = ours.get_weights(), theirs.get_weights()
    assert max(losses) <= comparison.BARS["float32"]["loss"]
    assert comparison.worst(found, expected) <= comparison.BARS["float32"]["weights"]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_comparison_runs_on_another_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    command = [sys.executable, "-m", "numpynn.cli", "compare", "sine-fit", "mnist-mlp", "--json"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert {row["backend"] for row in found["systems"]} == {backend}
    assert all(np.isfinite(row["loss"]) for row in found["systems"])
