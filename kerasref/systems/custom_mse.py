"""A loss as a class (custom losses): squared error, and a pull towards one half."""

from keras import Input, Sequential, layers, losses, ops, optimizers

from numpynn.typing import Array


class CustomMSE(losses.Loss):
    def __init__(
        self, regularization_factor: float = 0.1, name: str = "custom_mse", **kwargs: Array
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.regularization_factor = regularization_factor

    def call(self, y_true: Array, y_pred: Array) -> Array:
        error = ops.mean(ops.square(y_true - y_pred), axis=-1)
        pull = ops.mean(ops.square(0.5 - y_pred), axis=-1)
        return error + self.regularization_factor * pull

    def get_config(self) -> dict[str, Array]:
        return {**super().get_config(), "regularization_factor": self.regularization_factor}


CUSTOM_OBJECTS = {"CustomMSE": CustomMSE}


def model() -> Array:
    model = Sequential(
        [
            Input((1,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.02), loss=CustomMSE())
    return model
