"""Through time and back: what the fused recurrent networks share.

Forth, for chunks of steps: the inputs' product with the kernel for all steps at once, then step
after step. Back, chunk by chunk from the end: the cotangents δ of every step's sums, then

    ∂L/∂W += Σ_t x_tᵀ δ_t        ∂L/∂U += Σ_t h_{t-1}ᵀ δ_t        ∂L/∂x_t = δ_t Wᵀ

as one product each. The batch is shared among threads; their sums are added in a fixed order.

Masks: a step where the mask is False leaves the states as they were. Its output is the one before
(zeros where there is none), or zeros with `zero_output`.
Source: Werbos 1990, Backpropagation through time; Keras `backend.rnn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from numpynn.autograd import Jointly
from numpynn.parallel import in_shares, total
from numpynn.typing import Array

ROWS = 1024
"""Of a chunk's products: steps times sequences."""


def masked_loop(
    step: Callable[..., tuple[Array, ...]],
    x: Array,
    states: tuple[Array, ...],
    mask: Array | None,
    zero_output: bool,
) -> Array:
    """The loop over time: `step(x_t, *states)` gives the new states, of which the first is shown.

    Returns the outputs and then the last states, (B, T + n, U).
    """
    outputs = []
    shown = np.zeros_like(states[0])
    for t in range(x.shape[1]):
        new = step(x[:, t], *states)
        if mask is not None:
            here = mask[:, t, np.newaxis]
            shown = np.where(here, new[0], 0.0 if zero_output else shown)
            states = tuple(np.where(here, *pair) for pair in zip(new, states, strict=True))
        else:
            shown, states = new[0], new
        outputs.append(shown)
    return np.stack([*outputs, *states], axis=1)


class Cell:
    """What one kind of network does in a step, for a share of the batch (b sequences).

    The sums of a step, x W + b, are (b, G · U): G blocks for gates and the like, in an order of the
    cell's own. The logistic function is ½ + ½ tanh(a / 2), so that one tanh serves all blocks: the
    columns of gates are halved beforehand. 64 x 512 values take 17 µs so, and 24 with `np.exp`.
    """

    order: tuple[int, ...] = (0,)
    """The blocks of the given weights in the cell's order: gates first."""
    gates = 0
    """How many of them go through the logistic function."""

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None) -> None:
        self.units = len(recurrent_kernel)
        self.kernel, self.recurrent_kernel = self.arranged(kernel), self.arranged(recurrent_kernel)
        self.bias = None if bias is None else self.arranged(bias)

    def begin(self, like: Array, steps: int, chunk: int) -> None:
        """Make room for what `back` needs of every step beside the sums and the states."""

    def forth(self, t: int, sums: Array, old: Sequence[Array], new: Sequence[Array]) -> None:
        """The new states, from the sums and the old states. What `sums` holds then, `back` gets."""
        raise NotImplementedError

    def back(
        self, t: int, sums: Array, old: Sequence[Array], d: Sequence[Array], delta: Array
    ) -> None:
        """The cotangents of the sums into `delta`; those of the states, `d`, from new to old."""
        raise NotImplementedError

    def recurrent_gradients(self, h: Array, delta: Array, steps: slice) -> list[Array]:
        """What a chunk adds to ∂L/∂U and ∂L/∂b.   h, the outputs before each step: (n · b, U)"""
        to_recurrent = np.matmul(h.T, delta)
        return [to_recurrent, *([] if self.bias is None else [np.add.reduce(delta)])]

    def arranged(self, weights: Array) -> Array:
        """Weights (…, G · U) with the blocks in the cell's order."""
        return np.concatenate(self._blocks(weights, self.order), axis=-1)

    def restored(self, gradient: Array) -> Array:
        """The inverse of `arranged`."""
        inverse = [self.order.index(block) for block in range(len(self.order))]
        return np.concatenate(self._blocks(gradient, inverse), axis=-1)

    def halved(self, weights: Array) -> Array:
        """Arranged weights with the columns of gates halved."""
        found = weights.copy()
        found[..., : self.gates * self.units] *= 0.5
        return found

    def _blocks(self, weights: Array, order: Sequence[int]) -> list[Array]:
        units = weights.shape[-1] // len(self.order)
        return [weights[..., block * units : (block + 1) * units] for block in order]


def recur(
    make: Callable[[], Cell],
    x: Array,
    states: Sequence[Array],
    mask: Array | None,
    zero_output: bool,
) -> tuple[Array, Jointly]:
    """Outputs and last states (B, T + n, U), and their vjp.

    make: a new cell for a share   x (B, T, D)   states n times (B, U)   mask (B, T) or None
    The vjp is for x, the states, the kernel, the recurrent kernel and the bias, in this order.
    """
    batch, steps, features = x.shape
    units = states[0].shape[-1]
    y = np.empty_like(x, order="C", shape=(batch, steps + len(states), units))
    width = make().kernel.shape[-1]
    work = 2 * batch * steps * (features + units) * width if isinstance(x, np.ndarray) else 0

    def begin(first: int, last: int) -> _Walk:
        part = slice(first, last)
        own = None if mask is None else mask[part]
        walk = _Walk(make(), x[part], [s[part] for s in states], own, zero_output, y[part])
        walk.forth()
        return walk

    walks = in_shares(begin, batch, work)

    def pull(g: Array, numbers: Sequence[int]) -> list[Array]:
        ends = np.cumsum([len(walk.x) for walk in walks]).tolist()

        def back(first: int, last: int) -> list[list[Array]]:
            chosen = zip(walks[first:last], ends[first:last], strict=True)
            return [walk.back(g[end - len(walk.x) : end]) for walk, end in chosen]

        parts = [part for share in in_shares(back, len(walks), 2 * work) for part in share]
        sequences = len(states) + 1
        joined = [np.concatenate(of) for of in zip(*(part[:sequences] for part in parts))]
        summed = [total(of) for of in zip(*(part[sequences:] for part in parts))]
        found = [*joined, *summed]
        return [found[number] for number in numbers]

    return y, Jointly(pull)


