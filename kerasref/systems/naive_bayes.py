"""Topics of newswire by counting words (chapter 15): each step counts a batch."""

from keras import ops

from numpynn.systems.naive_bayes import SMOOTHING, all_counts, batch
from numpynn.typing import Array


def log_joint(counts: Array, x: Array) -> Array:
    words, classes = counts[:, :-1] + SMOOTHING, counts[:, -1] + SMOOTHING
    likelihood = ops.log(words / ops.sum(words, axis=-1, keepdims=True))
    return ops.matmul(x, ops.transpose(likelihood)) + ops.log(classes / ops.sum(classes))


def output(x: Array) -> Array:
    return ops.log_softmax(log_joint(ops.convert_to_tensor(all_counts(), dtype=x.dtype), x))


def step(counts: Array, t: int) -> tuple[Array, Array]:
    counts = ops.convert_to_tensor(counts)
    x, classes = (ops.convert_to_tensor(a) for a in batch(t, counts.dtype.name))
    surprise = -ops.sum(classes * log_joint(counts, x)) / ops.sum(x)
    seen = ops.concatenate([x, ops.ones((len(x), 1), dtype=x.dtype)], axis=-1)
    return counts + ops.matmul(ops.transpose(classes), seen), surprise
