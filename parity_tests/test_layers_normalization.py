"""Normalisation layers: values, gradients, running averages and training runs against Keras."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from factory import same_kind
from hypothesis import given
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, agree, array, both_float_types, filled, hold, normal

import numpynn
from kerasref.bridge import copy_weights
from kerasref.compare import TrainingRun
from numpynn import layers
from numpynn.autograd import Tensor, hessian
from numpynn.layers.normalization.fused import (
    _column_sums,
    batch_norm,
    group_norm,
    layer_norm,
    rms_norm,
)
from numpynn.systems import Split

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

# Keras computes x·f + (β - mean·f) with f up to 1/√ε: numbers up to 3 and an ε of 0.01 or more keep
# what is cancelled there below 30.
EPSILONS = [0.01, 0.1, 1.0]
shapes = hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4)


@st.composite
def with_axis(draw: Any) -> tuple[Any, int]:
    """An array, and an axis other than the first."""
    x = draw(filled(shapes))
    return x, draw(st.sampled_from([a for a in range(-x.ndim, x.ndim) if a not in (0, -x.ndim)]))


@st.composite
def with_axes(draw: Any) -> tuple[Any, Any]:
    """An array, and one axis or several that are all counted from the front or from the end."""
    x = draw(filled(shapes))
    first = draw(st.sampled_from([0, -x.ndim]))
    several = st.lists(st.integers(first + 1, first + x.ndim - 1), min_size=1, unique=True)
    return x, draw(st.one_of(st.integers(-x.ndim + 1, -1), several))


def weights_for(size: int, gamma: bool, beta: bool, averages: bool = False) -> list[Any]:
    """Values for gamma and beta, and for a moving mean and variance."""
    found = [normal(size, size)] * gamma + [normal(size + 1, size)] * beta
    return found + [normal(size + 2, size), 0.5 + normal(size + 3, size) ** 2] * averages


# -- BatchNormalization ----------------------------------------------------------------------------


@each_float_type
@given(
    drawn=with_axis(),
    epsilon=st.sampled_from(EPSILONS),
    momentum=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
    scale=st.booleans(),
    center=st.booleans(),
    training=st.booleans(),
)
def test_batch_normalization_matches_keras(
    dtype: str,
    drawn: tuple[Any, int],
    epsilon: float,
    momentum: float,
    scale: bool,
    center: bool,
    training: bool,
) -> None:
    x, axis = drawn
    weights = weights_for(x.shape[axis], scale, center, averages=True)
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.BatchNormalization(
                axis, momentum, epsilon, center=center, scale=scale
            ),
            [x],
            dtype,
            weights,
            training=training,
        )
    hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["forward"], "averages")
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]


@each_float_type
@given(rows=st.integers(8, 40), shift=st.floats(-1, 1), synchronized=st.booleans())
def test_batch_normalization_matches_keras_with_its_own_epsilon(
    dtype: str, rows: int, shift: float, synchronized: bool
) -> None:
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.BatchNormalization(synchronized=synchronized),
            [normal(rows, rows, 3) + shift],
            dtype,
            weights_for(3, True, True, averages=True),
            training=True,
        )
    hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["forward"])


@st.composite
def with_mask(draw: Any) -> tuple[Any, Any]:
    x = draw(filled(hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=4)))
    return x, draw(hnp.arrays(bool, x.shape[:-1]))


@each_float_type
@given(drawn=with_mask(), epsilon=st.sampled_from(EPSILONS), training=st.booleans())
def test_masked_batch_normalization_matches_keras(
    dtype: str, drawn: tuple[Any, Any], epsilon: float, training: bool
) -> None:
    x, mask = drawn
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.BatchNormalization(epsilon=epsilon),
            [x],
            dtype,
            weights_for(x.shape[-1], True, True, averages=True),
            training=training,
            mask=mask,
        )
    hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["forward"])


def test_masked_positions_do_not_move_the_averages() -> None:
    x = normal(0, 4, 3, 2)
    mask = np.array([[1, 1, 0]] * 4, bool)
    results = []
    for part in (x, np.where(mask[..., np.newaxis], x, 1e3)):
        layer = layers.BatchNormalization(momentum=0.5)
        layer(part, training=True, mask=mask)
        results.append(layer.get_weights())
    hold(*results, 1e-6)
    kept = x[:, :2].reshape(-1, 2)
    hold(results[0][2:], [kept.mean(0) / 2, 0.5 + kept.var(0) / 2], 1e-5)


def test_the_mask_that_an_input_carries_counts_and_is_passed_on() -> None:
    x = Tensor(normal(0, 4, 3, 2).astype("float32"))
    x.mask = np.array([[1, 1, 0]] * 4, bool)
    layer = layers.BatchNormalization(momentum=0.0)
    assert layer(x, training=True).mask is x.mask
    hold(layer.moving_mean, x.array[:, :2].mean(axis=(0, 1)), 1e-6)


@each_float_type
@given(
    steps=st.integers(1, 4),
    clipping=st.sampled_from([None, {"rmax": 1.5}, {"rmin": 0.9, "rmax": 1.1, "dmax": 0.2}]),
    scale=st.booleans(),
    center=st.booleans(),
    masked=st.booleans(),
    seed=st.integers(0, 99),
)
def test_batch_renormalization_matches_keras(
    dtype: str, steps: int, clipping: Any, scale: bool, center: bool, masked: bool, seed: int
) -> None:
    x = normal(seed, 6, 3, 2) * 2.0 + 1.0
    mask = normal(seed, 6, 3) > -0.5 if masked else None
    weights = weights_for(2, scale, center, averages=True)
    weights += [0.5 + normal(1, 2) ** 2, normal(2, 2), 0.5 + normal(3, 2) ** 2]
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.BatchNormalization(
                epsilon=0.01,
                momentum=0.8,
                scale=scale,
                center=center,
                renorm=True,
                renorm_clipping=clipping,
                renorm_momentum=0.7,
            ),
            [x],
            dtype,
            weights,
            training=True,
            mask=mask,
        )
        for step in range(steps):
            part = normal(seed + step, 4, 3, 2).astype(dtype)
            hold(
                ours(part, training=True),
                array(theirs(part, training=True)),
                BARS[dtype]["forward"] * 10 ** min(step, 1),  # the averages' own errors add up
            )
    hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["forward"])
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]


def test_renormalization_begins_with_the_root_of_the_initial_variance() -> None:
    def program(library: Any) -> Any:
        layer = library.layers.BatchNormalization(
            renorm=True,
            moving_variance_initializer=library.initializers.Constant(4.0),
            moving_mean_initializer=library.initializers.Constant(0.5),
        )
        layer.build((None, 3))
        return layer.get_weights()

    hold(program(numpynn), program(keras), 1e-7)


def test_a_frozen_layer_uses_its_averages_and_keeps_them() -> None:
    x = normal(0, 8, 3)

    def program(library: Any) -> list[Any]:
        layer = library.layers.BatchNormalization()
        layer.build((None, 3))
        layer.set_weights(weights_for(3, True, True, averages=True))
        layer.trainable = False
        frozen = array(layer(x.astype("float32"), training=True))
        kept = layer.get_weights()
        layer.trainable = True
        assert len(layer.trainable_weights) == 2 and len(layer.non_trainable_weights) == 2
        return [frozen, kept, array(layer(x.astype("float32"), training=True))]

    hold(program(numpynn), program(keras), 1e-5)


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan, 1e30, -1e25])
def test_special_values_in_a_batch_end_where_keras_puts_them(special: float) -> None:
    x = np.array([[1.0, special, 2.0], [1.0, 2.0, 3.0], [0.5, -1.0, 1.0]], "float32")
    for make in (
        lambda library: library.layers.BatchNormalization(),
        lambda library: library.layers.LayerNormalization(),
        lambda library: library.layers.RMSNormalization(),
        lambda library: library.layers.GroupNormalization(3),
        lambda library: library.layers.UnitNormalization(),
    ):
        with np.errstate(all="ignore"):
            found, expected = (
                array(make(library)(x, training=True)) for library in (numpynn, keras)
            )
        same_kind(found, expected, f"{special}")


def test_batch_normalization_of_float16_computes_in_float32() -> None:
    x = (normal(0, 64, 2) * 100.0 + 300.0).astype("float16")
    found, expected = (
        array(library.layers.BatchNormalization(dtype="float16")(x, training=True))
        for library in (numpynn, keras)
    )
    assert found.dtype == expected.dtype == np.float16
    hold(found, expected, 2e-3)  # a float16 has eleven bits


def test_a_hidden_average_is_not_differentiated() -> None:
    """What moves an average is no part of the graph, and the averages have no gradient."""
    layer = layers.BatchNormalization()
    x = Tensor(normal(0, 5, 2), requires_grad=True)
    with numpynn.GradientTape() as tape:
        y = np.sum(layer(x, training=True) ** 3)
    gradients = tape.gradient(y, [x, *layer.weights])
    assert [g is not None for g in gradients] == [True, True, True, False, False]
    assert layer.moving_mean.node is None and layer.moving_variance.node is None


# -- LayerNormalization and RMSNormalization -------------------------------------------------------


@each_float_type
@given(
    drawn=with_axes(),
    epsilon=st.sampled_from(EPSILONS),
    scale=st.booleans(),
    center=st.booleans(),
    rms_scaling=st.booleans(),
)
@pytest.mark.filterwarnings("ignore:.*rms_scaling")
def test_layer_normalization_matches_keras(
    dtype: str, drawn: Any, epsilon: float, scale: bool, center: bool, rms_scaling: bool
) -> None:
    x, axis = drawn
    sizes = tuple(x.shape[a] for a in (sorted(axis) if isinstance(axis, list) else [axis]))
    weights = [normal(0, *sizes)] * (scale or rms_scaling)
    weights += [normal(1, *sizes)] * (center and not rms_scaling)
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.LayerNormalization(
                axis, epsilon, center=center, scale=scale, rms_scaling=rms_scaling
            ),
            [x],
            dtype,
            weights,
        )
    assert ours.axis == theirs.axis


@each_float_type
@given(
    x=filled(shapes),
    last=st.integers(1, 3),
    listed=st.booleans(),
    epsilon=st.sampled_from([1e-6, 1e-3, 1.0]),
)
def test_rms_normalization_matches_keras(
    dtype: str, x: Any, last: int, listed: bool, epsilon: float
) -> None:
    axis = list(range(-min(last, x.ndim - 1), 0)) if listed else -1
    sizes = x.shape[axis[0] :] if isinstance(axis, list) else x.shape[-1:]
    x = np.where(np.abs(x) < 0.1, 0.1, x)  # the smaller the root mean square, the steeper
    with both_float_types(dtype):
        agree(
            lambda library: library.layers.RMSNormalization(axis, epsilon),
            [x],
            dtype,
            [normal(0, *sizes)],
        )


def test_layer_normalization_takes_wider_data_as_they_are() -> None:
    x = normal(0, 3, 4) * 1e-3 + 1e4  # in float32 nothing of the differences is left
    found, expected = (
        array(library.layers.LayerNormalization(epsilon=1e-12)(x)) for library in (numpynn, keras)
    )
    assert found.dtype == expected.dtype == np.float32
    hold(found, expected, 1e-5)
    assert np.abs(found).max() > 0.5


# -- GroupNormalization, UnitNormalization ---------------------------------------------------------


@st.composite
def in_groups(draw: Any) -> tuple[Any, int, int]:
    x, axis = draw(with_axis())
    channels = x.shape[axis]
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    return x, axis, draw(st.sampled_from([-1, *divisors]))


@each_float_type
@given(
    drawn=in_groups(),
    epsilon=st.sampled_from(EPSILONS),
    scale=st.booleans(),
    center=st.booleans(),
)
def test_group_normalization_matches_keras(
    dtype: str, drawn: tuple[Any, int, int], epsilon: float, scale: bool, center: bool
) -> None:
    x, axis, groups = drawn
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.GroupNormalization(
                groups, axis, epsilon, center=center, scale=scale
            ),
            [x],
            dtype,
            weights_for(x.shape[axis], scale, center),
        )
    assert ours.groups == theirs.groups


@each_float_type
@given(drawn=with_axes())
def test_unit_normalization_matches_keras(dtype: str, drawn: Any) -> None:
    x, axis = drawn
    x = np.where(np.abs(x) < 0.1, 0.1, x)
    with both_float_types(dtype):
        agree(lambda library: library.layers.UnitNormalization(axis), [x], dtype)
    axes = tuple(axis) if isinstance(axis, list) else axis
    y = layers.UnitNormalization(axis)(x).numpy()
    np.testing.assert_allclose(np.sum(y**2, axis=axes), 1.0, rtol=1e-5)


def test_a_vector_of_zeros_stays_one_and_has_a_finite_slope() -> None:
    """Keras's gradient is NaN there."""
    x = Tensor(np.zeros((1, 3)), requires_grad=True)
    with both_float_types("float64"):
        y = layers.UnitNormalization()(x)
        np.sum(y).backward()
    assert not y.numpy().any() and np.all(np.isfinite(x.grad.numpy()))


