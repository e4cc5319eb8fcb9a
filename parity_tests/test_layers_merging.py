"""Layers of several inputs against Keras: values, gradients, shapes, masks, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    normal,
    numbers,
    same_configs,
)

import numpynn
from numpynn import layers

ELEMENTWISE = ["Add", "Average", "Multiply", "Maximum", "Minimum"]

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


def agree_on_list(
    make: Callable[[Any], Any],
    inputs: Sequence[Any],
    dtype: str,
    masks: Sequence[Any] | None = None,
) -> None:
    """Hold output, gradients of all inputs, and output mask of a layer called on a list."""
    inputs = [a.astype(dtype) for a in inputs]
    results, kept = [], []
    with both_float_types(dtype), plain_addition():
        for library in (numpynn, keras):
            layer = make(library)

            def compute(*x: Any, layer: Any = layer, library: Any = library) -> Any:
                y = layer([masked(library, a, m) for a, m in zip(x, masks or x, strict=True)])
                kept.append(y.mask if library is numpynn else getattr(y, "_keras_mask", None))
                return y

            results.append(derived(library, compute, inputs))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == expected.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])
    assert (kept[0] is None) == (kept[1] is None)
    if kept[0] is not None:
        np.testing.assert_array_equal(array(kept[0]), array(kept[1]))


@contextmanager
def plain_addition() -> Iterator[None]:
    """Keras adds by `bias_add` what looks like a bias, and takes a column for one: see below."""
    theirs = keras.src.backend.tensorflow.numpy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "add", tf.add)
        yield


def masked(library: Any, x: Any, mask: Any) -> Any:
    """`x` carrying a mask, if it is a mask."""
    if mask is None or mask is x:
        return x
    if library is numpynn:
        x.mask = mask
    else:
        x._keras_mask = tf.constant(mask)
    return x


def raised(program: Callable[[Any], Any], library: Any) -> type | None:
    try:
        program(library)
    except (ValueError, TypeError, IndexError) as error:
        return type(error)
    return None


# -- element by element ----------------------------------------------------------------------------

# Few different numbers beside many, so that ties occur.
values = st.one_of(st.sampled_from([-1.0, 0.0, 1.0]), numbers())


@st.composite
def broadcastable(draw: Any) -> list[Any]:
    """Two to four arrays of one batch size; ranks 2 to 4, sizes equal or 1."""
    batch = draw(st.integers(1, 3))
    sample = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shapes = [tuple(sample)]
    for _ in range(draw(st.integers(1, 3))):
        part = sample[draw(st.integers(0, len(sample) - 1)) :]
        shapes.append(tuple(draw(st.sampled_from([1, n])) for n in part))
    order = draw(st.permutations(shapes))
    return [draw(hnp.arrays(np.float64, (batch, *shape), elements=values)) for shape in order]


@each_float_type
@pytest.mark.parametrize("kind", ELEMENTWISE)
@given(inputs=broadcastable())
@example(inputs=[np.array([[1.0, 2.0, 3.0]]), np.array([[1.0], [4.0]])[:1]])
def test_elementwise_layers_match_keras(dtype: str, kind: str, inputs: list[Any]) -> None:
    agree_on_list(lambda library: getattr(library.layers, kind)(), inputs, dtype)


@each_float_type
@given(inputs=broadcastable())
def test_subtract_matches_keras(dtype: str, inputs: list[Any]) -> None:
    agree_on_list(lambda library: library.layers.Subtract(), inputs[:2], dtype)


@pytest.mark.parametrize("kind", ELEMENTWISE)
@given(inputs=broadcastable())
def test_elementwise_output_shapes_match_keras(kind: str, inputs: list[Any]) -> None:
    ours, theirs = getattr(layers, kind)(), getattr(keras.layers, kind)()
    shapes = [a.shape for a in inputs]
    for given_shapes in (
        shapes,
        [(None, *shape[1:]) for shape in shapes],
        [(None,) * len(shape) for shape in shapes],
        [shapes[0], *((None, *shape[1:]) for shape in shapes[1:])],
    ):
        found = ours.compute_output_shape(given_shapes)
        assert found == theirs.compute_output_shape(given_shapes)
    assert found[1:] == ours(inputs).shape[1:]


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "Subtract", "Concatenate"])
def test_nan_and_infinity_come_out_where_they_do_in_keras(kind: str) -> None:
    special = np.array([0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-30], "float32")
    inputs = [part.reshape(1, -1) for part in np.meshgrid(special, special)]
    with np.errstate(all="ignore"):
        y = getattr(layers, kind)()(inputs)
    np.testing.assert_array_equal(y.numpy(), array(getattr(keras.layers, kind)()(inputs)))


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "Subtract", "Concatenate"])
@pytest.mark.parametrize("types", [("int32", "float32"), ("float32", "int64"), ("int8", "int32")])
def test_mixed_dtypes_become_what_they_become_in_keras(kind: str, types: tuple[str, str]) -> None:
    inputs = [np.array([[1, 2]], dtype) for dtype in types]
    y, expected = (array(getattr(library.layers, kind)()(inputs)) for library in (numpynn, keras))
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected)


def test_add_broadcasts_a_column_where_keras_takes_it_for_a_bias() -> None:
    x, column = np.zeros((2, 2)), np.array([[1.0], [2.0]])
    assert layers.Add()([x, column]).numpy().tolist() == [[1, 1], [2, 2]]
    assert keras.layers.Add()([x, column]).numpy().tolist() == [[1, 2], [1, 2]]


def test_add_of_a_row_and_a_column() -> None:
    y = layers.add([np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1], [1]])])
    np.testing.assert_array_equal(y.numpy(), [[2, 3, 4], [5, 6, 7]])


def test_a_tie_of_maximum_and_minimum_goes_to_the_first_input() -> None:
    for kind in (layers.Maximum, layers.Minimum):
        x = [numpynn.Tensor(np.ones((1, 2)), requires_grad=True) for _ in range(3)]
        np.sum(kind()(x)).backward()
        assert [leaf.grad.tolist() for leaf in x] == [[[1, 1]], [[0, 0]], [[0, 0]]]


# -- masks -----------------------------------------------------------------------------------------


@st.composite
def with_masks(draw: Any) -> tuple[list[Any], list[Any]]:
    """Sequences of one shape, each with a mask or without."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    count = draw(st.integers(1, 3))
    inputs = [draw(hnp.arrays(np.float64, shape, elements=values)) for _ in range(count)]
    mask = hnp.arrays(bool, shape[:2])
    everywhere = draw(st.booleans())
    masks = [draw(mask if everywhere else st.one_of(st.none(), mask)) for _ in range(count)]
    return inputs, masks


