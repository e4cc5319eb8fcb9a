"""Convolution by its numbers: how long the result is, what it does to a signal, how it is learnt.

With a sequence x of n numbers and a filter f of m:

    wide        y_t = Σ_k f_k x_{t-k+1}        n + m - 1 numbers; x is 0 outside of 1 … n
    narrow      those for which no x is missing            n - m + 1
    stride s    every s-th of the narrow ones              ⌊(n - m) / s⌋ + 1

This is the convolution of mathematics: the filter runs against the sequence. Layers compute the
cross-correlation Σ_k f_k x_{t+k-1}, which is the same with the filter flipped; since they learn
their filters, nothing is lost.

A convolution is a product with a matrix, in which every weight of the filter stands once for each
place, among zeros (`copies`; with one axis a Toeplitz matrix). When such a matrix is learnt, what
keeps the zeros zero and the copies equal? The zeros are constants, and the gradient of a weight is
the sum of the gradients of its copies. Here two filters are learnt in this way, from what they make
of their inputs: the moving average of three, and a 3 x 3 filter for upright edges from pictures of
4 x 4. Keras's side learns them by convolution.

A filter says where its pattern is, anywhere (`matched`); a moving average lets slow waves pass and
stops fast ones (`gain`).

Source: course book, chapter 5; Dumoulin & Visin 2016, arXiv:1603.07285, for the lengths; North 1943
for the matched filter.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd import value_and_grad
from numpynn.ops import conv
from numpynn.typing import Array

CHAPTER = "5"
TASK = "convolutions by their numbers, and two filters learnt as tied weights"
STEPS = 100
METRIC = "largest error"

SEQUENCE = np.array([3.0, 1, 2, 4, 1, 1, 3, 1, 2, 1, 4, 3, 3, 2])
AVERAGE = np.full(3, 1 / 3)
EDGES = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
"""Positive where bright lies to the left of dark, negative to the right, 0 where all is even."""

STEP_SIZES = np.repeat([0.04, 0.3], [3, 9])
"""One for the weights of either filter: the book's sequence has a mean, the pictures have none."""


# -- what a convolution is -------------------------------------------------------------------------


def wide(x: Array, f: Array) -> Array:
    """The convolution of each row with f, zeros around it: (rows, n) to (rows, n + m - 1)."""
    outside = len(f) - 1
    return narrow(np.pad(x, ((0, 0), (outside, outside))), f)


def narrow(x: Array, f: Array, stride: int = 1) -> Array:
    """The convolution of each row with f where f fits: (rows, n) to (rows, ⌊(n - m) / s⌋ + 1)."""
    kernel = np.flip(f)[:, np.newaxis, np.newaxis]
    return conv(x[:, :, np.newaxis], kernel, strides=stride)[:, :, 0]


def output_length(n: int, m: int, stride: int = 1, padding: int = 0) -> int:
    """⌊(n + 2p - m) / s⌋ + 1, with p zeros at both ends; a pool's length is counted so too."""
    return (n + 2 * padding - m) // stride + 1


def receptive_field(sizes: Sequence[int], strides: Sequence[int]) -> int:
    """How many inputs an output of the last layer sees: 1 + Σ_l (k_l - 1) Π_{i<l} s_i."""
    steps = np.cumprod([1, *strides])  # between neighbours of each layer, counted in inputs
    return 1 + sum((k - 1) * int(s) for k, s in zip(sizes, steps, strict=False))


def parameters(window: Sequence[int], channels: int, filters: int) -> int:
    """A filter's weights for each channel and its bias; the picture's size does not matter."""
    return (math.prod(window) * channels + 1) * filters


# -- what it does to a signal ----------------------------------------------------------------------


def gain(m: int, frequency: Array) -> Array:
    """By how much a moving average of m scales a wave:  |sin(π m f) / (m sin(π f))|.

    frequency: cycles from one number to the next, over 0 and at most ½.
    """
    return np.absolute(np.sin(np.pi * m * frequency) / (m * np.sin(np.pi * frequency)))


def matched(x: Array, pattern: Array) -> Array:
    """How alike each window of each row is to the pattern: 1 where it is the pattern, scaled.

    r_t = ⟨w_t, p⟩ / (‖w_t‖ ‖p‖), the cosine of their angle. ⟨w_t, p⟩ is what a filter answers; by
    Cauchy and Schwarz no window of the same norm gets a greater answer than the pattern itself.
    """
    squares = narrow(np.square(x), np.ones_like(pattern))
    return narrow(x, np.flip(pattern)) / np.sqrt(squares * np.sum(np.square(pattern)))


