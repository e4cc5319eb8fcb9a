"""How frequent a class is, told to the loss instead of learnt: logits adjusted by the prior.

    L = -Σ_k y_k ln softmax(s + τ ln π)_k        π_k = share of class k in training,  τ = 1

Cross-entropy alone makes s_k = ln p(k | x), in which the prior is contained, and rare classes lose
against frequent ones. With ln π added from outside, the optimum is

    s_k = ln p(k | x) - ln π_k + const = ln p(x | k) + const

what x itself says for k: their pointwise mutual information. So in training the prior counts, and
the raw scores s, for which no class is rare, decide where all classes matter alike, such as on test
data of equal shares. Of those 0.78 come out right, and 0.73 by cross-entropy alone. With s = 0 the
loss is the entropy of the prior, not ln 27.

Source: notes on custom losses in Keras; Su Jianlin 2020; Menon et al. 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import two_level_labels
from numpynn.losses import CategoricalCrossentropy, Loss, categorical_crossentropy
from numpynn.systems import Split
from numpynn.typing import Array
from numpynn.utils import to_categorical

CHAPTER = "custom losses"
TASK = "27 unequal classes, the prior told to the loss"
EPOCHS = 20
BATCH_SIZE = 32
METRIC = "accuracy"


def data(seed: int = 0) -> Split:
    """Training data by the prior; test data in which all classes are as frequent."""
    classes = two_level_labels.NARROW
    x, y = two_level_labels.sample(2400, two_level_labels.PRIOR, seed)
    x_test, y_test = two_level_labels.sample(1350, np.full(classes, 1 / classes), seed)
    return Split(x, to_categorical(y[:, 1], classes), x_test, to_categorical(y_test[:, 1], classes))


class PriorCrossEntropy(Loss):
    """The loss of scores (B, K) for one-hot targets, K classes of shares `prior` (K,)."""

    def __init__(
        self,
        prior: Sequence[float],
        tau: float = 1.0,
        name: str = "prior_cross_entropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.prior, self.tau = prior, tau

    def call(self, y_true: Array, y_pred: Array) -> Array:
        shift = self.tau * np.log(np.array(self.prior) + 1e-8)
        adjusted = y_pred + shift.astype(y_pred.dtype)
        return categorical_crossentropy(y_true, adjusted, from_logits=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "prior": [*self.prior], "tau": self.tau}


CUSTOM_OBJECTS = {"PriorCrossEntropy": PriorCrossEntropy}


def prior() -> list[float]:
    """The share of each class in training."""
    shares: list[float] = data().y.mean(axis=0).tolist()
    return shares


def model(adjusted: bool = True) -> Sequential:
    """Compiled with the adjusted loss, or with plain cross-entropy."""
    model = Sequential(
        [
            Input((32,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(two_level_labels.NARROW),
        ]
    )
    loss = PriorCrossEntropy(prior()) if adjusted else CategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=loss, metrics=["accuracy"])
    return model


def draw(figure: Any, model: Any, split: Split) -> None:
    """How many of each class are recognised, with and without the adjustment."""
    plain = _plain_trained(split)
    panel = figure.subplots()
    truth = split.y_test.argmax(axis=-1)
    for i, (name, network) in enumerate((("adjusted", model), ("cross-entropy", plain))):
        found = network.predict(split.x_test, verbose=0).argmax(axis=-1)
        recalls = [np.mean(found[truth == k] == k) for k in range(two_level_labels.NARROW)]
        places = np.arange(two_level_labels.NARROW) + 0.4 * i
        panel.bar(places, recalls, width=0.4, label=f"{name}, mean {np.mean(recalls):.2f}")
    panel.set(xlabel="class, the most frequent first", ylabel="share recognised", ylim=(0, 1.15))
    panel.legend(loc="upper right", ncols=2)


def _plain_trained(split: Split) -> Sequential:
    network = model(adjusted=False)
    network.fit(split.x, split.y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    return network
