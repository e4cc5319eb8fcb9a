"""What every loss does: cast, match the ranks, compare, weigh, reduce.

Over the values ℓ of a batch, with weights w (1 where none are given) and a mask m of those that
count, n of N:

    sum_over_batch_size, mean    Σ w ℓ / N;  with a mask  Σ m w ℓ / n
    sum                          Σ m w ℓ
    mean_with_sample_weight      Σ m w ℓ / Σ m w
    none, None                   m w ℓ
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tensor import Tensor
from numpynn.ops.dtypes import as_array, floating, standardize_dtype
from numpynn.typing import Array
from numpynn.utils.naming import auto_name

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


def matched(name: str, y_true: Any, y_pred: Any, hint: str = "") -> tuple[Array, Array]:
    """Targets and predictions of one shape and one dtype: that of the predictions.

    Raises ValueError, with the loss's name and the hint, where the shapes differ by more than an
    axis of length 1.
    """
    y_pred = floating(y_pred)
    y_true = as_array(y_true, y_pred.dtype)
    if y_true.shape != y_pred.shape:
        y_true, y_pred = same_rank(y_true, y_pred)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{name}: targets and predictions must have the same shape; got y_true "
                f"{y_true.shape} and y_pred {y_pred.shape}.{hint}"
            )
    return y_true, y_pred


def of_class_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a loss function whose targets are class numbers: a Loss of it leaves them whole."""
    function.of_class_numbers = True  # type: ignore[attr-defined]
    return function


class Loss:
    """Base class: override `call(y_true, y_pred)`, which gives one value a sample.

    reduction: "sum_over_batch_size" or "mean", "sum", "mean_with_sample_weight", "none" or None,
    as the module explains. dtype: what it computes in and what it gives; floatx unless given.
    Raises ValueError for other reductions and for what is no dtype.
    """

    keeps_labels = False  # whether the targets keep their dtype

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
        self._dtype = np.dtype(standardize_dtype(getattr(dtype, "compute_dtype", dtype)))

    @property
    def dtype(self) -> str:
        return self._dtype.name

    def call(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError("A Loss must implement `call(y_true, y_pred)`.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss. sample_weight: one for each value, or for each sample.

        Targets and predictions may be nestings of arrays, where `call` takes such.
        Raises ValueError where weights do not fit.
        """
        mask = getattr(y_pred, "mask", None)  # asked first: a cast makes a new Tensor without it
        if not self.keeps_labels:
            y_true = self._cast(y_true)
        losses = self.call(y_true, self._cast(y_pred))
        own_mask = getattr(losses, "mask", None)
        if own_mask is not None:
            mask = own_mask if mask is None else mask & own_mask
        losses = self._cast(losses)
        if sample_weight is None and mask is None:
            return self._reduced(losses, None)
        return self._weighted(losses, sample_weight, mask)

    def _weighted(self, losses: Array, sample_weight: Any, mask: Any) -> Array:
        weights = None if sample_weight is None else self._cast(sample_weight)
        if mask is not None:
            valid = self._valid(mask)
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

    def _valid(self, mask: Any) -> Array:
        """The mask as weights; for a mean such that its divisor is the number of valid values."""
        valid = self._cast(getattr(mask, "array", mask))
        if self.reduction not in ("mean", "sum_over_batch_size") or not valid.any():
            return valid
        return valid * (valid.size / float(valid.sum()))

    def _reduced(self, values: Array, weights: Array | None) -> Array:
        if self.reduction in (None, "none") or values.shape in ((), (0,)):
            return values
        total = values.sum()
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            divisor = weights.sum()
        else:
            divisor = values.size
        return total / divisor if divisor else np.where(False, total, 0.0)

    def _cast(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            same = value.array.dtype is self._dtype or value.dtype == self._dtype
            return value if same else value.astype(self._dtype)
        if not hasattr(value, "__array_function__"):
            if _is_nesting(value):
                return map_structure(self._cast, value)
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
        super().__init__(name, reduction, dtype)
        self.fn = fn
        self.arguments = arguments
        self.keeps_labels = getattr(fn, "of_class_numbers", False)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if _is_nesting(y_pred):
            y_true, y_pred = _ranks_matched(y_true, y_pred)
        else:
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        from numpynn.losses import serialize

        return {**super().get_config(), "fn": serialize(self.fn), **self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        from numpynn.losses import get

        return cls(**{**config, "fn": get(config["fn"])}) if "fn" in config else cls(**config)

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self.arguments})>"


class NamedLoss(LossFunctionWrapper):
    """A loss of this package, whose class stands for its function: its options are attributes.

    Its function matches the ranks by itself, so that it may be called alone too.
    """

    # Options that Keras leaves out of configurations, and so forgets, with their defaults. They are
    # written where they are something else.
    unwritten: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None,
        name: str | None,
        dtype: Any,
        **arguments: Any,
    ) -> None:
        super().__init__(fn, reduction, name, dtype, **arguments)
        vars(self).update(arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        options = {
            option: value
            for option, value in self.arguments.items()
            if option not in self.unwritten or value != self.unwritten[option]
        }
        return {**Loss.get_config(self), **options}


def _is_nesting(value: Any) -> bool:
    """Whether `value` nests arrays; a list of numbers is one array."""
    if isinstance(value, (list, tuple)):
        return any(hasattr(leaf, "dtype") for leaf in leaves(value))
    return isinstance(value, dict)


def _ranks_matched(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """`same_rank` for every pair of arrays of two like nestings."""
    pairs = [same_rank(t, p) for t, p in zip(leaves(y_true), leaves(y_pred), strict=True)]
    return (
        rebuild(y_true, iter([t for t, _ in pairs])),
        rebuild(y_pred, iter([p for _, p in pairs])),
    )
