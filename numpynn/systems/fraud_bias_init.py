"""Where the output's bias begins: at the logarithm of the odds of a fraud, or at zero.

    p₀ = σ(b₀)        b₀ = -ln(1/p₀ - 1) = ln(frauds / honest payments) = -6.36

With b₀ = 0 the network first says ½ to everything, a loss of ln 2 = 0.69, and spends its first
epochs on learning that frauds are rare. With the careful bias it begins near the least loss that is
to be had without looking at a payment, the entropy of the prior

    H(p₀) = -p₀ ln p₀ - (1 - p₀) ln(1 - p₀) = 0.0127

The two are only comparable from the same kernels. The validation loss lies below the training loss,
for dropout works in training alone.

Source: course book, chapter 4.
"""

from __future__ import annotations

import math
from typing import Any

from numpynn import utils
from numpynn.datasets import credit_card_fraud
from numpynn.systems import Split
from numpynn.systems.fraud_baseline import BATCH_SIZE, data, log_odds, model
from numpynn.typing import Array

__all__ = ["BATCH_SIZE", "data", "log_odds", "model"]

CHAPTER = "4"
TASK = "fraud: where the output's bias begins"
EPOCHS = 20
METRIC = "loss"


def prior_entropy(y: Array) -> float:
    """H(p₀): the cross-entropy of whoever says p₀, the share of ones in y, to everything."""
    p = float(y.mean())
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def pair() -> tuple[Any, Any]:
    """The network with bias zero and the careful one, with the same kernels."""
    zero: Any = model(bias=0.0)
    careful: Any = model()
    zero.layers[0].set_weights(careful.layers[0].get_weights())
    zero.layers[-1].kernel.assign(careful.layers[-1].kernel)
    return zero, careful


def draw(figure: Any, model: Any, split: Split) -> None:
    """The losses of both over the epochs; honest payments and frauds in two of the features."""
    losses, plane = figure.subplots(1, 2)
    utils.set_random_seed(0)
    for i, (name, network) in enumerate(zip(("zero bias", "careful bias"), pair(), strict=True)):
        history = network.fit(
            split.x,
            split.y,
            batch_size=BATCH_SIZE,
            epochs=EPOCHS,
            validation_data=split.validation,
            verbose=0,
        ).history
        epochs = range(1, EPOCHS + 1)
        losses.plot(epochs, history["loss"], color=f"C{i}", label=f"training, {name}")
        losses.plot(epochs, history["val_loss"], "--", color=f"C{i}", label=f"validation, {name}")
    losses.set(yscale="log", xlabel="epoch", ylabel="loss")
    losses.legend(fontsize="small")
    v5, v6 = split.x[:, 4], split.x[:, 5]
    plane.hexbin(v5, v6, gridsize=40, bins="log", cmap="Blues")
    plane.plot(v5[split.y == 1], v6[split.y == 1], ".", color="tab:red", markersize=4)
    names = credit_card_fraud.FEATURES[5:7]
    plane.set(xlabel=names[0], ylabel=names[1], title="honest (blue) and fraudulent (red)")
