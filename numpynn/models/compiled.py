"""What `compile` was given, by name or as objects, found once the shapes of the data are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn import losses, metrics
from numpynn.losses import Loss
from numpynn.metrics import Metric
from numpynn.typing import Array

_ACCURACIES: dict[str, Any] = {
    "binary": metrics.BinaryAccuracy,
    "sparse": metrics.SparseCategoricalAccuracy,
    "categorical": metrics.CategoricalAccuracy,
}
_CROSSENTROPIES = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}


def resolve_loss(identifier: Any, y_true: Array, y_pred: Array) -> Loss:
    """The Loss that a compile argument means; "crossentropy" by the shapes."""
    if _is(identifier, "crossentropy", "ce"):
        found: Any = _CROSSENTROPIES[_task(y_true, y_pred)]
    else:
        found = losses.get(identifier)
    if isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", None)
    return losses.LossFunctionWrapper(found, name=name)


def resolve_metric(identifier: Any, y_true: Array, y_pred: Array) -> Metric:
    """The Metric that a compile argument means; "accuracy" by the shapes."""
    if _is(identifier, "accuracy", "acc"):
        found: Any = _ACCURACIES[_task(y_true, y_pred)]()
    else:
        found = metrics.get(identifier)
    name = getattr(found, "name", None) or getattr(found, "__name__", None)
    metric: Metric = found if isinstance(found, Metric) else metrics.MeanMetricWrapper(found, name)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


class CompiledMetrics(Metric):
    """The metrics of `compile` as one, made at the first batch. Its result holds each by name.

    weighted: those that sample weights apply to.
    Raises ValueError for what is no list, and for unknown names.
    """

    def __init__(self, given: Sequence[Any] | None, weighted: Sequence[Any] | None) -> None:
        super().__init__(name="compile_metrics")
        for argument, identifiers in (("metrics", given), ("weighted_metrics", weighted)):
            if identifiers is not None and not isinstance(identifiers, (list, tuple)):
                raise ValueError(f"`{argument}` must be a list; got {identifiers!r}.")
            for identifier in identifiers or ():
                if identifier is None:
                    raise ValueError(f"`{argument}` must not hold None; got {identifiers!r}.")
                if not _is(identifier, "accuracy", "acc"):
                    metrics.get(identifier)
        self._given = list(given or ())
        self._given_weighted = list(weighted or ())
        self._named: dict[str, Metric] | None = None
        self._plain: list[Metric] = []
        self._weighted: list[Metric] = []

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in the order they were given; none before the first batch."""
        return self._plain + self._weighted

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to every metric. Raises ValueError without targets."""
        if self._named is None:
            self._make(y_true, y_pred)
        for metric in self._plain:
            metric.update_state(y_true, y_pred)
        for metric in self._weighted:
            metric.update_state(y_true, y_pred, sample_weight=sample_weight)

    def result(self) -> dict[str, float]:
        """Each metric's result. One name for several: `mae`, `mae_1`, …, `weighted_mae`."""
        return {name: as_number(metric) for name, metric in (self._named or {}).items()}

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def _make(self, y_true: Any, y_pred: Any) -> None:
        if y_true is None and (self._given or self._given_weighted):
            raise ValueError("The compiled metrics need targets; `y` is missing.")
        self._plain = [resolve_metric(m, y_true, y_pred) for m in self._given]
        self._weighted = [resolve_metric(m, y_true, y_pred) for m in self._given_weighted]
        self._named = {}
        for metric in self._plain:
            self._named[_free(metric.name, self._named)] = metric
        for metric in self._weighted:
            name = metric.name if metric.name not in self._named else f"weighted_{metric.name}"
            self._named[_free(name, self._named)] = metric


def as_number(metric: Metric) -> float:
    """What a metric has found, as a Python number."""
    quick = type(metric).result is metrics.Mean.result  # no class of one's own reads otherwise
    return metric.value() if quick else float(metric.result())  # type: ignore[attr-defined]


def _is(identifier: Any, *names: str) -> bool:
    return isinstance(identifier, str) and identifier.lower() in names


def _task(y_true: Array, y_pred: Array) -> str:
    """What kind of classification the shapes speak of: binary, sparse or categorical."""
    if y_pred.shape[-1] == 1:
        return "binary"
    if y_true.ndim < y_pred.ndim or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1):
        return "sparse"
    return "categorical"


def _free(name: str, taken: dict[str, Metric]) -> str:
    """`name`, numbered where it is taken."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
