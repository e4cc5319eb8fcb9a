"""What a metric is, and the running sums and means that most metrics are made of.

Values and weights of a batch become one value a sample first (`by_sample`): a sample of several
values, such as a sequence, counts once, however long it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from numpynn import config, dtype_policies, initializers, losses
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.losses.base import same_rank
from numpynn.ops.dtypes import as_array, in_dtype
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.variables import Variable


class Metric:
    """Base class of what is accumulated over the batches of an epoch.

    Override `update_state`, which adds a batch, `result`, which reads what there is so far, and
    `reset_state` where zeros are no start. The state is in Variables: make them in `__init__` with
    `add_variable`.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Variable] = []
        self.name = name or auto_name(type(self).__name__)
        self._dtype = np.dtype(dtype_policies.get(dtype or config.floatx()).compute_dtype)

    @property
    def dtype(self) -> str:
        return self._dtype.name

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A piece of state, of the config's float type unless `dtype` is given.

        aggregation: how copies on several devices would be joined; there is only one here.
        Raises RuntimeError before `super().__init__()`.
        """
        self._check_super_called()
        initial = initializers.get(initializer)
        variable = Variable(initial, tuple(shape), dtype or config.floatx(), False, name)
        variable.path = f"{self.name.replace('/', '>')}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable` under its older name; zeros unless told."""
        initializer = "zeros" if initializer is None else initializer
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state: this metric's own variables, then those of the metrics it holds."""
        own: dict[int, Variable] = {}
        inner: dict[int, Variable] = {}
        for item in _items(self.__dict__.values()):
            if isinstance(item, Variable):
                own.setdefault(id(item), item)
            elif isinstance(item, Metric):
                inner.update((id(variable), variable) for variable in item.variables)
        return list({**own, **inner}.values())

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch."""
        raise NotImplementedError("A Metric must implement `update_state()`.")

    def result(self) -> Any:
        """The figure so far: a scalar, an array, or a dict of them."""
        raise NotImplementedError("A Metric must implement `result()`.")

    def reset_state(self) -> None:
        """Start anew: all variables become 0."""
        for variable in self.variables:
            variable.assign(np.zeros_like(variable.array))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch, and give the result so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    # -- the same as functions of the state -----------------------------------------------------

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """The state that follows `metric_variables`; this metric's own stays as it is.

        Raises ValueError unless there is one value for each of `variables`.
        """
        with self._in_state(metric_variables) as variables:
            self.update_state(*args, **kwargs)
            return [tensor_of(variable.array, None) for variable in variables]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result in the state `metric_variables`; ValueError unless they are as many."""
        with self._in_state(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The state at the start."""
        with self._in_state(self.variables) as variables:
            self.reset_state()
            return [tensor_of(variable.array, None) for variable in variables]

    @contextmanager
    def _in_state(self, values: Sequence[Any]) -> Iterator[list[Variable]]:
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"`metric_variables` must hold one value for each of the {len(variables)} "
                f"variables of {type(self).__name__}; got {len(values)}."
            )
        before = [variable.array for variable in variables]
        try:
            for variable, value in zip(variables, values, strict=True):
                variable.array = np.array(unwrapped(value), variable.dtype)
            yield variables
        finally:
            for variable, array in zip(variables, before, strict=True):
                variable.array = array

    # -- configuration --------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        return cls(**config)

    def _check_super_called(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"`{type(self).__name__}.__init__()` must call `super().__init__()` first."
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _items(values: Iterable[Any]) -> Iterator[Any]:
    """The values, and those in the lists, tuples and dicts among them."""
    for value in values:
        if isinstance(value, dict):
            yield from _items(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _items(value)
        else:
            yield value


def unwrapped(value: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return value.array if isinstance(value, Tensor) else value


def array_of(value: Any, dtype: Any = None) -> Array:
    """The array of a Tensor, of a number or of a list; an array as it is. dtype: its own, or this.

    Numbers and lists become floatx and int32, as in Keras.
    """
    array = unwrapped(value)
    if not hasattr(array, "dtype"):
        array = unwrapped(as_array(array))
    return array if dtype is None else in_dtype(array, dtype)


# -- one value a sample ----------------------------------------------------------------------------


def by_sample(
    values: Any, sample_weight: Any, reduce: Callable[..., Array], dtype: Any
) -> tuple[Array, Array | None]:
    """The weighted value of each sample, and its weight.

    values (B, …). sample_weight: of rank r, it weighs what `reduce` leaves of the axes after the
    first r; what is weighted is then reduced to (B,), and so are the weights. A single number
    weighs the whole batch as one sample.
    Raises ValueError where the weights do not fit.
    """
    mask = getattr(values, "mask", None)
    values = array_of(values, dtype)
    if sample_weight is None:
        return _reduced(values, 1, reduce), None
    weights = array_of(sample_weight, dtype)
    if mask is not None:
        weights = masked(weights, mask, dtype)
    values, weights = same_rank(values, weights)
    values = _reduced(values, weights.ndim, reduce)
    if weights.shape != values.shape:
        try:
            weights = np.broadcast_to(weights, values.shape)
        except ValueError as error:
            raise ValueError(
                f"`sample_weight` of shape {weights.shape} does not fit values of shape "
                f"{values.shape}."
            ) from error
    return _reduced(values * weights, 1, reduce), _reduced(weights, 1, reduce)


def _reduced(values: Array, first: int, reduce: Callable[..., Array]) -> Array:
    """`values` reduced over its axes from `first` on."""
    return reduce(values, axis=tuple(range(first, values.ndim))) if values.ndim > first else values


def _sum(values: Array, axis: tuple[int, ...]) -> Array:
    return np.sum(values, axis=axis, dtype="float64")


def _mean(values: Array, axis: tuple[int, ...]) -> Array:
    """The mean; NaN over nothing, without NumPy's warning."""
    with np.errstate(invalid="ignore"):
        return _sum(values, axis) / np.float64(math.prod(values.shape[a] for a in axis))


def masked(sample_weight: Any, mask: Any, dtype: Any) -> Any:
    """The weights, 0 where `mask` is False; without weights, the mask as such.

    Raises ValueError where their shapes do not fit.
    """
    valid = array_of(mask, dtype)
    if sample_weight is None:
        return valid
    valid, weights = same_rank(valid, array_of(sample_weight, dtype))
    try:
        return weights * valid
    except ValueError as error:
        raise ValueError(
            f"`sample_weight` of shape {weights.shape} does not fit a mask of shape {valid.shape}."
        ) from error


class Mean(Metric):
    """The weighted mean of what it is given:  Σ w v / Σ w, and 0 before the first value.

    The state is float64 however long the epoch, and whatever the dtype of the result.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", "float64", name="total")
        self.count = self.add_variable((), "zeros", "float64", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values; one weight may serve several. Raises ValueError where weights do not fit."""
        array = array_of(values)
        if sample_weight is None and array.size:  # the usual case, in a fifth of the time
            if array.dtype.kind == "b":
                total: Any = np.count_nonzero(array)
            else:
                total = in_dtype(array, self._dtype).sum(dtype="float64")
            rows = len(array) if array.ndim else 1
            self.add(total if array.ndim < 2 else total / (array.size // rows), rows)
        else:
            array, weights = by_sample(values, sample_weight, _mean, self._dtype)
            count = array.size if weights is None else weights.sum(dtype="float64")
            self.add(array.sum(dtype="float64"), count)

    def add(self, total: float, count: float) -> None:
        """Add a total of values that is known already, and the weight behind it."""
        # A new array from a Python sum takes a quarter of the time that NumPy's addition takes.
        self.total.array = np.array(self.total.array.item() + float(total))
        self.count.array = np.array(self.count.array.item() + float(count))

    def value(self) -> float:
        """The result as a Python number."""
        count = float(self.count.array)
        return float(self.total.array) / count if count else 0.0

    def result(self) -> Tensor:
        dtype = self._dtype if self._dtype.kind == "f" else config.floatx()
        with np.errstate(over="ignore"):
            return tensor_of(np.asarray(np.float64(self.value()).astype(dtype)), None)


class Sum(Metric):
    """The weighted sum of what it is given, kept in float64:  Σ w v."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", "float64", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values; one weight may serve several. Raises ValueError where weights do not fit."""
        weighted, _ = by_sample(values, sample_weight, _sum, self._dtype)
        self.total.assign_add(weighted.sum(dtype="float64"))

    def result(self) -> Tensor:
        with np.errstate(over="ignore"):
            return tensor_of(self.total.array.astype(self._dtype), None)


class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **kwargs)`, a function that gives one value a sample.

    Predictions that carry a mask count where it is True.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name, dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        known = getattr(losses, getattr(fn, "__name__", type(fn).__name__), None)
        if known is not None and known in (fn, type(fn)):
            self._direction = "down"  # what callbacks ask: losses are better when they are smaller

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch. Raises ValueError where weights do not fit."""
        values = self._fn(unwrapped(y_true), self._prepared(y_pred), **self._fn_kwargs)
        mask = getattr(y_pred, "mask", None)
        if mask is not None:
            sample_weight = masked(sample_weight, mask, self._dtype)
        super().update_state(values, sample_weight)

    @staticmethod
    def _prepared(y_pred: Any, /) -> Any:
        """The predictions as an array; with the logits behind them where these are known."""
        logits = getattr(y_pred, "logits", None)
        if logits is None:
            return unwrapped(y_pred)
        plain = tensor_of(y_pred.array, None)
        plain.logits = tensor_of(logits.array, None)
        return plain

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        function = serialize_keras_object(self._fn)
        return {**super().get_config(), "fn": function, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        if "fn" in config:
            from numpynn.saving.serialization import deserialize_keras_object

            config = deserialize_keras_object(config)
        return cls(**config)


class MeanOf(MeanMetricWrapper):
    """Base of the metrics with a function of their own. Each option is also an attribute."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None, dtype: Any, **options: Any
    ) -> None:
        super().__init__(fn, name, dtype, **options)
        for option, value in options.items():
            setattr(self, option, value)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), **self._fn_kwargs}
