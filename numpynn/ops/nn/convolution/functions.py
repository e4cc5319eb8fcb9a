"""Keras's convolution functions: arguments checked, channels put last, then the formulas.

Shapes, with `data_format` "channels_last" (with "channels_first" C stands right after B):

    inputs (B, L…, C)   kernel (k…, C / groups, F)   → (B, N…, F)

with one, two or three spatial axes. `strides` and `dilation_rate` are one number or one an axis;
`padding` is "valid", "same" or, on one axis, "causal". All of them raise ValueError for shapes that
do not fit together, with the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynn.ops.dtypes import aligned, floating
from numpynn.ops.nn.convolution import plain
from numpynn.ops.nn.convolution.window import transposed_window, window
from numpynn.typing import Array
from numpynn.utils import arguments


def conv(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """y[n, f] = Σ_j Σ_c x[n s + j d, c] K[j, c, f]: each filter's likeness to each window.

    A kernel with fewer channels than the input sees it in groups: filter f sees the channels of its
    group alone. Source: LeCun et al. 1989; Keras `ops.conv`.
    """
    inputs, kernel, last = _checked("conv", inputs, kernel, data_format)
    channels, filters = kernel.shape[-2:]
    groups = inputs.shape[-1] // max(channels, 1)
    if channels * groups != inputs.shape[-1] or filters % max(groups, 1):
        raise ValueError(
            "The number of input channels must be that of the kernel, or a multiple of it that "
            "divides the number of filters. Received: input channels="
            f"{inputs.shape[-1]}, kernel input channels={channels}, filters={filters}."
        )
    over = window(inputs.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    return last(plain.conv(inputs, kernel, over))


def conv_and_bias(
    inputs: Array,
    kernel: Array,
    bias: Array,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    relu: bool = False,
) -> Array:
    """conv(x, K) + b, with relu: max(conv(x, K) + b, 0).   bias (F,)"""
    channels_first = arguments.data_format(data_format) == "channels_first"
    if channels_first:
        bias = np.reshape(bias, (-1, *(1,) * (kernel.ndim - 2)))
    y = conv(inputs, kernel, strides, padding, data_format, dilation_rate) + bias
    return np.maximum(y, 0) if relu else y


def depthwise_conv(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """y[n, c M + m] = Σ_j x[n s + j d, c] K[j, c, m]: M filters for each channel by itself.

    kernel (k…, C, M); one or two spatial axes. Source: Sifre and Mallat 2014; Keras
    `ops.depthwise_conv`.
    """
    inputs, kernel, last = _checked("depthwise_conv", inputs, kernel, data_format, ranks=(1, 2))
    _same_channels(inputs, kernel.shape[-2])
    over = window(inputs.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    return last(plain.depthwise_conv(inputs, kernel, over))


def separable_conv(
    inputs: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """A depthwise convolution, then a 1x1 convolution that mixes its channels.

    depthwise_kernel (k…, C, M)   pointwise_kernel (1…, C · M, F); one or two spatial axes.
    Source: Chollet 2016, arXiv:1610.02357; Keras `ops.separable_conv`.
    """
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, 1, "valid", data_format, 1)


def conv_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """x[i, c] = Σ y[n, f] K[j, c, f] over all n, j with n s + j d = i: each place stamps the kernel.

    inputs (B, N…, F)   kernel (k…, C, F)   → (B, L…, C).  The adjoint of `conv` with this kernel.
    output_padding: the places added behind, one number or one an axis; None for Keras's lengths,
    which `window.transposed_window` gives. Source: Zeiler et al. 2010; Keras `ops.conv_transpose`.
    """
    inputs, kernel, last = _checked("conv_transpose", inputs, kernel, data_format)
    _same_channels(inputs, kernel.shape[-1])
    over = transposed_window(
        inputs.shape[1:-1], kernel.shape[:-2], strides, padding, output_padding, dilation_rate
    )
    return last(plain.conv_transpose(inputs, kernel, over))


def _checked(
    name: str,
    inputs: Array,
    kernel: Array,
    data_format: str | None,
    ranks: tuple[int, ...] = (1, 2, 3),
) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Inputs with channels last, the kernel, both in one dtype, and what puts the channels back."""
    inputs, kernel = aligned(inputs, kernel)
    inputs, kernel = floating(inputs), floating(kernel)
    if inputs.ndim - 2 not in ranks or kernel.ndim != inputs.ndim:
        allowed = " or ".join(str(rank + 2) for rank in ranks)
        raise ValueError(
            f"{name} takes inputs of rank {allowed} (batch, {len(ranks)} or fewer spatial axes, "
            "channels) and a kernel of the same rank. Received: inputs of shape "
            f"{tuple(inputs.shape)}, kernel of shape {tuple(kernel.shape)}."
        )
    if arguments.data_format(data_format) == "channels_last":
        return inputs, kernel, lambda y: y
    return np.moveaxis(inputs, 1, -1), kernel, lambda y: np.moveaxis(y, -1, 1)


def _same_channels(inputs: Array, expected: int) -> None:
    if inputs.shape[-1] != expected:
        raise ValueError(
            "The number of input channels must match the kernel's. Received: input channels="
            f"{inputs.shape[-1]}, kernel input channels={expected}."
        )
