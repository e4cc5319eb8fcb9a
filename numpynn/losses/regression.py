"""How far numbers are off. With the error e_k = p_k - t_k of each of the values of a sample:

    mean_squared_error                mean_k e_k²
    mean_absolute_error               mean_k |e_k|
    mean_absolute_percentage_error    100 mean_k |e_k| / |t_k|
    mean_squared_logarithmic_error    mean_k (ln(1 + p_k) - ln(1 + t_k))²
    huber                             mean_k of  ½ e_k²  up to |e_k| = δ,  δ |e_k| - ½ δ²  beyond
    log_cosh                          mean_k ln cosh e_k

The squared error makes outliers count most; the absolute error, all errors alike, but its gradient
jumps at 0. The last two are squares near 0 and straight lines far out.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from numpynn import config, ops
from numpynn.losses.base import NamedLoss, matched


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean_k (t_k - p_k)²,  (…, K) → (…)."""
    y_true, y_pred = matched("mean_squared_error", y_true, y_pred)
    return np.mean(np.square(y_true - y_pred), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean_k |t_k - p_k|,  (…, K) → (…)."""
    y_true, y_pred = matched("mean_absolute_error", y_true, y_pred)
    return np.mean(np.absolute(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean_k |t_k - p_k| / max(|t_k|, ε),  (…, K) → (…), with ε = `config.epsilon()`."""
    y_true, y_pred = matched("mean_absolute_percentage_error", y_true, y_pred)
    size = np.maximum(np.absolute(y_true), config.epsilon())
    return 100.0 * np.mean(np.absolute((y_true - y_pred) / size), -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean_k (ln(1 + p_k) - ln(1 + t_k))²,  (…, K) → (…).

    Values below ε = `config.epsilon()` count as ε: the loss is for what is not negative.
    """
    y_true, y_pred = matched("mean_squared_logarithmic_error", y_true, y_pred)
    log_p = np.log(np.maximum(y_pred, config.epsilon()) + 1.0)
    log_t = np.log(np.maximum(y_true, config.epsilon()) + 1.0)
    return np.mean(np.square(log_p - log_t), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean_k of  ½ e²  where |e| ≤ δ,  δ |e| - ½ δ²  elsewhere;  e = p_k - t_k,  (…, K) → (…).

    Its derivative is e, kept in ±δ. Divided by δ it is the smooth L1 loss of other libraries.
    Source: Huber 1964, Robust estimation of a location parameter.
    """
    y_true, y_pred = matched("huber", y_true, y_pred)
    error = y_pred - y_true
    size = np.absolute(error)
    far = delta * size - 0.5 * delta * delta
    return np.mean(np.where(size <= delta, 0.5 * np.square(error), far), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean_k ln cosh(p_k - t_k),  (…, K) → (…).

    As  e + softplus(-2e) - ln 2, in which no exponential overflows. Its derivative is tanh e.
    """
    y_true, y_pred = matched("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return np.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), -1)


class MeanSquaredError(NamedLoss):
    """The mean of (t - p)²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(NamedLoss):
    """The mean of |t - p|."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(NamedLoss):
    """The mean of 100 |t - p| / |t|."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(NamedLoss):
    """The mean of (ln(1 + p) - ln(1 + t))²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(NamedLoss):
    """The mean of ½ e² for small errors, δ |e| - ½ δ² for large ones; see `huber`."""

    unwritten: ClassVar = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(NamedLoss):
    """The mean of ln cosh(p - t)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
