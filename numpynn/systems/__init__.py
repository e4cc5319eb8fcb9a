"""The catalogue: one file a system = its data, its model, its training recipe.

A system's file holds

    CHAPTER, TASK                    where it stands in the course, and what it is for
    EPOCHS, BATCH_SIZE, METRIC       the recipe, and the figure that measures it
    data(seed), model()              the split of the data, and the compiled model

and, where the recipe asks for them,

    fit_arguments(split)             what else `fit` is given: class_weight, validation_split …
    callbacks()                      new callbacks for one run of `fit`
    measure(evaluation)              the figure, where `evaluate` does not give it by METRIC's name
    CUSTOM_OBJECTS                   its own classes and functions that a saved file names
    BARS                             how near Keras a float type can stay, where rounding decides a
                                     choice: {"float32": {"weights": error, …}}
    draw(figure, model, split)       a picture of what was learnt

Inputs and targets may be several, in lists or dicts, and targets None where the model's own layers
make the loss. Or, where the system is a procedure rather than a Keras model, the file holds

    STEPS, METRIC                    the recipe's length, and the figure that measures it
    inputs(), output(x)              what the system computes
    start(), step(quantity, t)       what it learns, and one step of learning it
    measure(quantity)                how good the quantity is
    draw(figure, quantity)           a picture of it, optional

The same file name under `kerasref/systems` holds the same system in Keras: `model()` and, where
there are any, `callbacks()` and what the library needs to know beside; or `output` and `step`.
"""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from numpynn.typing import Array

SLUGS = (
    "xor",
    "gradient-descent-1d",
    "food-prices-batch",
    "food-prices-online",
    "food-prices",
    "backprop-by-hand",
    "ionosphere-mlp",
    "iris-mlp",
    "iris-mlp-as-printed",
    "boston-mlp",
    "sine-fit",
    "mnist-softmax",
    "mnist-mlp",
    "functional-mlp",
    "fraud-bias-init",
    "fraud-baseline",
    "fraud-class-weight",
    "fraud-oversampling",
    "convolution-examples",
    "mnist-cnn",
    "har-cnn",
    "hello-rnn",
    "rnn-topologies",
    "stacked-rnn",
    "stacked-cells",
    "state-passing",
    "stateful-rnn",
    "minimal-cell",
    "stock-gru",
    "har-rnn",
    "lstm-sentiment",
    "least-squares",
    "polynomial-capacity",
    "constrained-descent",
    "naive-bayes",
    "curse-of-dimensionality",
    "two-outputs",
    "two-outputs-custom",
    "labels-as-inputs",
    "endpoint-loss-layer",
    "multi-label",
    "focal-loss",
    "prior-cross-entropy",
    "custom-mse",
    "top-two-metric",
    "checkpoint-class-weight",
    "tensorboard-log",
    "layer-in-layer",
    "sparse-representation",
    "smooth-functions",
    "appendix-snippets",
)
"""In the order of the course, then what was added to it."""


class Split(NamedTuple):
    """Samples to train on, and samples to measure on: arrays, or several in lists or dicts."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array
    validation: tuple[Array, Array] | None = None
    """Samples to watch while training, where they are not those to measure on."""


@dataclass(frozen=True)
class System:
    """One entry of the catalogue."""

    slug: str
    module: ModuleType

    @property
    def is_model(self) -> bool:
        """Whether it is a Keras model; otherwise it is a procedure."""
        return hasattr(self.module, "model")

    @property
    def chapter(self) -> str:
        return str(self.module.CHAPTER)

    @property
    def task(self) -> str:
        return str(self.module.TASK)

    @property
    def metric(self) -> str:
        return str(self.module.METRIC)

    def model(self) -> Any:
        return self.module.model()

    def data(self, seed: int = 0) -> Split:
        found: Split = self.module.data(seed)
        return found

    def fit_arguments(self, split: Split) -> dict[str, Any]:
        """What the recipe gives to `fit` on either side, beside data, batch size and epochs."""
        found: dict[str, Any] = self._optional("fit_arguments", lambda split: {})(split)
        return found if split.validation is None else {"validation_data": split.validation, **found}

    def callbacks(self) -> list[Any]:
        """The recipe's callbacks, new for every run: they remember."""
        found: list[Any] = self._optional("callbacks", list)()
        return found

    def measure(self, evaluation: dict[str, float]) -> float:
        """The system's figure, from what `evaluate(return_dict=True)` has found."""
        return float(self._optional("measure", lambda found: found[self.metric])(evaluation))

    def own_bars(self, dtype: str) -> dict[str, float]:
        """The errors that it may have in that float type, where the usual bars are out of reach."""
        found: dict[str, float] = self._optional("BARS", {}).get(dtype, {})
        return found

    def _optional(self, name: str, default: Any) -> Any:
        return getattr(self.module, name, default)

    def count_params(self) -> int:
        """How many numbers it learns."""
        if self.is_model:
            return int(self.model().count_params())
        return int(self.module.start().size)


def load(slug: str) -> System:
    """The system of that name. Raises ValueError, with the nearest names, for one not there."""
    if slug not in SLUGS:
        near = difflib.get_close_matches(slug, SLUGS, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"There is no system {slug!r}.{hint} `numpynn list` shows the catalogue.")
    return System(slug, importlib.import_module(f"{__name__}.{slug.replace('-', '_')}"))