# -- SpectralNormalization -------------------------------------------------------------------------


@each_float_type
@given(
    features=st.integers(1, 4),
    units=st.integers(1, 4),
    iterations=st.integers(1, 3),
    training=st.booleans(),
    seed=st.integers(0, 99),
)
def test_spectral_normalization_matches_keras(
    dtype: str, features: int, units: int, iterations: int, training: bool, seed: int
) -> None:
    weights = [normal(seed, features, units), normal(seed + 1, 1, units), normal(seed + 2, units)]
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.SpectralNormalization(
                library.layers.Dense(units), power_iterations=iterations
            ),
            [normal(seed + 3, 5, features)],
            dtype,
            weights,
            training=training,
        )
    # A random start nearly orthogonal to the first singular vector makes σ small.
    size = max(1.0, float(np.abs(array(theirs.get_weights()[0])).max()))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        hold(a / size, b / size, BARS[dtype]["forward"])
    names = [[w.path.split("/")[-1] for w in layer.weights] for layer in (ours, theirs)]
    assert names[0] == names[1]


def test_spectral_normalization_approaches_a_largest_singular_value_of_1() -> None:
    layer = layers.SpectralNormalization(layers.Dense(4), power_iterations=30)
    layer.build((None, 6))
    layer.kernel.assign(normal(0, 6, 4) * 5.0)
    layer(np.ones((1, 6)), training=True)
    assert np.linalg.svd(layer.kernel.numpy())[1][0] == pytest.approx(1.0, abs=1e-4)
    before = layer.get_weights()
    layer(np.ones((1, 6)), training=False)
    hold(layer.get_weights(), before, 0.0)


