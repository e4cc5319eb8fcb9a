"""Pools of special values, other dtypes, nothing at all; their errors; what the course says."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import array
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES
from slopes import gradient, gradient_of_keras

from numpynn import ops
from numpynn.autograd import Tensor, vjp
from numpynn.ops.nn.pooling import blockwise
from numpynn.ops.nn.pooling.windows import windows_of
from numpynn.symbolic import KerasTensor

KINDS = ("max_pool", "average_pool")
ADAPTIVE = ("adaptive_max_pool", "adaptive_average_pool")

each_kind = pytest.mark.parametrize("kind", KINDS)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


# -- special values --------------------------------------------------------------------------------

SPECIAL = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 3e38, -3e38])
SPECIALS = hnp.arrays(np.float64, (1, 4, 5, 2), elements=SPECIAL)


@each_float_type
@each_kind
@given(x=SPECIALS, pool=st.integers(1, 3), strides=st.integers(1, 3), same=st.booleans())
def test_special_values_match_keras(
    dtype: str, kind: str, x: Any, pool: int, strides: int, same: bool
) -> None:
    """NaN is no maximum; where a window has no finite number the lowest one comes out."""
    x, padding = x.astype(dtype), "same" if same else "valid"
    with np.errstate(all="ignore"):
        ours = getattr(ops, kind)(x, pool, strides, padding)
    theirs = getattr(keras.ops, kind)(tf.constant(x), pool, strides, padding).numpy()
    if kind == "max_pool":
        np.testing.assert_array_equal(ours, theirs)
    else:
        sums_of_huge = np.abs(x) == 3e38  # which overflow in one order and not in another
        if not sums_of_huge.any():
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@given(
    x=hnp.arrays(
        np.float32, (1, 4, 5, 2), elements=st.sampled_from([math.inf, -math.inf, 0.0, 1.0])
    )
)
def test_gradients_at_infinities_match_keras(x: Any) -> None:
    np.testing.assert_array_equal(
        gradient(lambda x: ops.max_pool(x, 2, 1, "same"), x),
        gradient_of_keras(lambda x: keras.ops.max_pool(x, 2, 1, "same"), x),
    )


def test_infinite_gradients_stay_where_they_belong() -> None:
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    for kind in KINDS:
        y, pull = vjp(lambda x, kind=kind: getattr(ops, kind)(x, 2), x)
        slopes = array(pull(np.array([math.inf, 1.0, math.nan, 1.0]).reshape(y.shape))[0])
        assert np.isfinite(slopes[:, :, 2:]).all()
        assert np.isinf(slopes[:, :2]).sum() == (1 if kind == "max_pool" else 4)


# -- dtypes and layouts ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", "uint8 int8 uint16 int16 int32 int64 float16".split())
@pytest.mark.parametrize("rank", [1, 2])
def test_other_dtypes_match_keras(dtype: str, rank: int) -> None:
    x = np.random.default_rng(0).integers(-50, 50, (2, *(5,) * rank, 3))
    x = x.astype(dtype)
    for name, arguments in (("max_pool", (3, 2, "same")), ("adaptive_max_pool", (2,))):
        ours = getattr(ops, name)(x, *arguments)
        theirs = getattr(keras.ops, name)(tf.constant(x), *arguments).numpy()
        assert ours.dtype == theirs.dtype == dtype
        np.testing.assert_array_equal(ours, theirs)


def test_means_of_whole_numbers_are_floats_where_tensorflow_refuses() -> None:
    x = np.arange(8).reshape(1, 4, 2)
    for name in ("average_pool", "adaptive_average_pool"):
        found = getattr(ops, name)(x, 2)
        assert found.dtype == "float32" and found.tolist() == [[[1.0, 2.0], [5.0, 6.0]]]
        with pytest.raises(tf.errors.OpError):
            getattr(keras.ops, name)(tf.constant(x), 2)


def test_half_precision_is_summed_in_single() -> None:
    x = np.full((1, 64, 64, 1), 100.0, "float16")
    for found in (ops.average_pool(x, 64), ops.adaptive_average_pool(x, 1)):
        assert found.dtype == "float16" and found.item() == 100.0


def test_booleans_pool_to_whether_any_is_true() -> None:
    x = np.array([False, False, True, False]).reshape(1, 4, 1)
    assert ops.max_pool(x, 2).ravel().tolist() == [False, True]
    assert ops.max_pool([[[1.0], [2.0]]], 2).tolist() == [[[2.0]]]


@each_kind
def test_the_order_of_memory_changes_nothing(kind: str) -> None:
    x = np.random.default_rng(1).normal(size=(3, 6, 7, 5)).astype("float32")
    for order in ((0, 2, 1, 3), (3, 2, 1, 0), (1, 0, 2, 3)):
        moved = np.transpose(x, order)
        y, pull = vjp(lambda x: getattr(ops, kind)(x, 2, 1, "same"), moved)
        copied, pull_copied = vjp(lambda x: getattr(ops, kind)(x, 2, 1, "same"), moved.copy())
        np.testing.assert_array_equal(array(y), array(copied))
        v = np.broadcast_to(np.float32(1.5), y.shape)
        np.testing.assert_array_equal(array(pull(v)[0]), array(pull_copied(v)[0]))


def test_a_window_of_a_thousand_cells() -> None:
    """Places above 255 take more than a byte."""
    x = np.random.default_rng(2).permutation(np.arange(1200.0)).reshape(1, -1, 1)
    y, pull = vjp(lambda x: ops.max_pool(x, 1000, 100, "same"), x)
    chosen = array(pull(np.ones_like(array(y)))[0])
    assert chosen.sum() == y.size and set(x[chosen > 0]) == set(array(y).ravel())


@each_kind
@pytest.mark.parametrize("pool", [(2, None, "valid"), (3, 2, "same"), (2, 3, "valid")], ids=str)
def test_blocks_and_threads_change_no_bit(
    kind: str, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(3).normal(size=(7, 9, 8, 40)).astype("float32")

    def results() -> list[Any]:
        y, pull = vjp(lambda x: getattr(ops, kind)(x, *pool), x)
        return [array(y), array(pull(np.cos(array(y)))[0])]

    whole = results()
    monkeypatch.setattr(blockwise, "_BLOCK", 2**14)
    monkeypatch.setattr(blockwise, "_WORK", 10**9)
    for found, expected in zip(results(), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_empty_batches_and_channels() -> None:
    for shape in ((0, 4, 4, 3), (2, 4, 4, 0)):
        for kind in KINDS:
            y, pull = vjp(lambda x, kind=kind: getattr(ops, kind)(x, 2), np.ones(shape, "float32"))
            assert y.shape == getattr(keras.ops, kind)(np.ones(shape), 2).shape
            assert pull(np.ones(y.shape, "float32"))[0].shape == shape
        for kind in ADAPTIVE:
            assert getattr(ops, kind)(np.ones(shape), 2).shape == (shape[0], 2, 2, shape[3])
    for kind in KINDS:
        assert getattr(ops, kind)(np.ones((2, 0, 4, 3)), 2, padding="same").shape == (2, 0, 2, 3)


# -- errors ----------------------------------------------------------------------------------------

IMAGE = np.ones((2, 5, 6, 3), "float32")


@each_kind
@pytest.mark.parametrize("pool", [7, (2, 7), (6, 1)], ids=str)
def test_an_empty_output_is_a_value_error_with_the_numbers(kind: str, pool: Any) -> None:
    """As for Keras's symbolic tensors; its kernels abort or return nothing."""
    for x in (IMAGE, KerasTensor((None, 5, 6, 3))):
        with pytest.raises(ValueError) as found:
            getattr(ops, kind)(x, pool, 3)
        for words in (str((7, 7) if pool == 7 else pool), "(3, 3)", "(5, 6)", "'valid'"):
            assert words in str(found.value)
    with pytest.raises(ValueError):
        getattr(keras.ops, kind)(keras.Input((5, 6, 3)), pool, 3)


