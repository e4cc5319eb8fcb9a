"""Long short-term memory: a carried state that gates write to, erase and read."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import activations, initializers
from numpynn.layers.recurrent.cell import WeightedCell
from numpynn.layers.recurrent.layer import CellLayer, of_cell
from numpynn.ops.nn import recurrence
from numpynn.typing import Array
from numpynn.variables import Variable


class LSTMCell(WeightedCell):
    """One step of long short-term memory.

        i = σ(x Wᵢ + h Rᵢ + bᵢ)   what to write       f = σ(x W_f + h R_f + b_f)   what to keep
        g = φ(x W_g + h R_g + b_g)   the news         o = σ(x Wₒ + h Rₒ + bₒ)      what to show

        c' = f c + i g            h' = o φ(c')

    x (B, D)   h, c (B, U)   kernel W (D, 4U), recurrent_kernel R (U, 4U), bias b (4U,): columns in
    the order i, f, g, o   σ recurrent_activation   φ activation

    Called with x and [h, c], it gives h' and [h', c']. unit_forget_bias: b_f begins with ones, so
    that the network remembers before it learns what to forget.
    Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000 for f.
    """

    blocks = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
            {"activation": activation, "recurrent_activation": recurrent_activation},
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
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def add_bias(self) -> Variable:
        shape = (self.blocks * self.units,)
        if not self.unit_forget_bias:
            return self.add_of_kind("bias", "bias", shape)
        return self.add_of_kind("bias", "bias", shape, self._ones_for_f)

    def _ones_for_f(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        begin, ones, u = self.bias_initializer, initializers.Ones(), self.units
        return np.concatenate([begin((u,), dtype), ones((u,), dtype), begin((2 * u,), dtype)])

    def sums(self, inputs: Array, h: Array, training: bool) -> list[Array]:
        """x W + h R + b, block by block."""
        pairs = zip(self.of_inputs(inputs, training), self.of_state(h, training), strict=True)
        sums = [x + h for x, h in pairs]
        if self.bias is None:
            return sums
        parts = np.split(self.bias, self.blocks)
        return [part + b for part, b in zip(sums, parts, strict=True)]

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        h, c = states
        i, f, g, o = self.sums(inputs, h, training)
        sigma, phi = self.recurrent_activation, self.activation
        c = sigma(f) * c + sigma(i) * phi(g)
        h = sigma(o) * phi(c)
        return h, [h, c]

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "unit_forget_bias": self.unit_forget_bias}


class LSTM(CellLayer):
    """Long short-term memory over a sequence.

    x (B, T, D)   y (B, T, U) with return_sequences, else (B, U)   the states h, c (B, U)

    What can be asked of it is said at RNN, and of its step at LSTMCell. dropout: of the inputs,
    recurrent_dropout: of the state h, one mask for all steps. implementation: 1 draws a mask for
    each gate.
    """

    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
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
            name="lstm_cell",
            implementation=kwargs.pop("implementation", 2),
        )
        super().__init__(
            cell,
            use_cudnn,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )

    def has_fused_form(self) -> bool:
        return (
            type(self.cell) is LSTMCell
            and self.activation is activations.tanh
            and self.recurrent_activation is activations.sigmoid
        )

    def whole_sequence(self, sequences: Array, states: list[Any], mask: Array | None) -> Array:
        return recurrence.lstm(
            sequences,
            *states,
            self.cell.kernel,
            self.cell.recurrent_kernel,
            self.cell.bias,
            mask,
            self.zero_output_for_mask,
        )
