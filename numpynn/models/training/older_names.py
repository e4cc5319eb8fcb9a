"""What steps written for Keras 2 call."""

from __future__ import annotations

import warnings
from typing import Any

from numpynn.metrics import Mean


class OlderNames:
    """`compiled_loss` and `compiled_metrics`, which Keras still has, with a warning."""

    metrics: Any
    compute_loss: Any

    def compiled_loss(
        self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None
    ) -> Any:
        """`compute_loss`, without the inputs."""
        warnings.warn(
            "`compiled_loss()` is deprecated: use `compute_loss(x, y, y_pred, sample_weight)`.",
            stacklevel=2,
        )
        return self.compute_loss(None, y, y_pred, sample_weight)

    @property
    def compiled_metrics(self) -> _Metrics:
        """All metrics, to be updated as one."""
        return _Metrics(self.metrics)


class _Metrics:
    def __init__(self, metrics: list[Any]) -> None:
        self.metrics = metrics

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to each; as in Keras, predictions alone to those that are means."""
        warnings.warn(
            "`compiled_metrics` is deprecated: update each of `metrics`.",
            stacklevel=2,
        )
        for metric in self.metrics:
            given = (y_pred,) if isinstance(metric, Mean) else (y, y_pred)
            metric.update_state(*given, sample_weight=sample_weight)
