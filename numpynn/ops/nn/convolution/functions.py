"""Keras's convolution functions: arguments checked, channels put last, then the formulas.

Shapes, with `data_format` "channels_last" (with "channels_first" C stands right after B):

    inputs (B, L…, C)   kernel (k…, C / groups, F)   → (B, N…, F)

with one, two or three spatial axes. `strides` and `dilation_rate` are one number or one an axis;
`padding` is "valid", "same" or, on one axis, "causal". float16 is summed in float32. All of them
raise ValueError for shapes that do not fit together, with the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from numpynn.ops.dtypes import aligned, at_least_single, floating, in_dtype
from numpynn.ops.nn.convolution import depthwise, fused, plain
from numpynn.ops.nn.convolution.window import Window, transposed_window, window
from numpynn.symbolic import KerasTensor
from numpynn.typing import Array
from numpynn.utils import arguments

Function = TypeVar("Function", bound=Callable[..., Any])


def _shape_by(rule: Callable[..., Any]) -> Callable[[Function], Function]:
    """The function's shape on KerasTensors by a rule, in place of trials on arrays."""

    def decorate(function: Function) -> Function:
        function.output_spec = rule  # type: ignore[attr-defined]
        return function

    return decorate


# -- shapes ----------------------------------------------------------------------------------------


def _conv_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    shape, placed = _channels_last("conv", inputs, kernel, data_format)
    over = _grouped_window(shape, kernel.shape, strides, padding, dilation_rate)
    return KerasTensor(placed(shape[0], over.positions, kernel.shape[-1]), inputs.dtype)


def _depthwise_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    shape, placed = _channels_last("depthwise_conv", inputs, kernel, data_format, most=2)
    over = _depthwise_window(shape, kernel.shape, strides, padding, dilation_rate)
    channels = kernel.shape[-2] * kernel.shape[-1]
    return KerasTensor(placed(shape[0], over.positions, channels), inputs.dtype)


def _separable_spec(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, *args: Any, **kwargs: Any
) -> KerasTensor:
    _check_pointwise(depthwise_kernel.shape, pointwise_kernel.shape)
    between = _depthwise_spec(inputs, depthwise_kernel, *args, **kwargs)
    data_format = kwargs.get("data_format", args[2] if len(args) > 2 else None)
    return _conv_spec(between, pointwise_kernel, data_format=data_format)


def _transpose_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    shape, placed = _channels_last("conv_transpose", inputs, kernel, data_format)
    over = _back_window(shape, kernel.shape, strides, padding, output_padding, dilation_rate)
    return KerasTensor(placed(shape[0], over.lengths, kernel.shape[-2]), inputs.dtype)


# -- values ----------------------------------------------------------------------------------------


@_shape_by(_conv_spec)
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
    x, kernel, back = _prepared("conv", inputs, kernel, data_format)
    over = _grouped_window(x.shape, kernel.shape, strides, padding, dilation_rate)
    return back((fused if x.dtype.kind == "f" else plain).conv(x, kernel, over))


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
    """conv(x, K) + b, with relu: max(conv(x, K) + b, 0), in one pass.   bias (F,)"""
    x, kernel, back = _prepared("conv", inputs, floating(kernel), data_format)
    over = _grouped_window(x.shape, kernel.shape, strides, padding, dilation_rate)
    return back(fused.conv_and_bias(x, kernel, in_dtype(bias, x.dtype), over, relu))


@_shape_by(_depthwise_spec)
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
    x, kernel, back = _prepared("depthwise_conv", inputs, floating(kernel), data_format, most=2)
    over = _depthwise_window(x.shape, kernel.shape, strides, padding, dilation_rate)
    return back(depthwise.depthwise_conv(x, kernel, over))


@_shape_by(_separable_spec)
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
    _check_pointwise(np.shape(depthwise_kernel), np.shape(pointwise_kernel))
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, data_format=data_format)


