"""The area under a curve that the thresholds trace.

    ROC       recall over the false positive rate      FP / (FP + TN)
    PR        precision over recall
    PRGAIN    precision gain over recall gain          Flach & Kull 2015

Between two thresholds the curve is taken at its mean height (interpolation), at the lower end
(minoring) or at the higher (majoring); PR is interpolated after Davis & Goadrich 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config, ops
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.metrics.base import Metric, array_of
from numpynn.metrics.confusion import Confusion, counter, share, thresholds_of
from numpynn.typing import Array

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")
_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class AUC(Confusion):
    """The area under the ROC or precision-recall curve, by Riemann sums over thresholds.

    num_thresholds: evenly from 0 to 1; the outer two lie just beyond, so that every prediction is
    above the first and none above the last. thresholds: those between, instead.
    curve: "ROC", "PR" or "PRGAIN". summation_method: "interpolation", "minoring" or "majoring".
    multi_label: predictions (B, L) have L labels, each with a curve of its own; the result is the
    mean area, weighted by `label_weights` (L,). Otherwise all are counted as one label, and those
    weights weigh the counts. num_labels: L, if the state shall exist before the first batch.
    from_logits: predictions are z with p = σ(z).
    Raises ValueError for other curves and methods, for fewer than 2 thresholds, and for
    `num_labels` without `multi_label`.
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation_method", summation_method, _SUMMATIONS)
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"`num_thresholds` must be at least 2; got {num_thresholds}.")
        self._init_from_thresholds = thresholds is not None
        last = num_thresholds - 1
        inner = [i / last for i in range(1, last)] if thresholds is None else sorted(thresholds)
        self.num_thresholds = len(inner) + 2
        self.thresholds = [-config.epsilon(), *inner, 1.0 + config.epsilon()]
        even = thresholds is None or thresholds_of([0.0, *inner, 1.0]).even
        self._cuts = thresholds_of(self.thresholds)._replace(even=even)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        if label_weights is not None:
            self.label_weights = array_of(label_weights, self._dtype)
        self.from_logits = from_logits
        if not multi_label:
            self._keep(_COUNTS, (self.num_thresholds,))
        elif num_labels:
            self._keep(_COUNTS, (self.num_thresholds, num_labels))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where shapes do not fit."""
        y_pred = array_of(y_pred)
        if self.multi_label:
            self._require_labels(y_pred.shape)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        self._count(
            counter(
                y_true,
                y_pred,
                self._cuts,
                sample_weight=sample_weight,
                label_weights=None if self.multi_label else self.label_weights,
                by_label=self.multi_label,
            )
        )

    def _require_labels(self, shape: tuple[int, ...]) -> None:
        """Check predictions against the labels known so far; the first batch tells how many."""
        if len(shape) != 2:
            raise ValueError(
                "With `multi_label`, predictions of shape (samples, labels) are expected; got "
                f"{shape}."
            )
        if not self._variables:
            self._keep(_COUNTS, (self.num_thresholds, shape[1]))
        labels = self.true_positives.shape[1]
        if shape[1] != labels:
            raise ValueError(f"Predictions for {labels} labels are expected; got {shape[1]}.")

    def result(self) -> Tensor:
        """The area so far. Raises ValueError before the number of labels is known."""
        if not self._variables:
            raise ValueError(
                f"AUC '{self.name}' has no result before the first batch tells how many labels "
                "there are; or say so with `num_labels`."
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.curve == "PR" and self.summation_method == "interpolation":
                areas = self._interpolated_pr()
            else:
                areas = self._riemann_terms(*self._curve())
            area = np.sum(areas, axis=0)
            weights = self.label_weights
            if self.multi_label and weights is None:
                area = np.mean(area)
            elif self.multi_label:
                area = ops.divide_no_nan(np.sum(area * weights), np.sum(weights))
        return tensor_of(np.asarray(area), None)

    def _curve(self) -> tuple[Array, Array]:
        """x and y at each threshold."""
        recall = share(self.true_positives, self.false_negatives)
        if self.curve == "ROC":
            return share(self.false_positives, self.true_negatives), recall
        if self.curve == "PR":
            return recall, share(self.true_positives, self.false_positives)
        return self._gains()

    def _gains(self) -> tuple[Array, Array]:
        """Recall gain 1 - (P/N)(FN/TP), at least 0, and precision gain 1 - (P/N)(FP/TP).

        P and N are the positives and negatives. Without true positives: 0 and 1.
        """
        tp, fp, tn, fn = (getattr(self, name).array for name in _COUNTS)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        recall_gain = 1.0 - odds * ops.divide_no_nan(fn, tp)
        precision_gain = 1.0 - odds * ops.divide_no_nan(fp, tp)
        recall_gain = np.maximum(np.where(tp == 0, 0.0, recall_gain), 0.0)
        return recall_gain, np.where(tp == 0, 1.0, precision_gain)

    def _riemann_terms(self, x: Array, y: Array) -> Array:
        """The areas between neighbouring thresholds; x falls as they rise."""
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        elif self.summation_method == "minoring":
            heights = np.minimum(y[:-1], y[1:])
        else:
            heights = np.maximum(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * heights

    def _interpolated_pr(self) -> Array:
        """The areas between neighbouring thresholds, where TP grows with TP + FP along a line.

        With m = ΔTP/ΔP for P = TP + FP, and c = TP - mP the line's value at 0:
        ∫ precision dTP = m ∫ (c + mP)/P dP = m [ΔTP + c ln(P_a/P_b)], divided by TP + FN.
        """
        tp = self.true_positives.array
        found = tp + self.false_positives.array
        gained_tp, gained = tp[:-1] - tp[1:], found[:-1] - found[1:]
        slope = ops.divide_no_nan(gained_tp, np.maximum(gained, 0.0))
        intercept = tp[1:] - slope * found[1:]
        both = (found[:-1] > 0) & (found[1:] > 0)
        ratio = np.where(both, ops.divide_no_nan(found[:-1], np.maximum(found[1:], 0.0)), 1.0)
        area = slope * (gained_tp + intercept * np.log(ratio))
        positives = np.maximum(tp[1:] + self.false_negatives.array[1:], 0.0)
        return ops.divide_no_nan(area, positives)

    def get_config(self) -> dict[str, Any]:
        weights = self.label_weights
        options: dict[str, Any] = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else weights.tolist(),
            "from_logits": self.from_logits,
        }
        if self._init_from_thresholds:
            options["thresholds"] = self.thresholds[1:-1]
        return {**super().get_config(), **options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        weights = config.get("label_weights")
        if isinstance(weights, dict):  # a tensor, as Keras writes it
            config = {**config, "label_weights": weights["config"]["value"]}
        return cls(**config)


def _one_of(argument: str, given: str, accepted: Sequence[str]) -> str:
    """`given` as it is spelled among those accepted. Raises ValueError where it is not there."""
    for name in accepted:
        if str(given).lower() == name.lower():
            return name
    raise ValueError(f"`{argument}` must be one of {', '.join(accepted)}; got {given!r}.")