@each_float_type
@pytest.mark.parametrize("kind", [*ELEMENTWISE, "Concatenate"])
@given(drawn=with_masks())
def test_masks_count_as_in_keras(dtype: str, kind: str, drawn: tuple[Any, Any]) -> None:
    agree_on_list(lambda library: getattr(library.layers, kind)(), *(drawn[0], dtype, drawn[1]))


@given(drawn=with_masks())
def test_concatenate_joins_masks_along_time_as_keras_does(drawn: tuple[Any, Any]) -> None:
    inputs, masks = drawn
    agree_on_list(lambda library: library.layers.Concatenate(axis=1), inputs, "float64", masks)


@given(drawn=with_masks())
def test_dot_has_no_mask(drawn: tuple[Any, Any]) -> None:
    inputs, masks = drawn
    pair = [(inputs * 2)[:2], (masks * 2)[:2]]
    agree_on_list(lambda library: library.layers.Dot(axes=-1), pair[0], "float64", pair[1])


def test_a_sequence_and_its_masked_summary_broadcast_in_rank() -> None:
    x, summary = normal(0, 2, 3, 4), normal(1, 2, 4)
    mask = np.array([[True, False, True], [True, True, False]])
    for kind in ELEMENTWISE:
        agree_on_list(
            lambda library, kind=kind: getattr(library.layers, kind)(),
            [x, summary],
            "float64",
            [mask, None],
        )


@pytest.mark.parametrize("kind", ["Add", "Concatenate"])
def test_compute_mask_wants_a_mask_for_each_input(kind: str) -> None:
    x, mask = np.ones((2, 3, 4)), np.ones((2, 3), bool)
    for library in (numpynn, keras):
        layer = getattr(library.layers, kind)()
        assert layer.compute_mask([x, x], None) is None
        assert layer.compute_mask([x, x], [None, None]) is None
        for inputs, masks in (([x, x], mask), (x, [mask]), ([x, x], [mask])):
            with pytest.raises(ValueError):
                layer.compute_mask(inputs, masks)


# -- Concatenate -----------------------------------------------------------------------------------