def test_spectral_normalization_leaves_a_kernel_of_zeros() -> None:
    for library in (numpynn, keras):
        layer = library.layers.SpectralNormalization(
            library.layers.Dense(3, kernel_initializer="zeros")
        )
        y = array(layer(np.ones((2, 2), "float32"), training=True))
        assert not y.any() and not array(layer.kernel).any()


# -- the fused forms -------------------------------------------------------------------------------


def test_second_derivatives_of_the_fused_forms() -> None:
    """Through the plain composition, and equal to that of the composition alone."""
    x, gamma, beta = normal(0, 4, 3), normal(1, 3), normal(2, 3)
    sides = [x, normal(1, 4), normal(2, 4)]
    for fused, options, at in (
        (batch_norm, {}, [x, gamma, beta]),
        (batch_norm, {"axis": 0}, sides),
        (layer_norm, {}, [x, gamma, beta]),
        (group_norm, {"groups": 2}, [x.T, *sides[1:]]),
        (rms_norm, {}, [x, gamma]),
    ):
        for number in (0, 1):

            def energy(part: Any, function: Any, number: int = number, at: Any = at) -> Any:
                args = [part if i == number else a for i, a in enumerate(at)]
                return np.sum(np.tanh(function(*args)))

            found = hessian(partial(energy, function=partial(fused, **options)))(at[number])
            plain = hessian(partial(energy, function=partial(fused.plain, **options)))(at[number])
            hold(found, array(plain), 1e-10)
            assert np.abs(array(plain)).max() > 1e-3


