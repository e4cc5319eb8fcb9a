"""The best weights kept in a file, and samples of one class counted four times.

    p_k = σ(W_ck + b_k)    x the one-hot category c of four, y one-hot of two classes
    L = 1/N Σ_i w(y_i) Σ_k -[y_ik ln p_ik + (1 - y_ik) ln(1 - p_ik)] / 2,   w = 1 and 4

`class_weight` looks at the largest of a one-hot target. What it does can be foreseen here, where a
category is all there is to know: if its share of class 1 is q, the least loss is at the share with
four times the odds,  p = 4q / (4q + 1 - q).  The validation loss, on the last tenth of the samples,
has no weights.

Whenever that loss is lower than ever before, the model goes to `checkpoint-class-weight.keras`:
architecture, weights and the optimizer's state. Whoever loads the file names what the program made
itself: `load_model(file, custom_objects={"my_loss": my_loss})`. Keras reads it as well.

Source: notes on callbacks and saving in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import Input, Model, layers, saving
from numpynn.callbacks import Callback, ModelCheckpoint
from numpynn.losses import binary_crossentropy
from numpynn.optimizers import Adam
from numpynn.systems import Split
from numpynn.typing import Array
from numpynn.utils import to_categorical

CHAPTER = "callbacks"
TASK = "the best weights in a file, and weighted classes"
EPOCHS = 60
BATCH_SIZE = 32
METRIC = "accuracy"

FILE = "checkpoint-class-weight.keras"
SHARES = np.array([0.05, 0.15, 0.4, 0.7])
"""How often each category is of class 1."""
CLASS_WEIGHT = {0: 1.0, 1: 4.0}


def data(seed: int = 0) -> Split:
    """1000 samples to train on, 400 to measure on."""
    random = np.random.default_rng(seed)
    parts: list[Array] = []
    for size in (1000, 400):
        category = random.integers(len(SHARES), size=size)
        label = random.random(size) < SHARES[category]
        parts += [to_categorical(category, len(SHARES)), to_categorical(label, 2)]
    return Split(*parts)


def fit_arguments(split: Split) -> dict[str, Any]:
    return {"class_weight": CLASS_WEIGHT, "validation_split": 0.1}


def callbacks(file: str = FILE) -> list[Callback]:
    return [ModelCheckpoint(file, monitor="val_loss", save_best_only=True)]


def my_loss(y_true: Array, y_pred: Array) -> Array:
    """A loss of one's own, which a file knows by its name only."""
    return binary_crossentropy(y_true, y_pred)


CUSTOM_OBJECTS = {"my_loss": my_loss}


def model() -> Model:
    category = Input((len(SHARES),))
    label = layers.Dense(2, activation="sigmoid", name="x")(category)
    model = Model(category, label)
    model.compile(Adam(0.02), loss=my_loss, metrics=["accuracy"])
    return model


def best(file: str = FILE) -> Model:
    """The model of the lowest validation loss, ready to train on."""
    loaded: Model = saving.load_model(file, custom_objects=CUSTOM_OBJECTS)
    return loaded


def weighted_shares() -> Array:
    """Where the loss is least: the share of class 1 with its odds multiplied by its weight."""
    odds = CLASS_WEIGHT[1] / CLASS_WEIGHT[0] * SHARES
    return odds / (odds + 1 - SHARES)


def draw(figure: Any, model: Any, split: Split) -> None:
    """For each category the true share of class 1, the weighted one, and what was learnt."""
    panel = figure.subplots()
    places = np.arange(len(SHARES))
    learnt = model.predict(np.eye(len(SHARES)), verbose=0)[:, 1]
    series = {"share of class 1": SHARES, "with four times the odds": weighted_shares()}
    for i, (name, values) in enumerate({**series, "learnt": learnt}.items()):
        panel.bar(places + 0.27 * (i - 1), values, width=0.27, label=name)
    panel.set_xticks(places)
    panel.set(xlabel="category", ylabel="probability of class 1")
    panel.legend()
