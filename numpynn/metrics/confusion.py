"""How labels and predictions meet, at one threshold or several.

    true positives    labelled 1, predicted above the threshold
    false positives   labelled 0, predicted above it
    true negatives    labelled 0, predicted at most the threshold
    false negatives   labelled 1, predicted at most it

    precision         TP / (TP + FP)       how many of those found are right
    recall            TP / (TP + FN)       how many of the right ones are found

A prediction that is NaN is above no threshold. Whatever is not 0 is labelled 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numpynn import config, ops
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.losses.base import same_rank
from numpynn.metrics.base import Metric, array_of
from numpynn.typing import Array
from numpynn.variables import Variable

# Of a label and a prediction, the weight of all samples where they meet, for each threshold.
Count: TypeAlias = Callable[[bool, bool], Array]

_MEETINGS = {
    "true_positives": (True, True),
    "false_positives": (False, True),
    "true_negatives": (False, False),
    "false_negatives": (True, False),
}
_BELOW_ALL = -1e10  # what takes the place of predictions that are not among the top k


# -- thresholds ------------------------------------------------------------------------------------


class Thresholds(NamedTuple):
    """Where predictions are cut.

    values (T,), in the dtype to compare in. even: whether they divide 0 … 1 evenly, so that a
    multiplication finds a prediction's place. around: the first is below 0 or the last above 1.
    """

    values: Array
    even: bool
    around: bool


def thresholds_of(values: Sequence[float]) -> Thresholds:
    """Thresholds at these values, even ones where they are so up to rounding."""
    given = np.asarray(values, "float64")
    even = False
    if len(given) >= 3:
        steps = np.arange(len(given), dtype="float32") / (len(given) - 1)
        even = bool(np.allclose(given, steps, atol=config.epsilon()))
    around = len(given) > 0 and bool(given[0] < 0 or given[-1] > 1)
    return Thresholds(given.astype(config.floatx()), even, around)


def _checked(thresholds: Any, default: float) -> list[float]:
    """The thresholds as a list. Raises ValueError for those outside 0 … 1."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [t for t in found if t is None or not 0 <= t <= 1]
    if wrong:
        raise ValueError(f"Thresholds must be in 0 … 1; got {wrong}.")
    return found


# -- counting --------------------------------------------------------------------------------------


def counter(
    y_true: Any,
    y_pred: Any,
    thresholds: Thresholds,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
    label_weights: Any = None,
    by_label: bool = False,
) -> Count:
    """What counts the meetings of labels and predictions, for T thresholds: (T,) or (T, L).

    top_k: only the k largest predictions of a row count as found. class_id: only this class counts.
    sample_weight: of any shape that broadcasts to the predictions', or one for each sample.
    label_weights: one for each class. by_label: count each of the L classes of (B, L) by itself.
    Raises ValueError where shapes do not fit.
    """
    dtype = thresholds.values.dtype
    scores, labels = same_rank(array_of(y_pred, dtype), array_of(y_true, dtype))
    if scores.shape != labels.shape:
        raise ValueError(
            f"Labels and predictions must have the same shape; got y_true {labels.shape} and "
            f"y_pred {scores.shape}."
        )
    rank = scores.ndim
    if top_k is not None:
        scores = _only_top_k(scores, top_k)
    if class_id is not None:
        labels, scores = _only_class(labels, scores, class_id)
    weights = None
    if sample_weight is not None:
        weights = array_of(sample_weight, dtype)
        weights = weights if weights.ndim == rank else weights[..., None]
        weights = _fitting("sample_weight", weights, scores)
    if label_weights is not None:
        of_labels = _fitting("label_weights", array_of(label_weights, dtype)[None], scores)
        weights = of_labels if weights is None else weights * of_labels
    truth = labels != 0
    if not by_label:
        truth, scores = truth.reshape(-1), scores.reshape(-1)
        weights = None if weights is None else weights.reshape(-1)
    count = _counter_by_bucket if thresholds.even else _counter_by_comparison
    return count(truth, scores, thresholds, weights)


def _counter_by_comparison(
    truth: Array, scores: Array, thresholds: Thresholds, weights: Array | None
) -> Count:
    """By comparing every prediction with every threshold: T·N steps."""
    values = thresholds.values.reshape(-1, *[1] * scores.ndim)
    found = scores > values  # (T, N) or (T, N, L)

    def count(label: bool, positive: bool) -> Array:
        met = (truth == label) & (found == positive)
        if weights is None:
            return np.count_nonzero(met, axis=1)
        return np.sum(np.where(met, weights, 0.0), axis=1)

    return count


