"""Two larger networks, the same on both sides, and their matrix products by themselves.

    dense            784-512-512-10, batch 128
    convolutional    two 3x3 convolutions, 32 and 64 channels, each with 2x2 maxima behind it, and a
                     head of 128 units, on 28x28 images, batch 128

Both train by Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import numpynn
from numpynn.typing import Array

BATCH_SIZE = 128
BATCHES = 60


@dataclass(frozen=True)
class Network:
    """`products` are its layers' (rows, inner, columns) of the forward product, first to last."""

    name: str
    input_shape: tuple[int, ...]
    layers: Callable[[Any], list[Any]]
    products: tuple[tuple[int, int, int], ...]

    def data(self) -> tuple[Array, Array]:
        generator = np.random.default_rng(0)
        x = generator.random((BATCH_SIZE * BATCHES, *self.input_shape), dtype="float32")
        return x, generator.integers(0, 10, BATCH_SIZE * BATCHES)

    def model(self, library: Any = numpynn) -> Any:
        """The same lines make it in `numpynn` and in Keras."""
        layers = [library.Input(self.input_shape), *self.layers(library.layers)]
        model = library.Sequential(layers)
        model.compile(
            library.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    def run_products(self) -> Callable[[], None]:
        """A function that does a step's matrix products and nothing else."""
        generator = np.random.default_rng(0)

        def drawn(*shape: int) -> Array:
            return generator.random(shape, dtype="float32")

        made = [(drawn(n, k), drawn(k, m), drawn(n, m)) for n, k, m in self.products]

        def run() -> None:
            for number, (x, kernel, y) in enumerate(made):
                x @ kernel
                x.T @ y
                if number:
                    y @ kernel.T

        return run

    def operations(self) -> int:
        """Floating-point operations of a step's products; the first layer has no input gradient."""
        forward = [2 * n * k * m for n, k, m in self.products]
        return 3 * sum(forward) - forward[0]


DENSE = Network(
    "784-512-512-10",
    (784,),
    lambda layers: [
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    ((128, 784, 512), (128, 512, 512), (128, 512, 10)),
)

CONVOLUTIONAL = Network(
    "32-64 CNN",
    (28, 28, 1),
    lambda layers: [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    ((128 * 26 * 26, 9, 32), (128 * 11 * 11, 288, 64), (128, 1600, 128), (128, 128, 10)),
)

NETWORKS = (DENSE, CONVOLUTIONAL)


def sgemm_rate(size: int = 2048) -> float:
    """Operations a second of a large square product in single precision: the machine's best."""
    import time

    a = np.random.default_rng(0).random((size, size), dtype="float32")
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - begin)
    return 2 * size**3 / min(seconds)
