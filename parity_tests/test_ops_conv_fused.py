"""The fused convolutions equal their plain compositions, however the batch is cut and stored."""

from __future__ import annotations

import tracemalloc
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from conv_cases import OPTIONS, positions, spelled, windows
from factory import array
from hypothesis import given
from hypothesis import strategies as st
from pairs import hold, normal, shared_among

from numpynn.autograd import Tensor, vjp
from numpynn.ops.nn.convolution import columns, depthwise, fused
from numpynn.ops.nn.convolution.window import window

BAR = 1e-12
BYTES = (1, 500, 5000, columns.BYTES)  # of a block: one input, a few, all
FUSED = {
    "conv": fused.conv,
    "conv_and_bias": fused.conv_and_bias,
    "conv_transpose": fused.conv_transpose,
    "depthwise_conv": depthwise.depthwise_conv,
}


@st.composite
def cases(draw: Any, name: str) -> tuple[Any, list[Any], Any, int]:
    """A primitive's name, its arrays, its window and a seed."""
    rank = draw(st.sampled_from((1, 2, 2, 3)))
    drawn = draw(windows(rank, ("valid", "same", "causal") if rank == 1 else ("valid", "same")))
    options = {option: drawn[option] for option in OPTIONS}
    over = window(drawn["lengths"], drawn["size"], *options.values())
    axes = zip(drawn["lengths"], spelled(drawn, rank), strict=True)
    counts = [positions(n, *axis, drawn["padding"]) for n, axis in axes]
    assert over.positions == tuple(counts)
    batch, channels, filters = (draw(st.integers(1, most)) for most in (9, 3, 3))
    groups = draw(st.integers(1, 3)) if name in ("conv", "conv_and_bias") else 1
    seed = draw(st.integers(0, 2**20))
    ends = (counts, filters) if name == "conv_transpose" else (drawn["lengths"], channels * groups)
    arrays = [
        normal(seed, batch, *ends[0], ends[1]),
        normal(seed + 1, *drawn["size"], channels, filters * groups),
    ]
    if name == "conv_and_bias":
        arrays.append(normal(seed + 2, filters * groups))
    return FUSED[name], arrays, over, seed


def both(primitive: Any, arrays: list[Any], *rest: Any, seed: int = 0) -> list[list[Any]]:
    """Value and gradients of the fused form and of the plain one, with the same cotangent."""
    results = []
    for form in (primitive, primitive.plain):
        y, pull = vjp(lambda *a, form=form: form(*a, *rest), *arrays)
        cotangent = normal(seed + 3, *y.shape).astype(y.dtype)
        results.append([array(part) for part in (y, *pull(cotangent))])
    return results


@pytest.mark.parametrize("name", FUSED)
def test_fused_equals_plain_in_blocks_of_any_size(name: str) -> None:
    @given(cases(name), st.sampled_from(BYTES), st.integers(1, 3), st.booleans())
    def holds(case: Any, size: int, threads: int, relu: bool) -> None:
        primitive, arrays, over, seed = case
        rest = (over, relu) if name == "conv_and_bias" else (over,)
        with (
            patch.object(columns, "BYTES", size),
            patch.object(depthwise, "BYTES", size),
            shared_among(threads),
        ):
            found, expected = both(primitive, arrays, *rest, seed=seed)
        hold(found, expected, BAR)

    holds()