def _counter_by_bucket(
    truth: Array, scores: Array, thresholds: Thresholds, weights: Array | None
) -> Count:
    """By the two neighbouring thresholds that a prediction lies between: T + N steps.

    Bucket i holds the predictions in (i/(T-1), (i+1)/(T-1)]. Those of bucket i are above the
    thresholds 0 … i, so the sums run from the last bucket to the first.
    """
    number, columns = len(thresholds.values), scores.shape[1:]
    bucket = np.ceil(np.clip(scores, 0.0, 1.0) * (number - 1)) - 1
    if thresholds.around:
        bucket = np.maximum(bucket, 0.0)
    # What is above no threshold, NaN as well, goes to a bucket beyond the last.
    place = np.where(bucket >= 0, bucket, number).astype(np.intp)
    if columns:
        place = place * columns[0] + np.arange(columns[0])

    @cache
    def masses(label: bool) -> tuple[Array, Array]:
        """The weight above each threshold, and all of it."""
        with np.errstate(invalid="ignore"):
            weight = (truth == label) * (1.0 if weights is None else weights)
        filled = np.bincount(place.ravel(), weight.ravel(), (number + 1) * int(np.prod(columns)))
        in_bucket = filled.reshape(number + 1, *columns)[:number]
        return np.cumsum(in_bucket[::-1], axis=0)[::-1], np.sum(weight, axis=0)

    def count(label: bool, positive: bool) -> Array:
        above, everything = masses(label)
        with np.errstate(invalid="ignore"):
            return above if positive else everything - above

    return count


def _only_top_k(scores: Array, k: int) -> Array:
    """The predictions, with those that are not among the k largest of their row below all."""
    if scores.ndim == 0 or scores.shape[-1] < k:
        raise ValueError(
            f"`top_k` is {k}; the predictions of shape {scores.shape} have fewer classes."
        )
    kept = np.full_like(scores, _BELOW_ALL)
    best = ops.top_k(scores, k)
    np.put_along_axis(kept, best.indices, best.values, axis=-1)
    return kept


def _only_class(labels: Array, scores: Array, class_id: int) -> tuple[Array, Array]:
    if scores.ndim < 2:
        raise ValueError(
            "With `class_id`, predictions of shape (samples, classes) are expected; got shape "
            f"{scores.shape}."
        )
    classes = scores.shape[-1]
    if not -classes <= class_id < classes:
        raise ValueError(f"`class_id` is {class_id}; there are {classes} classes.")
    return labels[..., class_id, None], scores[..., class_id, None]


def _fitting(name: str, weights: Array, scores: Array) -> Array:
    try:
        return np.broadcast_to(weights, scores.shape)
    except ValueError as error:
        raise ValueError(
            f"`{name}` of shape {weights.shape} does not fit predictions of shape {scores.shape}."
        ) from error


class Confusion(Metric):
    """Base of the metrics that keep counts of such meetings, one for each threshold."""

    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def _keep(self, names: Sequence[str], shape: Sequence[int]) -> None:
        """Make a variable, and an attribute, for each of these counts."""
        for name in names:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))
        self._kept = tuple(names)

    def _count(self, count: Count) -> None:
        """Add a batch."""
        for name in self._kept:
            variable: Variable = getattr(self, name)
            variable.assign_add(count(*_MEETINGS[name]))


def share(part: Variable, rest: Variable) -> Array:
    """part / (part + rest), and 0 where both are 0."""
    with np.errstate(invalid="ignore"):
        return ops.divide_no_nan(part.array, part.array + rest.array)


# -- single counts ---------------------------------------------------------------------------------


class _Meetings(Metric):
    """The weight of the samples where a label and a prediction meet.

    thresholds: one number or several in 0 … 1; 0.5 unless given. The result is a number, or one for
    each threshold. Raises ValueError for thresholds outside 0 … 1.
    """

    _meeting: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = _checked(thresholds, 0.5)
        self._cuts = thresholds_of(self.thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where shapes do not fit."""
        count = counter(y_true, y_pred, self._cuts, sample_weight=sample_weight)
        self.accumulator.assign_add(count(*_MEETINGS[self._meeting]))

    def result(self) -> Tensor:
        counts = self.accumulator.array
        return tensor_of(np.array(counts[0] if len(counts) == 1 else counts), None)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Meetings):
    """The weight of the samples labelled 1 and predicted above the threshold."""

    _meeting = "true_positives"


class FalsePositives(_Meetings):
    """The weight of the samples labelled 0 and predicted above the threshold."""

    _meeting = "false_positives"


class TrueNegatives(_Meetings):
    """The weight of the samples labelled 0 and predicted at most the threshold."""

    _meeting = "true_negatives"


class FalseNegatives(_Meetings):
    """The weight of the samples labelled 1 and predicted at most the threshold."""

    _meeting = "false_negatives"


# -- precision and recall --------------------------------------------------------------------------


class _Share(Confusion):
    """Base:  TP / (TP + errors), for each threshold; 0 before there are any."""

    _direction = "up"
    _errors: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = _checked(thresholds, 0.5 if top_k is None else _BELOW_ALL)
        self._cuts = thresholds_of(self.thresholds)
        self._keep(("true_positives", self._errors), (len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where shapes do not fit."""
        self._count(counter(y_true, y_pred, self._cuts, self.top_k, self.class_id, sample_weight))

    def result(self) -> Tensor:
        shares = share(self.true_positives, getattr(self, self._errors))
        return tensor_of(np.asarray(shares[0] if len(shares) == 1 else shares), None)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_Share):
    """How many of those found are right:  TP / (TP + FP).

    thresholds: one number or several in 0 … 1, each with a result; 0.5 unless given. top_k: only
    the k largest predictions of a row count as found, however small unless thresholds are given.
    class_id: only this class counts.
    Raises ValueError for thresholds outside 0 … 1.
    """

    _errors = "false_positives"


class Recall(_Share):
    """How many of the right ones are found:  TP / (TP + FN). Options as for `Precision`."""

    _errors = "false_negatives"
