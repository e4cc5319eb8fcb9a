"""Every system goes from Keras into a file, to numpynn, into a file, to Keras, and trains on."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pairs import array

import numpynn
from kerasref import systems as keras_systems
from kerasref.compare import TrainingRun, both_float_types, worst
from kerasref.compare import bars as bars_of
from numpynn.autograd.structure import leaves, map_structure
from numpynn.systems import SLUGS, load

MODELS = [slug for slug in SLUGS if load(slug).is_model]
SAMPLES, STEPS = 200, 10


def own(module: Any) -> dict[str, Any]:
    """The classes and functions that a system's models are made of, beside the library's."""
    found: dict[str, Any] = getattr(module, "CUSTOM_OBJECTS", {})
    return found


@pytest.mark.parametrize("slug", MODELS)
def test_systems_go_through_files_and_train_on(slug: str, tmp_path: Path) -> None:
    gc.collect()
    system, keras_system = load(slug), keras_systems.load(slug)
    with both_float_types("float32"):
        split = system.data()
        x, y = map_structure(
            lambda a: None if a is None else a[: system.module.BATCH_SIZE], (split.x, split.y)
        )
        theirs = keras_system.model()
        theirs.train_on_batch(x, y)
        theirs.save(tmp_path / "theirs.keras")
        for layer in theirs.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()  # what is kept from batch to batch goes into no file
        ours = numpynn.models.load_model(tmp_path / "theirs.keras", own(system.module))
        ours.save(tmp_path / "ours.keras")
        again = keras.models.load_model(tmp_path / "ours.keras", own(keras_system))
        inputs = map_structure(lambda a: a[:SAMPLES], split.x_test)
        expected = leaves(theirs.predict(inputs, verbose=0))
        for found, wanted in zip(leaves(again.predict(inputs, verbose=0)), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
        bars = bars_of(system, "float32")
        assert worst(leaves(ours.predict(inputs, verbose=0)), expected) <= bars["forward"]
        state = [array(v) for v in theirs.optimizer.variables]
        assert worst([array(v) for v in again.optimizer.variables], state) <= bars["weights"]
        class_weight = system.fit_arguments(split).get("class_weight")
        run = TrainingRun(ours, again, split, system.module.BATCH_SIZE, "float32", class_weight)
        assert max(run.step() for _ in range(STEPS)) <= bars["loss"]
        assert worst(ours.get_weights(), again.get_weights()) <= bars["weights"]
