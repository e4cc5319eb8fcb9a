"""The best of one rate while another is at least so much, over thresholds from 0 to 1.

sensitivity = recall    TP / (TP + FN)
specificity             TN / (TN + FP)
precision               TP / (TP + FP)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.metrics.confusion import Confusion, counter, share, thresholds_of
from numpynn.typing import Array


class _Constrained(Confusion):
    """Base: counts at `num_thresholds` thresholds, evenly from 0 to 1; a single one is 0.5.

    Raises ValueError for a bound outside 0 … 1, and without thresholds.
    """

    _direction = "up"

    def __init__(
        self,
        bound: str,
        value: float,
        num_thresholds: int,
        class_id: int | None,
        name: Any,
        dtype: Any,
    ) -> None:
        super().__init__(dtype, name)
        if not 0 <= value <= 1:
            raise ValueError(f"`{bound}` must be in 0 … 1; got {value}.")
        if num_thresholds <= 0:
            raise ValueError(f"`num_thresholds` must be at least 1; got {num_thresholds}.")
        setattr(self, bound, value)
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        last = num_thresholds - 1
        self.thresholds = [i / last for i in range(num_thresholds)] if last else [0.5]
        even = len(self.thresholds) > 1
        self._cuts = thresholds_of(self.thresholds)._replace(even=even)
        counts = ("true_positives", "false_positives", "true_negatives", "false_negatives")
        self._keep(counts, (num_thresholds,))
        self._bound = bound

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where shapes do not fit."""
        self._count(
            counter(y_true, y_pred, self._cuts, class_id=self.class_id, sample_weight=sample_weight)
        )

    def _recalls(self) -> Array:
        return share(self.true_positives, self.false_negatives)

    def _specificities(self) -> Array:
        return share(self.true_negatives, self.false_positives)

    def _precisions(self) -> Array:
        return share(self.true_positives, self.false_positives)

    def _best(self, sought: Array, constrained: Array) -> Tensor:
        """The largest of what is sought where the other reaches the bound; 0 if nowhere."""
        feasible = constrained >= self.value
        return tensor_of(np.asarray(np.max(np.where(feasible, sought, 0.0), initial=0.0)), None)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            self._bound: self.value,
            "class_id": self.class_id,
        }


class SensitivityAtSpecificity(_Constrained):
    """The best sensitivity while the specificity is at least `specificity`."""

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("specificity", specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._recalls(), self._specificities())


class SpecificityAtSensitivity(_Constrained):
    """The best specificity while the sensitivity is at least `sensitivity`."""

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("sensitivity", sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._specificities(), self._recalls())


class PrecisionAtRecall(_Constrained):
    """The best precision while the recall is at least `recall`."""

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("recall", recall, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._precisions(), self._recalls())


class RecallAtPrecision(_Constrained):
    """The best recall while the precision is at least `precision`."""

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("precision", precision, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self._best(self._recalls(), self._precisions())