@_shape_by(_transpose_spec)
def conv_transpose(
    inputs: Array,
    kernel: Array,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Array:
    """x[i, c] = Σ y[n, f] K[j, c, f] over n, j with n s + j d = i: each place stamps the kernel.

    inputs (B, N…, F)   kernel (k…, C, F)   → (B, L…, C).  The adjoint of `conv` with this kernel.
    output_padding: the places added behind, one number or one an axis; None for Keras's lengths,
    which `window.transposed_window` gives. Source: Zeiler et al. 2010; Keras `ops.conv_transpose`.
    """
    y, kernel, back = _prepared("conv_transpose", inputs, kernel, data_format)
    over = _back_window(y.shape, kernel.shape, strides, padding, output_padding, dilation_rate)
    return back((fused if y.dtype.kind == "f" else plain).conv_transpose(y, kernel, over))


# -- arguments -------------------------------------------------------------------------------------


def _prepared(
    name: str, inputs: Array, kernel: Array, data_format: str | None, most: int = 3
) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Inputs with channels last, the kernel in their dtype, and what undoes both to a result."""
    inputs, kernel = aligned(inputs, kernel)
    if inputs.dtype.kind == "b":
        inputs, kernel = floating(inputs), floating(kernel)
    _channels_last(name, inputs, kernel, data_format, most)
    dtype = inputs.dtype
    if dtype == np.float16:
        inputs, kernel = at_least_single(inputs), at_least_single(kernel)
    if arguments.data_format(data_format) == "channels_last":
        return inputs, kernel, lambda y: in_dtype(y, dtype)
    x = np.moveaxis(inputs, 1, -1)
    return x, kernel, lambda y: in_dtype(np.moveaxis(y, -1, 1), dtype)


def _channels_last(
    name: str, inputs: Any, kernel: Any, data_format: str | None, most: int = 3
) -> tuple[tuple[Any, ...], Callable[..., tuple[Any, ...]]]:
    """The shape of inputs with channels last, and what puts an output's axes in their places."""
    shape, rank = tuple(inputs.shape), len(inputs.shape) - 2
    if not 1 <= rank <= most or len(kernel.shape) != len(shape):
        raise ValueError(
            f"{name} takes inputs (batch, 1 to {most} spatial axes, channels) and a kernel of the "
            f"same rank. Received: inputs of shape {shape}, kernel of shape {tuple(kernel.shape)}."
        )
    if arguments.data_format(data_format) == "channels_last":
        return shape, lambda batch, spatial, channels: (batch, *spatial, channels)
    last = (shape[0], *shape[2:], shape[1])
    return last, lambda batch, spatial, channels: (batch, channels, *spatial)


def _grouped_window(shape: Any, kernel: Any, strides: Any, padding: Any, dilation: Any) -> Window:
    inputs, (channels, filters) = shape[-1], kernel[-2:]
    groups = 1 if inputs is None else inputs // max(channels, 1)
    if (
        0 in (channels, filters, groups)
        or filters % groups
        or inputs
        not in (
            None,
            channels * groups,
        )
    ):
        raise ValueError(
            "The number of input channels must be that of the kernel, or a multiple of it that "
            "divides the number of filters, and none may be 0. Received: input channels="
            f"{inputs}, kernel input channels={channels}, filters={filters}."
        )
    return window(shape[1:-1], kernel[:-2], strides, padding, dilation)


def _depthwise_window(shape: Any, kernel: Any, strides: Any, padding: Any, dilation: Any) -> Window:
    _check_channels(shape[-1], kernel[-2])
    return window(shape[1:-1], kernel[:-2], strides, padding, dilation)


def _back_window(
    shape: Any, kernel: Any, strides: Any, padding: Any, output_padding: Any, dilation: Any
) -> Window:
    _check_channels(shape[-1], kernel[-1])
    return transposed_window(shape[1:-1], kernel[:-2], strides, padding, output_padding, dilation)


def _check_channels(of_inputs: int | None, of_kernel: int) -> None:
    if of_inputs not in (None, of_kernel) or of_kernel == 0:
        raise ValueError(
            "The number of input channels must match the kernel's, and not be 0. Received: input "
            f"channels={of_inputs}, kernel input channels={of_kernel}."
        )


def _check_pointwise(depthwise: tuple[int, ...], pointwise: tuple[int, ...]) -> None:
    channels = depthwise[-1] * depthwise[-2]
    if pointwise[:-1] != ((1,) * (len(depthwise) - 2) + (channels,)):
        raise ValueError(
            "`pointwise_kernel` must be 1 wide on each spatial axis and take the depthwise "
            f"kernel's {channels} channels. Received: depthwise kernel {tuple(depthwise)}, "
            f"pointwise kernel {tuple(pointwise)}."
        )
