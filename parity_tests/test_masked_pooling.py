"""Masked pooling, and padded sequences back to front: Keras, and the numbers of the course."""

from __future__ import annotations

from pathlib import Path
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
    on_both,
)
from standin import StandIn

import kerasref.layers
import numpynn
from numpynn import layers
from numpynn.autograd import vjp
from numpynn.layers import MaskedMaxPooling, MaskedMeanPooling
from numpynn.ops.sequences import reverse_sequence

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
each_kind = pytest.mark.parametrize("kind", ["MaskedMeanPooling", "MaskedMaxPooling"])
TWINS = {numpynn: layers, keras: kerasref.layers}


@st.composite
def masked(draw: Any, ties: bool = False) -> tuple[Any, Any]:
    """Sequences, and a mask: none, of lengths, or any, with rows of which nothing counts."""
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=4))
    values = hnp.arrays(np.float64, shape, elements=st.sampled_from([-2.0, -1.0, 0.0, 1.0]))
    x = draw(values if ties else filled(shape))
    kind = draw(st.sampled_from(["none", "lengths", "any"]))
    if kind == "none":
        return x, None
    if kind == "any":
        return x, draw(hnp.arrays(bool, shape[:2]))
    lengths = draw(hnp.arrays(int, shape[0], elements=st.integers(0, shape[1])))
    return x, np.arange(shape[1]) < lengths[:, None]


def agree(kind: str, x: Any, mask: Any, dtype: str) -> None:
    x, results = x.astype(dtype), []
    for library, found_in in TWINS.items():
        layer = getattr(found_in, kind)()
        given_mask = None if mask is None else library.ops.convert_to_tensor(mask)
        results.append(derived(library, lambda x, layer=layer, m=given_mask: layer(x, mask=m), [x]))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == expected.dtype == dtype
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


# -- the formulas ----------------------------------------------------------------------------------


@each_kind
@each_float_type
@given(drawn=masked())
def test_masked_pooling_matches_keras(dtype: str, kind: str, drawn: Any) -> None:
    with both_float_types(dtype):
        agree(kind, *drawn, dtype)


@each_float_type
@given(drawn=masked(ties=True))
def test_ties_share_the_gradient_as_in_keras(dtype: str, drawn: Any) -> None:
    with both_float_types(dtype):
        agree("MaskedMaxPooling", *drawn, dtype)


@each_kind
@given(drawn=masked())
def test_without_gaps_it_is_what_keras_has(kind: str, drawn: Any) -> None:
    x, mask = drawn
    x = x.reshape(*x.shape[:2], -1)
    ours = getattr(layers, kind)(dtype="float64")(x)
    theirs = {"MaskedMeanPooling": np.mean, "MaskedMaxPooling": np.max}[kind](x, axis=1)
    hold(ours, theirs, 1e-12)
    if mask is not None and kind == "MaskedMeanPooling" and mask.any(axis=1).all():
        y = getattr(layers, kind)(dtype="float64")(x, mask=mask)
        hold(
            y,
            keras.layers.GlobalAveragePooling1D(dtype="float64")(x, mask=tf.constant(mask)),
            1e-12,
        )


@each_kind
def test_where_nothing_counts_there_are_zeros_and_no_gradient(kind: str) -> None:
    x, mask = normal(0, 2, 3, 4), np.array([[False] * 3, [True, False, True]])
    x[0, 1] = np.nan  # what does not count may be anything
    x[1, 1] = np.inf
    y, pull = vjp(lambda x: getattr(layers, kind)(dtype="float64")(x, mask=mask), x)
    assert not y.numpy()[0].any() and np.isfinite(y.numpy()).all()
    gradient = pull(np.ones((2, 4)))[0].numpy()
    assert not gradient[~mask].any()
    hold(gradient.sum(axis=1), np.array([[0.0] * 4, [1.0] * 4]), 1e-12)


@each_kind
@given(drawn=masked(), steps=st.integers(0, 3), times=st.integers(1, 3))
def test_padding_and_repetition_change_nothing(
    kind: str, drawn: Any, steps: int, times: int
) -> None:
    x, mask = drawn
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    layer = getattr(layers, kind)(dtype="float64")
    widths = [(0, 0), (0, steps), *[(0, 0)] * (x.ndim - 2)]
    longer = np.pad(np.tile(x, (1, times, *[1] * (x.ndim - 2))), widths, constant_values=7.0)
    longer_mask = np.pad(np.tile(mask, (1, times)), widths[:2])
    hold(layer(longer, mask=longer_mask), layer(x, mask=mask), 1e-12)


