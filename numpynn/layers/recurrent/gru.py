"""The gated recurrent unit: one state, of which an update gate keeps a part."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import activations
from numpynn.layers.recurrent.cell import WeightedCell
from numpynn.layers.recurrent.layer import CellLayer, of_cell
from numpynn.ops.nn import recurrence
from numpynn.typing import Array
from numpynn.variables import Variable


class GRUCell(WeightedCell):
    """One step of a gated recurrent unit.

        z = σ(x W_z + h R_z + b_z)   how much stays       r = σ(x Wᵣ + h Rᵣ + bᵣ)   what to look at
        n = φ(x Wₙ + bₙ + r (h Rₙ + b'ₙ))   the news, with reset_after
        n = φ(x Wₙ + bₙ + (r h) Rₙ)         without

        h' = z h + (1 - z) n

    x (B, D)   h (B, U)   kernel W (D, 3U), recurrent_kernel R (U, 3U): columns in the order z, r, n
    bias (3U,), or (2, 3U) with reset_after: b and b'   σ recurrent_activation   φ activation

    Called with x and [h], it gives h' and [h'].
    Source: Cho et al. 2014, arXiv:1406.1078; its third version resets before the product. In its
    formulas z and 1 - z stand the other way round.
    """

    blocks = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def add_bias(self) -> Variable:
        columns = 3 * self.units
        return self.add_of_kind("bias", "bias", (2, columns) if self.reset_after else (columns,))

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        several = isinstance(states, (list, tuple))
        h = states[0] if several else states
        sigma, phi = self.recurrent_activation, self.activation
        x_z, x_r, x_n = self.of_inputs(inputs, training)
        if self.bias is not None:
            b = self.bias[0] if self.reset_after else self.bias
            x_z, x_r, x_n = _added([x_z, x_r, x_n], b)
        if self.reset_after:
            h_z, h_r, h_n = self.of_state(h, training)
            if self.bias is not None:
                h_z, h_r, h_n = _added([h_z, h_r, h_n], self.bias[1])
            z, r = sigma(x_z + h_z), sigma(x_r + h_r)
            n = phi(x_n + r * h_n)
        else:
            h_z, h_r = self.of_state(h, training, blocks=2)
            z, r = sigma(x_z + h_z), sigma(x_r + h_r)
            masks = self.state_masks(h, training)
            seen = r * h if masks is None else r * h * masks[2]
            n = phi(x_n + np.matmul(seen, self.recurrent_kernel[:, 2 * self.units :]))
        h = z * h + (1 - z) * n
        return h, [h] if several else h

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "reset_after": self.reset_after}


class GRU(CellLayer):
    """A gated recurrent unit over a sequence.

    x (B, T, D)   y (B, T, U) with return_sequences, else (B, U)   the state h (B, U)

    What can be asked of it is said at RNN, and of its step at GRUCell. dropout: of the inputs,
    recurrent_dropout: of the state, one mask for all steps. implementation: 1 draws a mask for each
    gate.
    """

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation,
            recurrent_activation,
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
            reset_after,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
            type(self.cell) is GRUCell
            and self.activation is activations.tanh
            and self.recurrent_activation is activations.sigmoid
        )

    def whole_sequence(self, sequences: Array, states: list[Any], mask: Array | None) -> Array:
        return recurrence.gru(
            sequences,
            *states,
            self.cell.kernel,
            self.cell.recurrent_kernel,
            self.cell.bias,
            mask,
            self.reset_after,
            self.zero_output_for_mask,
        )


def _added(blocks: list[Array], bias: Array) -> list[Array]:
    """Each block with its part of the bias."""
    return [block + part for block, part in zip(blocks, np.split(bias, 3), strict=True)]
