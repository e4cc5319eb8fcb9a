"""Precision and recall in one number:

    F_β = (1 + β²) P R / (β² P + R)        P = TP / (TP + FP),  R = TP / (TP + FN)

β > 1 favours recall, β < 1 precision. Source: van Rijsbergen 1979.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.metrics.base import Metric, array_of
from numpynn.typing import Array
from numpynn.variables import Variable

_AVERAGES = (None, "micro", "macro", "weighted")
_COUNTS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """F_β of targets and predictions (B, K), for each of K classes or over all.

    average: None gives one score a class; "macro" their mean; "weighted" their mean weighted by how
    often the class occurs; "micro" counts all classes together.
    threshold: a class is predicted where y_pred > threshold; None: where it is the row's largest,
    and not 0. Ties are all predicted.
    Raises ValueError for options of other types or outside their range.
    """

    _direction = "up"

    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if average not in _AVERAGES:
            raise ValueError(f"`average` must be one of {_AVERAGES}; got {average!r}.")
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(f"`beta` must be a float above 0; got {beta!r}.")
        if threshold is not None and not (isinstance(threshold, float) and 0.0 < threshold <= 1.0):
            raise ValueError(
                f"`threshold` must be None or a float with 0 < threshold <= 1; got {threshold!r}."
            )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.axis = None if average == "micro" else 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError for other shapes than (B, K), and weights not of (B,)."""
        labels = array_of(y_true, self._dtype)
        scores = array_of(y_pred, self._dtype)
        self._require_shapes(labels.shape, scores.shape)
        if self.threshold is None:
            largest = np.max(scores, axis=-1, keepdims=True, initial=-np.inf)
            found: Array = (scores >= largest) & (np.absolute(scores) > 1e-9)
        else:
            found = scores > self.threshold
        found = found.astype(self._dtype)
        weights = self._weights(sample_weight, len(scores))
        for name, values in zip(
            _COUNTS,
            (found * labels, found * (1.0 - labels), (1.0 - found) * labels, labels),
            strict=True,
        ):
            weighted = values if weights is None else values * weights
            getattr(self, name).assign_add(np.sum(weighted, axis=self.axis))

    def _require_shapes(self, y_true: tuple[int, ...], y_pred: tuple[int, ...]) -> None:
        """Check the shapes of a batch; the first tells how many classes there are."""
        if len(y_true) != 2 or y_true != y_pred:
            raise ValueError(
                f"{type(self).__name__} takes targets and predictions of one shape, (batch, "
                f"classes); got y_true {y_true} and y_pred {y_pred}."
            )
        shape = () if self.axis is None else (y_pred[1],)
        if not self._variables:
            for name in _COUNTS:
                setattr(self, name, self.add_variable(shape, "zeros", self._dtype, name=name))
        if shape != self.true_positives.shape:
            raise ValueError(
                f"{type(self).__name__} '{self.name}' has met {self.true_positives.shape[0]} "
                f"classes so far; got {y_pred[1]}."
            )

    def _weights(self, sample_weight: Any, samples: int) -> Array | None:
        if sample_weight is None:
            return None
        weights = array_of(sample_weight, self._dtype)
        if weights.shape not in ((samples,), (1,)):
            raise ValueError(
                f"One weight for each of the {samples} samples is expected; got shape "
                f"{weights.shape}."
            )
        return weights[:, None]

    def result(self) -> Tensor:
        """The score so far, (K,) or a scalar. Raises ValueError before the first batch."""
        if not self._variables:
            raise ValueError(f"Metric '{self.name}' has no result before its first batch.")
        epsilon, squared = config.epsilon(), self.beta**2
        tp, fp, fn, occurring = (getattr(self, name).array for name in _COUNTS)
        precision = tp / (tp + fp + epsilon)
        recall = tp / (tp + fn + epsilon)
        score = precision * recall / (squared * precision + recall + epsilon) * (1.0 + squared)
        if self.average == "weighted":
            score = np.sum(score * (occurring / (np.sum(occurring) + epsilon)))
        elif self.average is not None:
            score = np.mean(score)
        return tensor_of(np.asarray(score, self._dtype), None)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


class F1Score(FBetaScore):
    """F_β with β = 1: the harmonic mean of precision and recall,  2 P R / (P + R)."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
