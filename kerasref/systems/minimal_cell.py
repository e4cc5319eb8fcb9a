"""Leaky averages of signals by a cell of one's own (chapter 9)."""

from keras import Input, Model, layers, optimizers

from kerasref.layers.peephole import MinimalRNNCell
from numpynn.typing import Array


class AsPrinted(MinimalRNNCell):
    def build(self, input_shape: Array) -> None:
        super().build(input_shape)
        self.bias = self.add_weight(shape=(4 * self.units,), name="bias")


CUSTOM_OBJECTS = {"AsPrinted": AsPrinted}


def model(cell: type[MinimalRNNCell] = MinimalRNNCell) -> Array:
    x = Input((None, 5))
    model = Model(x, layers.RNN(cell(32))(x))
    model.compile(optimizers.Adam(0.01), "mse")
    return model
