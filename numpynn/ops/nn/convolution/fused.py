"""The convolutions of `plain.py` as fast as BLAS allows: values and first derivatives.

    y[n] = Σ_j x[n s + j d] K[j]            one product of all windows in a column with the kernel
    ∂L/∂K[j] = Σ_n x[n s + j d]ᵀ g[n]       the same windows, transposed, with the cotangent
    ∂L/∂x = the transposed convolution of g: with stride 1 a convolution with the flipped kernel,
            else each g[n] stamps its window, g[n] Kᵀ, and overlapping stamps add up

The batch is walked in blocks whose windows stay in the cache (`columns.py`), the blocks are shared
among threads (`parallel.py`), and bias, ReLU and its derivative are done while a block is there.
Sums over the batch add block by block in a fixed order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from numpynn.autograd import Jointly, primitive
from numpynn.ops.nn.convolution import plain
from numpynn.ops.nn.convolution.columns import BYTES, Columns
from numpynn.ops.nn.convolution.window import Window
from numpynn.parallel import blocks, in_shares, total
from numpynn.typing import Array


@primitive(plain=plain.conv)
def conv(x: Array, kernel: Array, window: Window) -> Any:
    """`plain.conv`, in groups where the kernel has fewer channels than x."""
    y = correlate(x, kernel, window)
    return y, Jointly(lambda g, numbers: _gradients(g, None, x, kernel, window, numbers))


def _plain_with_bias(
    x: Array, kernel: Array, bias: Array, window: Window, relu: bool = False
) -> Array:
    y = plain.conv(x, kernel, window) + bias
    return np.maximum(0.0, y) if relu else y


@primitive(plain=_plain_with_bias)
def conv_and_bias(x: Array, kernel: Array, bias: Array, window: Window, relu: bool = False) -> Any:
    """conv(x, K) + b, rectified with relu.   bias (F,)"""
    y = correlate(x, kernel, window, bias, relu)
    z = y if relu else None
    return y, Jointly(lambda g, numbers: _gradients(g, z, x, kernel, window, numbers))


@primitive(plain=plain.conv_transpose)
def conv_transpose(y: Array, kernel: Array, window: Window) -> Any:
    """`plain.conv_transpose`: the adjoint of the convolution with this window."""
    return adjoint(y, kernel, window), (
        lambda g: correlate(g, kernel, window),
        lambda g: _gradients(y, None, g, kernel, window, [1])[0],
    )


# -- the whole batch -------------------------------------------------------------------------------


def correlate(
    x: Array, kernel: Array, window: Window, bias: Array | None = None, relu: bool = False
) -> Array:
    """y (B, N…, F) for x (B, L…, C) and kernel (k…, C / groups, F)."""
    y = np.empty_like(x, order="C", shape=(len(x), *window.positions, kernel.shape[-1]))
    across = None if bias is None else np.tile(bias, window.positions[-1])

    def share(first: int, last: int) -> None:
        forward = _Forward(x, kernel, window, last - first)
        for block in blocks(first, last, forward.block):
            forward(x[block], y[block])
            rows = y[block].reshape(-1, y.shape[-1] * y.shape[-2])
            if across is not None:
                np.add(rows, across, out=rows)
            if relu:
                np.clip(rows, 0.0, math.inf, out=rows)

    if y.size:
        in_shares(share, len(x), _operations(x, kernel, window))
    return y


def adjoint(g: Array, kernel: Array, window: Window) -> Array:
    """x (B, L…, C) for g (B, N…, F): what each place of x receives from the windows that see it."""
    x = np.zeros_like(g, order="C", shape=(len(g), *window.lengths, kernel.shape[-2]))

    def share(first: int, last: int) -> None:
        backward = _to_input(g, kernel, window, 1, last - first)
        for block in blocks(first, last, backward.block):
            backward(g[block], x[block])

    if g.size and x.size:
        in_shares(share, len(g), _operations(g, kernel, window))
    return x


def _gradients(
    g: Array, y: Array | None, x: Array, kernel: Array, window: Window, numbers: Sequence[int]
) -> list[Array]:
    """∂L/∂x, ∂L/∂K and ∂L/∂b, as far as their numbers 0, 1, 2 are asked for.

    y: the rectified output, None where there was no ReLU.
    """
    if not g.size:
        zeros = [np.zeros_like(x), np.zeros_like(kernel), np.zeros_like(g, shape=g.shape[-1:])]
        return [zeros[number] for number in numbers]
    groups = x.shape[-1] // kernel.shape[-2]
    to_x: Array = np.empty_like(x, order="C") if 0 in numbers else None

    def share(first: int, last: int) -> list[Array | None]:
        steps: list[Any] = [
            _to_input(g, kernel, window, groups, last - first) if 0 in numbers else None,
            _ToKernel(x, kernel, window, last - first) if 1 in numbers else None,
            _ToBias(g) if 2 in numbers else None,
        ]
        to_input, to_kernel, to_bias = steps
        size = min(step.block for step in steps if step)
        room: Array = None if y is None else np.empty_like(g[:size], order="C")
        for block in blocks(first, last, size):
            cotangent = g[block]
            if y is not None:
                cotangent = np.multiply(cotangent, y[block] > 0, out=room[: len(cotangent)])
            if to_input:
                to_input(cotangent, to_x[block])
            if to_kernel:
                to_kernel(x[block], cotangent)
            if to_bias:
                to_bias(cotangent)
        return [step.result() for step in (to_kernel, to_bias) if step]

    parts = in_shares(share, len(x), len(numbers) * _operations(x, kernel, window))
    summed = [total(of_shares) for of_shares in zip(*parts, strict=True)]
    found = dict(zip([n for n in (1, 2) if n in numbers], summed, strict=True)) | {0: to_x}
    return [found[number] for number in numbers]


def _operations(x: Array, kernel: Array, window: Window) -> int:
    """Multiplications and additions; none are counted on another device, which has no threads."""
    each = 2 * prod(window.positions) * kernel.size
    return len(x) * each if isinstance(x, np.ndarray) else 0


# -- one block -------------------------------------------------------------------------------------


class _Forward:
    """y = windows · kernel, group by group."""

    def __init__(self, x: Array, kernel: Array, window: Window, batch: int) -> None:
        channels = kernel.shape[-2]
        self.groups = _groups(x.shape[-1] // channels, channels, kernel.shape[-1])
        self.columns = Columns(window, x, channels, kernel.shape[-1], batch)
        self.kernels = [self.columns.kernel(kernel[..., filters]) for _, filters in self.groups]
        self.buffer = self.columns.buffer()
        self.block = self.columns.block

    def __call__(self, x: Array, y: Array) -> None:
        outputs = y.reshape(-1, *y.shape[-2:])
        for (channels, filters), kernel in zip(self.groups, self.kernels, strict=True):
            matrix = self.columns.fill(self.buffer, x[..., channels])
            for windows, placed in self.columns.products(matrix, outputs[..., filters]):
                np.matmul(windows, kernel, out=placed)


class _Stamps:
    """The way back at any stride: every position stamps its window, g Kᵀ, on the input."""

    def __init__(self, g: Array, kernel: Array, window: Window, groups: int, batch: int) -> None:
        channels = kernel.shape[-2]
        self.groups = _groups(groups, channels, kernel.shape[-1])
        self.columns = Columns(window, g, channels, kernel.shape[-1], batch)
        self.kernels = [self.columns.kernel(kernel[..., filters]).T for _, filters in self.groups]
        self.buffer = self.columns.buffer()
        self.block = self.columns.block

    def __call__(self, g: Array, x: Array) -> None:
        cotangents = g.reshape(-1, *g.shape[-2:])
        x[...] = 0
        for (channels, filters), kernel in zip(self.groups, self.kernels, strict=True):
            matrix = self.columns.matrix(self.buffer, len(g))
            matrix[...] = 0
            pairs = self.columns.products(matrix, cotangents[..., filters], alone=True)
            for windows, cotangent in pairs:
                np.add(windows, np.matmul(cotangent, kernel), out=windows)
            self.columns.spill(self.buffer, x[..., channels])


def _to_input(g: Array, kernel: Array, window: Window, groups: int, batch: int) -> Any:
    """What brings a block of cotangents back to the input.

    With stride 1 a convolution with the flipped kernel: it adds up inside the products, and took
    25 ms where the stamps took 33. An infinite kernel must not meet the zeros around g.
    """
    if any(stride > 1 for stride in window.strides) or not np.isfinite(kernel).all():
        return _Stamps(g, kernel, window, groups, batch)
    size, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    flipped = np.flip(kernel, tuple(range(len(size))))
    flipped = flipped.reshape(*size, channels, groups, filters // groups)
    flipped = np.swapaxes(flipped, -1, -3).reshape(*size, filters // groups, groups * channels)
    return _Forward(g, flipped, window.opposite(), batch)


class _ToKernel:
    """∂L/∂K, added up over blocks: windowsᵀ · g."""

    def __init__(self, x: Array, kernel: Array, window: Window, batch: int) -> None:
        channels, filters = kernel.shape[-2:]
        self.shape = kernel.shape[:-1]
        self.groups = _groups(x.shape[-1] // channels, channels, filters)
        self.columns = Columns(window, x, channels, kernel.shape[-1], batch)
        self.buffer = self.columns.buffer()
        self.block = self.columns.block
        shape = (prod(self.shape), filters // len(self.groups))
        self.totals = [np.zeros_like(x, order="C", shape=shape) for _ in self.groups]

    def __call__(self, x: Array, g: Array) -> None:
        cotangents = g.reshape(-1, *g.shape[-2:])
        for (channels, filters), so_far in zip(self.groups, self.totals, strict=True):
            matrix = self.columns.fill(self.buffer, x[..., channels])
            for windows, cotangent in self.columns.products(matrix, cotangents[..., filters]):
                _add_products(so_far, windows, cotangent)

    def result(self) -> Array:
        parts = [
            self.columns.as_kernel(total, (*self.shape, total.shape[-1])) for total in self.totals
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _add_products(so_far: Array, windows: Array, cotangents: Array) -> None:
    """Add windowsᵀ · g, over all axes before the last two; many small ones at a time."""
    if windows.ndim == 2:
        so_far += np.matmul(windows.T, cotangents)
        return
    at_once = max(
        1, BYTES // (so_far.size * so_far.dtype.itemsize * max(1, math.prod(windows.shape[1:-2])))
    )
    axes = tuple(range(windows.ndim - 2))
    for first in range(0, len(windows), at_once):
        some = slice(first, first + at_once)
        products = np.matmul(np.swapaxes(windows[some], -1, -2), cotangents[some])
        so_far += np.add.reduce(products, axis=axes)


class _ToBias:
    """∂L/∂b, added up over blocks: the sum of g over all places."""

    def __init__(self, g: Array) -> None:
        self.sum = np.zeros_like(g, order="C", shape=g.shape[-1:])
        self.block = max(1, len(g))

    def __call__(self, g: Array) -> None:
        rows = np.add.reduce(g.reshape(-1, g.shape[-2] * g.shape[-1]))  # long loops first
        self.sum += np.add.reduce(rows.reshape(g.shape[-2:]))

    def result(self) -> Array:
        return self.sum


def _groups(count: int, channels: int, filters: int) -> list[tuple[slice, slice]]:
    """The channels and the filters of each group."""
    each = filters // count
    return [
        (slice(n * channels, (n + 1) * channels), slice(n * each, (n + 1) * each))
        for n in range(count)
    ]
