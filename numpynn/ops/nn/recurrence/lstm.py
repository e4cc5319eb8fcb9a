"""Long short-term memory: a carried state that gates write to, erase and read.

    i = σ(x Wᵢ + h Uᵢ + bᵢ)     what to write      f = σ(x W_f + h U_f + b_f)   what to keep
    g = tanh(x W_g + h U_g + b_g)     the news     o = σ(x Wₒ + h Uₒ + bₒ)      what to show

    c' = f c + i g              h' = o tanh(c')

Kernels have their columns in the order i, f, g, o. Source: Hochreiter and Schmidhuber 1997; Gers,
Schmidhuber and Cummins 2000 for f; Keras `LSTM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.ops.nn.elementwise import sigmoid
from numpynn.ops.nn.recurrence.walk import Cell, masked_loop, recur
from numpynn.typing import Array


def _plain(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    zero_output: bool = False,
) -> Array:
    def step(x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        sums = np.matmul(x, kernel) + np.matmul(h, recurrent_kernel)
        if bias is not None:
            sums = sums + bias
        i, f, g, o = np.split(sums, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    return masked_loop(step, x, (h, c), mask, zero_output)


@primitive(plain=_plain)
def lstm(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    zero_output: bool = False,
) -> Any:
    """The outputs of all steps, the last h and the last c: (B, T + 2, U).

    x (B, T, D)   h, c (B, U)   kernel (D, 4U)   recurrent_kernel (U, 4U)   bias (4U,)   mask (B, T)
    """

    def make() -> Cell:
        return _LSTM(kernel, recurrent_kernel, bias)

    return recur(make, x, (h, c), mask, zero_output)


class _LSTM(Cell):
    order = (0, 1, 3, 2)  # i, f, o, g
    gates = 3

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        shape = (len(like), self.units)
        self.recurrent = self.halved(self.recurrent_kernel)
        self.back_kernel = self.recurrent_kernel.T
        self.read = np.empty_like(like, order="C", shape=(steps, *shape))  # tanh(c)
        self.room = np.empty_like(like, order="C", shape=(shape[0], 4 * self.units))
        self.part = np.empty_like(like, order="C", shape=shape)

    def forth(self, t: int, sums: Array, old: Sequence[Array], new: Sequence[Array]) -> None:
        (h, c), (new_h, new_c) = old, new
        np.add(sums, np.matmul(h, self.recurrent, out=self.room), out=sums)
        np.tanh(sums, out=sums)
        gates = sums[:, : 3 * self.units]
        np.multiply(gates, 0.5, out=gates)
        np.add(gates, 0.5, out=gates)
        i, f, o, g = self._blocks(sums, range(4))
        np.multiply(f, c, out=new_c)
        np.add(new_c, np.multiply(i, g, out=self.part), out=new_c)
        np.multiply(o, np.tanh(new_c, out=self.read[t]), out=new_h)

    def back(
        self, t: int, sums: Array, old: Sequence[Array], d: Sequence[Array], delta: Array
    ) -> None:
        (_, c), (dh, dc) = old, d
        i, f, o, g = self._blocks(sums, range(4))
        to_i, to_f, to_o, to_g = self._blocks(delta, range(4))
        read, part = self.read[t], self.part
        np.multiply(dh, read, out=to_o)
        np.multiply(dh, o, out=dh)
        dc += dh
        dc -= np.multiply(dh, np.multiply(read, read, out=part), out=part)  # o (1 - tanh²(c'))
        np.multiply(dc, g, out=to_i)
        np.multiply(dc, c, out=to_f)
        np.multiply(dc, i, out=to_g)
        np.multiply(dc, f, out=dc)
        # The slopes: s (1 - s) of a gate, 1 - g² of the news.
        gates, news = self.room[:, : 3 * self.units], self.room[:, 3 * self.units :]
        s = sums[:, : 3 * self.units]
        np.multiply(np.subtract(1.0, s, out=gates), s, out=gates)
        np.subtract(1.0, np.multiply(g, g, out=news), out=news)
        np.multiply(delta, self.room, out=delta)
        np.matmul(delta, self.back_kernel, out=dh)