@st.composite
def joinable(draw: Any) -> tuple[list[Any], int]:
    """Arrays that differ in the size of one axis, and that axis from either end."""
    shape = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    axis = draw(st.integers(0, len(shape) - 1))
    inputs = []
    for _ in range(draw(st.integers(1, 3))):
        shape[axis] = draw(st.integers(1, 3))
        inputs.append(draw(filled(tuple(shape))))
    return inputs, draw(st.sampled_from([axis, axis - len(shape)]))


@each_float_type
@given(drawn=joinable())
def test_concatenate_matches_keras(dtype: str, drawn: tuple[list[Any], int]) -> None:
    inputs, axis = drawn
    agree_on_list(lambda library: library.layers.Concatenate(axis), inputs, dtype)
    shapes = [a.shape for a in inputs]
    ours, theirs = layers.Concatenate(axis), keras.layers.Concatenate(axis)
    for given_shapes in (
        shapes,
        [(None, *s[1:]) for s in shapes],
        [shapes[0], *[(None,) * len(s) for s in shapes[1:]]],
    ):
        assert ours.compute_output_shape(given_shapes) == theirs.compute_output_shape(given_shapes)


# -- Dot -------------------------------------------------------------------------------------------


@st.composite
def dots(draw: Any, away_from_zero: bool = False) -> tuple[list[Any], Any]:
    """Two arrays of ranks 2 to 4 with an axis of one size, and these axes in one of their forms.

    away_from_zero: of vectors no shorter than 1, whose directions are well-conditioned.
    """
    batch, n = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    inputs, axes = [], []
    for _ in range(2):
        rest = draw(st.lists(st.integers(1, 3), max_size=2))
        place = draw(st.integers(0, len(rest)))
        shape = (batch, *rest[:place], n, *rest[place:])
        inputs.append(draw(filled(shape, 1.0, 3.0) if away_from_zero else filled(shape)))
        axes.append(draw(st.sampled_from([place + 1, place + 1 - len(shape)])))
    forms = [tuple(axes), list(axes)] + ([axes[0]] if axes[0] == axes[1] else [])
    return inputs, draw(st.sampled_from(forms))


X, Y = np.arange(10.0).reshape(1, 5, 2), np.arange(10.0, 20.0).reshape(1, 2, 5)


@each_float_type
@given(drawn=dots())
@example(drawn=([X, Y], (1, 2)))
@example(drawn=([X, Y], (2, 1)))
def test_dot_matches_keras(dtype: str, drawn: tuple[list[Any], Any]) -> None:
    inputs, axes = drawn
    agree_on_list(lambda library: library.layers.Dot(axes), inputs, dtype)
    ours, theirs = layers.Dot(axes), keras.layers.Dot(axes)
    for batch in (None, inputs[0].shape[0]):
        shapes = [(batch, *a.shape[1:]) for a in inputs]
        assert ours.compute_output_shape(shapes) == theirs.compute_output_shape(shapes)


@each_float_type
@given(drawn=dots(away_from_zero=True))
def test_normalized_dot_matches_keras(dtype: str, drawn: tuple[list[Any], Any]) -> None:
    inputs, axes = drawn
    agree_on_list(lambda library: library.layers.Dot(axes, normalize=True), inputs, dtype)


def test_the_cosine_with_a_zero_vector_is_zero_and_so_is_its_gradient() -> None:
    x = numpynn.Tensor(np.zeros((1, 3)), requires_grad=True)
    y = layers.Dot(1, normalize=True)([x, np.ones((1, 3))])
    y.backward()
    assert y.item() == 0 and np.isfinite(x.grad.numpy()).all()


def test_dot_of_the_books_examples() -> None:
    np.testing.assert_array_equal(
        layers.Dot(axes=(1, 2))([X, Y]).numpy(), [[[260, 360], [320, 445]]]
    )
    np.testing.assert_array_equal(
        layers.dot([X, Y], axes=(2, 1)).numpy()[0],
        [
            [15, 16, 17, 18, 19],
            [65, 70, 75, 80, 85],
            [115, 124, 133, 142, 151],
            [165, 178, 191, 204, 217],
            [215, 232, 249, 266, 283],
        ],
    )
    row, other = np.array([[1, 2, 3, 4, 5]]), np.array([[6, 7, 8, 9, 10]])
    assert layers.dot([row, other], axes=1).numpy().tolist() == [[130]]
    assert layers.multiply([row, other]).numpy().tolist() == [[6, 14, 24, 36, 50]]


# -- errors, names, configurations -----------------------------------------------------------------

