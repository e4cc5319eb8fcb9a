"""How often predictions are right.

    Accuracy                         [y = t]
    BinaryAccuracy                   [[y > threshold] = t]
    CategoricalAccuracy              [argmax y = argmax t]
    SparseCategoricalAccuracy        [argmax y = t]
    TopKCategoricalAccuracy          [fewer than k classes have a larger y than argmax t]
    SparseTopKCategoricalAccuracy    [fewer than k classes have a larger y than t]

The functions give 1.0 or 0.0 a sample; the metrics count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config, ops
from numpynn.losses.base import same_rank
from numpynn.metrics.base import MeanOf, array_of, unwrapped
from numpynn.ops.dtypes import values_only
from numpynn.typing import Array


def _as_hits(matches: Array) -> Array:
    """1.0 where True, 0.0 where False."""
    return matches.astype(config.floatx())


def _like(y_true: Any, y_pred: Array) -> Array:
    """The targets in the predictions' dtype."""
    if hasattr(y_true, "__array_function__"):
        return y_true if y_true.dtype == y_pred.dtype else y_true.astype(y_pred.dtype)
    return np.asarray(y_true, y_pred.dtype)


def _require_same_shape(name: str, y_true: Array, y_pred: Array) -> None:
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name}: targets and predictions do not fit: after comparing ranks their shapes are "
            f"{y_true.shape} and {y_pred.shape}."
        )


# -- one value for each sample ---------------------------------------------------------------------


def _equal(y_true: Any, y_pred: Any) -> Array:
    y_pred = array_of(y_pred)
    y_true, y_pred = same_rank(_like(y_true, y_pred), y_pred)
    _require_same_shape("accuracy", y_true, y_pred)
    return np.equal(y_true, y_pred)


@values_only
def accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where y_pred = y_true, else 0. Raises ValueError where shapes do not fit."""
    return _as_hits(_equal(y_true, y_pred))


def _equal_binary(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Array:
    y_true, y_pred = same_rank(array_of(y_true), array_of(y_pred))
    _require_same_shape("binary_accuracy", y_true, y_pred)
    return np.equal(y_true, y_pred > np.asarray(threshold, config.floatx()))


@values_only
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Array:
    """1 where [y_pred > threshold] = y_true, else 0; strictly greater.

    Raises ValueError where shapes do not fit.
    """
    return _as_hits(_equal_binary(y_true, y_pred, threshold))


def _equal_categorical(y_true: Any, y_pred: Any) -> Array:
    y_pred = array_of(y_pred)
    return _equal_classes("categorical_accuracy", array_of(y_true).argmax(-1), y_pred)


def _equal_classes(name: str, classes: Array, y_pred: Array) -> Array:
    """Class numbers (…) or (…, 1) against the largest of y_pred (…, K)."""
    shape = classes.shape
    if classes.ndim == y_pred.ndim and shape[-1] == 1:
        classes = classes[..., 0]
    if classes.shape != y_pred.shape[:-1]:
        raise ValueError(
            f"{name}: one class for each row of the predictions is expected; the classes have "
            f"shape {shape}, y_pred has {y_pred.shape}."
        )
    matches = np.equal(classes, y_pred.argmax(-1))
    return matches if matches.shape == shape else matches.reshape(shape)


@values_only
def categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where argmax y_pred = argmax y_true, else 0.  (…, K) → (…).

    Raises ValueError where shapes do not fit.
    """
    return _as_hits(_equal_categorical(y_true, y_pred))


def _equal_sparse(y_true: Any, y_pred: Any) -> Array:
    y_pred, classes = array_of(y_pred), array_of(y_true)
    if y_pred.dtype.kind != "f":
        classes = _like(classes, y_pred)
    matches = _equal_classes("sparse_categorical_accuracy", classes, y_pred)
    return matches[..., 0] if matches.ndim > 1 and matches.shape[-1] == 1 else matches


@values_only
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where argmax y_pred = y_true, else 0.  (…) or (…, 1) and (…, K) → (…).

    Raises ValueError for other shapes.
    """
    return _as_hits(_equal_sparse(y_true, y_pred))


def _among_top_k(name: str, classes: Array, y_pred: Array, k: int) -> Array:
    """Whether each class is among the k with the largest predictions:  (…) and (…, K) → (…)."""
    _require_one_class_a_row(name, classes, y_pred)
    rows = y_pred.reshape(-1, y_pred.shape[-1])
    return ops.in_top_k(classes.reshape(-1), rows, k).reshape(classes.shape)


def _require_one_class_a_row(name: str, classes: Array, y_pred: Array) -> None:
    if classes.size != y_pred.size // max(y_pred.shape[-1], 1):
        raise ValueError(
            f"{name}: one class for each row of the predictions is expected; the classes have "
            f"shape {classes.shape}, y_pred has {y_pred.shape}."
        )


def _top_k(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    classes = array_of(y_true).argmax(-1)
    return _among_top_k("top_k_categorical_accuracy", classes, array_of(y_pred), k)


@values_only
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    """1 where the class argmax y_true is among the k largest of y_pred, else 0.  (…, K) → (…).

    Of predictions equal to the k-th largest all are among them.
    Raises ValueError where shapes do not fit.
    """
    return _as_hits(_top_k(y_true, y_pred, k))


def _sparse_top_k(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Array:
    name = "sparse_top_k_categorical_accuracy"
    y_pred = array_of(y_pred)
    if not from_sorted_ids:
        return _among_top_k(name, array_of(y_true).astype("int32"), y_pred, k)
    classes = _like(y_true, y_pred)
    _require_one_class_a_row(name, classes, y_pred)
    first = y_pred.reshape(-1, y_pred.shape[-1])[:, :k]
    return np.any(classes.reshape(-1, 1) == first, axis=1).reshape(classes.shape)


@values_only
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """1 where the class y_true is among the k largest of y_pred, else 0.  (…) and (…, K) → (…).

    Of predictions equal to the k-th largest all are among them. from_sorted_ids: y_pred holds class
    numbers, the best first. Raises ValueError where shapes do not fit.
    """
    return _as_hits(_sparse_top_k(y_true, y_pred, k, from_sorted_ids))


# -- over all samples ------------------------------------------------------------------------------


class _Hits(MeanOf):
    """The share of True. Unlike losses it has no use for the logits behind predictions."""

    _direction = "up"
    _prepared = staticmethod(unwrapped)


class Accuracy(_Hits):
    """How often y_pred = y_true."""

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(_equal, name, dtype)


class BinaryAccuracy(_Hits):
    """How often [y_pred > threshold] = y_true."""

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(_equal_binary, name, dtype, threshold=threshold)


class CategoricalAccuracy(_Hits):
    """How often argmax y_pred = argmax y_true."""

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(_equal_categorical, name, dtype)


class SparseCategoricalAccuracy(_Hits):
    """How often argmax y_pred = y_true, a class number."""

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(_equal_sparse, name, dtype)


class TopKCategoricalAccuracy(_Hits):
    """How often argmax y_true is among the k largest of y_pred."""

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(_top_k, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(_Hits):
    """How often y_true, a class number, is among the k largest of y_pred.

    from_sorted_ids: y_pred holds class numbers, the best first.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(_sparse_top_k, name, dtype, k=k, from_sorted_ids=from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if not config["from_sorted_ids"]:
            del config["from_sorted_ids"]
        return config
