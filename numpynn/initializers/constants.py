"""Weights that begin with known values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd.tensor import unwrapped
from numpynn.initializers.base import Initializer
from numpynn.ops.dtypes import standardize_dtype
from numpynn.typing import Array


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.zeros(shape, standardize_dtype(dtype))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        return np.ones(shape, standardize_dtype(dtype))


class Constant(Initializer):
    """One value everywhere, or an array that fits the shape; ValueError where it does not."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        value = np.broadcast_to(unwrapped(self.value), shape)
        return np.array(value, standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        from numpynn.saving.serialization import deserialize_keras_object

        return cls(deserialize_keras_object(config.get("value", 0.0)))


class Identity(Initializer):
    """The identity matrix times `gain`. Raises ValueError unless the shape has two axes."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity needs a shape of two axes; got {tuple(shape)}.")
        rows, columns = shape
        return (self.gain * np.eye(rows, columns)).astype(standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The gain where it is not 1: Keras always leaves it out."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


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
        return wave.astype(standardize_dtype(dtype))

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
