"""StackedRNNCells: several cells as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpynn.layers.base import Layer
from numpynn.layers.recurrent import contract
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.typing import Array


class StackedRNNCells(Layer):
    """Cells on top of each other: at each step, a cell's output is the next one's input.

    The states are a list with those of each cell. Equal to as many recurrent layers, of which all
    but the last return sequences. Raises ValueError for objects that are no cells, and for none.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            contract.require_cell(cell)
        if not cells:
            raise ValueError("StackedRNNCells needs one cell or more; got none.")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        return contract.output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The states of each cell before the first step."""
        assert batch_size is not None
        return [contract.states_before(c, batch_size, self.compute_dtype) for c in self.cells]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], contract.output_size(cell))

    def call(self, inputs: Array, states: Sequence[Any], training: bool = False) -> Any:
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            several = isinstance(state, (list, tuple))
            inputs, new = contract.step(cell, inputs, state if several else [state], training)
            new_states.append(new if several or len(new) > 1 else new[0])
        return inputs, new_states

    def get_config(self) -> dict[str, Any]:
        cells = [serialize_keras_object(cell) for cell in self.cells]
        return {**super().get_config(), "cells": cells}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> StackedRNNCells:
        rest = {key: value for key, value in config.items() if key != "cells"}
        return cls([deserialize_keras_object(c, custom_objects) for c in config["cells"]], **rest)
