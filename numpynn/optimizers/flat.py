"""Variables end to end in one vector, and the blocks in which an update works through it.

A block is short enough to stay in the cache while a formula passes over it several times, and long
enough that the calls cost little. Gradients stay where they are: that of a large variable is read
in place; those of small ones are gathered into a spare block right before their update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain, compress, pairwise
from typing import Any
from weakref import ref

import numpy as np

from numpynn.parallel import in_shares
from numpynn.typing import Array
from numpynn.variables import Variable

# Values in a block. Adam over a million float32 weights takes 2.2 ms with blocks of 32,768 to
# 262,144, 2.6 ms with 16,384 and 3.3 ms with 8,192.
BLOCK = 65536
# A variable of this size has blocks of its own. Smaller ones share blocks at the price of a copy,
# which costs less than the calls for a short block would.
LARGE = BLOCK // 4
# What a weight counts where `in_shares` decides on threads, as it does for matrix products.
_COST = 64


class Group:
    """The variables of one dtype as views of one vector, with slots: vectors beside it."""

    def __init__(self, variables: Sequence[Variable], numbers: Sequence[int]) -> None:
        self.variables = list(variables)
        self.numbers = list(numbers)  # their places in the list that `build` got
        self.bounds = [0, *(int(b) for b in np.cumsum([v.size for v in self.variables]))]
        self.slots: list[Array] = []
        self._blocks: list[Block] = []  # of all variables
        self._alone: list[list[Block]] = []  # of each variable
        self._numbers: Any = None
        self._attach()

    def add_slot(self, value: float) -> Array:
        """A new vector beside the weights, filled with `value`."""
        self.slots.append(np.full_like(self.values, value))
        return self.slots[-1]

    def part_of(self, vector: Array, place: int) -> Array:
        """A variable's part of a vector, in the variable's shape; writing into it changes both."""
        start, stop = self.bounds[place : place + 2]
        return vector[start:stop].reshape(self.variables[place].shape)

    def make_writable(self) -> None:
        """New memory where a variable was reassigned, or a live graph holds its old value."""
        for variable, view in zip(self.variables, self._views, strict=True):
            if variable.array is not view() or variable.shared():
                self._attach()
                return

    def numbers_of(self, values: tuple[float, ...]) -> Sequence[Any]:
        """The numbers of a formula, for this dtype.

        As arrays without dimensions they cost an operation 0.26 µs where Python floats cost 0.6: of
        12.5 µs that Adam takes for a small network, 1 µs.
        """
        if type(self.values) is not np.ndarray:
            return values
        if self._numbers is None:
            self._numbers = np.empty(len(values), self.values.dtype)
            self._cells = [self._numbers[i : i + 1].reshape(()) for i in range(len(values))]
        self._numbers[:] = values
        return self._cells

    def for_each_block(
        self,
        gradients: Sequence[Array | None],
        update: Callable[[Block, Array, Sequence[Array]], None],
    ) -> None:
        """`update(block, g, scratch)` for each block, by as many threads as are worth it.

        g: the block's gradient, which must not be written into. scratch: two spare blocks.
        Variables whose gradient is None have no block. Nadam of 3.3 million weights takes 4.2 ms
        with two threads, 6.7 with one.
        """
        flat = [None if g is None else g.ravel() for g in gradients]
        blocks = self._blocks_of([g is not None for g in gradients])

        def share(first: int, last: int) -> None:
            for block in blocks[first:last]:
                *scratch, gathered = block.room if first == 0 else block.cut(self._room_of(first))
                update(block, block.gradient(flat, gathered), scratch)

        plain = type(self.values) is np.ndarray
        in_shares(share, len(blocks), _COST * len(self.values) if plain else 0)

    def _room_of(self, first: int) -> Sequence[Array]:
        """The spare blocks of the share that begins with block number `first`."""
        if first not in self._rooms:
            self._rooms[first] = [np.empty_like(each) for each in self.room]
        return self._rooms[first]

    # -- memory ---------------------------------------------------------------------------------

    def _attach(self) -> None:
        """Copy the values into new memory and make the variables views of it."""
        self.values = np.concatenate([v.array.reshape(-1) for v in self.variables])
        # An array over a memoryview is the base of its own views, which a view of another array is
        # not. So `Variable.shared` sees whoever holds a part of it.
        plain = type(self.values) is np.ndarray
        for place, variable in enumerate(self.variables):
            part = self.part_of(self.values, place)
            variable.array = np.asarray(part.data) if plain else part
        self._views = [ref(v.array) for v in self.variables]
        for block in (*self._blocks, *chain.from_iterable(self._alone)):
            block.weights = self.values[block.stretch]

    # -- blocks ---------------------------------------------------------------------------------

    def plan(self, decays: Sequence[bool]) -> None:
        """Choose the blocks. decays: of each variable, whether weight decay applies to it."""
        self._decays = list(decays)
        spare = min(BLOCK, len(self.values))
        self.room = [np.empty_like(self.values, shape=(spare,)) for _ in range(3)]
        self._rooms: dict[int, list[Array]] = {}
        runs: list[tuple[int, int]] = []  # the first and the last of variables that share blocks
        for place in range(len(self.variables)):
            if runs and self._may_share(runs[-1][0], place):
                runs[-1] = (runs[-1][0], place)
            else:
                runs.append((place, place))
        self._blocks = [block for first, last in runs for block in self._cut(first, last)]
        self._alone = []

    def _may_share(self, first: int, place: int) -> bool:
        """Whether a variable fits into the block that begins with variable `first`."""
        sizes = [self.bounds[i + 1] - self.bounds[i] for i in (first, place)]
        together = self.bounds[place + 1] - self.bounds[first]
        alike = self._decays[first] == self._decays[place]
        return max(sizes) < LARGE and together <= BLOCK and alike

    def _cut(self, first: int, last: int) -> list[Block]:
        start, stop = self.bounds[first], self.bounds[last + 1]
        pieces = max(1, math.ceil((stop - start) / BLOCK))
        edges = [start + (stop - start) * i // pieces for i in range(pieces + 1)]
        return [Block(self, first, last, a, b, self._decays[first]) for a, b in pairwise(edges)]

    def _blocks_of(self, wanted: Sequence[bool]) -> list[Block]:
        """The blocks of the wanted variables."""
        if all(wanted):
            return self._blocks
        if not self._alone:
            self._alone = [self._cut(place, place) for place in range(len(self.variables))]
        return list(chain.from_iterable(compress(self._alone, wanted)))


class Block:
    """A stretch of the vector: one or more whole variables, or a part of one."""

    __slots__ = (
        "_inside",
        "decays",
        "places",
        "room",
        "slots",
        "stretch",
        "weights",
    )

    def __init__(
        self, group: Group, first: int, last: int, start: int, stop: int, decays: bool
    ) -> None:
        self.places = slice(first, last + 1)  # of its variables in the group
        self.stretch = slice(start, stop)
        self.decays = decays
        self.weights = group.values[self.stretch]
        self.slots = [slot[self.stretch] for slot in group.slots]
        self.room = self.cut(group.room)
        self._inside = slice(start - group.bounds[first], stop - group.bounds[first])

    def cut(self, spare: Sequence[Array]) -> list[Array]:
        """Spare blocks in its own length: two for a formula, one for gathered gradients."""
        length = self.stretch.stop - self.stretch.start
        return [each[:length] for each in spare]

    def gradient(self, flat: Sequence[Array | None], gathered: Array) -> Array:
        """Its part of the gradients, which are flattened: in place, or gathered."""
        own: Any = flat[self.places]
        if len(own) > 1:
            return np.concatenate(own, out=gathered)
        part = own[0][self._inside]
        return part if part.dtype == gathered.dtype else part.astype(gathered.dtype)


class SlotView(Variable):
    """One variable's part of a slot, shown as a variable: to read, to assign, to save."""

    __slots__ = ("_memory",)

    def __init__(self, memory: Array, name: str) -> None:
        self._memory = memory
        super().__init__(memory, dtype=memory.dtype, trainable=False, name=name)

    @property
    def array(self) -> Array:
        """A copy of the values now: the next step changes the slot in place."""
        return self._memory.copy()

    @array.setter
    def array(self, value: Array) -> None:
        self._memory[...] = value

    def shared(self) -> bool:
        """True: `array` never gives the slot's own memory, so an assignment must go through it."""
        return True
