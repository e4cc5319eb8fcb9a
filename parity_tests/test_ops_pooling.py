"""`max_pool`, `average_pool` and their adaptive forms against Keras, their formulas, and facts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import Call, Domain, array, error, verify
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES
from slopes import gradient, gradient_of_keras

from numpynn import ops
from numpynn.autograd import vjp
from numpynn.ops.nn.pooling.average import mean
from numpynn.ops.nn.pooling.maximum import largest
from numpynn.ops.nn.pooling.windows import windows_of

FORMATS = ("channels_last", "channels_first")
RANKS = (1, 2, 3)
DISTINCT = Domain(-8.0, 8.0, margin=0.05, distinct=True)  # 320 numbers, for 108 cells at most
KINDS = ("max_pool", "average_pool")

each_kind = pytest.mark.parametrize("kind", KINDS)
each_rank = pytest.mark.parametrize("rank", RANKS)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


# -- what is drawn ---------------------------------------------------------------------------------


def placed(spatial: tuple[int, ...], data_format: str, channels: int = 2) -> tuple[int, ...]:
    """The shape of one sample, or two of a sequence."""
    batch = 2 if len(spatial) == 1 else 1
    middle = (*spatial, channels) if data_format == "channels_last" else (channels, *spatial)
    return (batch, *middle)


@st.composite
def pools(draw: Any, rank: int) -> tuple[tuple[int, ...], dict[str, Any]]:
    """A shape and the arguments of a pool that fits into it."""
    padding, data_format = draw(st.sampled_from(["valid", "same"])), draw(st.sampled_from(FORMATS))
    most = {1: 5, 2: 4, 3: 3}[rank]
    each = st.tuples(*[st.integers(1, most)] * rank)
    pool = draw(each)
    least = pool if padding == "valid" else (1,) * rank
    extra = draw(st.tuples(*[st.integers(0, most - 1 if rank < 3 else 1)] * rank))
    spatial = tuple(n + more for n, more in zip(least, extra, strict=True))
    strides = draw(st.one_of(st.none(), st.integers(1, most + 1), each))
    same = len(set(pool)) == 1 and draw(st.booleans())
    settings = {
        "pool_size": pool[0] if same else pool,
        "strides": strides,
        "padding": draw(st.sampled_from([padding, padding.upper()])),
        "data_format": data_format,
    }
    return placed(spatial, data_format), settings


@st.composite
def pooled(draw: Any, rank: int, domain: Domain = DISTINCT) -> Call:
    shape, settings = draw(pools(rank))
    return Call([draw(domain.arrays(shape))], settings, draw(st.integers(0, 2**20)))


# -- references ------------------------------------------------------------------------------------


def along_axes(one_axis: Callable[..., Any], x: Any, order: Any, data_format: str) -> Any:
    """`one_axis(x, number of the axis)` of sequences, along one spatial axis after the other.

    TensorFlow pools volumes in float32 alone.
    """
    first = 1 if data_format == "channels_last" else 2
    for number in order:
        axis = first + number
        behind = math.prod(x.shape[axis + 1 :])
        rows = tf.reshape(x, (-1, x.shape[axis], behind))
        rows = one_axis(rows, number)
        x = tf.reshape(rows, (*x.shape[:axis], rows.shape[1], *x.shape[axis + 1 :]))
    return x


def reference(kind: str) -> Callable[..., Any]:
    """Keras's function, or that of sequences axis by axis where TensorFlow lacks its kernel."""

    def pool(x: Any, pool_size: Any, strides: Any, padding: str, data_format: str) -> Any:
        function = getattr(keras.ops, kind)
        rank = len(x.shape) - 2
        sizes = (pool_size,) * rank if isinstance(pool_size, int) else pool_size
        steps = (strides,) * rank if isinstance(strides, int) else strides or sizes
        spatial = x.shape[1:-1] if data_format == "channels_last" else x.shape[2:]
        larger = any(size > n for size, n in zip(sizes, spatial, strict=True))
        if x.dtype == "float64" and kind == "average_pool" and larger:
            function = average_of_padded
        elif x.dtype != "float64" or rank < 3:
            return function(x, pool_size, strides, padding, data_format)
        return along_axes(
            lambda rows, n: function(rows, sizes[n], steps[n], padding, "channels_last"),
            x,
            reversed(range(rank)),
            data_format,
        )

    return pool


