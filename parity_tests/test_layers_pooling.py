"""Pooling layers against Keras: values, gradients, shapes, masks, files, configurations, errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, agree, array, both_float_types, filled, normal, on_both, same_configs

import numpynn
from numpynn import layers
from numpynn.layers.pooling.base import Pooling

FORMATS = ("channels_last", "channels_first")
RANKS = (1, 2, 3)

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
each_rank = pytest.mark.parametrize("rank", RANKS)
each_reduction = pytest.mark.parametrize("reduction", ["Max", "Average"])


def cells(rank: int, data_format: str, least: int) -> st.SearchStrategy[Any]:
    """Arrays whose values all differ, with the channels where `data_format` says."""
    sizes = st.tuples(*[st.integers(least, least + (2 if rank < 3 else 1))] * rank)

    def different(sizes: tuple[int, ...]) -> st.SearchStrategy[Any]:
        shape = (2, *sizes, 2) if data_format == "channels_last" else (2, 2, *sizes)
        order = st.integers(0, 2**16).map(lambda s: np.random.default_rng(s))
        return order.map(lambda r: r.permutation(np.arange(np.prod(shape)) / 64).reshape(shape))

    return sizes.flatmap(different)


def same_shapes(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    """Hold the output shapes of a known input shape, of an open batch, and of any sizes."""
    for given_shape in (shape, (None, *shape[1:]), (None,) * len(shape)):
        found = ours.compute_output_shape(given_shape)
        assert found == tuple(theirs.compute_output_shape(given_shape))


def agree_in_shape_too(make: Callable[[Any], Any], x: Any, dtype: str) -> None:
    with both_float_types(dtype):
        ours, theirs = agree(make, [x], dtype)
    same_shapes(ours, theirs, x.shape)
    assert ours.built and ours(numpynn.Input(x.shape[1:])).shape == theirs.compute_output_shape(
        (None, *x.shape[1:])
    )


# -- windows of a given size -----------------------------------------------------------------------


@each_rank
@each_reduction
@given(data=st.data())
def test_pooling_matches_keras(rank: int, reduction: str, data: Any) -> None:
    # TensorFlow pools volumes in float32 alone.
    dtype = "float32" if rank == 3 else data.draw(st.sampled_from(FLOAT_TYPES))
    data_format = data.draw(st.sampled_from(FORMATS))
    padding = data.draw(st.sampled_from(["valid", "same"]))
    pool = data.draw(st.integers(1, 3))
    strides = data.draw(st.one_of(st.none(), st.integers(1, 4)))
    x = data.draw(cells(rank, data_format, pool if padding == "valid" else 1))
    kind = f"{reduction}Pooling{rank}D"
    agree_in_shape_too(
        lambda library: getattr(library.layers, kind)(pool, strides, padding, data_format), x, dtype
    )


@each_reduction
def test_sizes_may_differ_from_axis_to_axis(reduction: str) -> None:
    x = normal(0, 2, 7, 9, 3)
    for strides in (None, (3, 1), [1, 2]):
        for padding in ("valid", "same"):
            kind, arguments = f"{reduction}Pooling2D", ([2, 3], strides, padding)
            agree_in_shape_too(
                lambda library, k=kind, a=arguments: getattr(library.layers, k)(*a), x, "float64"
            )


@each_rank
def test_the_defaults_of_max_pooling_match_keras(rank: int) -> None:
    x = normal(rank, 2, *[5] * rank, 2)
    agree_in_shape_too(
        lambda library: getattr(library.layers, f"MaxPooling{rank}D")(), x, "float32"
    )


# -- everything ------------------------------------------------------------------------------------


@each_rank
@each_reduction
@given(data=st.data())
def test_global_pooling_matches_keras(rank: int, reduction: str, data: Any) -> None:
    dtype = data.draw(st.sampled_from(FLOAT_TYPES))
    data_format, keepdims = data.draw(st.sampled_from(FORMATS)), data.draw(st.booleans())
    x = data.draw(cells(rank, data_format, 1))
    kind = f"Global{reduction}Pooling{rank}D"
    agree_in_shape_too(
        lambda library: getattr(library.layers, kind)(data_format, keepdims), x, dtype
    )


@each_reduction
@given(x=filled((2, 3, 3, 2), -1.0, 1.0).map(np.round))
def test_equal_maxima_share_the_gradient_of_global_pooling(reduction: str, x: Any) -> None:
    kind = f"Global{reduction}Pooling2D"
    agree_in_shape_too(lambda library: getattr(library.layers, kind)(), x, "float64")


def test_global_pooling_of_special_values_and_whole_numbers() -> None:
    special = np.array([[[np.nan, np.inf, -np.inf], [1.0, 2.0, -np.inf]]], "float32")
    for x in (special, np.arange(6).reshape(1, 3, 2), np.array([[[True], [False]]])):
        for kind in ("GlobalMaxPooling1D", "GlobalAveragePooling1D"):
            ours, theirs = (array(getattr(k.layers, kind)()(x)) for k in (numpynn, keras))
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)


# -- a given number of windows ---------------------------------------------------------------------


@each_rank
@each_reduction
@pytest.mark.parametrize("data_format", FORMATS)
def test_adaptive_pooling_matches_keras(rank: int, reduction: str, data_format: str) -> None:
    """From 2 windows on: Keras's AdaptiveMaxPooling ends the process where there is one."""
    x = normal(rank, 2, 5, *[4] * (rank - 1), 5).astype("float32")
    for size in (3, (2, 6, 3)[:rank]):

        def make(library: Any, size: Any = size) -> Any:
            kind = f"Adaptive{reduction}Pooling{rank}D"
            return getattr(library.layers, kind)(size, data_format)

        ours, theirs = agree_on_tensors(make, x)
        same_shapes(ours, theirs, x.shape)


