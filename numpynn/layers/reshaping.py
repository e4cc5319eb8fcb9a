"""Layers that move, repeat, cut off and surround values.

(B, T, D) are sequences, (B, H, W, D) images, (B, D1, D2, D3, D) volumes, with the channels D last;
with data_format="channels_first" they stand after the batch: (B, D, H, W). The axes that are
neither batch nor channels are called spatial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd import primitive
from numpynn.layers.base import InputSpec, Layer
from numpynn.ops.image.resizing import INTERPOLATIONS, resize
from numpynn.typing import Array
from numpynn.utils import arguments


class Permute(Layer):
    """The same values with their axes in another order: axis i is what was axis dims[i - 1].

    dims: the numbers of the axes after the batch, counted from 1.
    Raises ValueError where they are not 1 … n in some order.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                "`dims` of Permute must be the numbers from 1 to the count of axes, in any order; "
                f"got {dims!r}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Array) -> Array:
        return np.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Every sample n times, as a sequence:  x (B, D)   y (B, n, D).

    Raises TypeError for an n that is no whole number, ValueError for one below 1.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = _count(n, "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Array) -> Array:
        batch, features = inputs.shape
        return copied(inputs.reshape((batch, 1, features)), (1, self.n, 1))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, features = input_shape
        return (batch, self.n, features)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


class Spatial(Layer):
    """A layer that changes the sizes of the spatial axes, each by a setting of its own."""

    def __init__(self, settings: Sequence[Any], data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = arguments.data_format(data_format)
        self.input_spec = InputSpec(ndim=len(settings) + 2)
        self._first = 1 if self.data_format == "channels_last" else 2  # of the spatial axes
        self._settings = tuple(settings)

    def new_size(self, size: int, setting: Any) -> int:
        """What its setting makes of the size of an axis."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        for axis, setting in enumerate(self._settings, self._first):
            if shape[axis] is not None:
                shape[axis] = self.new_size(shape[axis], setting)
        return tuple(shape)

    def _of_all_axes(self, settings: Sequence[Any], otherwise: Any) -> tuple[Any, ...]:
        """`settings` of the spatial axes, `otherwise` for the batch and the channels."""
        before, after = self._first, 2 - self._first
        return (otherwise,) * before + tuple(settings) + (otherwise,) * after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


# -- cropping --------------------------------------------------------------------------------------


class Cropping(Spatial):
    """`before` values less at the beginning of each spatial axis and `after` less at its end.

    Raises ValueError where nothing would be left.
    """

    def __init__(self, cropping: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
        self.cropping = cropping
        window = [slice(before, -after or None) for before, after in cropping]
        self._window = self._of_all_axes(window, slice(None))

    def call(self, inputs: Array) -> Array:
        outputs = inputs[self._window]
        if not outputs.size:
            self.compute_output_shape(inputs.shape)  # which raises unless the batch is empty
        return outputs

    def new_size(self, size: int, setting: Any) -> int:
        left: int = size - sum(setting)
        if left <= 0:
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' cannot crop {setting} from an axis of "
                f"size {size}: nothing is left."
            )
        return left

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}


class Cropping1D(Cropping):
    """Fewer time steps:  x (B, T, D)   y (B, T - before - after, D).

    cropping: one number for both ends, or (before, after).
    """

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **kwargs: Any) -> None:
        pair = arguments.whole_numbers(cropping, 2, "cropping", least=0)
        super().__init__((pair,), "channels_last", **kwargs)
        self.cropping = pair

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]  # which it does not take
        return config


class Cropping2D(Cropping):
    """The edges of images cut off:  x (B, H, W, D)   y (B, H - …, W - …, D).

    cropping: one number for all, or for height and width each a number or a pair (before, after).
    """

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        pairs = arguments.before_and_after(cropping, 2, "cropping")
        super().__init__(pairs, data_format, **kwargs)


class Cropping3D(Cropping):
    """The faces of volumes cut off:  x (B, D1, D2, D3, D)   y (B, D1 - …, D2 - …, D3 - …, D).

    cropping: one number for all, or for each axis a number or a pair (before, after).
    """

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        pairs = arguments.before_and_after(cropping, 3, "cropping")
        super().__init__(pairs, data_format, **kwargs)


# -- zero padding ----------------------------------------------------------------------------------


class ZeroPadding(Spatial):
    """`before` zeros more at the beginning of each spatial axis and `after` more at its end."""

    def __init__(self, padding: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
        self.padding = padding
        self._widths = self._of_all_axes(padding, (0, 0))

    def call(self, inputs: Array) -> Array:
        return zero_padded(inputs, self._widths)

    def new_size(self, size: int, setting: Any) -> int:
        return size + int(sum(setting))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


class ZeroPadding1D(ZeroPadding):
    """More time steps, all zero:  x (B, T, D)   y (B, before + T + after, D).

    padding: one number for both ends, or (before, after).
    """

    def __init__(
        self, padding: int | Sequence[int] = 1, data_format: str | None = None, **kwargs: Any
    ) -> None:
        pair = arguments.whole_numbers(padding, 2, "padding", least=0)
        super().__init__((pair,), data_format, **kwargs)
        self.padding = pair


class ZeroPadding2D(ZeroPadding):
    """Images in a frame of zeros:  x (B, H, W, D)   y (B, … + H + …, … + W + …, D).

    padding: one number for all, or for height and width each a number or a pair (before, after).
    """

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        pairs = arguments.before_and_after(padding, 2, "padding")
        super().__init__(pairs, data_format, **kwargs)


class ZeroPadding3D(ZeroPadding):
    """Volumes in a box of zeros:  x (B, D1, D2, D3, D)   y (B, … + D1 + …, …, …, D).

    padding: one number for all, or for each axis a number or a pair (before, after).
    """

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        pairs = arguments.before_and_after(padding, 3, "padding")
        super().__init__(pairs, data_format, **kwargs)


# -- upsampling ------------------------------------------------------------------------------------


class UpSampling(Spatial):
    """`size` values along each spatial axis where there was one: copies of it."""

    def __init__(self, size: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)
        self.size = size
        self._times = self._of_all_axes(size, 1)

    def call(self, inputs: Array) -> Array:
        return copied(inputs, self._times)

    def new_size(self, size: int, setting: Any) -> int:
        return size * int(setting)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class UpSampling1D(UpSampling):
    """Every time step `size` times:  x (B, T, D)   y (B, size · T, D).

    Raises TypeError for a size that is no whole number, ValueError for one below 1.
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        times = _count(size, "size")
        super().__init__((times,), "channels_last", **kwargs)
        self.size = times

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]  # which it does not take
        return config


class UpSampling2D(UpSampling):
    """Larger images:  x (B, H, W, D)   y (B, size[0] · H, size[1] · W, D).

    size: one number for both axes, or two. interpolation: "nearest", which copies pixels, or one
    that computes those between them: "bilinear", "bicubic", "lanczos3", "lanczos5", "area".
    Raises ValueError for another.
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(arguments.whole_numbers(size, 2, "size"), data_format, **kwargs)
        self.interpolation = str(interpolation).lower()
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"`interpolation` of UpSampling2D must be one of {', '.join(INTERPOLATIONS)}; "
                f"got {interpolation!r}."
            )

    def call(self, inputs: Array) -> Array:
        if self.interpolation == "nearest":
            return super().call(inputs)
        height, width = inputs.shape[self._first : self._first + 2]
        size = (height * self.size[0], width * self.size[1])
        return resize(inputs, size, self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(UpSampling):
    """Larger volumes:  x (B, D1, D2, D3, D)   y (B, size[0] · D1, size[1] · D2, size[2] · D3, D).

    size: one number for all axes, or three.
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2, 2),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(arguments.whole_numbers(size, 3, "size"), data_format, **kwargs)


