"""What pooling layers share: which axes they pool, the shape that is left, the configuration.

(B, T, D) are sequences, (B, H, W, D) images, (B, D1, D2, D3, D) volumes, with the channels D last;
with data_format="channels_first" they stand after the batch: (B, D, H, W). The axes that are
neither batch nor channels are spatial, and pooled. Channels do not mix, and there are no weights.
"""

from __future__ import annotations

from typing import Any, ClassVar

from numpynn import config
from numpynn.layers.base import InputSpec, Layer
from numpynn.ops.nn.pooling.windows import window_counts
from numpynn.utils import arguments


class Pooling(Layer):
    """One value for each window of `pool_size` cells, which moves in steps of `strides`.

        valid   N = ⌊(n - pool_size) / strides⌋ + 1          same   N = ⌈n / strides⌉

    pool_size, strides: one number, or one for each spatial axis; strides are the pool's size unless
    given. padding: "valid", windows inside only, or "same", windows that may stand out.
    Raises ValueError for other arguments, and for inputs that no window fits into.
    """

    rank: ClassVar[int]

    def __init__(
        self, pool_size: Any, strides: Any, padding: str, data_format: str | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = arguments.whole_numbers(pool_size, self.rank, "pool_size")
        strides = self.pool_size if strides is None else strides
        self.strides = arguments.whole_numbers(strides, self.rank, "strides")
        self.padding = padding
        self.data_format = arguments.data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        window_counts((), (), (), padding)  # which raises for an unknown padding
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        spatial = spatial_sizes(input_shape, self.data_format)
        sizes = window_counts(spatial, self.pool_size, self.strides, self.padding)
        return with_spatial_sizes(input_shape, sizes, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class GlobalPooling(Layer):
    """One value for each channel of a sample:  x (B, …, D)   y (B, D).

    keepdims: whether the spatial axes stay, with length 1.
    Raises ValueError for inputs of another rank.
    """

    rank: ClassVar[int]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = arguments.data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        first = 1 if self.data_format == "channels_last" else 2
        self._axes = tuple(range(first, first + self.rank))
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        ones = (1,) * (len(input_shape) - 2) if self.keepdims else ()
        return with_spatial_sizes(input_shape, ones, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "data_format": self.data_format,
            "keepdims": self.keepdims,
        }


class AdaptivePooling(Layer):
    """`output_size` values along each spatial axis, however long it is.

        window o has the cells from ⌊o n / N⌋ up to, but not, ⌈(o + 1) n / N⌉

    output_size: N, one number, or one for each spatial axis.
    Raises TypeError for what is neither, ValueError for numbers below 1 and other data formats.
    """

    rank: ClassVar[int]

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        several = isinstance(output_size, (tuple, list)) and (
            len(output_size) == self.rank or self.rank == 1
        )
        if not isinstance(output_size, int) and not several:
            raise TypeError(
                f"`output_size` of {type(self).__name__} must be a whole number or {self.rank} of "
                f"them; got {output_size!r}."
            )
        self.output_size = arguments.whole_numbers(output_size, self.rank, "output_size")
        self.data_format = data_format or config.image_data_format()
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f"`data_format` must be 'channels_last' or 'channels_first'; got {data_format!r}."
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return with_spatial_sizes(input_shape, self.output_size, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_size": self.output_size,
            "data_format": self.data_format,
        }


def spatial_sizes(shape: Any, data_format: str) -> tuple[Any, ...]:
    """The sizes of the spatial axes."""
    return tuple(shape[1:-1] if data_format == "channels_last" else shape[2:])


def with_spatial_sizes(shape: Any, sizes: Any, data_format: str) -> tuple[Any, ...]:
    """The batch and the channels of a shape, with these spatial sizes."""
    if data_format == "channels_last":
        return (shape[0], *sizes, shape[-1])
    return (shape[0], shape[1], *sizes)
