"""Activations that are layers, against Keras. Softmax is in `test_layers.py`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import (
    FLOAT_TYPES,
    agree,
    array,
    both_float_types,
    filled,
    hold,
    normal,
    numbers,
    same_configs,
)

import numpynn
from numpynn import layers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

# Numbers of which many are 0, 1 or 2, where the kinks of the drawn activations are.
values = st.one_of(st.sampled_from([-1.0, -0.0, 0.0, 1.0, 2.0, 6.0]), numbers(-8.0, 8.0))
arrays = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=4, max_side=3), elements=values
)
slopes = st.sampled_from([0.0, 0.25, 1.0, 1.5])
KINKS = np.array([[-1.0, 0.0, -0.0, 1.0, 2.0, 6.0, 7.0, 1e6, -1e6]])


@each_float_type
@given(
    x=arrays,
    max_value=st.sampled_from([None, 0.0, 2.0, 6.0]),
    negative_slope=slopes,
    threshold=st.sampled_from([0.0, 1.0]),
)
@example(x=KINKS, max_value=6.0, negative_slope=0.0, threshold=0.0)
@example(x=KINKS, max_value=2.0, negative_slope=0.25, threshold=1.0)
@example(x=KINKS, max_value=None, negative_slope=0.25, threshold=0.0)
def test_relu_matches_keras(
    dtype: str, x: Any, max_value: float | None, negative_slope: float, threshold: float
) -> None:
    with both_float_types(dtype):
        agree(lambda library: library.layers.ReLU(max_value, negative_slope, threshold), [x], dtype)


@each_float_type
@given(x=arrays, negative_slope=slopes)
@example(x=KINKS, negative_slope=0.3)
def test_leaky_relu_matches_keras(dtype: str, x: Any, negative_slope: float) -> None:
    with both_float_types(dtype):
        agree(lambda library: library.layers.LeakyReLU(negative_slope), [x], dtype)


@each_float_type
@given(x=arrays, alpha=st.sampled_from([0.0, 0.5, 1.0, 2.0]))
@example(x=KINKS, alpha=0.5)
def test_elu_matches_keras(dtype: str, x: Any, alpha: float) -> None:
    with both_float_types(dtype):
        agree(lambda library: library.layers.ELU(alpha), [x], dtype)


@st.composite
def shared(draw: Any) -> tuple[Any, Any]:
    """An array, and axes that share their slope in one of the forms that Keras takes."""
    x = draw(arrays)
    axes = draw(st.lists(st.integers(1, x.ndim - 1), unique=True, max_size=x.ndim - 1))
    forms = [None, axes, tuple(axes)] + ([axes[0]] if len(axes) == 1 else [])
    return x, draw(st.sampled_from(forms))


@each_float_type
@given(drawn=shared())
@example(drawn=(KINKS, None))
@example(drawn=(KINKS, 1))
def test_prelu_matches_keras(dtype: str, drawn: tuple[Any, Any]) -> None:
    x, shared_axes = drawn
    shape = list(x.shape[1:])
    for axis in [shared_axes] if isinstance(shared_axes, int) else shared_axes or ():
        shape[axis - 1] = 1
    alpha = normal(len(shape), *shape)
    with both_float_types(dtype):
        ours, _ = agree(
            lambda library: library.layers.PReLU(shared_axes=shared_axes), [x], dtype, [alpha]
        )
    assert ours.alpha.shape == tuple(shape) and ours.alpha.name == "alpha"


@pytest.mark.parametrize("kind", ["ReLU", "LeakyReLU", "ELU", "PReLU"])
def test_special_values_come_out_as_in_keras(kind: str) -> None:
    x = np.array([[np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-30, -1e-30, 0.0]], "float32")
    results = []
    for library in (numpynn, keras):
        layer = getattr(library.layers, kind)()
        layer.build((None, 8))
        if kind == "PReLU":
            layer.set_weights([np.full(8, 0.5, "float32")])
        with np.errstate(all="ignore"):
            results.append(array(layer(x)))
    hold(*results, 1e-6)


def test_prelu_begins_as_relu_and_learns_its_slope() -> None:
    layer = layers.PReLU(alpha_regularizer="l2", alpha_constraint="non_neg")
    x = np.array([[-2.0, 3.0]])
    np.testing.assert_array_equal(layer(x).numpy(), [[0, 3]])
    assert layer.trainable_weights == [layer.alpha] and len(layer.losses) == 1
    layer.set_weights([np.array([0.5, 0.5])])
    np.testing.assert_array_equal(layer(x).numpy(), [[-1, 3]])
    with pytest.raises(ValueError):
        layer(np.ones((2, 3, 4)))


@pytest.mark.parametrize("shared_axes", [[-1], [0], 2, (1, 2)])
def test_prelu_has_keras_weights_for_odd_axes_too(shared_axes: Any) -> None:
    built = [library.layers.PReLU(shared_axes=shared_axes) for library in (numpynn, keras)]
    for layer in built:
        layer.build((None, 3, 4))
    assert tuple(built[0].alpha.shape) == tuple(built[1].alpha.shape)


def test_prelu_over_an_open_size_needs_it_shared() -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            library.layers.PReLU().build((None, None, 3))
        layer = library.layers.PReLU(shared_axes=[1])
        layer.build((None, None, 3))
        assert tuple(layer.alpha.shape) == (1, 3)


def test_the_old_name_of_the_slope_works_with_a_warning() -> None:
    for library in (numpynn, keras):
        with pytest.warns(UserWarning, match="negative_slope"):
            layer = library.layers.LeakyReLU(alpha=0.1)
        assert layer.negative_slope == 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers.LeakyReLU(negative_slope=0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.ReLU(max_value=-1),
        lambda k: k.layers.ReLU(negative_slope=-0.1),
        lambda k: k.layers.ReLU(negative_slope=None),
        lambda k: k.layers.ReLU(threshold=-1),
        lambda k: k.layers.ReLU(threshold=None),
        lambda k: k.layers.LeakyReLU(None),
        lambda k: k.layers.LeakyReLU(-0.1),
        lambda k: k.layers.PReLU(alpha_initializer="nothing"),
    ],
)
def test_bad_settings_are_value_errors_as_in_keras(make: Callable[[Any], Any]) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            make(library)


CONFIGURED = [
    lambda k: k.layers.ReLU(),
    lambda k: k.layers.ReLU(6, 0.1, 0.5, name="clipped"),
    lambda k: k.layers.LeakyReLU(),
    lambda k: k.layers.LeakyReLU(0.1, dtype="float64"),
    lambda k: k.layers.ELU(),
    lambda k: k.layers.ELU(0.5, trainable=False),
    lambda k: k.layers.PReLU(),
    lambda k: k.layers.PReLU(
        k.initializers.Constant(0.2), k.regularizers.L2(0.1), "non_neg", shared_axes=(1, 2)
    ),
    lambda k: k.layers.PReLU("ones", shared_axes=1),
]


def test_configurations_match_keras() -> None:
    for ours, theirs in same_configs(*CONFIGURED):
        assert ours.compute_output_shape((None, 4)) == theirs.compute_output_shape((None, 4))


@given(x=filled((2, 3, 4)))
def test_activation_layers_pass_masks_on(x: Any) -> None:
    for kind in (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU):
        masked = numpynn.Tensor(x.astype("float32"))
        masked.mask = np.array([[True, False, True]] * 2)
        assert kind()(masked).mask is masked.mask