@given(
    shape=hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4), seed=st.integers(0, 99)
)
def test_the_fused_forms_keep_float32_and_leave_their_input(
    shape: tuple[int, ...], seed: int
) -> None:
    x = normal(seed, *shape).astype("float32")
    given_x = x.copy()
    ones = np.ones(shape[-1], "float32")
    for fused in (batch_norm, layer_norm, partial(group_norm, groups=1)):
        forward = getattr(fused, "func", fused).forward
        y, pull = forward(x, ones, ones, **getattr(fused, "keywords", {}))
        g = np.broadcast_to(np.float32(1.0), shape)  # cannot be written to
        found = [y, *pull(g)]
        assert all(part.dtype == np.float32 for part in found)
        assert [part.shape for part in found] == [shape, shape, ones.shape, ones.shape]
    np.testing.assert_array_equal(x, given_x)


def test_positions_of_special_values_in_the_fused_forms() -> None:
    x = np.array([[1.0, 2.0, -1.0], [np.inf, 0.5, 1.0], [1.0, np.nan, 2.0]])
    ones = np.ones(3)
    for fused in (batch_norm, layer_norm):
        for part in (x[:1], x[:2], x):
            with np.errstate(all="ignore"):
                found, plain = fused(part, ones, ones), fused.plain(part, ones, ones)
            same_kind(found, plain, fused.__name__)


