"""The layers of the book's appendix A in one network."""

from keras import Input, Model, layers, losses, ops, optimizers

from numpynn.typing import Array


def antirectifier(x: Array) -> Array:
    centred = x - ops.mean(x, axis=1, keepdims=True)
    squared = ops.sum(ops.square(centred), axis=1, keepdims=True)
    unit = centred / ops.sqrt(ops.maximum(squared, 1e-12))
    return ops.concatenate([ops.relu(unit), ops.relu(-unit)], axis=1)


class Linear(layers.Layer):
    def __init__(self, units: int = 32, **kwargs: Array) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Array) -> None:
        self.w = self.add_weight(
            (input_shape[-1], self.units), initializer="random_normal", name="w"
        )
        self.b = self.add_weight((self.units,), initializer="zeros", name="b")

    def call(self, inputs: Array) -> Array:
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Array]:
        return {**super().get_config(), "units": self.units}


CUSTOM_OBJECTS = {"antirectifier": antirectifier, "Linear": Linear}


def model() -> Array:
    x = Input((32,))
    h = layers.Dense(32)(x)
    h = layers.RepeatVector(3)(h)
    h = layers.Permute((2, 1))(h)
    h = layers.Flatten()(h)
    h = layers.Lambda(antirectifier, output_shape=(192,))(h)
    z = layers.Dense(10, activation="relu")(h)
    gates = layers.Dense(37, activation="sigmoid")(z)
    values = layers.Dense(37)(z)
    both = layers.Concatenate()([gates, values])
    gated = layers.Dot(axes=1)([gates, values])
    squares = layers.Dot(axes=1)([layers.Multiply()([gates, values]), values])
    y = layers.Add()([Linear(1)(both), gated, squares])
    model = Model(x, y)
    model.compile(optimizers.SGD(0.02), loss=losses.MeanSquaredError())
    return model