class _Walk:
    """One share of the batch, forth and back."""

    def __init__(
        self,
        cell: Cell,
        x: Array,
        states: Sequence[Array],
        mask: Array | None,
        zero_output: bool,
        y: Array,
    ) -> None:
        self.cell, self.x, self.states, self.y = cell, x, states, y
        self.mask: Array = mask
        self.shown: Array = mask
        if mask is not None and not zero_output:
            self.shown = np.logical_or.accumulate(mask, axis=1)
        batch, steps, _ = x.shape
        self.sums = self._room(steps, batch, cell.kernel.shape[-1])
        # The output before each step stands in y, unless a mask hides some of it there.
        kept = range(1 if mask is None else 0, len(states))
        self.kept = {number: self._room(steps + 1, batch, cell.units) for number in kept}
        self.chunk = max(1, min(steps, ROWS // max(batch, 1)))
        cell.begin(x, steps, self.chunk)

    def forth(self) -> None:
        steps, cell = self.x.shape[1], self.cell
        kernel = cell.halved(cell.kernel)
        bias = None if cell.bias is None else cell.halved(cell.bias)
        room = self._room(self.chunk, len(self.x), self.x.shape[-1])
        old = [np.copy(state) for state in self.states]
        new = [np.empty_like(state, order="C") for state in old]
        for number, kept in self.kept.items():
            kept[0] = old[number]
        for chunk in self._chunks():
            sums = self.sums[chunk].reshape(-1, kernel.shape[-1])
            np.matmul(self._by_time(self.x[:, chunk], room), kernel, out=sums)
            if bias is not None:
                np.add(sums, bias, out=sums)
            for t in range(chunk.start, chunk.stop):
                for number, kept in self.kept.items():
                    new[number] = kept[t + 1]
                cell.forth(t, self.sums[t], old, new)
                if self.mask is None:
                    self.y[:, t] = new[0]
                else:
                    self._stay(t, old, new)
                    self.y[:, t] = np.where(self.shown[:, t, np.newaxis], new[0], 0.0)
                old, new = new, list(old)
        for number, last in enumerate(old, start=steps):
            self.y[:, number] = last

    def back(self, g: Array) -> list[Array]:
        """∂L/∂ of x, of the first states, of the kernel, the recurrent kernel and the bias."""
        cell, steps = self.cell, self.x.shape[1]
        to_x = np.empty_like(self.x, order="C")
        features, width = cell.kernel.shape
        delta = self._room(self.chunk, len(self.x), width)
        of_x = self._room(self.chunk, len(self.x), features)
        of_h = self._room(self.chunk, len(self.x), cell.units)
        sums: list[Array] = []
        d = [np.copy(g[:, steps + number]) for number in range(len(self.states))]
        for chunk in reversed(list(self._chunks())):
            before = self._before(chunk, of_h)
            for t in reversed(range(chunk.start, chunk.stop)):
                to_output = g[:, t]
                if self.shown is not None:
                    to_output = np.where(self.shown[:, t, np.newaxis], to_output, 0.0)
                d[0] += to_output
                old = [before[t - chunk.start], *(self.kept[n][t] for n in range(1, len(d)))]
                after = [np.copy(each) for each in d] if self.mask is not None else d
                if self.mask is not None:  # what the step hid gets nothing from it
                    for each in d:
                        each *= self.mask[:, t, np.newaxis]
                cell.back(t, self.sums[t], old, d, delta[t - chunk.start])
                if self.mask is not None:
                    self._stay(t, after, d)
            n = chunk.stop - chunk.start
            rows = delta[:n].reshape(-1, width)
            found = [
                np.matmul(self._by_time(self.x[:, chunk], of_x).T, rows),
                *cell.recurrent_gradients(before.reshape(-1, cell.units), rows, chunk),
            ]
            sums = [total(pair) for pair in zip(sums, found, strict=True)] if sums else found
            np.matmul(rows, cell.kernel.T, out=of_x[:n].reshape(-1, features))
            to_x[:, chunk] = np.swapaxes(of_x[:n], 0, 1)
        return [to_x, *d, *(cell.restored(each) for each in sums)]

    def _stay(self, t: int, before: Sequence[Array], after: Sequence[Array]) -> None:
        """Where the mask is False, what was before."""
        hidden = ~self.mask[:, t, np.newaxis]
        for there, here in zip(before, after, strict=True):
            np.copyto(here, there, where=hidden)

    def _before(self, chunk: slice, room: Array) -> Array:
        """The output before each step of a chunk (n, b, U)."""
        if 0 in self.kept:
            return self.kept[0][chunk]
        room = room[: chunk.stop - chunk.start]
        first = max(chunk.start, 1)
        room[first - chunk.start :] = np.swapaxes(self.y[:, first - 1 : chunk.stop - 1], 0, 1)
        if chunk.start == 0:
            room[0] = self.states[0]
        return room

    def _chunks(self) -> Iterator[slice]:
        steps = self.x.shape[1]
        for begin in range(0, steps, self.chunk):
            yield slice(begin, min(begin + self.chunk, steps))

    def _by_time(self, values: Array, room: Array) -> Array:
        """Steps one after another: (b, n, D) → (n · b, D)."""
        room = room[: values.shape[1]]
        room[...] = np.swapaxes(values, 0, 1)
        return room.reshape(-1, values.shape[-1])

    def _room(self, *shape: int) -> Array:
        return np.empty_like(self.x, order="C", shape=shape)