# -- configuration and bad input -------------------------------------------------------------------

L1 = {"class_name": "L1", "config": {"l1": 0.5}}
L2 = {"class_name": "L2", "config": {"l2": 0.25}}
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("BatchNormalization", {}),
    (
        "BatchNormalization",
        {
            "axis": 1,
            "momentum": 0.9,
            "epsilon": 0.01,
            "center": False,
            "scale": False,
            "beta_initializer": "ones",
            "gamma_initializer": "zeros",
            "moving_mean_initializer": "ones",
            "moving_variance_initializer": "zeros",
            "beta_regularizer": L1,
            "gamma_regularizer": L2,
            "beta_constraint": "non_neg",
            "gamma_constraint": "max_norm",
            "renorm": True,
            "renorm_clipping": {"rmax": 2.0, "dmax": 1.0},
            "renorm_momentum": 0.9,
            "synchronized": True,
            "trainable": False,
            "name": "b",
            "dtype": "float64",
        },
    ),
    ("BatchNormalization", {"renorm": True}),
    ("LayerNormalization", {}),
    (
        "LayerNormalization",
        {
            "axis": [1, 2],
            "epsilon": 0.01,
            "center": False,
            "scale": False,
            "beta_initializer": "ones",
            "gamma_initializer": "zeros",
            "beta_regularizer": L1,
            "gamma_regularizer": L2,
            "beta_constraint": "non_neg",
            "gamma_constraint": "max_norm",
            "name": "l",
        },
    ),
    ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}),
    (
        "GroupNormalization",
        {
            "groups": 2,
            "axis": 1,
            "epsilon": 0.01,
            "center": False,
            "scale": False,
            "beta_initializer": "ones",
            "gamma_initializer": "zeros",
            "beta_regularizer": L1,
            "gamma_regularizer": L2,
            "beta_constraint": "non_neg",
            "gamma_constraint": "max_norm",
        },
    ),
    ("UnitNormalization", {"axis": [1, 2]}),
    ("UnitNormalization", {}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_configurations_are_keras_s(name: str, options: dict[str, Any]) -> None:
    options = {"name": "same", **options}
    ours, theirs = (getattr(lib.layers, name)(**options) for lib in (numpynn, keras))
    assert ours.get_config() == theirs.get_config()
    for layer in (ours, theirs):
        layer.build((None, 4, 4))
    config = theirs.get_config()
    assert ours.get_config() == config
    again = getattr(layers, name).from_config(config)
    assert again.get_config() == config
    for shape in ((None, 4, 4), (2, None, 4)):
        assert again.compute_output_shape(shape) == shape


def test_the_configuration_of_a_wrapped_layer_is_keras_s() -> None:
    def program(library: Any) -> Any:
        inner = library.layers.Dense(2, name="d", kernel_initializer="zeros")
        layer = library.layers.SpectralNormalization(inner, 3, name="s")
        layer.build((None, 3))
        return layer.get_config()

    ours, theirs = program(numpynn), program(keras)
    theirs["layer"]["config"].pop("quantization_config", None)
    ours["layer"]["config"].pop("quantization_config", None)
    assert ours == theirs
    again = layers.SpectralNormalization.from_config(theirs)
    assert isinstance(again.layer, layers.Dense) and again.power_iterations == 3


BAD: list[tuple[type[Exception], Any]] = [
    (ValueError, lambda o: o.BatchNormalization(axis=4).compute_output_shape((None, 3))),
    (ValueError, lambda o: o.BatchNormalization(renorm=True, renorm_clipping={"x": 1})),
    (
        ValueError,
        lambda o: o.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1, "rmin": 2}),
    ),
    (ValueError, lambda o: o.BatchNormalization(renorm=True, renorm_clipping={"dmax": -1})),
    (ValueError, lambda o: o.BatchNormalization()(np.ones((2, 3)), mask=np.ones((2, 3)))),
    (TypeError, lambda o: o.BatchNormalization(axis=[1])),
    (TypeError, lambda o: o.LayerNormalization(axis="x")),
    (TypeError, lambda o: o.UnitNormalization(axis=None)),
    (ValueError, lambda o: o.LayerNormalization(axis=2).compute_output_shape((None, 3))),
    (ValueError, lambda o: o.UnitNormalization(axis=2).compute_output_shape((None, 3))),
    (ValueError, lambda o: o.RMSNormalization(axis=2).compute_output_shape((None, 3))),
    (ValueError, lambda o: o.GroupNormalization(0)),
    (ValueError, lambda o: o.GroupNormalization(1.5)),
    (ValueError, lambda o: o.GroupNormalization(4)(np.ones((2, 6)))),
    (ValueError, lambda o: o.GroupNormalization(8)(np.ones((2, 6)))),
    (ValueError, lambda o: o.GroupNormalization(1).build((None, None))),
    (ValueError, lambda o: o.SpectralNormalization(3)),
    (ValueError, lambda o: o.SpectralNormalization(o.Dense(2), 0)),
    (ValueError, lambda o: o.SpectralNormalization(o.Flatten())(np.ones((2, 6)))),
]


