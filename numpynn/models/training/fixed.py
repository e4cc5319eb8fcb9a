"""What does not change while a model trains, found once a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.metrics import Metric
from numpynn.models.compiled import CompileMetrics, figures_of
from numpynn.variables import Variable


class Fixed:
    """The layers, weights and metrics of a model, as they are now."""

    def __init__(self, model: Any) -> None:
        self._layers = model._flatten_layers()
        self.trainable: list[Variable] = model.trainable_variables
        self.metrics: list[Metric] = model.metrics
        self.figures = figures_of(self.metrics)
        self.complete = all(layer.built for layer in self._layers) and all(
            part is None or part.built for part in (model._compile_loss, model._compile_metrics)
        )
        each = [m for c in self.metrics for m in _parts(c)]
        self._resetting = [m for m in each if type(m).reset_state is not Metric.reset_state]
        plain = [m for m in each if type(m).reset_state is Metric.reset_state]
        self._state = [variable for metric in plain for variable in metric.variables]
        self._penalised = [w for w in self.trainable if w.regularizer is not None]

    def reset_metrics(self) -> None:
        """`model.reset_metrics()`: all figures begin anew."""
        for variable in self._state:
            variable.array = np.zeros(variable.array.shape, variable.array.dtype)
        for metric in self._resetting:
            metric.reset_state()

    def losses(self) -> list[Any]:
        """`model.losses`: what layers added in the last call, and the penalties of the weights."""
        terms: list[Any] = []
        for layer in self._layers:
            if layer._losses:
                terms += layer._losses
        for weight in self._penalised:
            terms.append(weight.regularizer(weight))
        return terms


def _parts(metric: Metric) -> list[Metric]:
    return metric.metrics if isinstance(metric, CompileMetrics) else [metric]
