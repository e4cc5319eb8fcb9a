"""Intersection over union, the usual measure of segmentations:

    IoU_k = TP_k / (TP_k + FP_k + FN_k)

from the confusion matrix C (K, K), whose row is the target's class and column the predicted one:
TP_k = C_kk, and the union is row sum plus column sum less C_kk.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.metrics.base import Metric, array_of
from numpynn.ops.dtypes import in_dtype
from numpynn.typing import Array


class IoU(Metric):
    """The mean intersection over union of the classes `target_class_ids`, of those that occur.

    num_classes: K; what is outside 0 … K - 1 is left out, and targets of `ignore_class`.
    sparse_y_true, sparse_y_pred: whether they are class numbers, or scores whose largest along
    `axis` is meant. dtype: of the matrix, int64 unless given; the result is float32.
    Raises ValueError for target classes outside 0 … K - 1.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype or "int64", name)
        if max(target_class_ids) >= num_classes:
            raise ValueError(
                f"Target class {max(target_class_ids)} is outside 0 … {num_classes - 1}."
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", self._dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where sizes do not fit."""
        classes = self._classes(y_true, self.sparse_y_true)
        found = self._classes(y_pred, self.sparse_y_pred)
        if classes.size != found.size:
            raise ValueError(
                f"There must be as many targets as predictions; got {classes.size} and "
                f"{found.size}."
            )
        number = self.num_classes
        counted = (classes >= 0) & (classes < number) & (found >= 0) & (found < number)
        if self.ignore_class is not None:
            counted &= classes != self.ignore_class
        weights = self._weights(sample_weight, classes.shape)
        cells = classes[counted].astype(np.int64) * number + found[counted].astype(np.int64)
        matrix = np.bincount(cells, weights[counted], number * number).reshape(number, number)
        self.total_cm.assign_add(matrix.astype(self._dtype))

    def _classes(self, values: Any, sparse: bool) -> Array:
        """Class numbers as a vector, in the metric's dtype."""
        array = array_of(values)
        if not sparse:
            array = array.argmax(self.axis)
        with np.errstate(invalid="ignore"):  # NaN becomes a number that is no class
            return in_dtype(array, self._dtype).reshape(-1)

    def _weights(self, sample_weight: Any, shape: tuple[int, ...]) -> Array:
        weights = array_of(1 if sample_weight is None else sample_weight)
        floats_to_integers = weights.dtype.kind == "f" and self._dtype.kind in "iu"
        if floats_to_integers and hasattr(sample_weight, "dtype"):
            warnings.warn(
                f"Weights of dtype {weights.dtype} lose their fractions in a metric of dtype "
                f"{self.dtype}; give the metric a float dtype.",
                stacklevel=3,
            )
        weights = in_dtype(weights, self._dtype)
        try:
            return np.broadcast_to(weights.reshape(-1) if weights.ndim > 1 else weights, shape)
        except ValueError as error:
            raise ValueError(
                f"`sample_weight` of shape {weights.shape} does not fit {shape[0]} targets."
            ) from error

    def result(self) -> Tensor:
        matrix = self.total_cm.array
        hits = np.diagonal(matrix)
        union = np.sum(matrix, axis=0) + np.sum(matrix, axis=1) - hits
        hits = hits[self.target_class_ids].astype("float32")
        union = union[self.target_class_ids].astype("float32")
        epsilon = np.float32(config.epsilon())
        occurs = union > 1e-9
        shares = np.where(occurs, hits / (union + epsilon), np.float32(0.0))
        number = np.sum(occurs, dtype="float32")
        return tensor_of(np.asarray(np.sum(shares) / (number + epsilon)), None)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *fixed: str) -> dict[str, Any]:
        return {key: value for key, value in IoU.get_config(self).items() if key not in fixed}


class BinaryIoU(IoU):
    """The mean intersection over union of two classes: 1 is predicted where y_pred >= threshold."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch. Raises ValueError where sizes do not fit."""
        found = array_of(y_pred, "float32") >= self.threshold
        super().update_state(y_true, found, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {
            **Metric.get_config(self),
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
        }


class MeanIoU(IoU):
    """The mean intersection over union of all classes that occur."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """`IoU` of one-hot targets, and of scores unless `sparse_y_pred`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets, and of scores unless `sparse_y_pred`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
