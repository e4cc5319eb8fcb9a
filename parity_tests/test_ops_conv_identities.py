"""What a convolution is: a Toeplitz matrix, linear in both arguments, adjoint to its transpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_cases import each, positions, shape_of, span, spelled, toeplitz, windows
from factory import array
from hypothesis import given
from hypothesis import strategies as st
from pairs import hold, normal

from numpynn import ops
from numpynn.autograd import vjp

BAR = 1e-12
seeds = st.integers(0, 2**20)


@st.composite
def drawn(draw: Any, paddings: tuple[str, ...] = ("valid", "same")) -> Any:
    """Input and kernel of any rank, options, and a cotangent of the output's shape."""
    rank = draw(st.sampled_from((1, 1, 2, 3)))
    window = draw(windows(rank, paddings if rank == 1 else ("valid", "same")))
    channels, filters = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    seed = draw(seeds)
    lengths = zip(window["lengths"], spelled(window, rank), strict=True)
    counts = [positions(n, *axis, window["padding"]) for n, axis in lengths]
    x = normal(seed, *shape_of(2, window["lengths"], channels))
    kernel = normal(seed + 1, *window["size"], channels, filters)
    options = {name: window[name] for name in ("strides", "padding", "dilation_rate")}
    return x, kernel, options, normal(seed + 2, *shape_of(2, counts, filters))


@given(drawn(("valid", "same", "causal")))
def test_conv_is_a_product_with_a_toeplitz_matrix(case: Any) -> None:
    """And its gradient for the input is the product with the matrix's transpose."""
    x, kernel, options, cotangent = case
    matrix = toeplitz(x.shape[1:-1], kernel, **options)
    y, pull = vjp(lambda z: ops.conv(z, kernel, **options), x)
    hold(array(y).reshape(2, -1), x.reshape(2, -1) @ matrix.T, BAR)
    hold(pull(cotangent)[0].reshape(2, -1), cotangent.reshape(2, -1) @ matrix, BAR)


@given(drawn())
def test_conv_transpose_is_the_adjoint_of_conv(case: Any) -> None:
    """<conv(x), y> = <x, conv_transpose(y)>: the transpose is conv's gradient for its input."""
    x, kernel, options, y = case
    rank = x.ndim - 2
    axes = zip(spelled({"size": kernel.shape[:-2], **options}, rank), x.shape[1:], y.shape[1:])
    reach = [
        span(k, d) if options["padding"] == "valid" else span(k, d) % 2 for (k, _, d), _, _ in axes
    ]
    strides = each(options["strides"], rank)
    axes = zip(x.shape[1:], y.shape[1:], strides, reach, strict=False)
    extra = tuple(length - (n - 1) * s - r for length, n, s, r in axes)
    back = ops.conv_transpose(y, kernel, output_padding=extra, **options)
    hold(back, vjp(lambda z: ops.conv(z, kernel, **options), x)[1](y)[0], BAR)
    there = ops.conv(x, kernel, **options)
    assert np.sum(there * y) == pytest.approx(np.sum(x * back), abs=1e-10)


@given(drawn(("valid", "same", "causal")))
def test_conv_is_linear_in_the_input_and_in_the_kernel(case: Any) -> None:
    x, kernel, options, _ = case
    other_x, other_kernel = normal(5, *x.shape), normal(6, *kernel.shape)
    y = ops.conv(x, kernel, **options)
    sum_of_inputs = ops.conv(2.0 * x - other_x, kernel, **options)
    hold(sum_of_inputs, 2.0 * y - ops.conv(other_x, kernel, **options), BAR)
    sum_of_kernels = ops.conv(x, 2.0 * kernel - other_kernel, **options)
    hold(sum_of_kernels, 2.0 * y - ops.conv(x, other_kernel, **options), BAR)


