"""Targets as inputs (several outputs): an endpoint layer makes the loss, models cannot."""

from keras import Input, Model, layers, losses, metrics, ops, optimizers

from numpynn.typing import Array


class Losses(layers.Layer):
    def __init__(self, **kwargs: Array) -> None:
        super().__init__(**kwargs)
        self.x_accuracy = metrics.CategoricalAccuracy(name="x_acc")
        self.y_accuracy = metrics.BinaryAccuracy(name="y_acc")

    def call(self, inputs: list[Array]) -> list[Array]:
        true_x, x, true_y, y = inputs
        self.add_loss(ops.mean(losses.categorical_crossentropy(true_x, x)))
        self.add_loss(ops.mean(losses.binary_crossentropy(true_y, y)))
        self.x_accuracy.update_state(true_x, x)
        self.y_accuracy.update_state(true_y, y)
        return [x, y]


CUSTOM_OBJECTS = {"Losses": Losses}


def model() -> Array:
    a, c, true_x, true_y = Input((4,)), Input((4,)), Input((4,)), Input((2,))
    x = layers.Dense(4, activation="softmax", name="x")(a)
    y = layers.Dense(2, activation="softmax", name="y")(c)
    model = Model([a, c, true_x, true_y], Losses()([true_x, x, true_y, y]))
    model.compile(optimizers.Adam(0.03))
    return model