A = np.ones((2, 3))
REFUSED: dict[str, Callable[[Any], Any]] = {
    "no list": lambda k: k.layers.Add()(A),
    "sizes": lambda k: k.layers.Add()([A, np.ones((2, 4))]),
    "shapes that do not broadcast": lambda k: k.layers.Add().build([(None, 3), (None, 4, 2)]),
    "batch sizes": lambda k: k.layers.Multiply()([A, np.ones((3, 3))]),
    "known batch sizes": lambda k: k.layers.Multiply().build([(1, 3), (3, 3)]),
    "three to subtract": lambda k: k.layers.Subtract()([A, A, A]),
    "one to subtract": lambda k: k.layers.Subtract()([A]),
    "no list to concatenate": lambda k: k.layers.Concatenate()(A),
    "ranks to concatenate": lambda k: k.layers.Concatenate(1)([A, np.ones((2, 3, 1))]),
    "sizes to concatenate": lambda k: k.layers.Concatenate(1)([X, np.ones((1, 3, 1))]),
    "batches to concatenate": lambda k: k.layers.Concatenate(1)([A, np.ones((3, 3))]),
    "axes of text": lambda k: k.layers.Dot("a"),
    "axes of a fraction": lambda k: k.layers.Dot(1.0),
    "one axis": lambda k: k.layers.Dot((1,)),
    "an axis of text": lambda k: k.layers.Dot((1, "a")),
    "the batch axis": lambda k: k.layers.Dot(0)([A, A]),
    "sizes along the axes": lambda k: k.layers.Dot(1)([A, np.ones((2, 4))]),
    "batches": lambda k: k.layers.Dot(1)([A, np.ones((3, 3))]),
    "one input": lambda k: k.layers.Dot(1)([A]),
    "no list of two": lambda k: k.layers.Dot(1)(A),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_inputs_raise_keras_error_types(case: str) -> None:
    expected = raised(REFUSED[case], keras)
    assert expected is not None and raised(REFUSED[case], numpynn) is expected


def test_an_axis_that_is_not_there_is_an_index_error_as_in_keras() -> None:
    for library in (numpynn, keras):
        with pytest.raises(IndexError):
            library.layers.Dot(5)([A, A])


def test_what_keras_only_crashes_on_is_a_clear_value_error() -> None:
    with pytest.raises(ValueError, match="Add layer 'nothing' expects a list of inputs"):
        layers.Add(name="nothing")([])
    with pytest.raises(ValueError, match=r"with an axis 5; got the shapes"):
        layers.Concatenate(axis=5)([A, A])
    with pytest.raises(ValueError, match="one batch size"):
        layers.Dot(1)([A, np.ones((1, 3))])


FUNCTIONS = {
    "add": {},
    "subtract": {},
    "multiply": {},
    "average": {},
    "maximum": {},
    "minimum": {},
    "concatenate": {"axis": 1},
    "dot": {"axes": -1, "normalize": True},
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=filled((2, 3, 4), 0.1), z=filled((2, 3, 4), 0.1))
def test_functions_do_what_their_layers_do(name: str, x: Any, z: Any) -> None:
    arguments = FUNCTIONS[name]
    y = getattr(layers, name)([x, z], **arguments)
    same = getattr(layers, name.capitalize())(**arguments)([x, z])
    np.testing.assert_array_equal(y.numpy(), same.numpy())
    hold(y, getattr(keras.layers, name)([x, z], **arguments), 1e-5)


CONFIGURED = [
    lambda k: k.layers.Add(),
    lambda k: k.layers.Subtract(name="difference", dtype="float64"),
    lambda k: k.layers.Multiply(trainable=False),
    lambda k: k.layers.Average(),
    lambda k: k.layers.Maximum(),
    lambda k: k.layers.Minimum(),
    lambda k: k.layers.Concatenate(axis=1),
    lambda k: k.layers.Dot(axes=(1, 2), normalize=True),
    lambda k: k.layers.Dot(axes=-1),
]


def test_configurations_match_keras() -> None:
    same_configs(*CONFIGURED)


def test_two_branches_of_a_functional_model_are_joined() -> None:
    x = numpynn.Input((37,))
    h = layers.Dense(10, "relu")(x)
    branches = [layers.Dense(37, "sigmoid")(h), layers.Dense(37)(h)]
    model = numpynn.Model(x, layers.concatenate(branches))
    assert model.output_shape == (None, 74) and model.count_params() == 1194
    assert model.predict(normal(0, 5, 37), verbose=0).shape == (5, 74)
