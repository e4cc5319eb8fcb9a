"""A 784-512-512-10 network with Adam at batch 128, on both sides: time in matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

import numpynn
from numpynn.typing import Array

BATCH_SIZE = 128
BATCHES = 60
PRODUCTS = ((784, 512), (512, 512), (512, 10))


def data() -> tuple[Array, Array]:
    generator = np.random.default_rng(0)
    x = generator.random((BATCH_SIZE * BATCHES, 784), dtype="float32")
    return x, generator.integers(0, 10, BATCH_SIZE * BATCHES)


def model(library: Any = numpynn) -> Any:
    """The same lines make it in `numpynn` and in Keras."""
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        library.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def products() -> Any:
    """A function that does a step's matrix products and nothing else."""
    generator = np.random.default_rng(0)
    shapes = [(BATCH_SIZE, PRODUCTS[0][0]), *PRODUCTS, *((BATCH_SIZE, n) for _, n in PRODUCTS)]
    x, w1, w2, w3, h1, h2, out = (generator.random(s, dtype="float32") for s in shapes)

    def run() -> None:
        for inputs, kernel, outputs in ((x, w1, h1), (h1, w2, h2), (h2, w3, out)):
            inputs @ kernel
            inputs.T @ outputs
            if inputs is not x:
                outputs @ kernel.T

    return run
