"""Depthwise convolutions: every channel has filters of its own, and the channels do not mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.layers.convolution.base import Convolution
from numpynn.ops.nn.convolution import depthwise_conv
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.utils.signatures import varied


class DepthwiseConv(Convolution):
    """M = depth_multiplier filters for each channel by itself, whatever the rank.

        y[n, c M + m] = g(Σ_j x[n s + j d, c] K[j, c, m] + b[c M + m])

    x (B, L…, C)   K (k…, C, M)   b (C M,)   y (B, N…, C M)

    Raises ValueError for a depth_multiplier below 1.
    Source: Sifre and Mallat 2014, Rigid-motion scattering for texture classification.
    """

    dilates_with_strides = True

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            {
                "depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.depth_multiplier = arguments.whole_number(depth_multiplier, "depth_multiplier")

    def add_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_of_kind("depthwise", "kernel", shape)

    def output_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def call(self, inputs: Array) -> Array:
        outputs = depthwise_conv(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
        )
        return self.activation(self.with_bias(outputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConv):
    """Filters over time for each channel by itself.

    x (B, T, C)   K (k, C, M)   b (C M,)   y (B, N, C M)

    With k' = (k - 1) d + 1, N = ⌊(T - k') / s⌋ + 1 for padding "valid" and ⌈T / s⌉ for "same".
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConv):
    """Filters over images for each channel by itself.

    x (B, H, W, C)   K (k, k, C, M)   b (C M,)   y (B, N, M', C M)

    With k' = (k - 1) d + 1, N = ⌊(H - k') / s⌋ + 1 for padding "valid" and ⌈H / s⌉ for "same"; the
    width likewise.
    """

    rank = 2
    __init__ = varied(DepthwiseConv.__init__, strides=(1, 1), dilation_rate=(1, 1))
