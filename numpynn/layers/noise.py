"""Noise that training adds and prediction does not: it keeps a network from relying on details.

Each layer draws in one method, `noise` or `keep_mask`. Dropout itself is in `core`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import random
from numpynn.layers.base import InputSpec, Layer
from numpynn.layers.core import Dropout
from numpynn.typing import Array
from numpynn.utils import arguments


class Noise(Layer):
    """What these layers share: a stream of random numbers, and nothing to do outside training.

    strength: the setting that switches the layer off where it is 0.
    """

    def __init__(self, strength: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._strength = strength
        if strength > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training or self._strength == 0:
            return inputs
        if inputs.dtype.kind != "f":
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' disturbs floating-point numbers; got "
                f"an input of dtype {inputs.dtype}."
            )
        return self.disturbed(inputs)

    def disturbed(self, inputs: Array) -> Array:
        """The inputs with noise."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class GaussianNoise(Noise):
    """In training  y = x + ε  with ε from N(0, stddev²); otherwise the identity.

    Raises ValueError for a stddev outside 0 … 1. Source: Bishop 1995, Training with noise.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(_share(stddev, "stddev"), seed, **kwargs)
        self.stddev = stddev

    def disturbed(self, inputs: Array) -> Array:
        return inputs + self.noise(inputs)

    def noise(self, inputs: Array) -> Array:
        """ε, one number for each of the inputs."""
        return random.normal(inputs.shape, 0.0, self.stddev, inputs.dtype, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Noise):
    """In training  y = x · ε  with ε from N(1, rate / (1 - rate)); otherwise the identity.

    The noise has the mean and the variance of Dropout's. Raises ValueError for a rate outside 0 … 1
    and for 1, whose variance is infinite. Source: Srivastava et al. 2014, section 10.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(_share_below_1(rate), seed, **kwargs)
        self.rate = rate
        self._stddev = math.sqrt(rate / (1.0 - rate))

    def disturbed(self, inputs: Array) -> Array:
        return inputs * self.noise(inputs)

    def noise(self, inputs: Array) -> Array:
        """ε, one number for each of the inputs."""
        return random.normal(inputs.shape, 1.0, self._stddev, inputs.dtype, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(Noise):
    """In training, a share `rate` of the values becomes α' = -1.758, where selu ends on the left.

        y = a (x m + α' (1 - m)) + b,  m 0 or 1     a = ((1 - r) (1 + r α'²))^-½     b = -a α' r

    a and b keep mean 0 and variance 1, which selu aims at. Otherwise the identity.
    noise_shape: axes of length 1 share their m; None is the input's length.
    Raises ValueError for a rate outside 0 … 1 and for 1, where a is infinite.
    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """

    SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_share_below_1(rate), seed, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self._a = ((1.0 - rate) * (1.0 + rate * self.SATURATION**2)) ** -0.5
        self._b = -self._a * self.SATURATION * rate

    def disturbed(self, inputs: Array) -> Array:
        kept = self.keep_mask(inputs)
        return inputs * (self._a * kept) + (self._a * self.SATURATION * (1.0 - kept) + self._b)

    def keep_mask(self, inputs: Array) -> Array:
        """m: 1 for what is kept, else 0."""
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(
                shape[axis] if n is None else n for axis, n in enumerate(self.noise_shape)
            )
        drawn = random.generator_of(self.seed_generator).random(shape, dtype=np.float32)
        return (drawn >= self.rate).astype(inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }


# -- whole channels --------------------------------------------------------------------------------


class SpatialDropout(Dropout):
    """Dropout of whole channels: all steps or pixels of a sample share their mask.

    Neighbouring pixels say nearly the same, so dropping single ones takes little away.
    Source: Tompson et al. 2014, arXiv:1411.4280.
    """

    def __init__(
        self, rate: float, spatial_axes: int, data_format: str | None, **kwargs: Any
    ) -> None:
        data_format = arguments.data_format(data_format)
        shared = (1,) * spatial_axes
        channels_last = data_format == "channels_last"
        noise_shape = (None, *shared, None) if channels_last else (None, None, *shared)
        super().__init__(rate, noise_shape, **kwargs)
        self.data_format = data_format
        self.input_spec = InputSpec(ndim=spatial_axes + 2)

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "seed": self.seed,
            "data_format": self.data_format,
            "name": self.name,
            "dtype": self.dtype,
        }


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of sequences (B, T, D)."""

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(rate, 1, "channels_last", seed=seed, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]  # which it does not take
        return config


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images (B, H, W, D), or (B, D, H, W) with the channels first."""

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, 2, data_format, seed=seed, name=name, dtype=dtype)


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes (B, D1, D2, D3, D), or with the channels first."""

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, 3, data_format, seed=seed, name=name, dtype=dtype)


def _share(value: float, name: str) -> float:
    if not isinstance(value, (int, float, np.number)) or not 0.0 <= value <= 1.0:
        raise ValueError(f"`{name}` must be a number from 0 to 1; got {value!r}.")
    return value


def _share_below_1(rate: float) -> float:
    if _share(rate, "rate") == 1.0:
        raise ValueError("`rate` must be below 1, where the noise would be infinite; got 1.")
    return rate