# -- convolution as a product with a matrix, and its gradient --------------------------------------


@functools.cache
def copies(kernel: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Which weight stands where in the matrix of a kernel of that shape over inputs of `shape`.

    (outputs, inputs), both row by row: the weights' numbers, and their count where a zero stands.
    """
    corners = [n - m + 1 for n, m in zip(shape, kernel, strict=True)]
    places, origins = (np.indices(lengths).reshape(len(shape), -1) for lengths in (shape, corners))
    offsets = places[:, np.newaxis, :] - origins[:, :, np.newaxis]
    sizes = np.reshape(kernel, (-1, 1, 1))
    inside = np.all((offsets >= 0) & (offsets < sizes), axis=0)
    numbers = np.ravel_multi_index(tuple(np.where(inside, offsets, 0)), kernel)
    return np.where(inside, numbers, math.prod(kernel))


def as_matrix(kernel: Array, shape: tuple[int, ...]) -> Array:
    """T with T x = the cross-correlation of x with the kernel, both x and the result row by row."""
    return np.append(np.ravel(kernel), 0)[copies(kernel.shape, shape)].astype(kernel.dtype)


def tied(slopes: Array, kernel: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """The gradient of the kernel from that of its matrix: each weight's copies summed."""
    weights = math.prod(kernel)
    sums = np.bincount(np.ravel(copies(kernel, shape)), np.ravel(slopes), minlength=weights)
    return sums[:weights].reshape(kernel).astype(slopes.dtype)  # what follows is the constants'


# -- two filters learnt ----------------------------------------------------------------------------


@functools.cache
def samples() -> tuple[tuple[Array, Array], ...]:
    """For each filter to learn: inputs (B, …), and what it makes of them (B, outputs)."""
    pictures = np.random.default_rng(0).normal(size=(16, 4, 4))
    filters, inputs = (AVERAGE, EDGES), (SEQUENCE[np.newaxis], pictures)
    return tuple(
        (x, x.reshape(len(x), -1) @ as_matrix(f, x.shape[1:]).T)
        for f, x in zip(filters, inputs, strict=True)
    )


def unpack(filters: Array) -> tuple[Array, Array]:
    """The two filters, (3,) and (3, 3), of the quantity."""
    return filters[:3], np.reshape(filters[3:], (3, 3))


def inputs() -> Array:
    """Sequences of fourteen, the first the book's."""
    others = np.random.default_rng(0).normal(size=(7, len(SEQUENCE)))
    return np.concatenate([SEQUENCE[np.newaxis], others])


def output(x: Array) -> Array:
    """Moving averages of three: wide, narrow, and with stride 2: (rows, 16 + 12 + 6)."""
    f = AVERAGE.astype(x.dtype)
    return np.concatenate([wide(x, f), narrow(x, f), narrow(x, f, stride=2)], axis=-1)


def start() -> Array:
    """The weights of both filters, all zero."""
    return np.zeros(12)


def step(filters: Array, t: int) -> tuple[Array, Array]:
    """Both filters a step down the sum of their mean squared errors, each copy of a weight tied."""
    slopes, objective = [], 0.0
    for f, (x, y) in zip(unpack(filters), samples(), strict=True):
        rows, wanted = x.reshape(len(x), -1).astype(f.dtype), y.astype(f.dtype)
        matrix = as_matrix(f, x.shape[1:])
        error, slope = value_and_grad(mean_squared_error)(matrix, rows, wanted)
        objective = objective + error
        slopes.append(np.ravel(tied(slope.numpy(), f.shape, x.shape[1:])))
    return filters - STEP_SIZES.astype(filters.dtype) * np.concatenate(slopes), objective


def mean_squared_error(matrix: Array, x: Array, y: Array) -> Array:
    """Of the outputs x Tᵀ, one row a sample; every entry of the matrix counts by itself."""
    return np.mean(np.square(x @ matrix.T - y))


def measure(filters: Array) -> float:
    """How far the worst weight is from that of the filter to be found."""
    found = zip(unpack(filters), (AVERAGE, EDGES), strict=True)
    return float(max(np.max(np.absolute(f - wanted)) for f, wanted in found))


# -- pictures --------------------------------------------------------------------------------------


def draw(figure: Any, filters: Array) -> None:
    """Narrow and wide, smoothing, the matrix that was learnt, and a pattern that is found."""
    (lengths, smoothing), (matrix, finding) = figure.subplots(2, 2)
    _draw_lengths(lengths)
    _draw_smoothing(smoothing)
    _draw_matrix(matrix, unpack(filters)[1])
    _draw_matched(finding)


def _draw_lengths(panel: Any) -> None:
    """The book's sequence and both its moving averages, each average in its window's middle."""
    n, m = len(SEQUENCE), len(AVERAGE)
    panel.bar(np.arange(1, n + 1), SEQUENCE, color="lightsteelblue", label=f"sequence, {n} numbers")
    means = wide(SEQUENCE[np.newaxis], AVERAGE)[0]
    panel.plot(np.arange(len(means)), means, "o:", color="C1", markerfacecolor="white",
               label=f"wide, {len(means)}")  # fmt: skip
    inner = slice(m - 1, 1 - m)
    panel.plot(np.arange(len(means))[inner], means[inner], "o-", color="C1",
               label=f"narrow, {len(means[inner])}")  # fmt: skip
    panel.set(xlabel="place t", ylabel="value", ylim=(0, 6.4), title="moving average of three")
    panel.legend(fontsize="small", ncols=2)


def _draw_smoothing(panel: Any) -> None:
    """A slow wave with noise, and what longer and longer averages leave of it."""
    t = np.arange(200)
    slow = np.sin(2 * np.pi * t / 100)
    noisy = slow + np.random.default_rng(0).normal(0, 0.5, len(t))
    panel.plot(t, noisy, color="lightsteelblue", linewidth=1, label="measured")
    for i, m in enumerate((5, 21), start=1):
        means = narrow(noisy[np.newaxis], np.full(m, 1 / m))[0]
        panel.plot(t[m // 2 : -(m // 2)], means, color=f"C{i}", label=f"mean of {m}")
    panel.plot(t, slow, ":", color="black", label="without noise")
    panel.set(xlabel="place t", ylabel="value", ylim=(-2, 3.2), title="averages smooth")
    panel.legend(fontsize="small", ncols=2)


def _draw_matrix(panel: Any, kernel: Array) -> None:
    """The learnt 3 x 3 filter as the matrix it was learnt in; empty cells are constant zeros."""
    shape = (4, 4)
    values, weights = as_matrix(kernel, shape), copies(kernel.shape, shape) < kernel.size
    largest = np.max(np.absolute(values))
    shown = np.where(weights, values, np.nan)
    panel.imshow(shown, cmap="RdBu", vmin=-1.6 * largest, vmax=1.6 * largest, aspect="auto")
    for row, column in np.argwhere(weights):
        text = f"{values[row, column]:.1f}".replace("-0.0", "0.0")
        panel.text(column, row, text, ha="center", va="center", fontsize=7)
    panel.set_xticks(range(16), range(1, 17))
    panel.set_yticks(range(4), range(1, 5))
    panel.set(xlabel="pixel of a 4 x 4 picture", ylabel="output of 2 x 2",
              title="the learnt 3 x 3 filter, four copies tied")  # fmt: skip


def _draw_matched(panel: Any) -> None:
    """A pattern in noise twice, once weak, and how alike every window is to it."""
    random = np.random.default_rng(3)
    pattern = np.sin(np.linspace(0, 4 * np.pi, 24)) * np.hanning(24)
    places, n = (50, 130), 200
    signal = random.normal(0, 0.35, n)
    for place, strength in zip(places, (2.0, 1.2), strict=True):
        signal[place : place + len(pattern)] += strength * pattern
    likeness = matched(signal[np.newaxis], pattern)[0]
    panel.plot(signal, color="lightsteelblue", linewidth=1, label="signal")
    panel.plot(likeness, color="C1", label="likeness of the window that begins here")
    for place in places:
        panel.axvline(place, color="black", linestyle=":", linewidth=1)
    panel.set(
        xlabel="place t", ylabel="value", ylim=(-2, 3.2), title="a matched filter finds its pattern"
    )
    panel.legend(fontsize="small")