@each_kind
@pytest.mark.parametrize(
    "arguments",
    [
        {"pool_size": 0},
        {"pool_size": (2, 2, 2)},
        {"pool_size": "2"},
        {"pool_size": 2, "strides": 0},
        {"pool_size": 2, "strides": (1, -1)},
        {"pool_size": 2, "padding": "causal"},
        {"pool_size": 2, "data_format": "first"},
    ],
    ids=str,
)
def test_arguments_that_make_no_pool_are_value_errors(kind: str, arguments: Any) -> None:
    for x in (IMAGE, KerasTensor((None, 5, 6, 3))):
        with pytest.raises(ValueError):
            getattr(ops, kind)(x, **arguments)
    with pytest.raises((ValueError, TypeError, tf.errors.OpError)):
        getattr(keras.ops, kind)(IMAGE, **arguments)


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_adaptive_pools_refuse_what_has_no_meaning(kind: str) -> None:
    pool = getattr(ops, kind)
    for size in (0, -1, None, 2.0, (2,), (2, 3, 4), "2"):
        with pytest.raises(ValueError, match="output_size"):
            pool(IMAGE, size)
    with pytest.raises(ValueError, match="nothing to pool"):
        pool(IMAGE[:, :0], 2)
    with pytest.raises(ValueError, match="data_format"):
        pool(IMAGE, 2, "first")


