"""What all convolution layers share: how a kernel moves, weights by kind, bias and activation.

A kernel of k places moves over an axis of L places in steps of s, its places d apart; it spans
k' = (k - 1) d + 1. There is room for

    valid             N = ⌊(L - k') / s⌋ + 1 positions, all of the kernel inside
    same, causal      N = ⌈L / s⌉ positions, over an input with zeros around it, or in front of it

B stands for the batch, C for the channels, F for the filters; L…, N… and k… for one, two or three
sizes, one for each spatial axis. With data_format="channels_first" the channels stand right after
the batch, in the inputs and in the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from numpynn import activations, constraints, initializers, regularizers
from numpynn.layers.base import InputSpec, Layer
from numpynn.ops.nn.convolution.window import padding_name
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.variables import Variable


class Convolution(Layer):
    """A layer that moves a kernel over the spatial axes of its input.

    weights: for each kind of weight, its (initializer, regularizer, constraint); they become the
    attributes `kernel_initializer`, `kernel_regularizer` … of kind "kernel".
    The other arguments are Keras's, the same in all these layers.
    Raises ValueError for numbers that are no whole numbers above 0, for another count of them than
    there are spatial axes, for unknown names, and for strides and dilation_rate both over 1 where
    Keras refuses that.
    """

    rank: ClassVar[int]
    """The number of spatial axes."""
    dilates_with_strides: ClassVar[bool] = False
    can_be_causal: ClassVar[bool] = False

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        activation: Any,
        use_bias: bool,
        weights: dict[str, tuple[Any, Any, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = arguments.whole_numbers(kernel_size, self.rank, "kernel_size")
        self.strides = arguments.whole_numbers(strides, self.rank, "strides")
        self.dilation_rate = arguments.whole_numbers(dilation_rate, self.rank, "dilation_rate")
        self.padding = padding_name(padding, causal=self.can_be_causal)
        self.data_format = arguments.data_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        for kind, (initializer, regularizer, constraint) in weights.items():
            setattr(self, f"{kind}_initializer", initializers.get(initializer))
            setattr(self, f"{kind}_regularizer", regularizers.get(regularizer))
            setattr(self, f"{kind}_constraint", constraints.get(constraint))
        self._kinds = tuple(weights)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        both = max(self.strides) > 1 and max(self.dilation_rate) > 1
        if both and not self.dilates_with_strides:
            raise ValueError(
                f"{type(self).__name__} takes `strides` over 1 or a `dilation_rate` over 1, not "
                f"both; got strides={self.strides} and dilation_rate={self.dilation_rate}."
            )

    # -- for subclasses -------------------------------------------------------------------------

    def add_kernels(self, channels: int) -> None:
        """Create the weights other than the bias."""
        raise NotImplementedError

    def output_channels(self, channels: int) -> int:
        """How many channels the output has."""
        raise NotImplementedError

    def new_length(self, length: int, axis: int) -> int:
        """What becomes of the length of a spatial axis. Raises ValueError where nothing is left."""
        k, s, d = self.kernel_size[axis], self.strides[axis], self.dilation_rate[axis]
        span = (k - 1) * d + 1
        if self.padding != "valid":
            return -(-length // s)
        if length < span:
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' has a kernel that spans {span} places "
                f"of spatial axis {axis} (kernel_size={self.kernel_size}, "
                f"dilation_rate={self.dilation_rate}); the input has {length} there."
            )
        return (length - span) // s + 1

    def add_of_kind(self, kind: str, name: str, shape: tuple[int, ...]) -> Variable:
        """A weight with the initializer, the regularizer and the constraint of its kind."""
        return self.add_weight(
            shape,
            getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            name=name,
        )

    def with_bias(self, outputs: Array) -> Array:
        """The outputs with each channel's bias, if there is one."""
        if self.bias is None:
            return outputs
        if self.data_format == "channels_last":
            return outputs + self.bias
        return outputs + np.reshape(self.bias, (-1, *(1,) * self.rank))

    # -- the same for all -----------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        _, _, channels = self._parts(input_shape)
        if not channels:
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' needs to know how many channels its "
                f"input has, one at least; got the shape {tuple(input_shape)}."
            )
        self.compute_output_shape(input_shape)  # raises where the kernel does not fit
        self.add_kernels(channels)
        self.bias: Variable | None = None
        if self.use_bias:
            self.bias = self.add_of_kind("bias", "bias", (self.output_channels(channels),))
        axis = -1 if self.data_format == "channels_last" else 1
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: channels})

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, lengths, channels = self._parts(input_shape)
        lengths = [n if n is None else self.new_length(n, axis) for axis, n in enumerate(lengths)]
        filters = self.output_channels(channels)
        if self.data_format == "channels_last":
            return (batch, *lengths, filters)
        return (batch, filters, *lengths)

    def _parts(self, input_shape: Any) -> tuple[Any, list[Any], Any]:
        """Batch size, lengths of the spatial axes, and channels of an input shape."""
        if len(input_shape) != self.rank + 2:
            raise ValueError(
                f"{type(self).__name__} layer '{self.name}' takes inputs of rank {self.rank + 2} "
                f"(batch, {self.rank} spatial axes, channels); got the shape {tuple(input_shape)}."
            )
        if self.data_format == "channels_last":
            batch, *lengths, channels = input_shape
        else:
            batch, channels, *lengths = input_shape
        return batch, lengths, channels

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for kind in self._kinds:
            for part, family in _FAMILIES.items():
                config[f"{kind}_{part}"] = family.serialize(getattr(self, f"{kind}_{part}"))
        return config


_FAMILIES: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
