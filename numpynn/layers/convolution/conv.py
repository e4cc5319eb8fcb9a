"""Convolutions in which every filter sees all channels, over one, two or three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn import activations
from numpynn.layers.convolution.base import Convolution
from numpynn.layers.core import refuse_adapters
from numpynn.ops.nn.convolution.functions import conv, conv_and_bias
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.utils.signatures import varied


class Conv(Convolution):
    """Each filter's likeness to each window of the input, whatever the rank.

        y[n, f] = g(Σ_j Σ_c x[n s + j d, c] K[j, c, f] + b[f])

    x (B, L…, C)   K (k…, C / groups, F)   b (F,)   y (B, N…, F)

    with s = strides, d = dilation_rate, g = activation, j from 0 to k - 1 and zeros outside of x.
    This is the cross-correlation y_i = Σ_j w_j x_{i+j-1}, as everywhere in deep learning; the
    convolution of mathematics runs through the kernel backwards.

    groups: the channels in as many parts; each filter sees one part, and each part F / groups
    filters.
    Raises ValueError where `groups` divides `filters` or the channels unevenly, and for LoRA.
    Source: LeCun et al. 1989, Backpropagation applied to handwritten zip code recognition.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        lora = kwargs.pop("lora_rank", None), kwargs.pop("lora_alpha", None)
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            {
                "kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        refuse_adapters(self, *lora, None)
        self.filters = arguments.whole_number(filters, "filters")
        self.groups = arguments.whole_number(groups, "groups")
        if self.filters % self.groups:
            raise ValueError(
                f"`groups` of {type(self).__name__} must divide `filters` evenly; got "
                f"groups={groups} and filters={filters}."
            )

    def add_kernels(self, channels: int) -> None:
        if channels % self.groups:
            raise ValueError(
                f"`groups` of {type(self).__name__} layer '{self.name}' must divide the channels "
                f"of the input evenly; got groups={self.groups} and {channels} channels."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_of_kind("kernel", "kernel", shape)

    def output_channels(self, channels: int) -> int:
        return self.filters

    def call(self, inputs: Array) -> Array:
        moves = (self.strides, self.padding, self.data_format, self.dilation_rate)
        if self.bias is None:
            return self.activation(conv(inputs, self.kernel, *moves))
        if self.activation is activations.relu:  # in one with the sum
            return conv_and_bias(inputs, self.kernel, self.bias, *moves, relu=True)
        return self.activation(conv_and_bias(inputs, self.kernel, self.bias, *moves))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(Conv):
    """A kernel moved over time:  y[t, f] = g(Σ_j Σ_c x[t s + j d, c] K[j, c, f] + b[f]).

    x (B, T, C)   K (k, C / groups, F)   b (F,)   y (B, N, F)

    With k' = (k - 1) d + 1, N = ⌊(T - k') / s⌋ + 1 for padding "valid" and ⌈T / s⌉ otherwise:
    "same" puts zeros at both ends, "causal" all k' - 1 in front, so that no output depends on a
    later input. The other arguments: see `Conv`.
    """

    rank = 1
    can_be_causal = True


class Conv2D(Conv):
    """A kernel moved over images:

        y[n, m, f] = g(Σ_i Σ_j Σ_c x[n s + i d, m s + j d, c] K[i, j, c, f] + b[f])

    x (B, H, W, C)   K (k, k, C / groups, F)   b (F,)   y (B, N, M, F)

    where kernel_size k, strides s and dilation_rate d may differ between height and width. With
    k' = (k - 1) d + 1, N = ⌊(H - k') / s⌋ + 1 for padding "valid" and ⌈H / s⌉ for "same", which
    puts max((N - 1) s + k' - H, 0) rows of zeros around, an odd one below; M likewise.
    The other arguments: see `Conv`.
    """

    rank = 2
    __init__ = varied(Conv.__init__, strides=(1, 1), dilation_rate=(1, 1))


class Conv3D(Conv):
    """A kernel moved over volumes, or over images in time: Conv2D with one more axis.

    x (B, L1, L2, L3, C)   K (k1, k2, k3, C / groups, F)   b (F,)   y (B, N1, N2, N3, F)

    With k' = (k - 1) d + 1, N = ⌊(L - k') / s⌋ + 1 for padding "valid" and ⌈L / s⌉ for "same", on
    each axis. The other arguments: see `Conv`.
    """

    rank = 3
    __init__ = varied(Conv.__init__, strides=(1, 1, 1), dilation_rate=(1, 1, 1))
