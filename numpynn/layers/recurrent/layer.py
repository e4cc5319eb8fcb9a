"""What the layers SimpleRNN, LSTM and GRU share: an RNN, with the fused form where it fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import regularizers
from numpynn.layers.base import InputSpec
from numpynn.layers.recurrent.cell import WeightedCell
from numpynn.layers.recurrent.rnn import RNN
from numpynn.typing import Array


def of_cell(name: str) -> Any:
    """A property that is the cell's."""
    return property(lambda self: getattr(self.cell, name), doc=f"`{name}` of the cell.")


class CellLayer(RNN):
    """An RNN that makes its own cell: what SimpleRNN, LSTM and GRU share.

    Where a fused form of the cell's formula for whole sequences fits, it takes the place of the
    loop. use_cudnn: True asks for a GPU's kernels.
    """

    cell: Any
    use_cudnn: Any = "auto"

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    kernel_initializer = of_cell("kernel_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_initializer = of_cell("recurrent_initializer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_initializer = of_cell("bias_initializer")
    bias_regularizer = of_cell("bias_regularizer")
    bias_constraint = of_cell("bias_constraint")

    def __init__(self, cell: WeightedCell, use_cudnn: Any = "auto", **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        if use_cudnn not in ("auto", True, False):
            raise ValueError(f"`use_cudnn` must be 'auto', True or False; got {use_cudnn!r}.")
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)

    def has_fused_form(self) -> bool:
        """Whether there is one of this cell's formula."""
        raise NotImplementedError

    def whole_sequence(self, sequences: Array, states: list[Any], mask: Array | None) -> Array:
        """The fused form: all outputs and then the last states, (B, T + n, U)."""
        raise NotImplementedError

    def inner_loop(
        self, sequences: Array, initial_state: Any, mask: Array | None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        if self.use_cudnn is True:
            raise ValueError(
                f"Layer '{self.name}' was told use_cudnn=True, but NumPy has no cuDNN. Leave it "
                "'auto'."
            )
        cell = self.cell
        drops_inputs = training and cell.drops(cell.dropout)
        if (
            not self.has_fused_form()
            or (training and cell.drops(cell.recurrent_dropout))
            or (drops_inputs and cell.dropout_mask_count is not None)
        ):
            return super().inner_loop(sequences, initial_state, mask, training)
        if drops_inputs:
            sequences = sequences * np.expand_dims(cell.get_dropout_mask(sequences[:, 0]), 1)
        if self.go_backwards:
            sequences = np.flip(sequences, axis=1)
            mask = None if mask is None else np.flip(mask, axis=1)
        steps = sequences.shape[1]
        found = self.whole_sequence(sequences, initial_state, mask)
        states = [found[:, steps + number] for number in range(len(initial_state))]
        outputs = found[:, :steps] if self.return_sequences else None
        return found[:, steps - 1], outputs, states

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        penalty = regularizers.serialize(self.activity_regularizer)
        return {**config, **self.cell.settings(), "activity_regularizer": penalty}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> RNN:
        return cls(**config)