# A primitive, the shape of what its window moves over, that of its kernel, and the options.
LARGE: dict[str, tuple[str, tuple[int, ...], tuple[int, ...], tuple[Any, str, Any]]] = {
    "the first layer of mnist-cnn": ("conv", (100, 28, 28, 1), (5, 5, 1, 32), (1, "same", 1)),
    "its second": ("conv", (30, 14, 14, 32), (5, 5, 32, 64), (1, "same", 1)),
    "har-cnn": ("conv_and_bias", (97, 128, 9), (3, 9, 64), (1, "valid", 1)),
    "strides": ("conv", (70, 33, 31, 8), (3, 3, 8, 16), ((2, 3), "same", 1)),
    "strides over the kernel": ("conv", (70, 33, 31, 8), (2, 2, 8, 16), (4, "valid", 1)),
    "dilation": ("conv", (70, 33, 31, 8), (3, 3, 8, 16), (1, "same", (2, 3))),
    "groups": ("conv", (70, 20, 20, 12), (3, 3, 4, 18), (1, "same", 1)),
    "one place": ("conv_and_bias", (70, 20, 20, 24), (1, 1, 24, 12), (1, "valid", 1)),
    "a long axis": ("conv", (3, 20001, 2), (9, 2, 4), (2, "same", 1)),
    "a large image": ("conv", (2, 200, 190, 3), (7, 7, 3, 8), (2, "same", 1)),
    "space": ("conv", (11, 14, 13, 12, 4), (3, 3, 3, 4, 6), (1, "same", 1)),
    "a transpose": ("conv_transpose", (70, 33, 31, 8), (3, 3, 8, 16), (1, "same", 1)),
    "a transpose with strides": ("conv_transpose", (40, 30, 31, 8), (4, 3, 8, 16), (2, "same", 1)),
    "depthwise": ("depthwise_conv", (70, 33, 31, 8), (3, 3, 8, 2), (1, "same", 1)),
    "depthwise with strides": ("depthwise_conv", (90, 200, 5), (5, 5, 1), (2, "valid", 1)),
    "one channel": ("depthwise_conv", (200, 64, 64, 1), (3, 3, 1, 1), (1, "same", 1)),
}


@pytest.mark.parametrize(
    ("dtype", "bars"), [("float64", (1e-12, 1e-10)), ("float32", (1e-5, 1e-4))]
)
@pytest.mark.parametrize("case", LARGE)
def test_fused_equals_plain_over_many_blocks(case: str, dtype: str, bars: Any) -> None:
    """With the blocks and threads of every day; the plain one always in float64.

    Positive inputs and cotangents make the sums over the batch long and one-sided.
    """
    name, shape, size, options = LARGE[case]
    over = window(shape[1:-1], size[:-2], *options)
    if name == "conv_transpose":
        shape = (shape[0], *over.positions, size[-1])
    arrays = [np.abs(normal(1, *shape)), normal(2, *size) / np.sqrt(np.prod(size[:-1]))]
    if name == "conv_and_bias":
        arrays.append(normal(3, size[-1]))
    arrays = [a.astype(dtype) for a in arrays]
    primitive = FUSED[name]
    y, pull = vjp(lambda *a: primitive(*a, over), *arrays)
    z, pull_plain = vjp(lambda *a: primitive.plain(*a, over), *(a.astype("f8") for a in arrays))
    hold(y, z, bars[0])
    cotangent = np.random.default_rng(4).uniform(0.5, 1.5, y.shape).astype(dtype)
    hold(pull(cotangent), pull_plain(cotangent.astype("f8")), bars[1])


def test_a_rectified_value_of_zero_passes_no_gradient() -> None:
    """As relu'(0) = 0: half of these values are exactly 0."""
    x = np.stack([np.zeros((6, 5, 3)), normal(1, 6, 5, 3)])
    over = window((6, 5), (2, 2), 1, "valid", 1)
    kernel, bias = normal(2, 2, 2, 3, 4), np.zeros(4)
    found, expected = both(fused.conv_and_bias, [x, kernel, bias], over, True)
    hold(found, expected, BAR)
    assert not found[0][0].any() and not found[1][0].any() and found[1][1].any()


@pytest.mark.parametrize("name", FUSED)
def test_threads_add_up_in_a_fixed_order(name: str) -> None:
    over = window((9, 8), (3, 3), 1, "same", 1)
    shapes = [(31, 9, 8, 4), (3, 3, 4, 4), (4,)][: 3 if name == "conv_and_bias" else 2]
    arrays = [normal(i, *shape).astype("float32") for i, shape in enumerate(shapes)]

    def run() -> list[bytes]:
        y, pull = vjp(lambda *a: FUSED[name](*a, over), *arrays)
        return [array(part).tobytes() for part in (y, *pull(np.cos(array(y))))]

    with shared_among(3):
        first = run()
        assert all(run() == first for _ in range(10))


