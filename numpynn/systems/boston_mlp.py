"""House prices in 506 districts of Boston from 13 figures each: a 13-10-8-1 network.

    h₁ = relu(x W₁ + b₁)    h₂ = relu(h₁ W₂ + b₂)    y = h₂ W₃ + b₃    L = (t - y)²

237 parameters, inputs not scaled, as in the book, which sets it beside a support vector machine and
linear regression. The column B of these data encodes race; the set serves here as history only.
Source: course book, chapter 3; Harrison & Rubinfeld 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.datasets import boston_housing, train_test_split
from numpynn.systems import Split

CHAPTER = "3"
TASK = "house prices from 13 figures"
EPOCHS = 150
BATCH_SIZE = 32
METRIC = "loss"


def data(seed: int = 0) -> Split:
    districts = boston_housing.load()
    x, x_test, y, y_test = train_test_split(districts.x, districts.y, 0.33, seed)
    return Split(x, y, x_test, y_test)


def model() -> Sequential:
    model = Sequential(
        [
            Input((13,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    return model


def rivals(split: Split) -> dict[str, Any]:
    """The predictions of scikit-learn's support vector machine and linear regression.

    Raises ImportError without scikit-learn.
    """
    try:
        from sklearn.linear_model import LinearRegression
        from sklearn.svm import SVR
    except ImportError as error:
        raise ImportError(
            "The comparison needs scikit-learn: pip install 'numpynn[data]'"
        ) from error
    machines = {
        "support vectors": SVR(kernel="rbf", C=100, gamma=0.1, epsilon=0.1),
        "linear regression": LinearRegression(),
    }
    return {
        name: machine.fit(split.x, split.y).predict(split.x_test)
        for name, machine in machines.items()
    }


def draw(figure: Any, model: Any, split: Split) -> None:
    """Prediction against truth, with the line where they are equal, for the three methods."""
    predictions = {"network": model.predict(split.x_test, verbose=0)[:, 0], **rivals(split)}
    panels = figure.subplots(1, len(predictions), sharex=True, sharey=True)
    ends = [0, 55]
    for panel, (name, predicted) in zip(panels, predictions.items(), strict=True):
        error = float(np.mean(np.square(predicted - split.y_test)))
        panel.scatter(split.y_test, predicted, s=12, alpha=0.7)
        panel.plot(ends, ends, color="tab:red", linewidth=1)
        panel.set(title=f"{name}, mse {error:.1f}", xlabel="true price, $1000")
    panels[0].set_ylabel("predicted price, $1000")
