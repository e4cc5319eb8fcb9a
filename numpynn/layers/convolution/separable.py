"""Separable convolutions: first each channel by itself, then the channels at each place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.layers.convolution.base import Convolution
from numpynn.ops.nn.convolution import separable_conv
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.utils.signatures import varied


class SeparableConv(Convolution):
    """A depthwise convolution, and a 1x1 convolution that mixes its channels, whatever the rank.

        h[n, c M + m] = Σ_j x[n s + j d, c] D[j, c, m]          M = depth_multiplier
        y[n, f] = g(Σ_i h[n, i] P[i, f] + b[f])

    x (B, L…, C)   D (k…, C, M)   P (1…, C M, F)   b (F,)   y (B, N…, F)

    That is Conv with a kernel K[j, c, f] = Σ_m D[j, c, m] P[c M + m, f], for k C M + C M F weights
    instead of k C F.
    Raises ValueError for filters and a depth_multiplier below 1.
    Source: Chollet 2016, Xception, arXiv:1610.02357.
    """

    dilates_with_strides = True

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
                "pointwise": (pointwise_initializer, pointwise_regularizer, pointwise_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = arguments.whole_number(filters, "filters")
        self.depth_multiplier = arguments.whole_number(depth_multiplier, "depth_multiplier")

    def add_kernels(self, channels: int) -> None:
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self.add_of_kind("depthwise", "depthwise_kernel", depthwise)
        self.pointwise_kernel = self.add_of_kind("pointwise", "pointwise_kernel", pointwise)

    def output_channels(self, channels: int) -> int:
        return self.filters

    def call(self, inputs: Array) -> Array:
        outputs = separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
        )
        return self.activation(self.with_bias(outputs))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
        }


class SeparableConv1D(SeparableConv):
    """Filters over time for each channel by itself, then the channels mixed at each step.

    x (B, T, C)   D (k, C, M)   P (1, C M, F)   b (F,)   y (B, N, F)

    With k' = (k - 1) d + 1, N = ⌊(T - k') / s⌋ + 1 for padding "valid" and ⌈T / s⌉ for "same".
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """Filters over images for each channel by itself, then the channels mixed at each pixel.

    x (B, H, W, C)   D (k, k, C, M)   P (1, 1, C M, F)   b (F,)   y (B, N, N', F)

    With k' = (k - 1) d + 1, N = ⌊(H - k') / s⌋ + 1 for padding "valid" and ⌈H / s⌉ for "same"; the
    width likewise.
    """

    rank = 2
    __init__ = varied(SeparableConv.__init__, strides=(1, 1), dilation_rate=(1, 1))
