"""The cost of an epoch outside the model: `fit` beside its steps written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import loop


@pytest.mark.parametrize("side", ["fit", "bare"])
def test_epochs(benchmark: Any, side: str) -> None:
    benchmark.group = f"{loop.EPOCHS} epochs of {loop.BATCHES} steps, 4-10-3"
    benchmark(getattr(loop, side), loop.model())


def test_both_ways_give_the_same_weights() -> None:
    models = loop.model(), loop.model()
    loop.fit(models[0], shuffle=False)
    loop.bare(models[1])
    for found, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(found, expected)
