"""Masking, Lambda, Identity, ActivityRegularization and Wrapper against Keras."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    FLOAT_TYPES,
    agree,
    array,
    both_float_types,
    filled,
    hold,
    normal,
    on_both,
    same_configs,
)

import numpynn
from numpynn import layers
from numpynn.saving.registration import get_custom_objects
from numpynn.saving.serialization import safe_mode_scope
from numpynn.utils.functions import func_dump, func_load

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


def mask_of(y: Any) -> Any:
    found = y.mask if isinstance(y, numpynn.Tensor) else getattr(y, "_keras_mask", None)
    return None if found is None else array(found)


# -- Masking ---------------------------------------------------------------------------------------

few = st.sampled_from([0.0, -0.0, 1.0, 2.0])
sequences = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=4, max_side=3), elements=few
)


@each_float_type
@given(x=sequences, mask_value=st.sampled_from([0.0, 1.0, 2, float("nan")]))
def test_masking_matches_keras(dtype: str, x: Any, mask_value: float) -> None:
    with both_float_types(dtype):
        ours, theirs = agree(lambda library: library.layers.Masking(mask_value), [x], dtype)
        np.testing.assert_array_equal(mask_of(ours(x)), mask_of(theirs(x)))
        np.testing.assert_array_equal(ours.compute_mask(x), array(theirs.compute_mask(x)))
    assert ours.compute_output_shape((None, 2)) == theirs.compute_output_shape((None, 2))


def test_masking_of_special_values_and_whole_numbers() -> None:
    special = np.array([[[np.nan, np.nan], [np.inf, 0], [0, 0], [-np.inf, np.nan]]], "float32")
    whole = np.array([[[0, 0], [1, 0]]])
    for x in (special, whole):
        for mask_value in (0, np.nan, np.inf):
            ours = layers.Masking(mask_value)(x)
            theirs = keras.layers.Masking(mask_value)(x)
            assert array(ours).dtype == array(theirs).dtype
            np.testing.assert_array_equal(array(ours), array(theirs))
            np.testing.assert_array_equal(mask_of(ours), mask_of(theirs))


def test_masking_by_a_row_of_values() -> None:
    x = np.array([[[1.0, 2.0], [1.0, 3.0]]])
    for library in (numpynn, keras):
        y = library.layers.Masking(np.array([1.0, 2.0]))(x)
        assert array(y).tolist() == [[[0, 0], [1, 3]]] and mask_of(y).tolist() == [[False, True]]


def test_the_mask_flows_through_a_model_until_a_layer_uses_it() -> None:
    x = normal(0, 2, 4, 3).astype("float32")
    x[0, 3] = x[1, :2] = 0.0

    def program(library: Any) -> Any:
        ops = library.ops

        class MeanOfWhatCounts(library.layers.Layer):
            def call(self, x: Any, mask: Any = None) -> Any:
                counts = ops.expand_dims(ops.cast(mask, "float32"), -1)
                return ops.sum(x * counts, axis=1) / ops.sum(counts, axis=1)

            def compute_output_shape(self, input_shape: Any) -> Any:
                return (input_shape[0], input_shape[2])

        inputs = library.Input((4, 3))
        masked = library.layers.Masking()(inputs)
        doubled = library.layers.Add()([masked, library.layers.GaussianNoise(0.5)(masked)])
        joined = library.layers.Concatenate()([doubled, library.layers.ReLU()(masked), inputs])
        model = library.Model(inputs, MeanOfWhatCounts()(joined))
        return array(model(x))

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-5)
    hold(ours[0, 6:], x[0].mean(axis=0), 1e-5)  # one input without a mask, and all steps count


# -- Identity and ActivityRegularization -----------------------------------------------------------


@each_float_type
@given(x=filled((3, 2)), l1=st.sampled_from([0.0, 0.1]), l2=st.sampled_from([0.0, 0.3]))
def test_activity_regularization_matches_keras(dtype: str, x: Any, l1: float, l2: float) -> None:
    with both_float_types(dtype):
        ours, theirs = agree(
            lambda library: library.layers.ActivityRegularization(l1, l2), [x], dtype
        )
        for layer in (ours, theirs):
            layer(x)
        bar = 1e-12 if dtype == "float64" else 1e-5
        hold([array(loss) for loss in ours.losses], [array(loss) for loss in theirs.losses], bar)
    assert float(array(ours.losses[0])) == pytest.approx(
        (l1 * np.abs(x).sum() + l2 * (x**2).sum()) / 3, rel=1e-5
    )


@given(x=filled((3, 2)))
def test_identity_gives_any_structure_back(x: Any) -> None:
    agree(lambda library: library.layers.Identity(), [x], "float32")
    y = layers.Identity()({"a": x, "b": [x, x + 1.0]})
    np.testing.assert_array_equal(y["b"][1].numpy(), (x + 1.0).astype("float32"))
    for library in (numpynn, keras):
        layer = library.layers.Identity()
        assert layer.compute_output_shape((None, 3)) == (None, 3)
        pair = layer([library.Input((3,)), library.Input((2,), dtype="int32")])
        assert [(p.shape, str(p.dtype)) for p in pair] == [
            ((None, 3), "float32"),
            ((None, 2), "int32"),
        ]


CONFIGURED = [
    lambda k: k.layers.Masking(2.0, name="two"),
    lambda k: k.layers.Identity(dtype="float64"),
    lambda k: k.layers.ActivityRegularization(l1=0.1, l2=0.2, trainable=False),
    lambda k: k.layers.Wrapper(k.layers.Dense(2, name="inner"), name="outer"),
]


def test_configurations_match_keras() -> None:
    same_configs(*CONFIGURED)


# -- Wrapper ---------------------------------------------------------------------------------------


def test_a_wrapper_builds_and_holds_its_layer() -> None:
    def program(library: Any) -> Any:
        class Twice(library.layers.Wrapper):
            def call(self, inputs: Any) -> Any:
                return self.layer(self.layer(inputs))

        inner = library.layers.Dense(3, kernel_initializer="ones", use_bias=False)
        layer = Twice(inner)
        y = layer(np.ones((1, 3), "float32"))
        assert layer.layer is inner and inner.built
        return array(y).tolist(), [w.path for w in layer.weights], len(layer.trainable_weights)

    ours, theirs = on_both(program)
    assert ours == theirs == ([[9, 9, 9]], ["twice/dense/kernel"], 1)


def test_a_wrapper_wants_a_layer() -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            library.layers.Wrapper(np.tanh)


# -- Lambda: the formula ---------------------------------------------------------------------------


def antirectifier(library: Any) -> Any:
    ops = library.ops

    def formula(x: Any) -> Any:
        x = x - ops.mean(x, axis=1, keepdims=True)
        x = x / ops.sqrt(ops.sum(x * x, axis=1, keepdims=True))
        return ops.concatenate([ops.relu(x), ops.relu(-x)], axis=1)

    return formula


@each_float_type
@given(x=filled((3, 4)))
def test_lambda_matches_keras(dtype: str, x: Any) -> None:
    x = x + np.arange(4.0)
    with both_float_types(dtype):
        agree(lambda library: library.layers.Lambda(lambda x: x**2), [x], dtype)
        agree(
            lambda library: library.layers.Lambda(antirectifier(library)),
            [np.sort(x) + 4.0 * np.arange(4.0)],
            dtype,
        )
        agree(
            lambda library: library.layers.Lambda(
                lambda x, a, b=1.0: a * x + b, arguments={"a": 2.0, "b": 3.0}
            ),
            [x],
            dtype,
        )


def test_the_antirectifier_of_1_2_3() -> None:
    y = layers.Lambda(antirectifier(numpynn))(np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(y.numpy()[0], [0, 0, 0.7071068, 0.7071068, 0, 0], atol=1e-7)


def test_a_function_is_told_of_training_and_the_mask_where_it_asks() -> None:
    mask = np.array([[True, False]])

    def program(library: Any) -> list[Any]:
        def function(x: Any, mask: Any = None, training: Any = None) -> Any:
            factor = 2.0 if training else 1.0
            return x * factor + (0.0 if mask is None else array(mask).sum())

        layer = library.layers.Lambda(function)
        x = np.ones((1, 2), "float32")
        results = [layer(x), layer(x, training=True), layer(x, mask=library.ops.array(mask))]
        return [array(y).tolist() for y in results]

    ours, theirs = on_both(program)
    assert ours == theirs == [[[1, 1]], [[2, 2]], [[2, 2]]]


def test_output_masks_of_lambda() -> None:
    x, given_mask = np.ones((1, 2, 3), "float32"), np.array([[True, False]])

    def program(library: Any) -> list[Any]:
        masks = []
        for mask in (None, given_mask, lambda inputs, mask: ~given_mask):
            layer = library.layers.Lambda(lambda x: x * 2.0, mask=mask)
            found = mask_of(layer(x))
            masks.append(None if found is None else found.tolist())
            masks.append(layer.supports_masking)
        return masks

    ours, theirs = on_both(program)
    assert ours == theirs == [None, False, [[True, False]], True, [[False, True]], True]


@pytest.mark.parametrize(
    "output_shape", [None, (5,), lambda shape: (shape[0], shape[1] + 1), [(5,), (6, 7)]]
)
@pytest.mark.parametrize("input_shape", [(None, 4), (3, 4)])
def test_output_shapes_of_lambda(output_shape: Any, input_shape: Any) -> None:
    shapes = []
    for library in (numpynn, keras):
        layer = library.layers.Lambda(lambda x: x[:, 1:], output_shape)
        shapes.append(layer.compute_output_shape(input_shape))
    assert shapes[0] == shapes[1]


def test_lambda_in_a_functional_model() -> None:
    for library in (numpynn, keras):
        x = library.Input((4, 3))
        y = library.layers.Lambda(lambda a: a[:, :2])(x)
        z = library.layers.Lambda(lambda pair: pair[0] + pair[1])([y, y])
        assert y.shape == z.shape == (None, 2, 3)


def test_what_is_no_function_is_a_type_error_as_in_keras() -> None:
    for library in (numpynn, keras):
        with pytest.raises(TypeError):
            library.layers.Lambda(3)


# -- Lambda: its configuration ---------------------------------------------------------------------


def double(x: Any) -> Any:
    return x * 2


def one_more(shape: Any) -> Any:
    return (*shape[:-1], shape[-1] + 1)


@contextmanager
def known(**functions: Any) -> Iterator[None]:
    """Both libraries know these functions, even after their sessions are cleared."""
    with pytest.MonkeyPatch.context() as patch:
        for name, function in functions.items():
            patch.setitem(get_custom_objects(), name, function)
            patch.setitem(keras.saving.get_custom_objects(), name, function)
        yield


NAMED = [
    lambda k: k.layers.Lambda(double, name="twice"),
    lambda k: k.layers.Lambda(double, output_shape=(3, None), arguments={"b": 2.5}),
    lambda k: k.layers.Lambda(double, output_shape=one_more, dtype="float64"),
    lambda k: k.layers.Lambda(k.activations.relu),
]


def test_named_functions_are_written_by_name_as_keras_does() -> None:
    with known(double=double, one_more=one_more, relu=numpynn.activations.relu):
        same_configs(*NAMED)


def test_a_function_nobody_knows_is_refused() -> None:
    config = layers.Lambda(double).get_config()
    for library in (numpynn, keras):
        with pytest.raises((TypeError, ValueError)):
            library.layers.Lambda.from_config(copy.deepcopy(config))


def test_a_python_lambda_is_written_as_keras_does() -> None:
    scale = 3.0

    def program(library: Any) -> Any:
        layer = library.layers.Lambda(
            lambda x, shift=1.0: x * scale + shift,
            output_shape=lambda shape: shape,
            mask=lambda inputs, mask: mask,
        )
        return layer.get_config()

    ours, theirs = on_both(program)
    assert ours == theirs
    assert ours["function"]["class_name"] == "__lambda__"
    assert ours["function"]["config"]["closure"] == (3.0,)
    assert ours["function"]["config"]["defaults"] == (1.0,)


def as_in_a_file(config: Any) -> Any:
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("library", [numpynn, keras], ids=["ours", "Keras's"])
def test_a_python_lambda_is_loaded_only_on_request(library: Any) -> None:
    scale = 3.0
    layer = library.layers.Lambda(
        lambda x, shift=1.0: x * scale + shift, output_shape=lambda shape: shape
    )
    config = as_in_a_file(layer.get_config())
    with pytest.raises(ValueError, match="safe_mode=False"):
        layers.Lambda.from_config(copy.deepcopy(config))
    with pytest.raises(ValueError), safe_mode_scope(True):
        layers.Lambda.from_config(copy.deepcopy(config))
    with pytest.raises(ValueError), safe_mode_scope(False):
        layers.Lambda.from_config(copy.deepcopy(config), safe_mode=True)
    with safe_mode_scope(False):
        again = layers.Lambda.from_config(copy.deepcopy(config))
    x = normal(0, 2, 3).astype("float32")
    for loaded in (again, layers.Lambda.from_config(config, safe_mode=False)):
        np.testing.assert_array_equal(loaded(x).numpy(), array(layer(x)))
        assert loaded.compute_output_shape((None, 3)) == (None, 3)


@pytest.mark.parametrize("part", ["function", "output_shape", "mask"])
def test_code_in_any_part_is_refused(part: str) -> None:
    code = layers.Lambda(lambda *anything: 1 / 0).get_config()["function"]
    config = {"function": "relu", "output_shape": [1], part: code}
    with pytest.raises(ValueError, match="safe_mode=False"), known(relu=numpynn.activations.relu):
        layers.Lambda.from_config(config)


def test_a_loaded_lambda_keeps_its_mask_function() -> None:
    """Keras leaves the configuration in its place."""
    layer = layers.Lambda(lambda x: x, mask=lambda inputs, mask: inputs[..., 0] > 0)
    config = as_in_a_file(layer.get_config())
    again = layers.Lambda.from_config(config, safe_mode=False)
    x = np.array([[[1.0], [-1.0]]], "float32")
    assert mask_of(again(x)).tolist() == [[True, False]]


@given(a=st.integers(-5, 5), b=st.integers(-5, 5), x=st.integers(-5, 5))
def test_functions_survive_as_text(a: int, b: int, x: int) -> None:
    def function(y: int, factor: int = a) -> int:
        return factor * y + abs(b)

    dumped = func_dump(function)
    assert dumped == keras.src.utils.python_utils.func_dump(function)
    for loaded in (func_load(*dumped), func_load(list(dumped)), func_load(as_in_a_file(dumped))):
        assert loaded(x) == function(x) and loaded(x, 2) == function(x, 2)


def test_global_names_of_a_loaded_function_are_those_it_is_given() -> None:
    dumped = func_dump(lambda x: np.sum(x))
    assert func_load(*dumped, globs={"np": np})([1, 2]) == 3
    with pytest.raises(NameError):
        func_load(*dumped)([1, 2])
