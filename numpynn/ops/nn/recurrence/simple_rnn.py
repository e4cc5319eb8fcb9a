"""The simple recurrent network:  h' = φ(x W + h U + b).

Source: Elman 1990, Finding structure in time; Keras `SimpleRNN`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.ops.nn.recurrence.walk import Cell, masked_loop, recur
from numpynn.typing import Array

ACTIVATIONS = ("tanh", "relu", "linear")


def _plain(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    activation: str = "tanh",
    zero_output: bool = False,
) -> Array:
    def step(x: Array, h: Array) -> tuple[Array]:
        sums = np.matmul(x, kernel) + np.matmul(h, recurrent_kernel)
        if bias is not None:
            sums = sums + bias
        if activation == "tanh":
            return (np.tanh(sums),)
        return (np.maximum(0.0, sums) if activation == "relu" else sums,)

    return masked_loop(step, x, (h,), mask, zero_output)


@primitive(plain=_plain)
def simple_rnn(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    activation: str = "tanh",
    zero_output: bool = False,
) -> Any:
    """The outputs of all steps, and the last once more: (B, T + 1, U).

    x (B, T, D)   h (B, U)   kernel (D, U)   recurrent_kernel (U, U)   bias (U,)   mask (B, T)
    activation: "tanh", "relu" or "linear". Raises ValueError for another.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"`activation` must be one of {', '.join(ACTIVATIONS)}; got {activation}.")

    def make() -> Cell:
        return _Simple(kernel, recurrent_kernel, bias, activation)

    return recur(make, x, (h,), mask, zero_output)


class _Simple(Cell):
    def __init__(
        self, kernel: Array, recurrent_kernel: Array, bias: Array | None, activation: str
    ) -> None:
        super().__init__(kernel, recurrent_kernel, bias)
        self.activation = activation

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        self.back_kernel = self.recurrent_kernel.T
        self.room = np.empty_like(like, order="C", shape=(len(like), self.units))

    def forth(self, t: int, sums: Array, old: Sequence[Array], new: Sequence[Array]) -> None:
        np.add(sums, np.matmul(old[0], self.recurrent_kernel, out=self.room), out=sums)
        if self.activation == "tanh":
            np.tanh(sums, out=sums)
        elif self.activation == "relu":
            np.maximum(sums, 0.0, out=sums)
        new[0][...] = sums

    def back(
        self, t: int, sums: Array, old: Sequence[Array], d: Sequence[Array], delta: Array
    ) -> None:
        if self.activation == "tanh":
            np.subtract(1.0, np.multiply(sums, sums, out=delta), out=delta)
            np.multiply(delta, d[0], out=delta)
        elif self.activation == "relu":
            np.multiply(d[0], sums > 0, out=delta)
        else:
            delta[...] = d[0]
        np.matmul(delta, self.back_kernel, out=d[0])
