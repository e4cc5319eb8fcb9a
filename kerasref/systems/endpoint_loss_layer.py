"""Two levels of labels (custom losses): a layer at the end makes the loss of both."""

from keras import Input, Model, layers, losses, metrics, ops

from numpynn.typing import Array


class EndpointLoss(layers.Layer):
    def __init__(self, **kwargs: Array) -> None:
        super().__init__(**kwargs)
        self.first_accuracy = metrics.CategoricalAccuracy(name="acc_first_label")
        self.second_accuracy = metrics.CategoricalAccuracy(name="acc_second_label")

    def call(self, inputs: list[Array]) -> Array:
        first, predicted_first, second, predicted_second = inputs
        loss = losses.categorical_crossentropy(first, predicted_first)
        loss = loss + losses.categorical_crossentropy(second, predicted_second)
        self.add_loss(ops.mean(loss))
        self.first_accuracy.update_state(first, predicted_first)
        self.second_accuracy.update_state(second, predicted_second)
        return predicted_second


CUSTOM_OBJECTS = {"EndpointLoss": EndpointLoss}


def model() -> Array:
    x, first, second = Input((32,)), Input((4,)), Input((27,))
    hidden = layers.Dense(64, activation="relu")(x)
    predicted_first = layers.Dense(4, activation="softmax")(hidden)
    known = layers.concatenate([hidden, predicted_first])
    predicted_second = layers.Dense(27, activation="softmax", name="second")(known)
    end = EndpointLoss()([first, predicted_first, second, predicted_second])
    model = Model([x, first, second], end)
    model.compile("adam")
    return model