# -- numbers of the course -------------------------------------------------------------------------


def padded(*values: float) -> tuple[Any, Any]:
    """A sequence of single numbers, with zeros up to a length of eight."""
    x = np.zeros((1, 8, 1))
    x[0, : len(values), 0] = values
    return x, np.arange(8)[None] < len(values)


def test_the_mean_of_1_0_3_4_5() -> None:
    x, mask = padded(1, 0, 3, 4, 5)
    assert MaskedMeanPooling()(x, mask=mask).numpy().item() == pytest.approx(2.6)
    assert MaskedMeanPooling()(x).numpy().item() == 1.625  # the padding dilutes it


def test_the_largest_of_negative_numbers() -> None:
    x, mask = padded(-1, -2, -3, -4, -5)
    assert MaskedMaxPooling()(x, mask=mask).numpy().item() == -1.0
    assert MaskedMaxPooling()(x).numpy().item() == 0.0  # the padding wins
    x, mask = padded(-3, -2)  # where x + (mask - 1) would give -1
    assert MaskedMaxPooling()(x, mask=mask).numpy().item() == -2.0


def test_a_softmax_with_padding_leaks() -> None:
    x, mask = padded(1, 0, 3, 4, 5)
    x, softmax = x[..., 0], layers.Softmax()
    assert softmax(x).numpy()[0, 5:].sum() == pytest.approx(0.013054, abs=1e-6)
    assert softmax(x, mask=mask).numpy()[0, 5:].sum() == 0.0


def test_a_dense_layer_makes_something_of_padding() -> None:
    """So that every layer's output is to be masked, not only the input."""
    x, mask = padded(1, 2)
    y = layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")(x)
    assert y.numpy()[0, 2:].tolist() == [[1.0]] * 6
    assert MaskedMeanPooling()(y, mask=mask).numpy().item() == 2.5


# -- behind an embedding ---------------------------------------------------------------------------


@given(
    ids=hnp.arrays(np.int64, (2, 4), elements=st.integers(0, 5)),
    k=st.integers(1, 4),
    more=st.integers(0, 5),
)
def test_a_text_said_several_times_says_the_same(ids: Any, k: int, more: int) -> None:
    embedding = layers.Embedding(6, 3, mask_zero=True)
    repeated = np.pad(np.tile(ids, (1, k)), ((0, 0), (0, more)))
    for kind in (MaskedMeanPooling, MaskedMaxPooling):
        hold(kind()(embedding(repeated)), kind()(embedding(ids)), 1e-6)


def test_padding_learns_nothing_and_equals_a_row_of_zeros() -> None:
    ids, v = np.array([[3, 1, 1, 0, 0], [2, 0, 0, 0, 0]]), normal(0, 2, 4)
    table = normal(1, 5, 4)

    def masked_mean(e: Any) -> Any:
        layer = layers.Embedding(5, 4, mask_zero=True, dtype="float64")
        layer.build()
        layer.embeddings = e
        return MaskedMeanPooling(dtype="float64")(layer(ids))

    def zero_row(e: Any) -> Any:
        kept = np.array([[0.0], [1.0], [1.0], [1.0], [1.0]])
        lengths = np.array([[3.0], [1.0]])
        return np.sum(np.take(e * kept, ids, axis=0), axis=1) / lengths

    y, pull = vjp(masked_mean, table)
    expected, pull_expected = vjp(zero_row, table)
    hold(y, expected, 1e-12)
    hold(pull(v), pull_expected(v), 1e-12)
    assert not pull(v)[0].numpy()[0].any()


def test_the_largest_teaches_few_words_and_the_mean_all() -> None:
    ids, table = np.arange(1, 21)[None], normal(0, 21, 6)
    counts = {}
    for kind in (MaskedMaxPooling, MaskedMeanPooling):

        def pooled(e: Any, kind: Any = kind) -> Any:
            return kind(dtype="float64")(np.take(e, ids, axis=0))

        gradient = vjp(pooled, table)[1](np.ones((1, 6)))[0].numpy()
        counts[kind] = np.count_nonzero(gradient)
        hold(gradient.sum(axis=0), np.ones(6), 1e-12)  # as much for each feature
    assert counts == {MaskedMaxPooling: 6, MaskedMeanPooling: 120}


