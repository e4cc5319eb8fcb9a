"""How far predictions are from targets.

    mean_squared_error                 mean_k (t_k - y_k)²
    mean_absolute_error                mean_k |t_k - y_k|
    binary_crossentropy                mean_k -[t_k ln p_k + (1 - t_k) ln(1 - p_k)]
    categorical_crossentropy           -Σ_k t_k ln p_k           t one-hot or a distribution
    sparse_categorical_crossentropy    -ln p_t                   t a class number

The functions give one value a sample. The classes reduce over the batch: the weighted sum divided
by the number of values, whatever the weights (`sum_over_batch_size`).

Where probabilities come straight from a softmax or sigmoid activation, the cross-entropies go back
to the logits, as Keras does: log-sum-exp instead of the logarithm of a rounded probability.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynn import config, ops
from numpynn.autograd.tensor import Tensor
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.utils.registry import Registry

_REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def same_rank(y_true: Array, y_pred: Array) -> tuple[Array, Array]:
    """`(n,)` and `(n, 1)` brought together, so that they never broadcast to `(n, n)`."""
    t_rank, p_rank = y_true.ndim, y_pred.ndim
    if t_rank == p_rank:
        return y_true, y_pred
    if t_rank == p_rank + 1 and y_true.shape[-1] == 1:
        if p_rank == 1:
            return y_true, y_pred[..., None]
        return y_true[..., 0], y_pred
    if p_rank == t_rank + 1 and y_pred.shape[-1] == 1:
        if t_rank == 1:
            return y_true[..., None], y_pred
        return y_true, y_pred[..., 0]
    return y_true, y_pred


def _matched(name: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    y_pred = y_pred if hasattr(y_pred, "dtype") else np.asarray(y_pred, config.floatx())
    y_true = y_true if hasattr(y_true, "dtype") else np.asarray(y_true)
    if y_true.dtype != y_pred.dtype:
        y_true = y_true.astype(y_pred.dtype)
    y_true, y_pred = same_rank(y_true, y_pred)
    _require_same_shape(name, y_true, y_pred)
    return y_true, y_pred


def _require_same_shape(name: str, y_true: Array, y_pred: Array) -> None:
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name}: targets and predictions must have the same shape; got y_true {y_true.shape} "
            f"and y_pred {y_pred.shape}."
        )


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean_k (t_k - y_k)²,  (…, K) → (…)."""
    y_true, y_pred = _matched("mean_squared_error", y_true, y_pred)
    return np.mean(np.square(y_true - y_pred), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean_k |t_k - y_k|,  (…, K) → (…)."""
    y_true, y_pred = _matched("mean_absolute_error", y_true, y_pred)
    return np.mean(np.absolute(y_true - y_pred), -1)


def _check_smoothing(label_smoothing: float) -> None:
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"`label_smoothing` must be in 0 … 1; got {label_smoothing}.")


def _logits(y_pred: Array, from_logits: bool) -> tuple[Array, bool]:
    """The logits behind the output of a softmax or sigmoid, where they are known."""
    logits = getattr(y_pred, "logits", None)
    return (y_pred, from_logits) if logits is None else (logits, True)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """mean_k -[t_k ln p_k + (1 - t_k) ln(1 - p_k)],  (…, K) → (…).

    from_logits: y_pred is z with p = σ(z). label_smoothing s: t becomes t(1 - s) + s/2.
    """
    logits = getattr(y_pred, "logits", None)
    y_true, y_pred = _matched("binary_crossentropy", y_true, y_pred)
    if logits is not None and logits.shape == y_pred.shape:
        y_pred, from_logits = logits, True
    _check_smoothing(label_smoothing)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return np.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-Σ_k t_k ln p_k,  (…, K) → (…).

    Probabilities are first divided by their sum. from_logits: y_pred is z with p = softmax(z).
    label_smoothing s: t becomes t(1 - s) + s/K.
    Raises ValueError where shapes differ, or there is a single class only.
    """
    y_pred, from_logits = _logits(y_pred, from_logits)
    y_pred = y_pred if hasattr(y_pred, "dtype") else np.asarray(y_pred, config.floatx())
    y_true = y_true if hasattr(y_true, "dtype") else np.asarray(y_true)
    if y_true.dtype != y_pred.dtype:
        y_true = y_true.astype(y_pred.dtype)
    if y_pred.ndim < 1 or y_true.shape != y_pred.shape:
        raise ValueError(
            "categorical_crossentropy: one-hot targets must have the predictions' shape; got "
            f"y_true {y_true.shape} and y_pred {y_pred.shape}. For class numbers use "
            "sparse_categorical_crossentropy, or utils.to_categorical."
        )
    _check_smoothing(label_smoothing)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[-1]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-ln p_t for class numbers t,  (…) or (…, 1) and (…, K) → (…).

    from_logits: y_pred is z with p = softmax(z). ignore_class: samples of this class count zero.
    Raises ValueError for class numbers outside 0 … K - 1, and where shapes do not fit.
    """
    y_pred, from_logits = _logits(y_pred, from_logits)
    y_pred = y_pred if hasattr(y_pred, "dtype") else np.asarray(y_pred, config.floatx())
    labels = y_true.array if isinstance(y_true, Tensor) else np.asarray(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind not in "iu":
        labels = labels.astype("int64")
    if labels.ndim + 1 != y_pred.ndim:
        raise ValueError(
            "sparse_categorical_crossentropy: class numbers of shape y_pred.shape without its "
            f"class axis are expected; got y_true {labels.shape} and y_pred {y_pred.shape}."
        )
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits, axis)
    valid = labels != ignore_class
    counted = np.where(valid, labels, 0)
    every = ops.sparse_categorical_crossentropy(counted, y_pred, from_logits, axis)
    losses: Any = np.where(valid, every, 0.0)
    losses = losses if isinstance(losses, Tensor) else Tensor(losses)
    losses.mask = valid
    return losses


class Loss:
    """Base class: override `call(y_true, y_pred)`, which gives one value a sample.

    reduction: "sum_over_batch_size" (the mean), "sum", "mean_with_sample_weight" (divide by the
    weights' sum) or None. Raises ValueError for others.
    """

    keeps_labels = False  # class numbers stay whole numbers

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"`reduction` must be one of {_REDUCTIONS}; got {reduction!r}.")
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self._dtype = np.dtype(getattr(dtype, "name", dtype) or config.floatx())

    @property
    def dtype(self) -> str:
        return self._dtype.name

    def call(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError("A Loss must implement `call(y_true, y_pred)`.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss. sample_weight: one for each value, or for each sample."""
        if not self.keeps_labels:
            y_true = self._cast(y_true)
        mask = getattr(y_pred, "mask", None)
        y_pred = self._cast(y_pred)
        losses = self.call(y_true, y_pred)
        own_mask = getattr(losses, "mask", None)
        if own_mask is not None:
            mask = own_mask if mask is None else mask & own_mask
        if sample_weight is None and mask is None:
            return self._reduced(losses, None)
        return self._weighted(losses, sample_weight, mask)

    def _weighted(self, losses: Any, sample_weight: Any, mask: Any) -> Any:
        weights = None if sample_weight is None else self._cast(sample_weight)
        if mask is not None:
            valid = np.asarray(getattr(mask, "array", mask)).astype(self._dtype)
            if self.reduction in ("mean", "sum_over_batch_size"):  # divide by the valid ones only
                valid = valid * (
                    valid.size / max(float(valid.sum()), 1e-30) if valid.any() else 0.0
                )
            if weights is None:
                weights = valid
            else:
                valid, weights = same_rank(valid, weights)
                weights = weights * valid
        losses, weights = same_rank(losses, weights)
        try:
            weighted = losses * weights
        except ValueError as error:
            raise ValueError(
                f"Loss '{self.name}': sample weights of shape {weights.shape} do not fit losses of "
                f"shape {losses.shape}."
            ) from error
        return self._reduced(weighted, weights)

    def _reduced(self, values: Any, weights: Any) -> Any:
        if self.reduction in (None, "none") or values.ndim == 0:
            return values
        total = values.sum()
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            divisor = float(np.sum(getattr(weights, "array", weights)))
        else:
            divisor = values.size
        return total / divisor if divisor else total * 0.0

    def _cast(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            same = value.array.dtype is self._dtype or value.dtype == self._dtype
            return value if same else value.astype(self._dtype)
        if isinstance(value, dict):
            return value
        if not hasattr(value, "__array_function__"):
            value = np.asarray(value)
        return value if value.dtype is self._dtype else value.astype(self._dtype)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A Loss of a function `fn(y_true, y_pred, **arguments)` that gives one value a sample."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or fn.__name__, reduction, dtype)
        self.fn = fn
        self.arguments = arguments
        self.keeps_labels = fn is sparse_categorical_crossentropy

    def call(self, y_true: Any, y_pred: Any) -> Any:
        values = self.fn(y_true, y_pred, **self.arguments)
        return values if hasattr(values, "ndim") else np.asarray(values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (t - y)²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |t - y|."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """The mean of -[t ln p + (1 - t) ln(1 - p)]; see `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """The mean of -Σ_k t_k ln p_k; see `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The mean of -ln p_t for class numbers t; see `sparse_categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


_registry = Registry(
    "loss",
    Loss,
    [
        MeanSquaredError,
        MeanAbsoluteError,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
    ],
    {
        "mean_squared_error": mean_squared_error,
        "mean_absolute_error": mean_absolute_error,
        "binary_crossentropy": binary_crossentropy,
        "categorical_crossentropy": categorical_crossentropy,
        "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
        "mse": mean_squared_error,
        "MSE": mean_squared_error,
        "mae": mean_absolute_error,
        "MAE": mean_absolute_error,
        "bce": binary_crossentropy,
        "BCE": binary_crossentropy,
    },
)
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
