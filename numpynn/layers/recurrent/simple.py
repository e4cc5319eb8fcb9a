"""The simple recurrent network: the state is the output."""

from __future__ import annotations

from typing import Any

from numpynn import activations
from numpynn.layers.recurrent.cell import WeightedCell
from numpynn.layers.recurrent.layer import CellLayer
from numpynn.ops.nn import recurrence
from numpynn.typing import Array

# Functions that the fused form knows.
_FUSED = {activations.tanh: "tanh", activations.relu: "relu", activations.linear: "linear"}


class SimpleRNNCell(WeightedCell):
    """One step of a simple recurrent network:  h' = φ(x W + h R + b).

    x (B, D)   h (B, U)   kernel W (D, U)   recurrent_kernel R (U, U)   bias b (U,)

    Called with x and [h], it gives h' and [h'].
    Source: Elman 1990, Finding structure in time.
    """

    blocks = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            {"activation": activation},
            use_bias,
            {
                "kernel_initializer": kernel_initializer,
                "recurrent_initializer": recurrent_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "recurrent_regularizer": recurrent_regularizer,
                "bias_regularizer": bias_regularizer,
                "kernel_constraint": kernel_constraint,
                "recurrent_constraint": recurrent_constraint,
                "bias_constraint": bias_constraint,
            },
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )

    def drops(self, rate: float) -> bool:
        return rate > 0

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        several = isinstance(states, (list, tuple))
        (x,) = self.of_inputs(inputs, training)
        (h,) = self.of_state(states[0] if several else states, training)
        h = self.activation(x + h if self.bias is None else x + h + self.bias)
        return h, [h] if several else h


class SimpleRNN(CellLayer):
    """A simple recurrent network over a sequence:  h_t = φ(x_t W + h_{t-1} R + b).

    x (B, T, D)   y (B, T, U) with return_sequences, else (B, U)   the state h (B, U)

    What can be asked of it is said at RNN, and of its step at SimpleRNNCell. dropout: of the
    inputs, recurrent_dropout: of the state, one mask for all steps. As in Keras,
    activity_regularizer has no effect; use the layer ActivityRegularization.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )

    def has_fused_form(self) -> bool:
        return type(self.cell) is SimpleRNNCell and self.activation in _FUSED

    def whole_sequence(self, sequences: Array, states: list[Any], mask: Array | None) -> Array:
        return recurrence.simple_rnn(
            sequences,
            *states,
            self.cell.kernel,
            self.cell.recurrent_kernel,
            self.cell.bias,
            mask,
            _FUSED[self.activation],
            self.zero_output_for_mask,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["seed"]  # which Keras leaves out here
        return config
