"""How far predicted quantities are from the true ones.

MeanSquaredError               (t - y)²
RootMeanSquaredError           √ of its mean over everything
MeanAbsoluteError              |t - y|
MeanAbsolutePercentageError    100 |t - y| / |t|
MeanSquaredLogarithmicError    (ln(1 + t) - ln(1 + y))²
LogCoshError                   ln cosh(y - t)
R2Score                        1 - Σ (t - y)² / Σ (t - t̄)²
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from numpynn import losses
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.losses.base import matched
from numpynn.metrics.base import Mean, MeanOf, Metric, array_of, unwrapped
from numpynn.typing import Array
from numpynn.variables import Variable


class MeanSquaredError(MeanOf):
    """The mean of (t - y)²."""

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanOf):
    """The mean of |t - y|."""

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanOf):
    """The mean of 100 |t - y| / |t|."""

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanOf):
    """The mean of (ln(1 + t) - ln(1 + y))²."""

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanOf):
    """The mean of ln cosh(y - t)."""

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class RootMeanSquaredError(Mean):
    """The root of the mean of (t - y)² over everything seen: √(Σ w (t - y)² / Σ w)."""

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch. Raises ValueError where shapes do not fit."""
        y_true, y_pred = _matched("RootMeanSquaredError", y_true, y_pred, self._dtype)
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def value(self) -> float:
        mean = super().value()
        return math.sqrt(mean) if mean >= 0 else math.nan


def _matched(name: str, y_true: Any, y_pred: Any, dtype: Any) -> tuple[Array, Array]:
    return matched(name, unwrapped(y_true), array_of(y_pred, dtype))


class R2Score(Metric):
    """The share of the targets' variance that is explained:  1 - Σ w (t - y)² / Σ w (t - t̄)².

    Targets and predictions (B, K). class_aggregation: the mean over the K outputs
    ("uniform_average"), their mean weighted by variance ("variance_weighted_average"), or None.
    num_regressors p: adjusted for n numbers seen,  1 - (1 - R²)(n - 1)/(n - p - 1).
    Targets that do not vary give 0 where there are errors, and NaN where there are none.
    Raises ValueError for another aggregation and a negative number of regressors.
    """

    _direction = "up"

    squared_sum: Variable
    sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        accepted = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in accepted:
            raise ValueError(
                f"`class_aggregation` must be one of {accepted}; got {class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"`num_regressors` must be at least 0; got {num_regressors}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError for other shapes than (B, K), and weights that misfit."""
        y_true, y_pred = _matched("R2Score", y_true, y_pred, self._dtype)
        self._require_shape(y_true.shape)
        weights = self._weights(sample_weight, y_true.shape)
        weighted = y_true * weights
        self.sum.assign_add(np.sum(weighted, axis=0))
        self.squared_sum.assign_add(np.sum(y_true * weighted, axis=0))
        self.total_mse.assign_add(np.sum(np.square(y_true - y_pred) * weights, axis=0))
        self.count.assign_add(np.sum(weights, axis=0))
        self.num_samples.assign_add(y_true.size)

    def _require_shape(self, shape: tuple[int, ...]) -> None:
        """Check the shape of a batch; the first tells how many outputs there are."""
        if len(shape) != 2:
            raise ValueError(
                f"R2Score takes targets and predictions (batch, outputs); got {shape}."
            )
        if not self._built:
            self.squared_sum = self.add_variable((shape[1],), "zeros", name="squared_sum")
            self.sum = self.add_variable((shape[1],), "zeros", name="sum")
            self.total_mse = self.add_variable((shape[1],), "zeros", name="residual")
            self.count = self.add_variable((shape[1],), "zeros", name="count")
            self._built = True
        if shape[1:] != self.count.shape:
            raise ValueError(
                f"R2Score '{self.name}' has met {self.count.shape[0]} outputs so far; got "
                f"{shape[1]}."
            )

    def _weights(self, sample_weight: Any, shape: tuple[int, ...]) -> Array:
        weights = array_of(1.0 if sample_weight is None else sample_weight, self._dtype)
        if weights.ndim == 1:
            weights = weights[:, None]
        try:
            return np.broadcast_to(weights, shape)
        except ValueError as error:
            raise ValueError(
                f"`sample_weight` of shape {weights.shape} does not fit targets of shape {shape}."
            ) from error

    def result(self) -> Tensor:
        """The score so far. Raises ValueError before the first batch.

        Warns where too few numbers were seen to adjust for the regressors, and leaves it at that.
        """
        if not self._built:
            raise ValueError(f"Metric '{self.name}' has no result before its first batch.")
        total = self.sum.array
        with np.errstate(divide="ignore", invalid="ignore"):
            variation = self.squared_sum.array - total * (total / self.count.array)
            scores = 1.0 - self.total_mse.array / variation
            scores = np.where(np.isinf(scores), scores.dtype.type(0.0), scores)
            if self.class_aggregation == "uniform_average":
                scores = np.mean(scores)
            elif self.class_aggregation == "variance_weighted_average":
                scores = np.sum(variation * scores) / np.sum(variation)
        return tensor_of(np.asarray(self._adjusted(scores)), None)

    def _adjusted(self, score: Array) -> Array:
        degrees = float(self.num_samples.array) - self.num_regressors - 1.0
        if self.num_regressors == 0:
            return score
        if degrees <= 0:
            warnings.warn(
                f"R2Score is not adjusted for {self.num_regressors} regressors: only "
                f"{int(self.num_samples.array)} numbers were seen.",
                stacklevel=3,
            )
            return score
        return 1.0 - (1.0 - score) * (degrees + self.num_regressors) / degrees

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
