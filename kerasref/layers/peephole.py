"""Cells that Keras lacks: the smallest one, and two variants of the LSTM's, without dropout."""

from __future__ import annotations

import keras
from keras import ops

from numpynn.typing import Array


@keras.saving.register_keras_serializable("numpynn")
class MinimalRNNCell(keras.layers.Layer):
    """The cell of Keras's documentation, without its unused bias."""

    def __init__(self, units: int, **kwargs: Array) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Array) -> None:
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), initializer="uniform", name="recurrent_kernel"
        )

    def call(self, inputs: Array, states: Array) -> Array:
        h = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
        return h, [h]

    def get_config(self) -> dict[str, Array]:
        return {**super().get_config(), "units": self.units}


class VariantOfLSTMCell(keras.layers.LSTMCell):
    """What both share: the sums of all blocks in one go."""

    def sums(self, inputs: Array, h: Array, blocks: int) -> Array:
        sums = ops.matmul(inputs, self.kernel) + ops.matmul(h, self.recurrent_kernel)
        return ops.split(sums if self.bias is None else sums + self.bias, blocks, axis=1)

    def add_like_the_recurrent_kernel(self, name: str, shape: tuple[int, ...]) -> Array:
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )


@keras.saving.register_keras_serializable("numpynn")
class PeepholeLSTMCell(VariantOfLSTMCell):
    """Gates that see the carried state, by matrices or by a number for each unit."""

    def __init__(self, units: int, *args: Array, diagonal: bool = False, **kwargs: Array) -> None:
        super().__init__(units, *args, **kwargs)
        self.diagonal = diagonal

    def build(self, input_shape: Array) -> None:
        super().build(input_shape)
        shape = (3, self.units) if self.diagonal else (self.units, 3 * self.units)
        self.peephole_kernel = self.add_like_the_recurrent_kernel("peephole_kernel", shape)

    def call(self, inputs: Array, states: Array, training: bool = False) -> Array:
        h, c = states
        i, f, g, o = self.sums(inputs, h, 4)
        of_i, of_f, of_o = ops.split(self.peephole_kernel, 3, axis=0 if self.diagonal else 1)
        seen = ops.multiply if self.diagonal else ops.matmul
        i = self.recurrent_activation(i + seen(c, of_i))
        f = self.recurrent_activation(f + seen(c, of_f))
        c = f * c + i * self.activation(g)
        h = self.recurrent_activation(o + seen(c, of_o)) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Array]:
        return {**super().get_config(), "diagonal": self.diagonal}


@keras.saving.register_keras_serializable("numpynn")
class CoupledLSTMCell(VariantOfLSTMCell):
    """An LSTM that writes exactly where it forgets."""

    def build(self, input_shape: Array) -> None:
        columns = 3 * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_like_the_recurrent_kernel(
            "recurrent_kernel", (self.units, columns)
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(columns,),
                name="bias",
                initializer=self.first_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def first_bias(self, shape: Array, dtype: Array = None) -> Array:
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype=dtype)
        rest = self.bias_initializer((2 * self.units,), dtype=dtype)
        return ops.concatenate([ops.ones((self.units,), dtype=dtype), rest])

    def call(self, inputs: Array, states: Array, training: bool = False) -> Array:
        h, c = states
        f, g, o = self.sums(inputs, h, 3)
        f = self.recurrent_activation(f)
        c = f * c + (1 - f) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]
