"""Optimizers whose formula treats every weight alone.

All variables of a dtype lie end to end in one vector, and so does each piece of state, a slot. An
update is a few NumPy calls on each block of these vectors, in place, instead of a few calls for
every variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.optimizers.base import Optimizer
from numpynn.optimizers.flat import Block, Group, SlotView
from numpynn.typing import Array
from numpynn.variables import Variable


class Elementwise(Optimizer):
    """Base class: override `make_slots`, `coefficients` and `update`."""

    def make_slots(self) -> None:
        """Call `add_slots` for what the optimizer remembers of each weight."""

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        """The numbers that an update needs, computed once a step; `step` counts from 1."""
        return (learning_rate,)

    def update(
        self,
        w: Array,
        g: Array,
        slots: Sequence[Array],
        scratch: Sequence[Array],
        numbers: Sequence[Any],
    ) -> None:
        """The formula, in place on a block of the weights w.

        g: their gradients, which must be left as they are. slots: in the order of `make_slots`.
        scratch: two spare blocks. numbers: the `coefficients`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `update()`.")

    # -- state ----------------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        by_dtype: dict[Any, list[int]] = {}
        for i, variable in enumerate(self._trainable_variables):
            by_dtype.setdefault(variable.dtype, []).append(i)
        self._groups = [
            Group([self._trainable_variables[i] for i in numbers], numbers)
            for numbers in by_dtype.values()
        ]
        self.make_slots()
        for group in self._groups:
            self._plan(group)

    def add_slots(self, **initial: float) -> None:
        """New slots by their names, each a vector beside the weights, filled with a value.

        In `variables` they take turns: all of the first variable, all of the second, ….
        """
        views: dict[tuple[int, str], Variable] = {}
        for group in self._groups:
            for name, value in initial.items():
                vector = group.add_slot(value)
                for place, (number, variable) in enumerate(zip(group.numbers, group.variables)):
                    memory = group.part_of(vector, place)
                    view = SlotView(memory, f"{variable.path.replace('/', '_')}_{name}")
                    view.path = f"{self.name}/{view.name}"
                    views[number, name] = view
        for number in range(len(self._trainable_variables)):
            self._variables.extend(views[number, name] for name in initial)

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        super().exclude_from_weight_decay(var_list, var_names)
        for group in self._groups if self.built else ():
            self._plan(group)

    def _plan(self, group: Group) -> None:
        group.plan([not self._excluded(variable) for variable in group.variables])

    # -- one step -------------------------------------------------------------------------------

    def _update(self, gradients: Sequence[Array | None]) -> None:
        if type(self).update_step is not Elementwise.update_step:
            super()._update(gradients)  # somebody's own step, variable by variable
            return
        rate = float(self.learning_rate)
        decay = None if self.weight_decay is None else self.weight_decay * rate
        coefficients = self.coefficients(self._updates() + 1, rate)
        for group in self._groups:
            group.make_writable()
            numbers = group.numbers_of(coefficients)
            mine = gradients if len(self._groups) == 1 else [gradients[i] for i in group.numbers]
            group.for_each_block(mine, partial(self._update_block, numbers, decay))

    def _update_block(
        self,
        numbers: Sequence[Any],
        decay: float | None,
        block: Block,
        g: Array,
        scratch: Sequence[Array],
    ) -> None:
        w = block.weights
        if decay is not None and block.decays:
            w -= np.multiply(w, decay, out=scratch[0])
        self.update(w, g, block.slots, scratch, numbers)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """The update of one variable, for a subclass whose own `update_step` builds on it."""
        coefficients = self.coefficients(self._updates() + 1, float(learning_rate))
        number = self._get_variable_index(variable)
        given = gradient.array if isinstance(gradient, Tensor) else gradient
        for group in self._groups:
            if number in group.numbers:
                group.make_writable()
                gradients = [given if i == number else None for i in group.numbers]
                numbers = group.numbers_of(coefficients)
                group.for_each_block(gradients, partial(self._update_block, numbers, None))
