"""Features brought to mean 0 and variance 1, as measured once on the data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.normalization.scaled import require_axes
from numpynn.layers.preprocessing.data_layer import DataLayer, is_array
from numpynn.ops.dtypes import in_dtype
from numpynn.typing import Array
from numpynn.variables import Variable


class Normalization(DataLayer):
    """y = (x - mean) / √variance, with a mean and a variance for every place on `axis`.

    axis: one or several; all other axes share, None shares all. mean, variance: given, or learned
    by `adapt(data)`. invert: x = y √variance + mean instead.
    Roots below `config.epsilon()` count as that.
    Raises ValueError where only one of mean and variance is given, where their shapes differ or
    have more axes than `axis`, and where a size along `axis` is unknown or not there.
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"`mean` and `variance` are given together; got mean={mean}, variance={variance}."
            )
        shape = np.shape(mean)
        if mean is not None and (shape != np.shape(variance) or len(shape) > len(self.axis)):
            raise ValueError(
                f"`mean` and `variance` must have one shape, of at most {len(self.axis)} axes for "
                f"axis {self.axis}; got {shape} and {np.shape(variance)}."
            )
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        ndim = len(input_shape)
        require_axes(self.axis, input_shape)
        self._kept = tuple(sorted(a % ndim for a in self.axis))
        if any(input_shape[a] is None for a in self._kept):
            raise ValueError(
                f"Layer '{self.name}' must know the sizes along axis {self.axis}; got an input of "
                f"shape {tuple(input_shape)}."
            )
        self._build_input_shape = tuple(input_shape)
        self._broadcast_shape = tuple(
            n if a in self._kept else 1 for a, n in enumerate(input_shape)
        )
        if self.input_mean is None:
            shape = tuple(input_shape[a] for a in self._kept)
            self.adapt_mean = self._statistic("mean", "zeros", shape)
            self.adapt_variance = self._statistic("variance", "ones", shape)
            self.count = self._statistic("count", "zeros", (), "int64")  # in files, always 0

    def _statistic(self, name: str, initializer: str, shape: Any, dtype: Any = None) -> Variable:
        return self.add_weight(shape, initializer, dtype, trainable=False, name=name)

    # -- learning -------------------------------------------------------------------------------

    def adapt(self, data: Any) -> None:
        """Learn mean and variance: of an array, or of an iterable of batches.

        A batch may be a tuple that begins with the inputs.
        Raises ValueError for batches of another shape or none at all and where mean and variance
        were given, TypeError for other data.
        """
        if self.input_mean is not None:
            raise ValueError(
                f"Layer '{self.name}' was given its mean and variance: it learns none."
            )
        if is_array(data):
            whole = np.asarray(unwrapped(data))
            self._require_shape(whole)
            others = self._reduced(whole)
            mean, variance = np.mean(whole, axis=others), np.var(whole, axis=others)
        elif isinstance(data, Iterable):
            mean, variance = self._of_batches(data)
        else:
            raise TypeError(
                f"adapt() takes an array or an iterable of batches; got {type(data).__name__}."
            )
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _of_batches(self, data: Iterable[Any]) -> tuple[Array, Array]:
        """Mean and variance of all batches together, from those of each.

        mean     = Σ wᵢ meanᵢ
        variance = Σ wᵢ (varianceᵢ + (meanᵢ - mean)²)         wᵢ the batch's share of the values
        """
        means, variances, counts = [], [], []
        for batch in self._inputs_of(data):
            self._require_shape(batch)
            others = self._reduced(batch)
            means.append(np.mean(batch, axis=others))
            variances.append(np.var(batch, axis=others))
            counts.append(math.prod(batch.shape[a] for a in others))
        shares = np.array(counts, self.compute_dtype) / sum(counts)
        mean = np.tensordot(shares, np.stack(means), 1)
        within = np.stack(variances) + np.square(np.stack(means) - mean)
        return mean, np.tensordot(shares, within, 1)

    def _inputs_of(self, data: Iterable[Any]) -> Iterator[Array]:
        batches = iter(data)
        first = next(batches, None)
        if first is None:
            raise ValueError("adapt() got an iterable without a batch.")
        for batch in itertools.chain([first], batches):
            inputs = batch[0] if isinstance(batch, tuple) else batch
            if not hasattr(inputs, "shape"):
                raise TypeError(
                    "adapt() takes an array or an iterable of batches that are arrays; got a batch "
                    f"of type {type(inputs).__name__}."
                )
            yield np.asarray(unwrapped(inputs)).astype(self.compute_dtype)

    def _require_shape(self, data: Array) -> None:
        """Build the layer for data of this shape, or raise ValueError if it was for another."""
        if not self.built:
            self.build(data.shape)
        built = self._build_input_shape
        if len(data.shape) != len(built) or any(data.shape[a] != built[a] for a in self._kept):
            raise ValueError(
                f"Layer '{self.name}' was built for an input of shape {built}; adapt() got "
                f"{data.shape}."
            )

    def _reduced(self, data: Array) -> tuple[int, ...]:
        return tuple(a for a in range(data.ndim) if a not in self._kept)

    # -- applying -------------------------------------------------------------------------------

    @property
    def mean(self) -> Array | None:
        """The mean in a shape that broadcasts to the input; None before the layer is built."""
        return self._laid_out("mean")

    @property
    def variance(self) -> Array | None:
        """The variance in a shape that broadcasts to the input; None before."""
        return self._laid_out("variance")

    def _laid_out(self, name: str) -> Array | None:
        if not self.built:
            return None
        given = getattr(self, f"input_{name}")
        if given is None:
            return getattr(self, f"adapt_{name}").array.reshape(self._broadcast_shape)
        value = np.asarray(given, self.compute_dtype)
        shape = [1] * len(self._broadcast_shape)
        for axis, size in zip(self._kept[len(self._kept) - value.ndim :], value.shape, strict=True):
            shape[axis] = size
        return np.broadcast_to(value.reshape(shape), self._broadcast_shape)

    def call(self, inputs: Array) -> Array:
        x = in_dtype(inputs, self.compute_dtype)
        mean, variance = (in_dtype(part, x.dtype) for part in (self.mean, self.variance))
        deviation = np.maximum(np.sqrt(variance), config.epsilon())
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def get_build_config(self) -> dict[str, Any] | None:
        return {"input_shape": self._build_input_shape} if self.built else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": np.array(self.input_mean).tolist(),
            "variance": np.array(self.input_variance).tolist(),
        }
