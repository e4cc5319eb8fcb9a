"""27 unequal classes (custom losses): the loss adds the logarithm of the prior to the logits."""

from collections.abc import Sequence

import numpy as np
from keras import Input, Sequential, layers, losses, ops

from numpynn.systems.prior_cross_entropy import prior
from numpynn.typing import Array


class PriorCrossEntropy(losses.Loss):
    def __init__(
        self,
        prior: Sequence[float],
        tau: float = 1.0,
        name: str = "prior_cross_entropy",
        **kwargs: Array,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.prior, self.tau = prior, tau

    def call(self, y_true: Array, y_pred: Array) -> Array:
        shift = self.tau * np.log(np.array(self.prior) + 1e-8)
        adjusted = y_pred + ops.convert_to_tensor(shift, dtype=y_pred.dtype)
        return losses.categorical_crossentropy(y_true, adjusted, from_logits=True)

    def get_config(self) -> dict[str, Array]:
        return {**super().get_config(), "prior": [*self.prior], "tau": self.tau}


CUSTOM_OBJECTS = {"PriorCrossEntropy": PriorCrossEntropy}


def model() -> Array:
    model = Sequential([Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(27)])
    model.compile("adam", loss=PriorCrossEntropy(prior()), metrics=["accuracy"])
    return model
