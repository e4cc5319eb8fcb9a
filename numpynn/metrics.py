"""What is watched during training, accumulated over the batches of an epoch.

    Mean                           Σ w v / Σ w
    BinaryAccuracy                 mean of [p > threshold] = t
    CategoricalAccuracy            mean of argmax p = argmax t
    SparseCategoricalAccuracy      mean of argmax p = t

A metric has state: `update_state` adds a batch, `result` reads, `reset_state` starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn import config, losses
from numpynn.autograd.structure import leaves
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.initializers import Initializer
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.utils.registry import Registry
from numpynn.variables import Variable


def _values(value: Any, dtype: Any = None) -> Array:
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    return array if dtype is None or array.dtype == dtype else array.astype(dtype)


class Metric:
    """Base class: override `update_state`, `result`, and `reset_state` if zeros are no start."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = np.dtype(getattr(dtype, "name", dtype) or config.floatx())

    @property
    def dtype(self) -> str:
        return self._dtype.name

    def add_variable(
        self, shape: Sequence[int], initializer: Any, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A piece of state."""
        return Variable(initializer, tuple(shape), dtype or self._dtype, trainable=False, name=name)

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable` under its older name; zeros unless told."""
        return self.add_variable(
            shape, "zeros" if initializer is None else initializer, dtype, name
        )

    @property
    def variables(self) -> list[Variable]:
        return [
            v for value in self.__dict__.values() for v in leaves(value) if isinstance(v, Variable)
        ]

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("A Metric must implement `update_state()`.")

    def result(self) -> Any:
        raise NotImplementedError("A Metric must implement `result()`.")

    def reset_state(self) -> None:
        for variable in self.variables:
            variable.assign(np.zeros_like(variable.array))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        return cls(**config)


def _weighted(values: Array, sample_weight: Any) -> tuple[float, float]:
    """Σ w v and Σ w, in float64; w is 1 unless given, and one weight may serve many values."""
    if sample_weight is None:
        return values.sum(dtype="float64"), values.size
    weights = _values(sample_weight, values.dtype)
    values, weights = losses.same_rank(values, weights)
    while weights.ndim < values.ndim:
        weights = weights[..., None]
    weights = np.broadcast_to(weights, values.shape)
    return (values * weights).sum(dtype="float64"), weights.sum(dtype="float64")


class _Zeros(Initializer):
    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.zeros(shape, dtype)


_zeros = _Zeros()


class Mean(Metric):
    """The weighted mean of what it is given.

    A sample of several values counts once, by its mean. The state is float64, however long the
    epoch.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), _zeros, "float64", "total")
        self.count = self.add_variable((), _zeros, "float64", "count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, each with its weight; one weight may serve many values."""
        self._add(_values(values), sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        total, count = _weighted(values, sample_weight)
        if values.ndim > 1 and values.size:
            in_a_sample = values.size // len(values)
            total, count = total / in_a_sample, count / in_a_sample
        self.add(total, count)

    def add(self, total: float, count: float) -> None:
        """Add a total of values that is known already, and the weight behind it."""
        self.total.array = np.asarray(self.total.array + total)
        self.count.array = np.asarray(self.count.array + count)

    def value(self) -> float:
        """The mean so far, 0 before the first value."""
        count = float(self.count.array)
        return float(self.total.array) / count if count else 0.0

    def result(self) -> Tensor:
        return tensor_of(np.asarray(self.value(), self._dtype), None)


class Sum(Metric):
    """The weighted sum of what it is given, kept in float64."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), _zeros, "float64", "total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, each with its weight; one weight may serve many values."""
        self.total.assign_add(_weighted(_values(values), sample_weight)[0])

    def result(self) -> Tensor:
        return tensor_of(self.total.array.astype(self._dtype), None)


class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **arguments)`, a function that gives one value a sample."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **arguments: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn = fn
        self.arguments = arguments

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        measured = self.fn(_values(y_true), _without_history(y_pred), **self.arguments)
        values = _values(measured, self._dtype)
        sample_weight = _masked(sample_weight, getattr(y_pred, "mask", None), values.dtype)
        if sample_weight is not None:  # as in Keras, values that mask themselves need weights to
            sample_weight = _masked(sample_weight, getattr(measured, "mask", None), values.dtype)
        self._add(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


def _without_history(y_pred: Any) -> Any:
    """The predictions as an array; with the logits behind them where these are known."""
    logits = getattr(y_pred, "logits", None)
    if logits is None:
        return _values(y_pred)
    plain = tensor_of(y_pred.array, None)
    plain.logits = tensor_of(logits.array, None)
    return plain


def _masked(sample_weight: Any, mask: Any, dtype: Any) -> Any:
    """The weights, 0 where `mask` is False."""
    if mask is None:
        return sample_weight
    valid = _values(mask, dtype)
    if sample_weight is None:
        return valid
    valid, weights = losses.same_rank(valid, _values(sample_weight, dtype))
    return weights * valid


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where y_pred = y_true, else 0."""
    y_true, y_pred = losses.same_rank(_values(y_true), _values(y_pred))
    return np.equal(y_true, y_pred).astype(config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where [y_pred > threshold] = y_true, else 0; strictly greater."""
    y_true, y_pred = losses.same_rank(_values(y_true), _values(y_pred))
    return np.equal(y_true, y_pred > threshold).astype(config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where argmax y_pred = argmax y_true, else 0.  (…, K) → (…)."""
    true, predicted = np.argmax(_values(y_true), axis=-1), np.argmax(_values(y_pred), axis=-1)
    return np.equal(true, predicted).astype(config.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where argmax y_pred = y_true, else 0.  (…) or (…, 1) and (…, K) → (…).

    Raises ValueError for other shapes.
    """
    y_true, y_pred = _values(y_true), _values(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    if y_true.shape != y_pred.shape[:-1]:
        raise ValueError(
            "sparse_categorical_accuracy: class numbers of shape y_pred.shape without its last "
            f"axis are expected; got y_true {y_true.shape} and y_pred {y_pred.shape}."
        )
    found = np.equal(y_true, np.argmax(y_pred, axis=-1)).astype(config.floatx())
    return found[..., 0] if found.ndim > 1 and found.shape[-1] == 1 else found


class Accuracy(MeanMetricWrapper):
    """How often y_pred = y_true."""

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often [y_pred > threshold] = y_true. Raises ValueError for a threshold outside 0 … 1."""

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        if threshold is not None and not 0 < threshold < 1:
            raise ValueError(f"`threshold` must be between 0 and 1; got {threshold}.")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often argmax y_pred = argmax y_true."""

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often argmax y_pred = y_true, a class number."""

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (t - y)²."""

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |t - y|."""

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`."""

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`."""

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`."""

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


_registry = Registry(
    "metric",
    Metric,
    [
        Mean,
        Sum,
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        MeanSquaredError,
        MeanAbsoluteError,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
    ],
    {
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "mae": MeanAbsoluteError,
        "MAE": MeanAbsoluteError,
        "bce": BinaryCrossentropy,
        "BCE": BinaryCrossentropy,
    },
)
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
