"""The gated recurrent unit: one state, of which an update gate keeps a part.

    z = σ(x W_z + h U_z + b_z)     how much stays       r = σ(x Wᵣ + h Uᵣ + bᵣ)     what to look at
    n = tanh(x Wₙ + bₙ + r (h Uₙ + b'ₙ))     the news, with reset_after
    n = tanh(x Wₙ + bₙ + (r h) Uₙ)           without

    h' = z h + (1 - z) n

Kernels have their columns in the order z, r, n. With reset_after there are two biases, b of the
input's and b' of the state's product. Source: Cho et al. 2014; Keras `GRU`, whose z is 1 - z of the
paper's figure.
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
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    reset_after: bool = True,
    zero_output: bool = False,
) -> Array:
    units = recurrent_kernel.shape[0]
    of_gates, of_news = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]

    def step(x: Array, h: Array) -> tuple[Array]:
        sums = np.matmul(x, kernel)
        if bias is not None:
            sums = sums + (bias[0] if reset_after else bias)
        x_gates, x_news = sums[:, : 2 * units], sums[:, 2 * units :]
        h_gates = np.matmul(h, of_gates)
        if bias is not None and reset_after:
            h_gates = h_gates + bias[1, : 2 * units]
        z, r = np.split(sigmoid(x_gates + h_gates), 2, axis=-1)
        if reset_after:
            h_news = np.matmul(h, of_news)
            h_news = r * (h_news if bias is None else h_news + bias[1, 2 * units :])
        else:
            h_news = np.matmul(r * h, of_news)
        return (z * h + (1.0 - z) * np.tanh(x_news + h_news),)

    return masked_loop(step, x, (h,), mask, zero_output)


@primitive(plain=_plain)
def gru(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    reset_after: bool = True,
    zero_output: bool = False,
) -> Any:
    """The outputs of all steps, and the last state: (B, T + 1, U).

    x (B, T, D)   h (B, U)   kernel (D, 3U)   recurrent_kernel (U, 3U)   mask (B, T)
    bias (2, 3U) with reset_after, else (3U,)
    """
    kind = _ResetAfter if reset_after else _ResetBefore

    def make() -> Cell:
        return kind(kernel, recurrent_kernel, bias)

    return recur(make, x, (h,), mask, zero_output)


class _GRU(Cell):
    order = (0, 1, 2)
    gates = 2

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        shape = (len(like), self.units)
        self.recurrent = self.halved(self.recurrent_kernel)
        self.back_kernel = self.recurrent_kernel.T
        self.chunk = chunk
        self.room = np.empty_like(like, order="C", shape=(shape[0], 3 * self.units))
        self.part = np.empty_like(like, order="C", shape=shape)

    def _open(self, gates: Array) -> None:
        """σ(2a) of the halved sums a."""
        np.tanh(gates, out=gates)
        np.multiply(gates, 0.5, out=gates)
        np.add(gates, 0.5, out=gates)

    def _mix(self, z: Array, n: Array, h: Array, new: Array) -> None:
        """z h + (1 - z) n = n + z (h - n)"""
        np.multiply(z, np.subtract(h, n, out=self.part), out=self.part)
        np.add(n, self.part, out=new)

    def _unmix(self, sums: Array, h: Array, dh: Array, delta: Array) -> None:
        """The cotangents of z and of the news' sum into `delta`; what h' has of h into `dh`."""
        z, _, n = self._blocks(sums, range(3))
        to_z, _, to_n = self._blocks(delta, range(3))
        np.multiply(dh, np.subtract(h, n, out=self.part), out=to_z)
        np.multiply(to_z, self._slope(z), out=to_z)
        kept = np.multiply(dh, z, out=self.part)
        np.subtract(dh, kept, out=to_n)
        dh[...] = kept
        np.subtract(1.0, np.multiply(n, n, out=self.part), out=self.part)
        np.multiply(to_n, self.part, out=to_n)

    def _slope(self, gate: Array) -> Array:
        """s (1 - s)"""
        np.subtract(1.0, gate, out=self.part)
        return np.multiply(self.part, gate, out=self.part)


class _ResetAfter(_GRU):
    """Keeps h Uₙ + b'ₙ of every step; the state's side has another cotangent there, r δ."""

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None) -> None:
        super().__init__(kernel, recurrent_kernel, None if bias is None else bias[0])
        self.recurrent_bias = None if bias is None else self.halved(bias[1])

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        super().begin(like, steps, chunk)
        self.looked_at = np.empty_like(like, order="C", shape=(steps, len(like), self.units))
        self.delta = np.empty_like(like, order="C", shape=(chunk, len(like), 3 * self.units))

    def forth(self, t: int, sums: Array, old: Sequence[Array], new: Sequence[Array]) -> None:
        both, units = 2 * self.units, self.units
        of_h = np.matmul(old[0], self.recurrent, out=self.room)
        if self.recurrent_bias is not None:
            np.add(of_h, self.recurrent_bias, out=of_h)
        gates, n = sums[:, :both], sums[:, both:]
        np.add(gates, of_h[:, :both], out=gates)
        self._open(gates)
        self.looked_at[t] = of_h[:, both:]
        np.add(n, np.multiply(sums[:, units:both], of_h[:, both:], out=self.part), out=n)
        np.tanh(n, out=n)
        self._mix(sums[:, :units], n, old[0], new[0])

    def back(
        self, t: int, sums: Array, old: Sequence[Array], d: Sequence[Array], delta: Array
    ) -> None:
        both, units = 2 * self.units, self.units
        self._unmix(sums, old[0], d[0], delta)
        r, to_r, to_n = sums[:, units:both], delta[:, units:both], delta[:, both:]
        np.multiply(to_n, self.looked_at[t], out=to_r)
        np.multiply(to_r, self._slope(r), out=to_r)
        of_h = self.delta[t % self.chunk]
        of_h[:, :both] = delta[:, :both]
        np.multiply(to_n, r, out=of_h[:, both:])
        dh = d[0]
        dh += np.matmul(of_h, self.back_kernel, out=self.part)

    def recurrent_gradients(self, h: Array, delta: Array, steps: slice) -> list[Array]:
        of_h = self.delta[: steps.stop - steps.start].reshape(delta.shape)
        found = [np.matmul(h.T, of_h)]
        if self.bias is not None:
            found.append(np.stack([np.add.reduce(delta), np.add.reduce(of_h)]))
        return found


class _ResetBefore(_GRU):
    """The state's side of the news sees r h."""

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        super().begin(like, steps, chunk)
        both = 2 * self.units
        self.of_gates = self.recurrent[:, :both].copy()
        self.of_news = self.recurrent[:, both:].copy()
        self.seen = np.empty_like(like, order="C", shape=(chunk, len(like), self.units))

    def forth(self, t: int, sums: Array, old: Sequence[Array], new: Sequence[Array]) -> None:
        both, units = 2 * self.units, self.units
        gates, n = sums[:, :both], sums[:, both:]
        np.add(gates, np.matmul(old[0], self.of_gates, out=self.room[:, :both]), out=gates)
        self._open(gates)
        seen = np.multiply(sums[:, units:both], old[0], out=self.part)
        np.add(n, np.matmul(seen, self.of_news, out=self.room[:, both:]), out=n)
        np.tanh(n, out=n)
        self._mix(sums[:, :units], n, old[0], new[0])

    def back(
        self, t: int, sums: Array, old: Sequence[Array], d: Sequence[Array], delta: Array
    ) -> None:
        both, units = 2 * self.units, self.units
        h, dh = old[0], d[0]
        self._unmix(sums, h, dh, delta)
        r, to_r, to_n = sums[:, units:both], delta[:, units:both], delta[:, both:]
        np.multiply(r, h, out=self.seen[t % self.chunk])
        to_seen = np.matmul(to_n, self.back_kernel[both:], out=self.room[:, both:])
        dh += np.multiply(to_seen, r, out=self.part)
        np.multiply(to_seen, h, out=to_r)
        np.multiply(to_r, self._slope(r), out=to_r)
        dh += np.matmul(delta[:, :both], self.back_kernel[:both], out=self.part)

    def recurrent_gradients(self, h: Array, delta: Array, steps: slice) -> list[Array]:
        both = 2 * self.units
        seen = self.seen[: steps.stop - steps.start].reshape(h.shape)
        to_gates = np.matmul(h.T, delta[:, :both])
        found = [np.concatenate([to_gates, np.matmul(seen.T, delta[:, both:])], axis=-1)]
        return found if self.bias is None else [*found, np.add.reduce(delta)]