@given(st.integers(1, 3), st.sampled_from((1, 3, 5)), st.integers(1, 3), seeds)
def test_the_kernel_with_one_in_the_middle_is_the_identity(
    rank: int, size: int, dilation: int, seed: int
) -> None:
    x = normal(seed, 2, *(6, 5, 4)[:rank], 3)
    kernel = np.zeros((*(size,) * rank, 3, 3))
    kernel[(size // 2,) * rank] = np.eye(3)
    assert np.array_equal(ops.conv(x, kernel, padding="same", dilation_rate=dilation), x)
    back = ops.conv_transpose(x, kernel, padding="same", dilation_rate=dilation)
    assert np.array_equal(back, x)
    alone = kernel.sum(axis=-1, keepdims=True)  # (k…, C, 1): each channel to itself
    if rank < 3:
        y = ops.depthwise_conv(x, alone, padding="same", dilation_rate=dilation)
        assert np.array_equal(y, x)


@given(st.integers(1, 4), st.integers(1, 3), seeds)
def test_a_causal_kernel_with_one_in_front_is_a_delay(size: int, dilation: int, seed: int) -> None:
    x = normal(seed, 2, 12, 1)
    kernel = np.zeros((size, 1, 1))
    kernel[0] = 1.0
    late = span(size, dilation) - 1
    y = ops.conv(x, kernel, padding="causal", dilation_rate=dilation)
    assert not y[:, :late].any() and np.array_equal(y[:, late:], x[:, : 12 - late])


@given(st.integers(1, 9), st.integers(0, 4), seeds)
def test_causal_outputs_do_not_see_the_future(now: int, size: int, seed: int) -> None:
    x, kernel = normal(seed, 1, 10, 2), normal(seed + 1, size + 1, 2, 3)
    changed = x.copy()
    changed[:, now:] += 1.0
    before, after = (ops.conv(z, kernel, padding="causal") for z in (x, changed))
    assert np.array_equal(before[:, :now], after[:, :now])
    assert not np.array_equal(before[:, now], after[:, now])


@given(drawn())
def test_strides_leave_places_out(case: Any) -> None:
    x, kernel, options, _ = case
    if options["padding"] == "same":  # whose zeros depend on the strides
        options = options | {"padding": "valid"}
        x = np.pad(x, [(0, 0), *[(6, 6)] * (x.ndim - 2), (0, 0)])
    every = ops.conv(x, kernel, **options | {"strides": 1})
    steps = tuple(slice(None, None, s) for s in each(options["strides"], x.ndim - 2))
    hold(ops.conv(x, kernel, **options), every[(slice(None), *steps)], BAR)


@given(drawn(("valid", "same", "causal")))
def test_dilation_is_zeros_between_a_kernels_places(case: Any) -> None:
    x, kernel, options, _ = case
    rates = each(options["dilation_rate"], x.ndim - 2)
    sizes = [span(k, d) for k, d in zip(kernel.shape, rates, strict=False)]
    apart = np.zeros((*sizes, *kernel.shape[-2:]))
    apart[tuple(slice(None, None, d) for d in rates)] = kernel
    expected = ops.conv(x, apart, **options | {"dilation_rate": 1})
    hold(ops.conv(x, kernel, **options), expected, BAR)


@given(drawn())
def test_channels_first_is_channels_last_with_the_axes_moved(case: Any) -> None:
    x, kernel, options, y = case
    cases = [(ops.conv, x, kernel), (ops.conv_transpose, y, kernel)]
    if x.ndim < 5:
        cases.append((ops.depthwise_conv, x, kernel))
    for function, z, k in cases:
        moved = function(np.moveaxis(z, -1, 1), k, data_format="channels_first", **options)
        hold(np.moveaxis(moved, 1, -1), function(z, k, **options), BAR)


def test_groups_are_convolutions_side_by_side() -> None:
    x, kernel = normal(1, 2, 5, 6, 6), normal(2, 3, 2, 2, 9)
    parts = [ops.conv(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3]) for g in range(3)]
    hold(ops.conv(x, kernel), np.concatenate(parts, axis=-1), BAR)


def test_depthwise_conv_is_conv_with_a_group_for_each_channel() -> None:
    x, kernel = normal(1, 2, 5, 6, 4), normal(2, 3, 2, 4, 3)
    expected = ops.conv(x, kernel.reshape(3, 2, 1, 12), strides=2, padding="same")
    hold(ops.depthwise_conv(x, kernel, strides=2, padding="same"), expected, BAR)


def test_separable_conv_is_conv_with_a_kernel_of_low_rank() -> None:
    x, depthwise, pointwise = normal(1, 2, 7, 3), normal(2, 3, 3, 2), normal(3, 1, 6, 5)
    whole = np.einsum("jcm,cmf->jcf", depthwise, pointwise.reshape(3, 2, 5))
    hold(ops.separable_conv(x, depthwise, pointwise), ops.conv(x, whole), BAR)


def test_a_kernel_of_one_place_is_a_dense_layer_at_every_place() -> None:
    x, kernel = normal(1, 2, 5, 4, 3), normal(2, 1, 1, 3, 6)
    hold(ops.conv(x, kernel), x @ kernel[0, 0], BAR)
    hold(ops.conv(x, kernel, strides=2), x[:, ::2, ::2] @ kernel[0, 0], BAR)


# -- the course's numbers --------------------------------------------------------------------------

SERIES = np.array([3, 1, 2, 4, 1, 1, 3, 1, 2, 1, 4, 3, 3, 2.0])
NARROW = np.array([6, 7, 7, 6, 5, 5, 6, 4, 7, 8, 10, 8]) / 3.0
WIDE = np.array([3, 4, 6, 7, 7, 6, 5, 5, 6, 4, 7, 8, 10, 8, 5, 2]) / 3.0


def one_channel(series: Any) -> Any:
    return np.reshape(series, (1, -1, 1))


def test_moving_average_of_the_course() -> None:
    """Narrow 2, 2.33, 2.33, 2, … and wide 1, 1.33, 2, …, with the misprints corrected."""
    thirds = np.full((3, 1, 1), 1.0 / 3.0)
    hold(ops.conv(one_channel(SERIES), thirds), one_channel(NARROW), BAR)
    hold(ops.conv(one_channel(np.pad(SERIES, 2)), thirds), one_channel(WIDE), BAR)
    hold(ops.conv_transpose(one_channel(SERIES), thirds), one_channel(WIDE), BAR)
    hold(ops.conv(one_channel(SERIES), thirds, padding="same"), one_channel(WIDE[1:-1]), BAR)
    hold(ops.conv(one_channel(SERIES), thirds, padding="causal"), one_channel(WIDE[:-2]), BAR)


def test_wide_convolution_of_the_course() -> None:
    y = ops.conv_transpose(np.ones((1, 6, 1)), np.ones((3, 1, 1)))
    assert y.ravel().tolist() == [1, 2, 3, 3, 3, 3, 2, 1]


def test_convolution_of_mathematics_flips_the_kernel() -> None:
    for seed in range(3):
        x, kernel = normal(seed, 9), normal(seed + 9, 4)
        as_kernel = kernel.reshape(4, 1, 1)
        flipped = ops.conv(one_channel(x), as_kernel[::-1])
        hold(flipped, one_channel(np.convolve(x, kernel, "valid")), BAR)
        hold(
            ops.conv_transpose(one_channel(x), as_kernel), one_channel(np.convolve(x, kernel)), BAR
        )
        correlated = np.correlate(x, kernel, "valid")
        hold(ops.conv(one_channel(x), as_kernel), one_channel(correlated), BAR)


def test_toeplitz_matrix_of_the_course() -> None:
    """A 3x3 filter on a 4x4 image: the 4x16 matrix, row by row."""
    w = np.arange(1.0, 10.0).reshape(3, 3)
    first = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0]
    rows = [np.roll(first, shift) for shift in (0, 1, 4, 5)]
    kernel = w.reshape(3, 3, 1, 1)
    assert toeplitz((4, 4), kernel).tolist() == np.array(rows, float).tolist()
    image = normal(0, 1, 4, 4, 1)
    hold(ops.conv(image, kernel).ravel(), np.array(rows) @ image.ravel(), BAR)


def test_lengths_of_the_course() -> None:
    """5x5x3 with zeros around, two 3x3 filters two places apart: 3x3x2; two layers of 3 see 5."""
    padded = np.pad(np.ones((1, 5, 5, 3)), [(0, 0), (1, 1), (1, 1), (0, 0)])
    assert ops.conv(padded, np.ones((3, 3, 3, 2)), strides=2).shape == (1, 3, 3, 2)
    width = np.ones((3, 1, 1))
    _, pull = vjp(lambda x: ops.conv(ops.conv(x, width), width), np.ones((1, 11, 1)))
    seen = pull(one_channel(np.eye(7)[3]))[0]
    assert np.count_nonzero(seen) == 5