def test_ranks_without_spatial_axes_are_value_errors() -> None:
    for kind in (*KINDS, *ADAPTIVE):
        for x in (np.ones((2, 3)), np.ones((1,) * 6)):
            with pytest.raises(ValueError, match="rank 3, 4 or 5"):
                getattr(ops, kind)(x, 1)
            with pytest.raises(ValueError):
                getattr(keras.ops, kind)(x, 1)


# -- symbolic calls --------------------------------------------------------------------------------


@each_kind
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["valid", "same"]))
def test_symbolic_shapes_match_keras(kind: str, pool: int, strides: int, padding: str) -> None:
    for shape in ((9, 8, 3), (None, 8, 3), (None, None, 3)):
        ours = getattr(ops, kind)(KerasTensor((None, *shape)), pool, strides, padding)
        theirs = getattr(keras.ops, kind)(keras.Input(shape), pool, strides, padding)
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert ops.adaptive_max_pool(KerasTensor((None, None, 8, 3)), 4).shape == (None, 4, 4, 3)
    first = ops.adaptive_average_pool(KerasTensor((None, 3, None, 8)), (4, 5), "channels_first")
    assert first.shape == (None, 3, 4, 5)


def test_results_are_tensors_where_arguments_are() -> None:
    for kind in (*KINDS, *ADAPTIVE):
        assert isinstance(getattr(ops, kind)(Tensor(IMAGE), 2), Tensor)
        assert isinstance(getattr(ops, kind)(IMAGE, 2), np.ndarray)


# -- facts of the course ---------------------------------------------------------------------------


def test_a_pool_of_2_keeps_a_quarter_of_an_image() -> None:
    """224 x 224 x 64 becomes 112 x 112 x 64."""
    x = np.random.default_rng(0).normal(size=(1, 224, 224, 64)).astype("float32")
    y = ops.max_pool(x, 2)
    assert y.shape == (1, 112, 112, 64) and y.size == 0.25 * x.size
    four = np.arange(16.0).reshape(1, 4, 4, 1)
    assert ops.max_pool(four, 2).ravel().tolist() == [5.0, 7.0, 13.0, 15.0]
    assert ops.average_pool(four, 2).ravel().tolist() == [2.5, 4.5, 10.5, 12.5]


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 1), st.integers(0, 1))
def test_a_shift_within_a_window_changes_nothing(i: int, j: int, down: int, right: int) -> None:
    x = np.zeros((1, 14, 14, 1))
    moved = x.copy()
    x[0, 2 * i, 2 * j], moved[0, 2 * i + down, 2 * j + right] = 1.0, 1.0
    for kind in KINDS:
        np.testing.assert_array_equal(getattr(ops, kind)(x, 2), getattr(ops, kind)(moved, 2))


@pytest.mark.parametrize(("n", "before"), [(4, 0), (5, 1), (6, 0), (7, 1)])
def test_same_pads_behind_first_and_does_not_count_what_it_adds(n: int, before: int) -> None:
    """A pool of 3 with strides of 2: one cell more behind, or one on both sides."""
    x = -np.ones((1, n, 1))
    (along,) = windows_of(x.shape, 3, 2, "same", None)
    assert (along.number, along.before, along.end - n) == (-(-n // 2), before, 1)
    for kind in KINDS:
        assert (getattr(ops, kind)(x, 3, 2, "same") == -1.0).all()
