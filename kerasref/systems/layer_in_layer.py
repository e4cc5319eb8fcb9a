"""A layer made of layers (layers in layers): two dense ones, on the rows of digits."""

from keras import Input, Model, layers

from numpynn.typing import Array


class OurDense(layers.Layer):
    def __init__(
        self,
        hidden_dim: int,
        output_dim: int,
        hidden_activation: str = "linear",
        output_activation: str = "linear",
        **kwargs: Array,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden = layers.Dense(hidden_dim, activation=hidden_activation)
        self.outer = layers.Dense(output_dim, activation=output_activation)

    def build(self, input_shape: Array) -> None:
        self.hidden.build(input_shape)
        self.outer.build((*input_shape[:-1], self.hidden.units))

    def call(self, x: Array) -> Array:
        return self.outer(self.hidden(x))


CUSTOM_OBJECTS = {"OurDense": OurDense}


def model() -> Array:
    rows = Input((28, 28))
    x = OurDense(16, 8, hidden_activation="relu", output_activation="relu")(rows)
    digit = layers.Dense(10, activation="softmax")(layers.Flatten()(x))
    model = Model(rows, digit)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