def test_the_mask_of_rows_of_zeros() -> None:
    x = normal(0, 2, 4, 3)
    x[0, 1] = x[1, 2:] = 0.0
    y = MaskedMeanPooling(dtype="float64")(layers.Masking(dtype="float64")(x))
    hold(y, np.stack([x[0, [0, 2, 3]].mean(axis=0), x[1, :2].mean(axis=0)]), 1e-12)


def two_pools(library: Any) -> Any:
    """One embedding, whose mean and maximum are joined: A12 of the course's table."""
    k, own = library.layers, TWINS[library]
    x = library.Input((7,), dtype="int32")
    words = k.Embedding(9, 4, mask_zero=True)(x)
    both = k.Concatenate()([own.MaskedMeanPooling()(words), own.MaskedMaxPooling()(words)])
    return library.Model(x, k.Dense(3, activation="softmax")(k.Dense(5, "tanh")(both)))


def test_a_network_with_both_pools_trains_as_in_keras(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    ids, y = random.integers(0, 9, (6, 7)) * (random.random((6, 7)) > 0.3), np.arange(6) % 3
    weights = [normal(i, *s) for i, s in enumerate([(9, 4), (8, 5), (5,), (5, 3), (3,)])]

    def program(library: Any) -> Any:
        model = two_pools(library)
        model.set_weights(weights)
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        losses = [float(model.train_on_batch(ids, y)) for _ in range(5)]
        return losses, model.get_weights()

    with both_float_types("float64"):
        (losses, ours), (expected_losses, theirs) = on_both(program)
    hold(np.array(losses), np.array(expected_losses), 1e-7)  # Keras's loss is a float32
    hold(ours, theirs, BARS["float64"]["weights"])


def test_files_go_both_ways(tmp_path: Path) -> None:
    ids = np.array([[1, 2, 0, 0, 0, 0, 0], [3, 3, 0, 8, 0, 0, 1]])
    theirs = two_pools(keras)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    hold(loaded(ids), array(theirs(ids)), 1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold(again(ids), array(theirs(ids)), 0.0)


def test_files_name_our_layers_whatever_is_registered() -> None:
    layer = numpynn.layers.MaskedMeanPooling(name="pool")
    written = numpynn.saving.serialize_keras_object(layer)
    registered = dict(numpynn.saving.get_custom_objects())
    numpynn.saving.get_custom_objects().clear()
    try:
        again = numpynn.saving.deserialize_keras_object(written)
    finally:
        numpynn.saving.get_custom_objects().update(registered)
    assert type(again) is type(layer) and again.get_config() == layer.get_config()


def test_the_loss_of_labelled_steps_is_the_mean_over_those_that_count() -> None:
    ids, y = np.array([[1, 2, 3, 0], [2, 0, 0, 0]]), np.array([[0, 1, 1, 0], [1, 0, 0, 0]])
    table, kernel = normal(0, 4, 3), normal(1, 3, 2)

    def program(library: Any) -> Any:
        k = library.layers
        model = library.Sequential(
            [
                library.Input((4,), dtype="int32"),
                k.Embedding(4, 3, mask_zero=True),
                k.Dense(2, activation="softmax"),
            ]
        )
        model.set_weights([table, kernel, np.zeros(2)])
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
        return float(model.evaluate(ids, y, verbose=0)), array(model(ids))

    with both_float_types("float64"):
        (loss, p), (expected, _) = on_both(program)
    steps = -np.log(np.take_along_axis(p, y[..., None], axis=2)[..., 0])
    assert loss == pytest.approx(steps[ids != 0].mean(), rel=1e-12)
    assert loss == pytest.approx(expected, rel=1e-6)


# -- shapes, configurations, errors ----------------------------------------------------------------


@each_kind
def test_configurations_and_shapes(kind: str) -> None:
    ours = getattr(layers, kind)(name="pool", dtype="float64")
    theirs = getattr(kerasref.layers, kind)(name="pool", dtype="float64")
    assert ours.get_config() == theirs.get_config()
    assert type(ours).from_config(ours.get_config()).get_config() == ours.get_config()
    again = layers.deserialize(layers.serialize(ours))
    assert type(again) is type(ours) and again.get_config() == ours.get_config()
    assert ours.compute_output_shape((None, 4, 3)) == (None, 3)
    pooled = ours(layers.Masking(dtype="float64")(numpynn.Input((None, 3))))
    assert pooled.shape == (None, 3) and pooled.mask is None
    assert ours(layers.Masking()(normal(0, 2, 4, 3))).mask is None


@each_kind
def test_misuse_is_a_value_error(kind: str) -> None:
    layer = getattr(layers, kind)(name="pool")
    with pytest.raises(ValueError, match=r"pool"):
        layer(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"'pool' must have .* \(2, 3\); got \(2, 4\)"):
        layer(np.ones((2, 3, 1)), mask=np.ones((2, 4), bool))


@each_kind
def test_pooling_on_foreign_arrays(kind: str) -> None:
    x, mask = normal(0, 2, 3, 4), np.array([[True, True, False], [False] * 3])
    for m in (None, mask):
        expected = getattr(layers, kind)(dtype="float64")(x, mask=m)
        found = getattr(layers, kind)(dtype="float64")(
            StandIn(x), mask=None if m is None else StandIn(m)
        )
        np.testing.assert_array_equal(found.numpy().revealed(), expected.numpy())


# -- back to front ---------------------------------------------------------------------------------


@st.composite
def with_lengths(draw: Any) -> tuple[Any, Any]:
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4))
    return draw(filled(shape)), draw(
        hnp.arrays(np.int32, shape[0], elements=st.integers(0, shape[1]))
    )


