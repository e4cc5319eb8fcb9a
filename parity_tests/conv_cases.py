"""Convolutions to compare: drawn options, Keras's result for all of them, and the matrix they are.

Keras on TensorFlow's CPU kernels refuses many options that its definition allows: channels first,
strides together with dilation, dilated transposes. The functions `…_of_keras` compute them out of
what it does: with the channels moved, with zeros written between a dilated kernel's places, one
group after the other. Where nothing of that is needed, they only call Keras.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from factory import REAL, Call
from hypothesis import strategies as st
from pairs import BARS, derived, hold, hold_gradients

import numpynn

FORMATS = ("channels_last", "channels_first")
LARGEST = {1: (4, 4, 3), 2: (3, 3, 2), 3: (2, 3, 2)}  # kernel, stride and dilation, by rank


# -- what is drawn ---------------------------------------------------------------------------------


@st.composite
def windows(draw: Any, rank: int, paddings: tuple[str, ...] = ("valid", "same")) -> dict[str, Any]:
    """Lengths, kernel sizes, strides, dilation and padding that give an output.

    Strides go over the kernel's size, kernels over the input's where padding makes room.
    """
    padding = draw(st.sampled_from(paddings))
    kernel, stride, dilation = LARGEST[rank]
    size = [draw(st.integers(1, kernel)) for _ in range(rank)]
    strides = [draw(st.integers(1, stride)) for _ in range(rank)]
    rates = [draw(st.integers(1, dilation)) for _ in range(rank)]
    least = [span(k, d) if padding == "valid" else 1 for k, d in zip(size, rates, strict=True)]
    lengths = [draw(st.integers(n, n + 5 - rank)) for n in least]
    return {
        "lengths": lengths,
        "size": size,
        "strides": draw(one_or_all(strides)),
        "padding": padding,
        "dilation_rate": draw(one_or_all(rates)),
    }


def one_or_all(numbers: list[int]) -> st.SearchStrategy[Any]:
    """Equal numbers as one of them or as a sequence, others as a sequence."""
    forms: list[Any] = [tuple(numbers), list(numbers)]
    return st.sampled_from([numbers[0], *forms] if len(set(numbers)) == 1 else forms)


OPTIONS = ("strides", "padding", "dilation_rate")


@st.composite
def convolutions(
    draw: Any, rank: int, data_format: str = "channels_last", groups: int = 1, causal: bool = False
) -> Call:
    """Calls of `conv`, with as many groups as the kernel has fewer channels than the input."""
    window = draw(windows(rank, ("causal",) if causal else ("valid", "same")))
    channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    inputs = REAL.arrays(
        shape_of(draw(st.integers(1, 3)), window["lengths"], channels * groups, data_format)
    )
    kernel = REAL.arrays((*window["size"], channels, filters * groups))
    return called(draw, window, data_format, inputs, kernel)


@st.composite
def depthwise(
    draw: Any, rank: int, data_format: str = "channels_last", separable: bool = False
) -> Call:
    """Calls of `depthwise_conv`, or of `separable_conv` with a pointwise kernel after it."""
    window = draw(windows(rank))
    channels, multiplier = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    inputs = REAL.arrays(
        shape_of(draw(st.integers(1, 3)), window["lengths"], channels, data_format)
    )
    kernels = [REAL.arrays((*window["size"], channels, multiplier))]
    if separable:
        filters = draw(st.integers(1, 3))
        kernels.append(REAL.arrays((*(1,) * rank, channels * multiplier, filters)))
    return called(draw, window, data_format, inputs, *kernels)


@st.composite
def transposes(draw: Any, rank: int, data_format: str = "channels_last") -> Call:
    """Calls of `conv_transpose`, half of them with each output padding that is possible."""
    window = draw(windows(rank))
    axes = list(spelled(window, rank))
    positions = [draw(st.integers(1, 5 - rank)) for _ in axes]
    filters, channels = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    inputs = REAL.arrays(shape_of(draw(st.integers(1, 3)), positions, filters, data_format))
    kernel = REAL.arrays((*window["size"], channels, filters))
    call = called(draw, window, data_format, inputs, kernel)
    if draw(st.booleans()):
        extra = []
        for k, s, d in axes:
            odd = span(k, d) % 2 if window["padding"] == "same" else 1
            extra.append(draw(st.integers(1 - odd, s - odd)))
        call.keywords["output_padding"] = draw(one_or_all(extra))
    return call


def called(
    draw: Any, window: dict[str, Any], data_format: str, *arrays: st.SearchStrategy[Any]
) -> Call:
    """A call with drawn arrays, the options of a window, and a seed."""
    keywords = {name: window[name] for name in OPTIONS} | {"data_format": data_format}
    return Call([draw(array) for array in arrays], keywords, draw(st.integers(0, 2**20)))


def shape_of(
    batch: int, lengths: Any, channels: int, data_format: str = "channels_last"
) -> tuple[int, ...]:
    last = data_format == "channels_last"
    return (batch, *lengths, channels) if last else (batch, channels, *lengths)


# -- the arithmetic --------------------------------------------------------------------------------


def span(k: int, d: int) -> int:
    """How many places a kernel of size k reaches over with dilation d."""
    return (k - 1) * d + 1


def each(number: Any, rank: int) -> tuple[int, ...]:
    """One number for each axis."""
    return (number,) * rank if isinstance(number, int) else tuple(number)


def spelled(window: dict[str, Any], rank: int) -> list[tuple[int, int, int]]:
    """Kernel size, stride and dilation of each axis."""
    numbers = (window["size"], each(window["strides"], rank), each(window["dilation_rate"], rank))
    return list(zip(*numbers, strict=True))


def positions(length: int, k: int, s: int, d: int, padding: str) -> int:
    """How many places the output has."""
    return (length - span(k, d)) // s + 1 if padding == "valid" else -(-length // s)


def zeros_around(length: int, k: int, s: int, d: int, padding: str) -> tuple[int, int]:
    """How many zeros stand before and after an axis."""
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return span(k, d) - 1, 0
    total = max((positions(length, k, s, d, padding) - 1) * s + span(k, d) - length, 0)
    return total // 2, total - total // 2


def toeplitz(
    lengths: Any, kernel: Any, strides: Any = 1, padding: str = "valid", dilation_rate: Any = 1
) -> Any:
    """The matrix T with  y = T x  for x and y as vectors: each kernel number at its many places.

    kernel (k…, C, F)   T (N… · F, L… · C)
    """
    rank = kernel.ndim - 2
    window = {"size": kernel.shape[:-2], "strides": strides, "dilation_rate": dilation_rate}
    axes = spelled(window, rank)
    counts = [positions(n, *axis, padding) for n, axis in zip(lengths, axes, strict=True)]
    before = [zeros_around(n, *axis, padding)[0] for n, axis in zip(lengths, axes, strict=True)]
    matrix = np.zeros((*counts, kernel.shape[-1], *lengths, kernel.shape[-2]))
    for n in product(*map(range, counts)):
        for j in product(*map(range, kernel.shape[:-2])):
            place = tuple(n[i] * s + j[i] * d - before[i] for i, (_, s, d) in enumerate(axes))
            if all(0 <= p < length for p, length in zip(place, lengths, strict=True)):
                matrix[(*n, slice(None), *place)] = kernel[j].T
    return matrix.reshape(np.prod(counts) * kernel.shape[-1], -1)


# -- Keras -----------------------------------------------------------------------------------------


def conv_of_keras(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> Any:
    """`keras.ops.conv` with any options."""
    rank = len(kernel.shape) - 2
    if data_format == "channels_first":
        y = conv_of_keras(channels_last(x), kernel, strides, padding, FORMATS[0], dilation_rate)
        return channels_first(y)
    groups = x.shape[-1] // kernel.shape[-2]
    if groups > 1:
        parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        options = (strides, padding, data_format, dilation_rate)
        return tf.concat([conv_of_keras(a, b, *options) for a, b in parts], -1)
    strides, rates = each(strides, rank), each(dilation_rate, rank)
    # Conv3D's CPU kernel moves windows to the middle where "same" needs no zeros.
    beyond = rank == 3 and any(s > k for s, k in zip(strides, kernel.shape[:-2], strict=True))
    if padding == "causal" or beyond:
        axes = zip(x.shape[1:-1], kernel.shape[:-2], strides, rates, strict=True)
        around = [zeros_around(*axis, padding) for axis in axes]
        x, padding = tf.pad(x, [(0, 0), *around, (0, 0)]), "valid"
    if max(strides) > 1 and max(rates) > 1:
        kernel, rates = spread(kernel, rates), 1
    return keras.ops.conv(x, kernel, strides, padding, data_format, rates)


def depthwise_of_keras(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> Any:
    """`keras.ops.depthwise_conv` with any options; other strides as groups of convs."""
    rank = len(kernel.shape) - 2
    strides, rates = each(strides, rank), each(dilation_rate, rank)
    if len(set(strides)) > 1:
        flat = tf.reshape(kernel, (*kernel.shape[:-2], 1, -1))
        return conv_of_keras(x, flat, strides, padding, data_format, rates)
    return keras.ops.depthwise_conv(x, kernel, strides, padding, data_format, rates)


def separable_of_keras(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> Any:
    """`keras.ops.separable_conv` with any options."""
    rank = len(depthwise_kernel.shape) - 2
    strides, rates = each(strides, rank), each(dilation_rate, rank)
    if len(set(strides)) > 1:
        y = depthwise_of_keras(x, depthwise_kernel, strides, padding, data_format, rates)
        return conv_of_keras(y, pointwise_kernel, data_format=data_format)
    return keras.ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, rates
    )


def transpose_of_keras(
    y: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> Any:
    """`keras.ops.conv_transpose` with any options."""
    rank = len(kernel.shape) - 2
    if data_format == "channels_first":
        options = (strides, padding, output_padding, FORMATS[0], dilation_rate)
        return channels_first(transpose_of_keras(channels_last(y), kernel, *options))
    strides, rates = each(strides, rank), each(dilation_rate, rank)
    kernel = spread(kernel, rates)
    axes = list(zip(y.shape[1:-1], kernel.shape[:-2], strides, strict=True))
    if rank == 3 and padding == "same" and any(s > k for _, k, s in axes):
        # Its gradient is Conv3D, whose CPU kernel moves windows; see `conv_of_keras`.
        extra = each(output_padding, rank) if output_padding is not None else (None,) * rank
        lengths = [
            n * s if p is None else (n - 1) * s + k % 2 + p
            for (n, k, s), p in zip(axes, extra, strict=True)
        ]
        room = [
            max(length - (n - 1) * s - k, 0)
            for length, (n, k, s) in zip(lengths, axes, strict=True)
        ]
        whole = keras.ops.conv_transpose(y, kernel, strides, "valid", room, data_format)
        starts = [
            zeros_around(length, k, s, 1, "same")[0]
            for length, (_, k, s) in zip(lengths, axes, strict=True)
        ]
        return tf.slice(whole, [0, *starts, 0], [y.shape[0], *lengths, kernel.shape[-2]])
    return keras.ops.conv_transpose(y, kernel, strides, padding, output_padding, data_format)


def channels_last(x: Any) -> Any:
    return tf.transpose(x, [0, *range(2, len(x.shape)), 1])


def channels_first(x: Any) -> Any:
    last = len(x.shape) - 1
    return tf.transpose(x, [0, last, *range(1, last)])


def spread(kernel: Any, rates: Any) -> Any:
    """A kernel with d - 1 zeros between its places: dilation written out."""
    for axis, d in enumerate(rates):
        shape = list(kernel.shape)
        around = [(0, 0)] * (len(shape) + 1)
        around[axis + 1] = (0, d - 1)
        apart = tf.pad(tf.expand_dims(kernel, axis + 1), around)
        reach = span(shape[axis], d)
        kernel = tf.reshape(apart, [*shape[:axis], shape[axis] * d, *shape[axis + 1 :]])
        kernel = tf.gather(kernel, tf.range(reach), axis=axis)
    return kernel


def hold_on_both(name: str, arrays: list[Any], options: dict[str, Any], dtype: str) -> None:
    """Hold values, dtypes and each gradient of a function of `ops` against Keras's own."""
    inputs = [a.astype(dtype) for a in arrays]
    results = []
    for library in (numpynn, keras):
        function = partial(getattr(library.ops, name), **options)
        results.append(derived(library, function, inputs))
    (value, gradients), (expected, theirs) = results
    assert {part.dtype.name for part in (value, *gradients)} == {dtype}
    hold(value, expected, BARS[dtype]["forward"])
    for found, wanted in zip(gradients, theirs, strict=True):
        hold_gradients([found], [wanted], BARS[dtype]["gradient"])
