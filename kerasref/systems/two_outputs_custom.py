"""Losses and metrics of one's own for two outputs (several outputs), by the outputs' names."""

from keras import Input, Model, layers, metrics, ops, optimizers

from numpynn.typing import Array


def loss_of_x(y_true: Array, y_pred: Array) -> Array:
    return ops.mean(y_true) - ops.mean(y_pred)


def loss_of_y(y_true: Array, y_pred: Array) -> Array:
    return ops.mean(y_true) + ops.mean(y_pred)


def metric_of_x(y_true: Array, y_pred: Array) -> Array:
    return metrics.binary_accuracy(y_true, y_pred)


def metric_of_y(y_true: Array, y_pred: Array) -> Array:
    return metrics.categorical_crossentropy(y_true, y_pred)


CUSTOM_OBJECTS = {
    "loss_of_x": loss_of_x,
    "loss_of_y": loss_of_y,
    "metric_of_x": metric_of_x,
    "metric_of_y": metric_of_y,
}


def model() -> Array:
    a, c = Input((4,)), Input((4,))
    x = layers.Dense(4, activation="sigmoid", name="x")(a)
    y = layers.Dense(2, activation="softmax", name="y")(c)
    model = Model(inputs=[a, c], outputs=[x, y])
    model.compile(
        optimizer=optimizers.SGD(1.0),
        loss={"x": loss_of_x, "y": loss_of_y},
        loss_weights={"x": 1.0, "y": 1.0},
        metrics={"x": [metric_of_x], "y": [metric_of_y]},
    )
    return model