def agree_on_tensors(make: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """`agree`, for a layer of Keras's that takes tensors of TensorFlow only."""

    class First(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = make(keras)

        def call(self, x: Any) -> Any:
            return self.inner(tf.convert_to_tensor(x))

    agree(lambda library: make(library) if library is numpynn else First(), [x], x.dtype.name)
    return make(numpynn), make(keras)


# -- masks -----------------------------------------------------------------------------------------


@each_float_type
@given(
    x=filled((3, 4, 2)),
    mask=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=3, max_size=3),
    keepdims=st.booleans(),
    data_format=st.sampled_from(FORMATS),
)
def test_global_average_pooling_of_a_sequence_counts_what_the_mask_says(
    dtype: str, x: Any, mask: Any, keepdims: bool, data_format: str
) -> None:
    mask = np.array(mask)
    mask[:, 0] = True  # without any step the mean is NaN, which the next test holds
    x = x if data_format == "channels_last" else np.moveaxis(x, 2, 1)

    def make(library: Any) -> Any:
        return library.layers.GlobalAveragePooling1D(data_format, keepdims)

    with both_float_types(dtype):
        for kind in (mask, mask.astype("float32")):
            agree(make, [x], dtype, mask=kind)


def test_a_sequence_without_a_step_that_counts_has_no_mean() -> None:
    x, mask = np.ones((2, 3, 2), "float32"), np.array([[0, 0, 0], [0, 1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = array(layers.GlobalAveragePooling1D()(x, mask=mask))
    np.testing.assert_array_equal(ours, array(keras.layers.GlobalAveragePooling1D()(x, mask=mask)))
    assert np.isnan(ours[0]).all() and (ours[1] == 1).all()


def test_pooling_ends_masks_as_in_keras() -> None:
    x = np.array([[[1.0, 2], [0, 0], [3, 4], [0, 0]]], "float32")

    def program(library: Any) -> Any:
        k = library.layers
        pools = [k.MaxPooling1D(), k.AveragePooling1D(2), k.GlobalMaxPooling1D()]
        pools += [k.GlobalAveragePooling1D(), k.AdaptiveAveragePooling1D(2)]
        masked = k.Masking()(library.ops.convert_to_tensor(x))
        found = []
        for pool in pools:
            y = pool(masked)
            mask = y.mask if library is numpynn else getattr(y, "_keras_mask", None)
            found.append((pool.supports_masking, mask, array(y).tolist()))
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about lost masks
        ours, theirs = on_both(program)
    assert ours == theirs
    assert [supports for supports, _, _ in ours] == [False, False, False, True, False]
    assert ours[3][2] == [[2.0, 3.0]]


# -- models and files ------------------------------------------------------------------------------


def network(library: Any) -> Any:
    """Every kind of pooling once."""
    k = library.layers
    image, sequence = library.Input((8, 9, 2)), library.Input((8, 3))
    x = k.MaxPool2D((2, 3), strides=1, padding="same")(image)
    x = k.AvgPool2D(2)(x)
    x = k.AdaptiveMaxPooling2D((3, 2))(x)
    volume = k.Reshape((3, 2, 2, 1))(x)
    y = k.MaxPooling3D((2, 1, 1), 1)(volume)
    y = k.AdaptiveAveragePooling3D(2)(k.AveragePooling3D(2, 1, "same")(y))
    y = k.Concatenate()([k.GlobalMaxPool3D()(y), k.GlobalAvgPool3D()(y)])
    z = k.AveragePooling1D(3, 2)(k.MaxPooling1D(2, 1)(sequence))
    z = k.AdaptiveMaxPooling1D(2)(z)
    z = k.Concatenate()([k.GlobalMaxPooling1D()(z), k.GlobalAveragePooling1D()(z)])
    x = k.Concatenate()([k.GlobalMaxPooling2D()(x), k.GlobalAveragePooling2D()(x), y, z])
    return library.Model([image, sequence], k.Dense(2)(x))


def test_a_network_of_pools_goes_to_keras_and_back(tmp_path: Path) -> None:
    inputs = [normal(0, 5, 8, 9, 2).astype("float32"), normal(1, 5, 8, 3).astype("float32")]
    ours, theirs = on_both(network)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = array(theirs(inputs))
    np.testing.assert_allclose(array(loaded(inputs)), expected, rtol=1e-5, atol=1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(array(again(inputs)), expected)
    shapes = [tuple(layer.output.shape) for layer in theirs.layers]
    assert [tuple(layer.output.shape) for layer in ours.layers] == shapes


@pytest.mark.parametrize("adaptive", [False, True])
def test_functions_of_ops_in_a_model_go_to_keras_and_back(adaptive: bool, tmp_path: Path) -> None:
    """Keras itself cannot load the adaptive ones, whose sizes are a list in a file."""

    def program(library: Any) -> Any:
        x = library.Input((6, 6, 2))
        y = library.ops.max_pool(x, 2, 1, "same")
        y = library.ops.average_pool(y, pool_size=(2, 3), padding="VALID")
        return library.Model(x, library.ops.adaptive_max_pool(y, (2, 2)) if adaptive else y)

    ours, theirs = on_both(program)
    x = normal(0, 2, 6, 6, 2).astype("float32")
    expected = array(theirs(x))
    for model, loader in ((theirs, numpynn), (ours, numpynn), (ours, keras)):
        model.save(tmp_path / "model.keras")
        if adaptive and loader is keras:
            with pytest.raises(TypeError, match="list"):
                loader.saving.load_model(tmp_path / "model.keras")
        else:
            loaded = loader.saving.load_model(tmp_path / "model.keras")
            np.testing.assert_allclose(array(loaded(x)), expected, rtol=1e-5, atol=1e-6)


# -- names, configurations, errors -----------------------------------------------------------------


def test_aliases_are_the_same_classes() -> None:
    for rank in RANKS:
        for short, long in (("AvgPool", "AveragePooling"), ("MaxPool", "MaxPooling")):
            for scope in ("", "Global"):
                alias = getattr(layers, f"{scope}{short}{rank}D")
                assert alias is getattr(layers, f"{scope}{long}{rank}D")
                assert alias.__name__ == getattr(keras.layers, f"{scope}{short}{rank}D").__name__


def configured(rank: int) -> list[Callable[[Any], Any]]:
    """Layers of this rank, with each setting once."""
    makes: list[Callable[[Any], Any]] = []
    for kind in ("Max", "Average"):
        makes += [
            lambda k, kind=kind: getattr(k.layers, f"{kind}Pooling{rank}D")(2),
            lambda k, kind=kind: getattr(k.layers, f"{kind}Pooling{rank}D")(
                [2] * rank, 3, "SAME", "channels_first", name="pool", trainable=False
            ),
            lambda k, kind=kind: getattr(k.layers, f"Global{kind}Pooling{rank}D")(),
            lambda k, kind=kind: getattr(k.layers, f"Global{kind}Pooling{rank}D")(
                "channels_first", True, dtype="float64"
            ),
            lambda k, kind=kind: getattr(k.layers, f"Adaptive{kind}Pooling{rank}D")(2),
            lambda k, kind=kind: getattr(k.layers, f"Adaptive{kind}Pooling{rank}D")(
                [3] * rank, "channels_first", name="windows"
            ),
        ]
    return makes


def test_configurations_match_keras() -> None:
    same_configs(*(make for rank in RANKS for make in configured(rank)))


REFUSED: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "no size": (ValueError, lambda k: k.MaxPooling2D(0)),
    "a negative size": (ValueError, lambda k: k.AveragePooling2D((2, -1))),
    "too few sizes": (ValueError, lambda k: k.MaxPooling2D((2,))),
    "too many sizes": (ValueError, lambda k: k.MaxPooling1D((2, 2))),
    "half a size": (ValueError, lambda k: k.AveragePooling3D(2.5)),
    "a word": (ValueError, lambda k: k.MaxPooling3D("two")),
    "missing size": (TypeError, lambda k: k.AveragePooling2D()),
    "negative strides": (ValueError, lambda k: k.MaxPooling2D(2, -1)),
    "too few strides": (ValueError, lambda k: k.MaxPooling2D(2, (1,))),
    "a data format": (ValueError, lambda k: k.MaxPooling2D(data_format="first")),
    "a padding": (
        ValueError,
        lambda k: k.MaxPooling2D(padding="causal").compute_output_shape((1, 4, 4, 1)),
    ),
    "a rank": (ValueError, lambda k: k.MaxPooling2D()(np.ones((1, 4, 4)))),
    "nothing left": (ValueError, lambda k: k.MaxPooling2D(5).compute_output_shape((1, 4, 6, 1))),
    "a global format": (ValueError, lambda k: k.GlobalMaxPooling2D("last")),
    "a global rank": (ValueError, lambda k: k.GlobalAveragePooling1D()(np.ones((1, 4, 4, 1)))),
    "half a number": (TypeError, lambda k: k.AdaptiveMaxPooling2D(2.0)),
    "no number": (TypeError, lambda k: k.AdaptiveAveragePooling1D(None)),
    "too many numbers of 1": (ValueError, lambda k: k.AdaptiveMaxPooling1D((2, 2))),
    "too many numbers of 2": (TypeError, lambda k: k.AdaptiveMaxPooling2D((2, 2, 2))),
    "an adaptive format": (ValueError, lambda k: k.AdaptiveMaxPooling3D(2, "Channels_First")),
    "an adaptive rank": (
        ValueError,
        lambda k: k.AdaptiveAveragePooling2D((2, 2))(np.ones((1, 2, 2, 2, 1), "float32")),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_settings_and_inputs_raise_keras_error_types(case: str) -> None:
    expected, program = REFUSED[case]
    for library in (numpynn, keras):
        with pytest.raises(expected):
            program(library.layers)


def test_what_keras_refuses_only_when_called_is_refused_at_once() -> None:
    for arguments in ({"strides": 0}, {"padding": "causal"}, {"padding": None}):
        with pytest.raises(ValueError):
            layers.MaxPooling2D(**arguments)
    for size in (0, -1, (2, 2.5)):
        with pytest.raises(ValueError):
            layers.AdaptiveMaxPooling2D(size)


@pytest.mark.parametrize("kind", ["MaxPooling2D", "AveragePooling2D"])
def test_a_pool_larger_than_its_input_is_told_with_the_numbers(kind: str) -> None:
    layer: Pooling = getattr(layers, kind)((2, 9), strides=4)
    for program in (
        lambda: layer(np.ones((1, 5, 6, 2))),
        lambda: layer(numpynn.Input((5, 6, 2))),
        lambda: layer.compute_output_shape((None, 5, 6, 2)),
    ):
        with pytest.raises(ValueError, match=r"\(2, 9\).*\(4, 4\).*'valid'.*\(5, 6\)"):
            program()
