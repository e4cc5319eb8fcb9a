"""RNN: a cell that goes along a sequence, step by step, and takes its state with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tensor import Tensor, tensor_of, unwrapped
from numpynn.layers.base import Layer
from numpynn.layers.recurrent import contract
from numpynn.layers.recurrent.dropout import DropoutRNNCell
from numpynn.layers.recurrent.stacked import StackedRNNCells
from numpynn.ops.dtypes import in_dtype
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.symbolic import trying
from numpynn.typing import Array
from numpynn.variables import Variable


class SequenceLayer(Layer):
    """A layer that may keep states from batch to batch."""

    stateful: bool

    def _shape_arguments(self, method: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        shapes = super()._shape_arguments(method, args, kwargs)
        return {name: shape for name, shape in shapes.items() if shape is not None}

    def reset_state(self) -> None:
        """Begin with zeros again."""
        raise NotImplementedError

    def reset_states(self) -> None:
        """Another name of `reset_state`."""
        self.reset_state()


class RNN(SequenceLayer):
    """A cell, applied to one step after the other:  (y_t, s_t) = cell(x_t, s_{t-1}).

    x (B, T, D)   y (B, T, U) with return_sequences, else the last one (B, U)   s_0 zeros

    cell: what is asked of it is in `contract.py`; a list of cells is stacked.
    return_state: the last states come after the output, as many as the cell has.
    go_backwards: from the last step to the first; the outputs come in the order they were computed.
    stateful: a batch begins with the states that the one before left, sample by sample, until
    `reset_state()`; gradients end where the batch begins. The batch size must be fixed.
    unroll is taken for Keras's sake: the loop is Python's, over as many steps as there are.

    Called with

    initial_state: s_0, one array or a list; gradients go through it.
    mask (B, T): a step where it is False changes no state, and gives the output before it (zeros
    where there is none), or zeros with zero_output_for_mask. As in Keras, a mask that the sequences
    carry counts only where no initial_state is given; else pass it.

    Raises ValueError for objects that are no cells, for states and masks of other shapes, for
    sequences without a step, and for another batch size than the one that states are kept for.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        contract.require_cell(cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        size = cell.state_size
        self.single_state = isinstance(size, int)
        self.state_size = [size] if isinstance(size, int) else list(size)
        self._kept: deque[Any] | None = None  # no list, whose variables would be weights

    # -- building -------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        self._require_steps(sequences_shape)
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self._kept is not None:
            self.reset_state()
        elif self.stateful:
            self._keep_states_of(sequences_shape[0])

    def _require_steps(self, shape: Any) -> None:
        if len(shape) < 3 or shape[1] == 0:
            raise ValueError(
                f"Layer '{self.name}' takes sequences (batch, steps, features…) of one step or "
                f"more; got the shape {tuple(shape)}."
            )

    def _keep_states_of(self, batch_size: int | None) -> None:
        if batch_size is None:
            raise ValueError(
                f"Layer '{self.name}' keeps its states from batch to batch, so it must know the "
                "batch size: Input(batch_shape=(batch size, steps, features))."
            )
        self._kept = deque(map_structure(self._new_variable, self.get_initial_state(batch_size)))

    def _new_variable(self, value: Array) -> Variable:
        variable = self.add_weight(
            value.shape, "zeros", self._dtype, trainable=False, name="rnn_state"
        )
        self._weights.pop()  # what is kept from batch to batch is no weight
        return variable.assign(value)

    @property
    def states(self) -> Any:
        """What a stateful layer keeps, as variables in the nesting of the states; else None."""
        return None if self._kept is None else list(self._kept)

    def reset_state(self) -> None:
        """Begin with zeros again."""
        for variable in leaves(self.states or []):
            variable.assign(np.zeros_like(variable.array))

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states before the first step, in a list."""
        states = contract.states_before(self.cell, batch_size, self._cell_dtype)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    # -- computing ------------------------------------------------------------------------------

    def call(
        self,
        sequences: Array,
        initial_state: Any = None,
        mask: Array | None = None,
        training: bool = False,
    ) -> Any:
        self._require_steps(sequences.shape)
        states = self._states_before(sequences, initial_state)
        mask = self._steps_that_count(mask, sequences)
        try:
            output, outputs, states = self.inner_loop(sequences, states, mask, training)
        finally:
            for cell in self._cells_with_dropout():
                cell.reset_dropout_mask()
                cell.reset_recurrent_dropout_mask()
        if self.stateful and not trying.get():
            for variable, state in zip(leaves(self.states), leaves(states), strict=True):
                variable.assign(state)
        output = in_dtype(outputs if self.return_sequences else output, self._dtype)
        if not self.return_state:
            return output
        return (output, *map_structure(lambda state: in_dtype(state, self._dtype), states))

    def inner_loop(
        self, sequences: Array, initial_state: Any, mask: Array | None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """The loop over time: the last output, all outputs where they are asked for, the states."""
        states: Any = initial_state
        outputs: list[Any] = []
        steps = range(sequences.shape[1])
        for t in reversed(steps) if self.go_backwards else steps:
            output, new = contract.step(self.cell, sequences[:, t], tuple(states), training)
            new, old = leaves(new), leaves(states)
            if len(new) != len(old):
                raise ValueError(f"{self.cell!r} made {len(new)} states of {len(old)}.")
            if mask is not None:
                counts = mask[:, t]
                before = outputs[-1] if outputs else np.zeros_like(output)
                output = _where(counts, output, 0 if self.zero_output_for_mask else before)
                new = [_where(counts, *pair) for pair in zip(new, old, strict=True)]
            states = rebuild(initial_state, iter(new))
            if not self.return_sequences:
                outputs.clear()
            outputs.append(output)
        return output, np.stack(outputs, axis=1) if self.return_sequences else None, states

    @property
    def _cell_dtype(self) -> str:
        """What the cell computes in; where it does not say, what this layer computes in."""
        return getattr(self.cell, "compute_dtype", self.compute_dtype)

    def _states_before(self, sequences: Array, given: Any) -> Any:
        """The states before the first step, as Tensors of the cell's dtype."""
        batch_size = sequences.shape[0]
        if self.stateful:
            if self._kept is None:
                self._keep_states_of(batch_size)
            expected = leaves(self.states)[0].shape[0]
            if batch_size != expected:
                raise ValueError(
                    f"Layer '{self.name}' keeps states for batches of {expected} samples; got "
                    f"sequences of shape {sequences.shape}."
                )
        wanted = self.get_initial_state(batch_size)
        if given is None:
            given = map_structure(lambda v: v.value, self.states) if self.stateful else wanted
        if len(leaves(given)) != len(leaves(wanted)):
            raise ValueError(
                f"Layer '{self.name}' has {len(leaves(wanted))} states; `initial_state` holds "
                f"{len(leaves(given))}."
            )
        pairs = zip(leaves(given), leaves(wanted), strict=True)
        return rebuild(wanted, (self._as_state(x, zeros.shape, sequences) for x, zeros in pairs))

    def _as_state(self, value: Any, shape: tuple[int, ...], sequences: Array) -> Array:
        if isinstance(value, Tensor):
            state = in_dtype(value, self._cell_dtype)
        else:
            like = unwrapped(sequences)
            state = tensor_of(np.asarray(value, self._cell_dtype, like=like), None)
        if state.shape == shape:
            return state
        try:
            return np.broadcast_to(state, shape)
        except ValueError:
            raise ValueError(
                f"A state of layer '{self.name}' must have the shape {shape}; `initial_state` "
                f"holds one of shape {state.shape}."
            ) from None

    def _steps_that_count(self, mask: Any, sequences: Array) -> Any:
        """The mask as booleans (B, T)."""
        if isinstance(mask, (list, tuple)):
            mask = leaves(mask)[0]
        if mask is None:
            return None
        mask = unwrapped(mask)
        mask = np.asarray(mask) if not hasattr(mask, "__array_function__") else mask
        shape = tuple(sequences.shape[:2])
        if mask.shape not in (shape, (*shape, 1)):
            raise ValueError(
                f"The mask of layer '{self.name}' must have the shape (batch, steps) = {shape}; "
                f"got {mask.shape}."
            )
        counts = mask if mask.dtype == bool else mask != 0
        return counts if counts.ndim == 2 else counts[..., 0]

    def _cells_with_dropout(self) -> Iterator[DropoutRNNCell]:
        waiting = [self.cell]
        for cell in waiting:
            if isinstance(cell, StackedRNNCells):
                waiting.extend(cell.cells)
            elif isinstance(cell, DropoutRNNCell):
                yield cell

    # -- shapes, masks, configuration -----------------------------------------------------------

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch_size, length = sequences_shape[:2]
        size = contract.output_size(self.cell)
        if not isinstance(size, int):
            raise ValueError(f"`output_size` of a cell must be a whole number; got {size!r}.")
        shape = (batch_size, length, size) if self.return_sequences else (batch_size, size)
        if not self.return_state:
            return shape
        return (shape, *map_structure(lambda size: (batch_size, size), self.state_size))

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = leaves(mask)[0] if self.return_sequences else None
        if not self.return_state:
            return mask
        return [mask, *map_structure(lambda size: None, self.state_size)]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> RNN:
        rest = {key: value for key, value in config.items() if key != "cell"}
        return cls(deserialize_keras_object(config["cell"], custom_objects), **rest)


def _where(counts: Array, values: Array, others: Array) -> Array:
    """The values of the samples that count, those of `others` for the rest."""
    return np.where(counts.reshape(-1, *(1,) * (values.ndim - 1)), values, others)