# -- how arrays are stored -------------------------------------------------------------------------


def stored(a: Any) -> list[Any]:
    """The same values in other orders of memory: none of them is contiguous as it is."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    moved = np.moveaxis(np.ascontiguousarray(np.moveaxis(a, -1, 1)), 1, -1)
    return [np.asfortranarray(a), moved, wide[..., ::2], np.flip(np.flip(a, 1).copy(), 1)]


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("strides", [1, 2])
def test_every_order_of_memory_gives_the_same(name: str, strides: int) -> None:
    over = window((7, 6), (3, 2), strides, "same", 1)
    outside = over.positions if name == "conv_transpose" else over.lengths
    arrays = [normal(1, 5, *outside, 3), normal(2, 3, 2, 3, 3)]
    if name == "conv_and_bias":
        arrays.append(normal(3, 3))
    primitive = FUSED[name]
    y, pull = vjp(lambda *a: primitive(*a, over), *arrays)
    cotangent = normal(4, *y.shape)
    expected = [y, *pull(cotangent)]
    for number in (0, 1):
        for other in stored(arrays[number]):
            given_arrays = [other if i == number else a for i, a in enumerate(arrays)]
            z, pull_other = vjp(lambda *a: primitive(*a, over), *given_arrays)
            hold([z, *pull_other(cotangent)], expected, BAR)
    for other in stored(cotangent):
        hold(pull(other), expected[1:], BAR)
    hold(pull(np.broadcast_to(1.0, y.shape)), pull(np.ones(y.shape)), BAR)


# -- what is not needed ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUSED)
def test_each_gradient_may_be_asked_for_alone(name: str) -> None:
    over = window((9, 8), (3, 3), (1, 2), "same", 1)
    inside = over.positions if name == "conv_transpose" else over.lengths
    channels = {"conv": (4, 2), "conv_and_bias": (4, 2), "conv_transpose": (6, 4)}.get(name, (4, 4))
    arrays = [normal(1, 7, *inside, channels[0]), normal(2, 3, 3, channels[1], 6)]
    if name == "conv_and_bias":
        arrays.append(normal(3, 6))
    primitive = FUSED[name]
    y, pull = vjp(lambda *a: primitive(*a, over), *arrays)
    cotangent = normal(4, *y.shape)
    together = pull(cotangent)
    with shared_among(2):
        for wanted in range(1, 2 ** len(arrays)):
            chosen = [i for i in range(len(arrays)) if wanted >> i & 1]
            leaves = [Tensor(a, requires_grad=i in chosen) for i, a in enumerate(arrays)]
            primitive(*leaves, over).backward(cotangent)
            hold([leaves[i].grad for i in chosen], [together[i] for i in chosen], BAR)
            assert all(leaf.grad is None for i, leaf in enumerate(leaves) if i not in chosen)


def test_a_kernel_alone_costs_no_gradient_of_the_input() -> None:
    """The first layer's: there is never room for it."""
    x = np.ones((64, 48, 48, 24), "float32")
    kernel = Tensor(np.ones((1, 1, 24, 2), "float32"), requires_grad=True)
    y = fused.conv(x, kernel, window((48, 48), (1, 1), 1, "valid", 1))
    cotangent = np.ones(y.shape, "float32")
    tracemalloc.start()
    try:
        y.backward(cotangent)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes
    assert np.all(array(kernel.grad) == 64 * 48 * 48)


def test_windows_are_never_all_in_memory_at_once() -> None:
    """The plain composition copies every window of a 5x5 kernel: 25 times the input."""
    x, kernel = np.ones((128, 32, 32, 16), "float32"), np.ones((5, 5, 16, 4), "float32")
    over = window((32, 32), (5, 5), 1, "same", 1)
    tracemalloc.start()
    try:
        fused.conv(x, kernel, over)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * x.nbytes