def _count(value: int, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"`{name}` must be a whole number; got {value!r}.")
    if value < 1:
        raise ValueError(f"`{name}` must be 1 or more; got {value}.")
    return value


# -- the computations ------------------------------------------------------------------------------


def _zero_padded_plain(x: Array, widths: Sequence[Sequence[int]]) -> Array:
    return np.pad(x, widths)


@primitive(plain=_zero_padded_plain)
def zero_padded(x: Array, widths: Sequence[Sequence[int]]) -> Any:
    """`x` with zeros before and after each axis. np.pad takes twenty times as long to begin."""
    shape = [before + n + after for n, (before, after) in zip(x.shape, widths, strict=True)]
    inside = tuple(
        slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True)
    )
    y = np.zeros_like(x, shape=shape)
    y[inside] = x
    return y, lambda g: (g[inside],)


def _copied_plain(x: Array, times: Sequence[int]) -> Array:
    for axis, count in enumerate(times):
        x = np.repeat(x, count, axis=axis)
    return x


@primitive(plain=_copied_plain)
def copied(x: Array, times: Sequence[int]) -> Any:
    """Every value `times[a]` times in a row along each axis a. Its vjp sums over the copies."""
    one = [size for n in x.shape for size in (n, 1)]
    several = [size for pair in zip(x.shape, times, strict=True) for size in pair]
    joined = [n * count for n, count in zip(x.shape, times, strict=True)]
    y = np.empty_like(x, shape=several)
    y[...] = np.reshape(x, one)

    def summed(g: Array) -> tuple[Array]:
        for axis, count in enumerate(times):
            if count > 1:
                apart = (*g.shape[:axis], g.shape[axis] // count, count, *g.shape[axis + 1 :])
                g = np.add.reduce(np.reshape(g, apart), axis=axis + 1)
        return (g,)

    return np.reshape(y, joined), summed
