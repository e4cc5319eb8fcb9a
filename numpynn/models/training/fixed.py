"""What does not change while a model trains, found once a run."""

from __future__ import annotations

from typing import Any

from numpynn.metrics import Metric
from numpynn.variables import Variable


class Fixed:
    """The layers, weights and metrics of a model, as they are now."""

    def __init__(self, model: Any) -> None:
        self.trainable: list[Variable] = model.trainable_variables
        self.metrics: list[Metric] = model.metrics
        self._layers = model._flatten_layers()
        self.complete = all(layer.built for layer in self._layers) and all(
            part is None or part.built for part in (model._compile_loss, model._compile_metrics)
        )
        self._penalised = [w for w in self.trainable if w.regularizer is not None]

    def losses(self) -> list[Any]:
        """`model.losses`: what layers added in the last call, and the penalties of the weights."""
        terms = [term for layer in self._layers for term in layer._losses]
        return terms + [w.regularizer(w) for w in self._penalised]
