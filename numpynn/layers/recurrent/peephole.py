"""Two variants of the LSTM's step, beyond Keras: gates that see the carried state, coupled gates.

They go along a sequence with RNN(PeepholeLSTMCell(units)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import initializers
from numpynn.layers.recurrent.lstm import LSTMCell
from numpynn.saving.registration import register_keras_serializable
from numpynn.typing import Array


@register_keras_serializable("numpynn")
class PeepholeLSTMCell(LSTMCell):
    """One step of an LSTM whose gates look through peepholes P at what is carried.

        i = σ(x Wᵢ + h Rᵢ + c Pᵢ + bᵢ)       f = σ(x W_f + h R_f + c P_f + b_f)
        c' = f c + i φ(x W_g + h R_g + b_g)
        o = σ(x Wₒ + h Rₒ + c' Pₒ + bₒ)      h' = o φ(c')        which looks at the new c'

    peephole_kernel P (U, 3U): matrices side by side in the order i, f, o; with diagonal=True
    (3, U): each gate sees what its own unit carries, c times a row. It begins, is penalised and
    constrained as the recurrent kernel. The other weights and arguments are LSTMCell's.
    Source: Gers and Schmidhuber 2000, whose peepholes are diagonal; the course's are matrices.
    """

    def __init__(self, units: int, *args: Any, diagonal: bool = False, **kwargs: Any) -> None:
        super().__init__(units, *args, **kwargs)
        self.diagonal = diagonal

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        shape = (3, self.units) if self.diagonal else (self.units, 3 * self.units)
        self.peephole_kernel = self.add_of_kind("recurrent", "peephole_kernel", shape)

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        h, c = states
        i, f, g, o = self.sums(inputs, h, training)
        sigma, phi = self.recurrent_activation, self.activation
        i = sigma(i + self._seen(c, 0))
        f = sigma(f + self._seen(c, 1))
        c = f * c + i * phi(g)
        h = sigma(o + self._seen(c, 2)) * phi(c)
        return h, [h, c]

    def _seen(self, c: Array, gate: int) -> Array:
        """c P of one gate."""
        if self.diagonal:
            return c * self.peephole_kernel[gate]
        first = gate * self.units
        return np.matmul(c, self.peephole_kernel[:, first : first + self.units])

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "diagonal": self.diagonal}


@register_keras_serializable("numpynn")
class CoupledLSTMCell(LSTMCell):
    """One step of an LSTM that writes exactly where it forgets.

        f = σ(x W_f + h R_f + b_f)    g = φ(x W_g + h R_g + b_g)    o = σ(x Wₒ + h Rₒ + bₒ)

        c' = f c + (1 - f) g          h' = o φ(c')

    kernel W (D, 3U), recurrent_kernel R (U, 3U), bias b (3U,): columns in the order f, g, o. What
    is carried lies between the old and the new, so it never leaves the range of φ. The arguments
    are LSTMCell's.
    Source: Greff et al. 2015, arXiv:1503.04069, "CIFG".
    """

    blocks = 3

    def _ones_for_f(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        begin, ones, u = self.bias_initializer, initializers.Ones(), self.units
        return np.concatenate([ones((u,), dtype), begin((2 * u,), dtype)])

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        h, c = states
        f, g, o = self.sums(inputs, h, training)
        sigma, phi = self.recurrent_activation, self.activation
        f = sigma(f)
        c = f * c + (1 - f) * phi(g)
        h = sigma(o) * phi(c)
        return h, [h, c]
