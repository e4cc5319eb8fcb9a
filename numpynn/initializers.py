"""How weights begin. With `fan_in` and `fan_out` the numbers of connections into and out of a unit:

    variance scaling    Var(w) = scale / fan      fan: fan_in, fan_out or their average
    Glorot              scale 1, average fan      Glorot & Bengio 2010
    He                  scale 2, fan_in           He et al. 2015
    LeCun               scale 1, fan_in           LeCun et al. 1998

An initializer is called with a shape and a dtype and returns an array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import config, random
from numpynn.typing import Array
from numpynn.utils.registry import Registry


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel.

    Unless the axes of inputs and outputs are both given: the last two, times the window before.
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    window = math.prod(shape[:-2])
    return int(shape[-2] * window), int(shape[-1] * window)


class Initializer:
    """Base class: override `__call__(shape, dtype)`, and `get_config` where there are arguments."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        raise NotImplementedError("An Initializer must implement `__call__(shape, dtype)`.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of those that draw. The same integer seed gives the same values at every call."""

    def __init__(self, seed: random.Seed = None) -> None:
        if seed is None:
            seed = int(random.generator().integers(2**31 - 1))
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.zeros(shape, dtype or config.floatx())


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.ones(shape, dtype or config.floatx())


class Constant(Initializer):
    """One value everywhere, or an array that fits the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.array(np.broadcast_to(self.value, shape), dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Identity(Initializer):
    """The identity matrix times `gain`. Raises ValueError unless the shape has two axes."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity needs a shape of two axes; got {tuple(shape)}.")
        return self.gain * np.eye(*shape, dtype=np.dtype(dtype or config.floatx()))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class RandomNormal(RandomInitializer):
    """N(mean, stddev²)."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: random.Seed = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed).array

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """N(mean, stddev²) within two standard deviations of the mean."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed).array


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval)."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: random.Seed = None
    ) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed).array

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


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
        seed: random.Seed = None,
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
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Scaled(VarianceScaling):
    """A variance scaling with scale, mode and distribution fixed."""

    fixed: tuple[float, str, str]

    def __init__(
        self,
        seed: random.Seed = None,
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

    def __init__(self, gain: float = 1.0, seed: random.Seed = None) -> None:
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
        return (self.gain * q.reshape(shape)).astype(dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


_WINDOWS: dict[str, Any] = {
    "hann": np.hanning,
    "hamming": np.hamming,
    "blackman": np.blackman,
    "bartlett": np.bartlett,
    "boxcar": np.ones,
}


class STFT(Initializer):
    """The matrix of a short-time Fourier transform:  w_t cos(2π f t / F)  or  -w_t sin(2π f t / F).

    Shape (T, 1, F // 2 + 1): T time steps of a frame, F frequency bands. side: "real" (cosines) or
    "imag". window w: None, its T values, or "hann", "hamming", "blackman", "bartlett", "boxcar".
    scaling divides by √Σw² ("density") or Σ|w| ("spectrum"). periodic: leave out the window's last
    value. Raises ValueError for other names, and a window of another length.
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"`side` must be real or imag; got {side!r}.")
        if isinstance(window, str) and window not in _WINDOWS:
            raise ValueError(f"`window` must be one of {', '.join(_WINDOWS)}; got {window!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"`scaling` must be None, density or spectrum; got {scaling!r}.")
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        length, _, bins = shape
        time, frequency = np.arange(length)[:, None, None], np.arange(bins)
        phase = time * frequency * (math.pi / (bins - 1))
        wave = np.cos(phase) if self.side == "real" else -np.sin(phase)
        if self.window is not None:
            window = self._values(length)
            wave = wave * window[:, None, None]
            if self.scaling == "density":
                wave /= math.sqrt(float(np.sum(np.square(window))))
            elif self.scaling == "spectrum":
                wave /= float(np.sum(np.absolute(window)))
        return wave.astype(dtype or config.floatx())

    def _values(self, length: int) -> Array:
        """The window at every time step."""
        if isinstance(self.window, str):
            make = _WINDOWS[self.window]
            return make(length + 1)[:-1] if self.periodic else make(length)
        values = np.asarray(self.window)
        if values.shape != (length,):
            raise ValueError(f"`window` must have shape ({length},); got {values.shape}.")
        return values

    def get_config(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "window": self.window,
            "scaling": self.scaling,
            "periodic": self.periodic,
        }


zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
IdentityInitializer = Identity
random_normal, truncated_normal, random_uniform = RandomNormal, TruncatedNormal, RandomUniform
variance_scaling, orthogonal, stft = VarianceScaling, Orthogonal, STFT
OrthogonalInitializer = Orthogonal
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal

_registry = Registry(
    "initializer",
    Initializer,
    [
        Zeros,
        Ones,
        Constant,
        Identity,
        RandomNormal,
        TruncatedNormal,
        RandomUniform,
        VarianceScaling,
        GlorotUniform,
        GlorotNormal,
        HeUniform,
        HeNormal,
        LecunUniform,
        LecunNormal,
        Orthogonal,
        STFT,
    ],
    {
        "normal": RandomNormal,
        "uniform": RandomUniform,
        "one": Ones,
        "zero": Zeros,
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
        "STFTInitializer": STFT,
    },
)
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any) -> Any:
    """An initializer by name, configuration, class, instance, function, or array of values."""
    if isinstance(identifier, np.ndarray):
        return Constant(identifier)
    return _registry.get(identifier)
