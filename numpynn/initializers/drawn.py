"""Weights that are drawn, with `fan_in` and `fan_out` the connections into and out of a unit:

    variance scaling    Var(w) = scale / fan      fan: fan_in, fan_out or their average
    Glorot              scale 1, average fan      Glorot & Bengio 2010
    He                  scale 2, fan_in           He et al. 2015
    LeCun               scale 1, fan_in           LeCun et al. 1998

An integer seed draws the same values at every call, a SeedGenerator goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import random
from numpynn.initializers.base import Initializer, compute_fans
from numpynn.ops.dtypes import standardize_dtype
from numpynn.typing import Array


class RandomInitializer(Initializer):
    """Base of those that draw.

    seed: an integer, a SeedGenerator, the configuration of one, or None. Without one, a seed is
    drawn here, once; the configuration still says None, so that a copy draws other values.
    Raises ValueError for other seeds.
    """

    def __init__(self, seed: Any = None) -> None:
        self._given_seed = seed
        if seed is None:
            seed = int(random.generator().integers(2**31 - 1))
        elif isinstance(seed, dict):
            from numpynn.saving.serialization import deserialize_keras_object

            seed = deserialize_keras_object(seed)
        elif not isinstance(seed, (int, np.integer, random.SeedGenerator)):
            raise ValueError(f"`seed` must be an integer, a SeedGenerator or None; got {seed!r}.")
        self.seed: random.Seed = seed

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        return {"seed": serialize_keras_object(self._given_seed)}


class RandomNormal(RandomInitializer):
    """N(mean, stddev²)."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.normal(
            shape, self.mean, self.stddev, standardize_dtype(dtype), self.seed
        ).array

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """N(mean, stddev²) within two standard deviations of the mean."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.truncated_normal(
            shape, self.mean, self.stddev, standardize_dtype(dtype), self.seed
        ).array


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.uniform(
            shape, self.minval, self.maxval, standardize_dtype(dtype), self.seed
        ).array

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


# The standard deviation of N(0, 1) cut off at ±2, by which the cut must be made good.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    """Variance `scale / fan`, so that signals keep their size from layer to layer.

    truncated_normal: N(0, s²) cut at ±2s, s = √(scale/fan)/0.8796, which has that variance;
    untruncated_normal: N(0, scale/fan); uniform: ±√(3 scale/fan).
    Raises ValueError for a scale that is not positive, unknown modes and distributions.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"`scale` must be positive; got {scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"`mode` must be fan_in, fan_out or fan_avg; got {mode!r}.")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "`distribution` must be truncated_normal, untruncated_normal or uniform; got "
                f"{distribution!r}."
            )
        super().__init__(seed)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        dtype = standardize_dtype(dtype)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed).array
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, stddev, dtype, self.seed).array
        return random.truncated_normal(
            shape, 0.0, stddev / _TRUNCATED_STDDEV, dtype, self.seed
        ).array

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Scaled(VarianceScaling):
    """A variance scaling with scale, mode and distribution fixed."""

    fixed: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        free = ("seed", "input_axes", "output_axes")
        return {name: value for name, value in super().get_config().items() if name in free}


class GlorotUniform(_Scaled):
    """Uniform in ±√(6 / (fan_in + fan_out)). Glorot & Bengio 2010."""

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of variance 2 / (fan_in + fan_out). Glorot & Bengio 2010."""

    fixed = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform in ±√(6 / fan_in). He et al. 2015."""

    fixed = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of variance 2 / fan_in. He et al. 2015."""

    fixed = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform in ±√(3 / fan_in). LeCun et al. 1998."""

    fixed = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of variance 1 / fan_in. LeCun et al. 1998; Klambauer et al. 2017."""

    fixed = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns, times `gain`: the Q of a Gaussian matrix's QR.

    The axes before the last are joined. Raises ValueError for fewer than two axes.
    Source: Saxe et al. 2014.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape of two axes or more; got {tuple(shape)}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        gaussian = random.normal(
            (max(rows, columns), min(rows, columns)), 0.0, 1.0, "float64", self.seed
        )
        q, r = np.linalg.qr(gaussian.array)
        q = q * np.sign(np.diagonal(r))  # makes the distribution uniform
        q = q.T if rows < columns else q
        return (self.gain * q.reshape(shape)).astype(standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}