def average_of_padded(x: Any, size: int, step: int, *padding: str) -> Any:
    """Of sequences, with padding="same": sums of x with zeros around, by those of ones."""
    n = x.shape[1]
    around = max((-(-n // step) - 1) * step + size - n, 0)
    widths = [(0, 0), (around // 2, around - around // 2), (0, 0)]

    def averaged(rows: Any) -> Any:
        return keras.ops.average_pool(tf.pad(rows, widths), size, step)

    return averaged(x) / averaged(tf.ones_like(x))


def test_keras_has_another_gradient_in_float64_where_a_pool_is_larger_than_its_input() -> None:
    """TensorFlow's kernel for it counts the cells of such windows wrongly."""
    x = np.arange(4.0).reshape(1, 4, 1)
    slopes = []
    for dtype in ("float32", "float64"):
        slopes.append(
            gradient_of_keras(lambda x: keras.ops.average_pool(x, 5, 1, "same"), x.astype(dtype))
        )
        ours = gradient(lambda x: ops.average_pool(x, 5, 1, "same"), x.astype(dtype))
        assert error(ours, slopes[0]) <= 1e-6
    assert error(slopes[0], slopes[1]) > 0.1


def adaptive_reference(kind: str) -> Callable[..., Any]:
    def pool(x: Any, output_size: Any, data_format: str) -> Any:
        function = getattr(keras.ops, kind)
        if x.dtype != "float64" or len(x.shape) < 5:
            return function(x, output_size, data_format)
        counts = (output_size,) * 3 if isinstance(output_size, int) else output_size
        return along_axes(
            lambda rows, n: function(rows, counts[n], "channels_last"), x, range(3), data_format
        )

    return pool


# -- values and derivatives ------------------------------------------------------------------------


@each_kind
@each_rank
def test_pool_matches_keras_to_second_order(kind: str, rank: int) -> None:
    @given(pooled(rank))
    @example(Call([np.arange(14.0).reshape(placed((7,), "channels_last", 1))], SAME_OF_7))
    def holds(call: Call) -> None:
        verify(getattr(ops, kind), reference(kind), call, numpy=False)

    holds()


SAME_OF_7 = {"pool_size": 2, "strides": None, "padding": "same", "data_format": "channels_last"}


@each_kind
@given(drawn=pooled(3))
def test_volumes_in_float32_match_keras(kind: str, drawn: Call) -> None:
    x = drawn.arrays[0].astype("float32")
    y, pull = vjp(lambda x: getattr(ops, kind)(x, **drawn.keywords), x)
    v = np.cos(np.arange(y.size)).reshape(y.shape).astype("float32")
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        expected = getattr(keras.ops, kind)(watched, **drawn.keywords)
    assert y.dtype == "float32" and error(array(y), expected.numpy()) <= 1e-5
    assert error(array(pull(v)[0]), tape.gradient(expected, watched, v).numpy()) <= 1e-4


@st.composite
def adaptive(draw: Any, rank: int, least: int) -> Call:
    """Numbers of windows below and above the numbers of cells.

    least: of windows. Keras's adaptive_max_pool ends the process where there is one.
    """
    data_format = draw(st.sampled_from(FORMATS))
    each = st.tuples(*[st.integers(least, {1: 7, 2: 5, 3: 3}[rank])] * rank)
    spatial, counts = draw(each), draw(each)
    size = counts[0] if len(set(counts)) == 1 and draw(st.booleans()) else counts
    x = draw(DISTINCT.arrays(placed(spatial, data_format)))
    return Call([x], {"output_size": size, "data_format": data_format}, draw(st.integers(0, 99)))


@pytest.mark.parametrize("kind", ["adaptive_max_pool", "adaptive_average_pool"])
@each_rank
def test_adaptive_pool_matches_keras_to_second_order(kind: str, rank: int) -> None:
    @given(adaptive(rank, least=2))
    def holds(call: Call) -> None:
        verify(getattr(ops, kind), adaptive_reference(kind), call, numpy=False)

    holds()


@given(adaptive(2, least=1))
def test_adaptive_windows_are_as_pytorch_documents_them(call: Call) -> None:
    """Window o from ⌊o L / N⌋ to ⌈(o + 1) L / N⌉; also one window, where Keras may crash."""
    x = call.arrays[0]
    size, data_format = call.keywords["output_size"], call.keywords["data_format"]
    counts = (size, size) if isinstance(size, int) else size
    images = x if data_format == "channels_last" else np.moveaxis(x, 1, 3)

    def parts(axis: int) -> list[slice]:
        n, count = images.shape[axis + 1], counts[axis]
        return [slice(o * n // count, -(-(o + 1) * n // count)) for o in range(count)]

    for name, reduce in (("adaptive_max_pool", np.max), ("adaptive_average_pool", np.mean)):
        found = getattr(ops, name)(x, size, data_format)
        found = found if data_format == "channels_last" else np.moveaxis(found, 1, 3)
        expected = [
            [reduce(images[:, rows, columns], axis=(1, 2)) for columns in parts(1)]
            for rows in parts(0)
        ]
        assert error(found, np.moveaxis(np.array(expected), 2, 0)) <= 1e-12


# -- ties ------------------------------------------------------------------------------------------

TIED = hnp.arrays(np.int64, (2, 5, 5, 2), elements=st.integers(0, 2))


@each_float_type
@given(
    x=TIED,
    pool=st.integers(1, 4),
    strides=st.integers(1, 4),
    padding=st.sampled_from(["valid", "same"]),
)
@example(np.array([[0, 5], [5, 0]]).reshape(1, 2, 2, 1), 2, 2, "valid")  # the 5 of the first row
def test_the_first_maximum_in_reading_order_gets_the_gradient(
    dtype: str, x: Any, pool: int, strides: int, padding: str
) -> None:
    x = x.astype(dtype)
    found = gradient(lambda x: ops.max_pool(x, pool, strides, padding), x)
    theirs = gradient_of_keras(lambda x: keras.ops.max_pool(x, pool, strides, padding), x)
    np.testing.assert_array_equal(found, theirs)
    plain = windows_of(x.shape, pool, strides, padding, None)
    np.testing.assert_array_equal(gradient(lambda x: largest.plain(x, plain), x), found)


def test_the_first_maximum_of_a_volume_gets_the_gradient() -> None:
    """As in Keras compiled by XLA; TensorFlow's kernel for volumes gives all of it to each."""
    x = np.ones((1, 2, 2, 2, 1), "float32")
    found = gradient(lambda x: ops.max_pool(x, 2), x)
    assert found.ravel().tolist() == [1.0, 0, 0, 0, 0, 0, 0, 0]
    compiled = tf.function(lambda x: gradient_in_graph(x), jit_compile=True)
    np.testing.assert_array_equal(compiled(tf.constant(x)).numpy(), found)
    assert gradient_of_keras(lambda x: keras.ops.max_pool(x, 2), x).sum() == 8.0


def gradient_in_graph(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.ops.max_pool(x, 2)
    return tape.gradient(y, x)


@given(hnp.arrays(np.int64, (1, 4, 5, 1), elements=st.integers(0, 2)))
def test_ties_of_adaptive_pools_are_decided_as_in_keras(x: Any) -> None:
    """Columns first, then rows: of (0, 1) and (1, 0) the latter is first."""
    x = x.astype("float32")
    np.testing.assert_array_equal(
        gradient(lambda x: ops.adaptive_max_pool(x, (3, 2)), x),
        gradient_of_keras(lambda x: keras.ops.adaptive_max_pool(x, (3, 2)), x),
    )


@each_rank
def test_the_fused_pools_equal_their_plain_compositions(rank: int) -> None:
    """Ties and padding included."""

    @given(pools(rank), st.integers(0, 2**16))
    def holds(drawn: Any, seed: int) -> None:
        shape, settings = drawn
        random = np.random.default_rng(seed)
        x = random.integers(-2, 3, size=shape).astype("float64")
        windows = windows_of(shape, *settings.values())
        for fused in (largest, mean):
            y, pull = vjp(lambda x, fused=fused: fused(x, windows), x)
            plain, pull_plain = vjp(lambda x, fused=fused: fused.plain(x, windows), x)
            v = random.normal(size=y.shape)
            assert error(array(y), array(plain)) <= 1e-12
            assert error(array(pull(v)[0]), array(pull_plain(v)[0])) <= 1e-10

    holds()
