"""What RNN asks of a cell, which may be a layer or any object.

call(inputs, states)         one step: the output, and the states after it
state_size                   the sizes of the states: one, or a list of them
output_size                  of the output, if it is not the first state's
get_initial_state(batch_size=None)   the states before the first step, if they are not zeros
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd.structure import map_structure
from numpynn.layers.base import Layer
from numpynn.typing import Array


def require_cell(cell: Any) -> None:
    """Raise ValueError for what has no `call` or no `state_size`, or one of another kind."""
    for name in ("call", "state_size"):
        if name not in dir(cell):
            raise ValueError(f"A cell of a recurrent layer needs `{name}`; got {cell!r}.")
    if not isinstance(cell.state_size, (int, list, tuple)):
        raise ValueError(
            "`state_size` of a cell must be a whole number, or a list of one for each state; got "
            f"{cell.state_size!r}."
        )


def step(cell: Any, inputs: Array, states: Sequence[Any], training: bool) -> tuple[Any, Any]:
    """The cell's output and its new states."""
    if isinstance(cell, Layer):
        found = cell(inputs, states, training=training)
    else:
        found = (cell if callable(cell) else cell.call)(inputs, states)
    if not isinstance(found, (list, tuple)) or len(found) != 2:
        raise ValueError(
            f"`call` of a cell must return its output and its states; {cell!r} returned {found!r}."
        )
    return found[0], found[1]


def states_before(cell: Any, batch_size: int, dtype: str) -> Any:
    """The states before the first step: the cell's own, or zeros (batch_size, size)."""
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(batch_size=batch_size)
    return map_structure(lambda size: np.zeros((batch_size, size), dtype), cell.state_size)


def output_size(cell: Any) -> Any:
    """The size of the output: the first state's, unless the cell says otherwise."""
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    sizes = cell.state_size
    return sizes[0] if isinstance(sizes, (list, tuple)) else sizes
