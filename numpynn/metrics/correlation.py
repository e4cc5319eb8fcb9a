"""How targets and predictions vary together, along an axis:

    Pearson        cov(t, y) / (σ_t σ_y)
    concordance    2 cov(t, y) / (σ_t² + σ_y² + (μ_t - μ_y)²)      Lin 1989
    cosine         t·y / (‖t‖ ‖y‖)

Pearson's coefficient sees only how close the points are to a line; the concordance, how close they
are to y = t.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config, ops
from numpynn.losses.base import matched
from numpynn.metrics.base import MeanOf
from numpynn.typing import Array

Axis = int | tuple[int, ...]


def pearson_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> Array:
    """Pearson's coefficient along `axis`, in -1 … 1; NaN where one side is constant.

    Raises ValueError where shapes do not fit.
    """
    y_true, y_pred = matched("pearson_correlation", y_true, y_pred)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.mean(_standardized(y_true, axis) * _standardized(y_pred, axis), axis=axis)


def _standardized(values: Array, axis: Axis) -> Array:
    centred = values - np.mean(values, axis=axis, keepdims=True)
    return centred / np.std(centred, axis=axis, keepdims=True)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> Array:
    """Lin's concordance coefficient along `axis`, in -1 … 1.

    Raises ValueError where shapes do not fit.
    """
    y_true, y_pred = matched("concordance_correlation", y_true, y_pred)
    true_mean = np.mean(y_true, axis=axis, keepdims=True)
    pred_mean = np.mean(y_pred, axis=axis, keepdims=True)
    covariance = np.mean((y_true - true_mean) * (y_pred - pred_mean), axis=axis, keepdims=True)
    spread = np.var(y_true, axis=axis, keepdims=True) + np.var(y_pred, axis=axis, keepdims=True)
    distance = np.square(true_mean - pred_mean)
    return np.mean(2.0 * covariance / (spread + distance + config.epsilon()), axis=axis)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """The cosine of the angle between targets and predictions along `axis`; 0 for a zero vector.

    Unlike the loss of this name, larger is better. Raises ValueError where shapes do not fit.
    """
    y_true, y_pred = matched("cosine_similarity", y_true, y_pred)
    return np.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


class PearsonCorrelation(MeanOf):
    """The mean of Pearson's coefficient along `axis`."""

    _direction = "up"

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Axis = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanOf):
    """The mean of Lin's concordance coefficient along `axis`."""

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Axis = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)


class CosineSimilarity(MeanOf):
    """The mean cosine of the angle between targets and predictions along `axis`."""

    _direction = "up"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if config["axis"] == -1:  # Keras never writes it, but reads it
            del config["axis"]
        return config
