"""Two labels of 31 at once (custom losses): softmax cross-entropy for several targets."""

from keras import Input, Sequential, layers, ops

from numpynn.systems.multi_label import FAR, LABELS
from numpynn.typing import Array


def multi_label_crossentropy(y_true: Array, y_pred: Array) -> Array:
    scores = (1 - 2 * y_true) * y_pred
    nothing = ops.zeros_like(scores[:, :1])
    others = ops.concatenate([scores - FAR * y_true, nothing], axis=-1)
    labels = ops.concatenate([scores - FAR * (1 - y_true), nothing], axis=-1)
    return ops.logsumexp(others, axis=-1) + ops.logsumexp(labels, axis=-1)


def exact_match(y_true: Array, y_pred: Array) -> Array:
    return ops.all(ops.equal(y_pred > 0, y_true > 0.5), axis=-1)


CUSTOM_OBJECTS = {
    "multi_label_crossentropy": multi_label_crossentropy,
    "exact_match": exact_match,
}


def model() -> Array:
    model = Sequential([Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(LABELS)])
    model.compile("adam", loss=multi_label_crossentropy, metrics=[exact_match])
    return model