@each_float_type
@given(drawn=with_lengths())
@example(drawn=(np.array([[1.0, 2.0, 3.0, 0.0]]), np.array([3])))
def test_reverse_sequence_matches_tensorflow_and_the_twin(dtype: str, drawn: Any) -> None:
    x, lengths = drawn[0].astype(dtype), drawn[1]
    mask = np.arange(x.shape[1]) < lengths[:, None]
    value, gradients = derived(numpynn, lambda x: reverse_sequence(x, lengths), [x])
    references = [
        lambda x: tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0),
        lambda x: kerasref.layers.reverse_sequence(x, lengths),
        lambda x: kerasref.layers.reverse_sequence(x, mask=mask),
    ]
    for reference in references:
        expected, expected_gradients = derived(keras, reference, [x])
        assert value.dtype == expected.dtype == dtype
        hold([value, *gradients], [expected, *expected_gradients], 0.0)
    hold(reverse_sequence(x, mask=mask), value, 0.0)
    hold(reverse_sequence(reverse_sequence(x, lengths), lengths), x, 0.0)


def test_a_sequence_is_reversed_before_its_padding() -> None:
    x = np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0], [5, 6, 7, 8, 9]])
    expected = [[3, 2, 1, 0, 0], [4, 0, 0, 0, 0], [9, 8, 7, 6, 5]]
    assert reverse_sequence(x, [3, 1, 5]).tolist() == expected
    assert reverse_sequence(x, mask=x > 0).tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "one of the two"),
        ({"lengths": [1, 2], "mask": np.ones((2, 3))}, "one of the two"),
        ({"lengths": [1, 4]}, "from 0 to 3, .* sequence 1 has 4"),
        ({"lengths": [-1, 2]}, "sequence 0 has -1"),
        ({"lengths": [1]}, "2 whole numbers"),
        ({"lengths": [1.0, 2.0]}, "whole numbers.*float64"),
        ({"mask": np.ones((2, 2))}, r"\(2, 3\); got \(2, 2\)"),
        ({"mask": np.array([[1, 1, 0], [1, 0, 1]])}, r"sequence 1 has holes: \[True, False, True"),
        ({"mask": np.array([[0, 1, 1], [1, 0, 0]])}, "sequence 0 has holes"),
    ],
)
def test_what_cannot_be_reversed_is_a_value_error(arguments: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        reverse_sequence(np.ones((2, 3)), **arguments)
    with pytest.raises(ValueError, match="batch, steps"):
        reverse_sequence(np.ones(3), [1])


def test_reversal_in_a_functional_model() -> None:
    x = numpynn.Input((None, 2))
    model = numpynn.Model(x, reverse_sequence(x, mask=np.any(x != 0.0, axis=-1)))
    assert model.output.shape == (None, None, 2)
    data = np.array([[[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]]])
    assert model(data).numpy().tolist() == [[[3.0, 4.0], [1.0, 2.0], [0.0, 0.0]]]
