"""A metric of one's own (custom metrics): the share of samples whose top two are their labels."""

from keras import Input, Sequential, layers, losses, metrics, ops

from numpynn.systems.multi_label import LABELS
from numpynn.typing import Array


class TopTwoAccuracy(metrics.Metric):
    def __init__(self, name: str = "top_two", **kwargs: Array) -> None:
        super().__init__(name=name, **kwargs)
        self.right = self.add_weight(name="right", initializer="zeros")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Array, y_pred: Array, sample_weight: Array = None) -> None:
        match = ops.all(ops.equal(top_two(y_true), top_two(y_pred)), axis=-1)
        match = ops.cast(match, self.dtype)
        weights = ops.ones_like(match)
        if sample_weight is not None:
            weights = ops.cast(ops.reshape(sample_weight, (-1,)), self.dtype)
        self.right.assign_add(ops.sum(weights * match))
        self.total.assign_add(ops.sum(weights))

    def result(self) -> Array:
        return self.right / self.total


def top_two(scores: Array) -> Array:
    return ops.sort(ops.top_k(scores, 2)[1], axis=-1)


CUSTOM_OBJECTS = {"TopTwoAccuracy": TopTwoAccuracy}


def model() -> Array:
    model = Sequential([Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(LABELS)])
    loss = losses.BinaryCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=[TopTwoAccuracy()])
    return model
