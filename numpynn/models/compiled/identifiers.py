"""Losses and metrics by name; "crossentropy" and "accuracy" by what the shapes speak of."""

from __future__ import annotations

from typing import Any

from numpynn import losses, metrics
from numpynn.autograd.structure import leaves
from numpynn.losses import Loss
from numpynn.metrics import Metric
from numpynn.typing import Array
from numpynn.utils.registry import snake_case

_CROSSENTROPIES: dict[str, Any] = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}
_ACCURACIES: dict[str, Any] = {
    "binary": metrics.BinaryAccuracy,
    "sparse": metrics.SparseCategoricalAccuracy,
    "categorical": metrics.CategoricalAccuracy,
}


def resolved_loss(identifier: Any, y_true: Any, y_pred: Any) -> Loss:
    """The Loss that a compile argument means."""
    if _is(identifier, "crossentropy", "ce"):
        found: Any = _CROSSENTROPIES[_task(y_true, y_pred)]
    else:
        found = losses.get(identifier)
    if isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else _name_of(found)
    return losses.LossFunctionWrapper(found, name=name)


def resolved_metric(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """The Metric that a compile argument means. Raises ValueError for None."""
    if identifier is None:
        raise ValueError("A list of metrics must not hold None.")
    if _is(identifier, "accuracy", "acc"):
        found: Any = _ACCURACIES[_task(y_true, y_pred)]()
    else:
        found = metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else _name_of(found)
    metric: Metric = found if isinstance(found, Metric) else metrics.MeanMetricWrapper(found)
    metric.name = name
    return metric


def check_losses(given: Any) -> None:
    """Raise ValueError now for names that the first batch would stumble over."""
    for identifier in leaves(given):
        if isinstance(identifier, str) and not _is(identifier, "crossentropy", "ce"):
            losses.get(identifier)


def check_metrics(given: Any) -> None:
    """Raise ValueError now for names that the first batch would stumble over."""
    for identifier in leaves(given):
        if isinstance(identifier, str) and not _is(identifier, "accuracy", "acc"):
            metrics.get(identifier)


def _is(identifier: Any, *names: str) -> bool:
    return isinstance(identifier, str) and identifier.lower() in names


def _task(y_true: Array, y_pred: Array) -> str:
    """What kind of classification the shapes speak of: binary, sparse or categorical."""
    if y_pred.shape[-1] == 1:
        return "binary"
    if y_true.ndim < y_pred.ndim or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1):
        return "sparse"
    return "categorical"


def _name_of(found: Any) -> str:
    """The name of a loss or metric, or the one that its function or class has."""
    if hasattr(found, "name"):
        return str(found.name)
    return snake_case(getattr(found, "__name__", type(found).__name__))