@pytest.mark.parametrize(("error", "call"), BAD)
def test_bad_input_raises_the_type_that_keras_raises(error: type[Exception], call: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(error):
            call(library.layers)


@given(rows=st.sampled_from([1, 7, 256, 300]), columns=st.sampled_from([1, 200, 65536, 65537]))
def test_sums_in_blocks_leave_no_row_out(rows: int, columns: int) -> None:
    rows = min(rows, 3) if columns > 200 else rows
    x = normal(rows, rows, columns)
    hold(_column_sums(x), x.sum(axis=0), 1e-12)
    assert _column_sums(x[:0]).tolist() == [0.0] * columns


def test_an_unknown_size_is_named_where_weights_need_it() -> None:
    for layer in (layers.BatchNormalization(), layers.LayerNormalization()):
        with pytest.raises(ValueError, match=f"{layer.name}.*size.*None"):
            layer.build((None, None))


# -- training --------------------------------------------------------------------------------------

NORMALIZED = {
    "batch": lambda library: library.layers.BatchNormalization(),
    "batch, no scale": lambda library: library.layers.BatchNormalization(scale=False, momentum=0.8),
    "renormalized": lambda library: library.layers.BatchNormalization(
        renorm=True, renorm_clipping={"rmax": 3.0, "rmin": 1 / 3, "dmax": 5.0}
    ),
    "layer": lambda library: library.layers.LayerNormalization(),
    "root mean square": lambda library: library.layers.RMSNormalization(),
    "group": lambda library: library.layers.GroupNormalization(2),
}


@each_float_type
@pytest.mark.parametrize(("kind", "optimizer"), list(zip(NORMALIZED, ["adam", "sgd"] * 3)))
def test_twenty_steps_of_training_match_keras(dtype: str, kind: str, optimizer: str) -> None:
    def model(library: Any) -> Any:
        made = library.Sequential(
            [
                library.Input((5,)),
                library.layers.Dense(6),
                NORMALIZED[kind](library),
                library.layers.Activation("tanh"),
                library.layers.Dense(2),
            ]
        )
        made.compile(optimizer, "mse", run_eagerly=True)
        return made

    with both_float_types(dtype):
        ours, theirs = model(numpynn), model(keras)
        copy_weights(theirs, ours)
        x, y = normal(0, 40, 5), normal(1, 40, 2)
        run = TrainingRun(ours, theirs, Split(x, y, x, y), 8, dtype)
        assert run.compare_gradients(batches=1) <= BARS[dtype]["gradient"]
        losses = [run.step() for _ in range(20)]
        assert max(losses) <= BARS[dtype]["loss"]
        hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["weights"], "weights")
        measured = [m.evaluate(x, y, batch_size=7, verbose=0) for m in (ours, theirs)]
        hold(*measured, 10 * BARS[dtype]["loss"])


def test_models_with_running_averages_go_both_ways_in_files(tmp_path: Path) -> None:
    x = normal(0, 16, 4).astype("float32")

    def made(library: Any) -> Any:
        kinds = library.layers
        model = library.Sequential(
            [
                library.Input((4,)),
                kinds.BatchNormalization(renorm=True),
                kinds.SpectralNormalization(kinds.Dense(6)),
                kinds.BatchNormalization(scale=False),
                kinds.LayerNormalization(),
                kinds.GroupNormalization(3),
                kinds.RMSNormalization(),
                kinds.UnitNormalization(),
            ]
        )
        model(x, training=True)
        return model

    for writer, reader in ((numpynn, keras), (keras, numpynn)):
        path = str(tmp_path / f"{writer.__name__}.keras")
        model = made(writer)
        model.save(path)
        again = reader.models.load_model(path)
        hold(again.get_weights(), model.get_weights(), 0.0)
        hold(again.predict(x, verbose=0), model.predict(x, verbose=0), 1e-5)
