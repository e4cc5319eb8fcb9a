"""The layers of every network: values and gradients against Keras, over drawn shapes and values."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, agree, both_float_types, derived, filled, hold, normal

import numpynn
from kerasref.backend import inject
from numpynn import layers

ACTIVATIONS = [None, "linear", "relu", "sigmoid", "tanh", "softmax", "elu", "softplus", "gelu"]

shapes = hnp.array_shapes(min_dims=2, max_dims=4, max_side=4)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


# -- Dense -----------------------------------------------------------------------------------------


@each_float_type
@given(
    x=filled(shapes), units=st.integers(1, 4), bias=st.booleans(), f=st.sampled_from(ACTIVATIONS)
)
def test_dense_matches_keras(dtype: str, x: Any, units: int, bias: bool, f: str | None) -> None:
    if f == "softmax":
        units += 1  # over a single class it is constant, and both libraries warn
    kernel = normal(units, x.shape[-1], units)
    weights = [kernel, normal(7, units)] if bias else [kernel]
    with both_float_types(dtype):
        agree(
            lambda library: library.layers.Dense(units, activation=f, use_bias=bias),
            [x],
            dtype,
            weights,
        )


@each_float_type
@given(x=filled((2, 3), -1e6, 1e6), small=st.booleans())
def test_dense_matches_keras_on_huge_and_tiny_numbers(dtype: str, x: Any, small: bool) -> None:
    x = x * 1e-12 if small else x
    with both_float_types(dtype):
        agree(lambda library: library.layers.Dense(2), [x], dtype, [normal(1, 3, 2), normal(2, 2)])


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_dense_passes_on_nan_and_infinity_as_keras_does(special: float) -> None:
    x = np.array([[1.0, special, 2.0], [1.0, 2.0, 3.0]], "float32")
    weights = [np.array([[1.0, -1.0], [2.0, 0.5], [0.5, 3.0]]), np.array([0.5, 1.0])]
    results = []
    for library in (numpynn, keras):
        layer = library.layers.Dense(2)
        layer.build((None, 3))
        layer.set_weights(weights)
        results.append(layer(x))
    hold(*results, 1e-6)


@given(x=filled((3, 2)))
def test_dense_penalties_match_keras(x: Any) -> None:
    def program(library: Any) -> list[Any]:
        layer = library.layers.Dense(
            2,
            kernel_regularizer="l2",
            bias_regularizer=library.regularizers.L1(0.3),
            activity_regularizer=library.regularizers.L1L2(0.1, 0.2),
        )
        layer.build((None, 2))
        layer.set_weights([normal(0, 2, 2), normal(1, 2)])
        layer(x)
        return sorted(float(loss) for loss in layer.losses)

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


@given(batch=st.integers(1, 5), time=st.integers(1, 3))
def test_an_activity_penalty_is_divided_by_the_batch_size(batch: int, time: int) -> None:
    x = normal(batch, batch, time, 2)
    layer = layers.Dense(3, activity_regularizer=numpynn.regularizers.L2(0.5))
    y = layer(x).numpy()
    assert layer.losses[0].numpy() == pytest.approx(0.5 * np.sum(y**2) / batch, rel=1e-5)


@pytest.mark.parametrize("initializer", ["zeros", "ones", "he_normal", "glorot_uniform"])
def test_dense_initializers_by_name(initializer: str) -> None:
    layer = layers.Dense(50, kernel_initializer=initializer, bias_initializer=initializer)
    layer.build((None, 40))
    kernel, bias = layer.get_weights()
    if initializer in ("zeros", "ones"):
        assert np.all(kernel == (initializer == "ones")) and np.all(bias == kernel[0])
    else:
        assert 0 < np.std(kernel) < 0.3 and np.std(bias) > 0


def test_dense_without_a_bias_initializer_draws_the_bias_as_keras_does() -> None:
    for library in (numpynn, keras):
        layer = library.layers.Dense(3, bias_initializer=None)
        layer.build((None, 2))
        assert np.all(np.asarray(layer.bias) != 0)


def test_dense_constraints_hold_after_an_update() -> None:
    def program(library: Any) -> list[Any]:
        layer = library.layers.Dense(2, kernel_constraint="unit_norm", bias_constraint="non_neg")
        layer.build((None, 3))
        layer.set_weights([normal(0, 3, 2), normal(1, 2)])
        gradients = [normal(2, 3, 2), normal(3, 2)]
        library.optimizers.SGD(0.7).apply(gradients, layer.trainable_variables)
        return layer.get_weights()

    with both_float_types("float64"):
        kernel, bias = program(numpynn)
        hold([kernel, bias], program(keras), 1e-12)
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1, rtol=1e-6)
    assert np.all(bias >= 0)


# -- Activation and Softmax ------------------------------------------------------------------------


@each_float_type
@given(x=filled(shapes), f=st.sampled_from(ACTIVATIONS[1:-4] + ["tanh", "elu", "softplus"]))
def test_activation_matches_keras(dtype: str, x: Any, f: str) -> None:
    with both_float_types(dtype):
        agree(lambda library: library.layers.Activation(f), [x], dtype)


@st.composite
def masked(draw: Any) -> tuple[Any, Any, Any]:
    """An array, an axis or two of at least two values, and perhaps a mask of a broadcast shape."""
    x = draw(filled(hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=3)))
    axes = draw(st.permutations(range(-x.ndim, 0)))
    axis = draw(st.sampled_from([axes[0], (axes[0],), tuple(axes[:2])]))
    shape = tuple(draw(st.sampled_from([1, n])) for n in x.shape)
    mask = draw(st.one_of(st.none(), hnp.arrays(bool, shape), hnp.arrays(bool, x.shape[1:])))
    return x, axis, mask


@each_float_type
@given(masked())
def test_softmax_matches_keras(dtype: str, drawn: tuple[Any, Any, Any]) -> None:
    x, axis, mask = drawn
    with both_float_types(dtype):
        agree(lambda library: library.layers.Softmax(axis), [x], dtype, mask=mask)


def test_softmax_gives_nothing_to_masked_positions() -> None:
    mask = np.array([[True, False, True], [False, False, False]])
    y = layers.Softmax()(np.zeros((2, 3)), mask=mask).numpy()
    np.testing.assert_array_equal(y, [[0.5, 0, 0.5], [0, 0, 0]])


@pytest.mark.parametrize("f", ["softmax", "sigmoid"])
def test_only_the_output_of_an_activation_remembers_its_logits(f: str) -> None:
    x = normal(0, 2, 3)
    y = layers.Dense(3, activation=f)(x)
    assert y.logits is not None and (y + 0.0).logits is None
    assert layers.Softmax()(x, mask=np.ones((2, 3), bool)).logits is None


# -- Flatten and Reshape ---------------------------------------------------------------------------


@given(
    x=filled(hnp.array_shapes(min_dims=1, max_dims=5, max_side=3)),
    data_format=st.sampled_from([None, "channels_last", "channels_first"]),
)
def test_flatten_matches_keras(x: Any, data_format: str | None) -> None:
    with both_float_types("float64"):
        ours, theirs = agree(lambda library: library.layers.Flatten(data_format), [x], "float64")
    for shape in (x.shape, (None, *x.shape[1:]), (None, None, *x.shape[2:])):
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)


@st.composite
def reshapings(draw: Any) -> tuple[Any, tuple[int, ...]]:
    """An array, and another shape for its samples with perhaps one size left open."""
    sides = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    target = draw(st.permutations(sides))
    if draw(st.booleans()):  # join the first two sizes
        target = [math.prod(target[:2]), *target[2:]]
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    return draw(filled((draw(st.integers(1, 3)), *sides))), tuple(target)


@given(reshapings())
def test_reshape_matches_keras(drawn: tuple[Any, tuple[int, ...]]) -> None:
    x, target = drawn
    with both_float_types("float64"):
        ours, theirs = agree(lambda library: library.layers.Reshape(target), [x], "float64")
    for shape in ((None, *x.shape[1:]), (7, *x.shape[1:])):
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)


# -- Dropout ---------------------------------------------------------------------------------------


@each_float_type
@given(
    x=filled(hnp.array_shapes(min_dims=2, max_dims=3, max_side=4)),
    rate=st.sampled_from([0.1, 0.25, 0.5, 0.9, 1]),
    shared=st.booleans(),
    seed=st.integers(0, 99),
)
def test_dropout_matches_keras_with_the_same_mask(
    dtype: str, x: Any, rate: float, shared: bool, seed: int
) -> None:
    noise_shape = (None, *[1] * (x.ndim - 1)) if shared else None
    x = x.astype(dtype)
    with both_float_types(dtype):
        theirs = keras.Sequential(
            [keras.Input(x.shape[1:]), keras.layers.Dropout(rate, noise_shape)]
        )
        injected = inject(theirs, len(x))
        masks = injected.draw(np.random.default_rng(seed), len(x))
        injected.assign(masks)
        ours = layers.Dropout(rate, noise_shape)
        kept = masks[0] * (1.0 / (1.0 - rate) if rate < 1 else 0.0)
        ours.__dict__["keep_mask"] = lambda inputs: kept.astype(inputs.dtype)
        results = [
            derived(library, lambda x, layer=layer: layer(x, training=True), [x])
            for library, layer in ((numpynn, ours), (keras, theirs))
        ]
    hold(*results, 1e-12 if dtype == "float64" else 1e-6)


@given(rate=st.floats(0.05, 0.95), seed=st.integers(0, 2**31 - 1))
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float, seed: int) -> None:
    y = layers.Dropout(rate, seed=seed)(np.ones((200, 200)), training=True).numpy()
    kept = y != 0
    deviation = math.sqrt(rate * (1 - rate) / kept.size)
    assert abs(np.mean(~kept) - rate) < 6 * deviation
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)


@given(x=filled(shapes), rate=st.floats(0, 1))
def test_dropout_is_the_identity_outside_training(x: Any, rate: float) -> None:
    layer = layers.Dropout(rate)
    for y in (layer(x), layer(x, training=False)):
        np.testing.assert_array_equal(y.numpy(), x.astype("float32"))


def test_dropout_at_rates_0_and_1() -> None:
    x = normal(0, 3, 4).astype("float32")
    np.testing.assert_array_equal(layers.Dropout(0)(x, training=True).numpy(), x)
    np.testing.assert_array_equal(layers.Dropout(1)(x, training=True).numpy(), np.zeros((3, 4)))
    np.testing.assert_array_equal(
        np.asarray(keras.layers.Dropout(1)(x, training=True)), np.zeros((3, 4))
    )


def test_dropout_with_a_noise_shape_shares_its_mask() -> None:
    x = np.ones((20, 30, 5))
    y = layers.Dropout(0.5, noise_shape=(None, 1, 5), seed=1)(x, training=True).numpy()
    assert np.all(y == y[:, :1]) and not np.all(y == y[:1]) and not np.all(y == y[..., :1])


def test_dropout_draws_anew_at_every_call_and_the_same_from_the_same_seed() -> None:
    x = np.ones((10, 10))
    first, second = layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3)
    a, b, c = first(x, training=True), first(x, training=True), second(x, training=True)
    assert not np.array_equal(a, b) and np.array_equal(a, c)
