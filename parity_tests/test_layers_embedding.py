"""Embedding and ReversibleEmbedding against Keras: rows, masks, gradients, training, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
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
    same_configs,
)
from standin import StandIn

import numpynn
from kerasref.backend.repeated_rows import sum_repeated_rows
from numpynn import layers
from numpynn.autograd import grad, vjp
from numpynn.layers.embedding import rows

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)


def mask_of(y: Any) -> Any:
    found = y.mask if isinstance(y, numpynn.Tensor) else getattr(y, "_keras_mask", None)
    return None if found is None else array(found).tolist()


def agree(make: Any, compute: Any, inputs: list[Any], weights: list[Any], dtype: str) -> None:
    """Hold values, masks and gradients of `compute(layer, *inputs)` on both sides."""
    results, masks = [], []
    for library in (numpynn, keras):
        layer = make(library)
        layer.build((None,))
        layer.set_weights(weights)
        results.append(
            derived(library, lambda *x, layer=layer: compute(layer, *x), inputs, layer.weights)
        )
        masks.append(mask_of(compute(layer, *inputs)))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == expected.dtype and masks[0] == masks[1]
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


@st.composite
def lookups(draw: Any) -> tuple[Any, Any]:
    """A table, and ids of any whole or floating type into it, many of them repeated."""
    words, width = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["int32", "int64", "uint8", "int16", "float32", "float64"]))
    ids = draw(hnp.arrays(np.int64, draw(shapes), elements=st.integers(0, words - 1)))
    return draw(filled((words, width), -1.0, 1.0)), ids.astype(kind)


# -- rows ------------------------------------------------------------------------------------------


@each_float_type
@given(drawn=lookups(), mask_zero=st.booleans())
@example(
    drawn=(np.array([[0.0] * 4, [1.0] * 4]), np.array([1])), mask_zero=False
)  # a constant gate
def test_embedding_matches_keras(dtype: str, drawn: Any, mask_zero: bool) -> None:
    table, ids = drawn
    with both_float_types(dtype):
        agree(
            lambda library: library.layers.Embedding(*table.shape, mask_zero=mask_zero),
            lambda layer: layer(ids),
            [],
            [table],
            dtype,
        )


@given(drawn=lookups())
def test_an_embedding_is_a_product_with_one_hot_vectors(drawn: Any) -> None:
    table, ids = drawn[0], drawn[1].astype(int)
    one_hot = np.eye(len(table))[ids]
    y, pull = vjp(lambda e: rows(e, ids), table)
    v = normal(0, *y.shape)
    hold(y, one_hot @ table, 1e-12)
    hold(pull(v), [one_hot.reshape(-1, len(table)).T @ v.reshape(-1, table.shape[1])], 1e-12)


@pytest.mark.parametrize("width", [1, 3, 3000, 20000])
def test_gradients_of_many_rows_add_up_in_their_order(width: int) -> None:
    ids = np.random.default_rng(0).integers(0, 3, (7, 5))
    table, v = normal(1, 3, width).astype("float32"), normal(2, 7, 5, width).astype("float32")
    expected = np.zeros_like(table)
    np.add.at(expected, ids, v)
    found = vjp(lambda e: rows(e, ids), table)[1](v)[0]
    np.testing.assert_array_equal(found.numpy(), expected)


def test_no_ids_give_no_rows_and_no_gradient() -> None:
    for shape in ((0,), (2, 0)):
        ids = np.zeros(shape, int)
        y, pull = vjp(lambda e, ids=ids: rows(e, ids), normal(0, 4, 3))
        assert y.shape == (*shape, 3)
        assert not pull(np.zeros(y.shape))[0].numpy().any()


def test_second_derivatives_go_through_the_rows() -> None:
    table, ids = normal(0, 3, 2), np.array([0, 2, 0])
    twice = grad(lambda e: np.sum(grad(lambda q: np.sum(rows(q, ids) ** 3))(e)))(table)
    hold(twice, 6.0 * table * np.array([[2.0], [0.0], [1.0]]), 1e-12)


def test_an_embedding_computes_on_foreign_arrays() -> None:
    layer = layers.Embedding(4, 3, mask_zero=True)
    ids = np.array([[1, 0, 3], [3, 3, 2]])
    expected = layer(ids)
    foreign = StandIn(layer.embeddings.numpy())
    layer.embeddings.array = foreign
    y = layer(StandIn(ids))
    np.testing.assert_array_equal(y.numpy().revealed(), expected.numpy())
    np.testing.assert_array_equal(y.mask.revealed(), expected.mask)


# -- ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        ([[0, 4], [5, 2]], r"got 5 at position \(1, 0\)"),
        ([[0, -1]], r"got -1 at position \(0, 1\)"),
        ([[0.0, 5.5]], r"got 5.5 at position \(0, 1\)"),
        ([[np.nan]], r"got nan at position \(0, 0\)"),
        ([[-np.inf]], r"got -inf"),
        ([[1e300]], r"got 1e\+300"),
        ([[2**33]], r"got 8589934592"),
        (np.array([[2**64 - 1]], "uint64"), r"got 18446744073709551615"),
        ([["a"]], "whole numbers; got dtype <U1"),
        ([[1j]], "whole numbers; got dtype complex128"),
    ],
)
def test_ids_that_are_no_words_are_named(ids: Any, shown: str) -> None:
    for kind in (layers.Embedding, layers.ReversibleEmbedding):
        with pytest.raises(ValueError, match=shown):
            kind(5, 3, name="words")(np.array(ids))
    with pytest.raises(ValueError, match=r"'words' takes .* 0 to 4 \(input_dim=5\)"):
        layers.Embedding(5, 3, name="words")(np.array([7]))


def test_floating_ids_are_cut_off_as_in_keras_and_masked_before() -> None:
    table = normal(0, 3, 2)
    ids = np.array([[0.9, 1.0, 2.7, -0.5, 0.0]])
    for library in (numpynn, keras):
        layer = library.layers.Embedding(3, 2, weights=table, mask_zero=True)
        y = layer(ids)
        hold(y, table[[[0, 1, 2, 0, 0]]], 1e-7)
        assert mask_of(y) == [[True, True, True, True, False]]


def test_a_layer_of_ones_own_may_hold_a_small_embedding() -> None:
    """Shapes are found with made-up values, which need not be words."""

    class Sum(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = layers.Embedding(3, 4), layers.Embedding(2, 4)

        def call(self, inputs: Any) -> Any:
            return self.words(inputs) + self.places(np.arange(inputs.shape[-1]))

    x = numpynn.Input((None,))
    y = Sum()(x)
    assert y.shape == (None, None, 4)
    with pytest.raises(ValueError, match="got 2 at position"):
        numpynn.Model(x, y)(np.zeros((1, 3), int))


# -- what it is made of ----------------------------------------------------------------------------

CONFIGURED = [
    lambda k: k.layers.Embedding(5, 3),
    lambda k: k.layers.Embedding(
        5,
        3,
        embeddings_initializer="ones",
        embeddings_regularizer="l2",
        embeddings_constraint="unit_norm",
        mask_zero=True,
        activity_regularizer="l2",
        name="words",
        trainable=False,
        dtype="float64",
    ),
    lambda k: k.layers.ReversibleEmbedding(5, 3),
    lambda k: k.layers.ReversibleEmbedding(
        5,
        3,
        tie_weights=False,
        embeddings_initializer="zeros",
        embeddings_regularizer="l2",
        embeddings_constraint="non_neg",
        mask_zero=True,
        reverse_dtype="float64",
        logit_soft_cap=3.0,
    ),
]


def test_configurations_match_keras() -> None:
    same_configs(*CONFIGURED)


@pytest.mark.parametrize("name", ["input_dim", "output_dim"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, None, "3"])
def test_sizes_must_be_positive_whole_numbers(name: str, value: Any) -> None:
    sizes = {"input_dim": 2, "output_dim": 3, name: value}
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match=name):
            library.layers.Embedding(**sizes)


def test_lora_and_quantisation_are_refused() -> None:
    for refused in ({"lora_rank": 2}, {"lora_alpha": 1.0}, {"quantization_config": object()}):
        with pytest.raises(ValueError, match="LoRA and quantisation"):
            layers.Embedding(4, 2, **refused)


def test_the_length_of_sequences_is_taken_with_a_warning() -> None:
    for library in (numpynn, keras):
        with pytest.warns(UserWarning, match="input_length"):
            library.layers.Embedding(4, 2, input_length=7)


def test_symbolic_shapes_and_masks_are_keras() -> None:
    def program(library: Any) -> Any:
        k = library.layers
        x = library.Input((None,), dtype="int32")
        y = k.Embedding(5, 3, mask_zero=True)(x)
        z = k.Embedding(4, 2)(k.Embedding(5, 3)(x))
        reversible = k.ReversibleEmbedding(5, 3)
        h = reversible(x)
        scores = reversible(h, reverse=True)
        mask = y.mask if library is numpynn else y._keras_mask
        return [(tuple(t.shape), str(t.dtype)) for t in (y, mask, h, scores, z)] + [
            tuple(k.Embedding(4, 2).compute_output_shape((2, 3)))
        ]

    ours, theirs = on_both(program)
    assert ours == theirs
    assert ours[3] == ((None, None, 5), "float32")


# -- vectors trained elsewhere ---------------------------------------------------------------------

TABLE = normal(3, 6, 2).astype("float32")


@pytest.mark.parametrize("weights", [TABLE, [TABLE], TABLE.tolist()], ids=["array", "list", "rows"])
def test_a_table_may_be_given(weights: Any) -> None:
    layer = layers.Embedding(6, 2, weights=weights)
    np.testing.assert_array_equal(layer.embeddings.numpy(), TABLE)
    theirs = keras.layers.Embedding(6, 2, weights=TABLE)
    assert layer.built and theirs.built
    assert layer.get_build_config() == theirs.get_build_config()
    assert [w.name for w in layer.weights] == [w.name for w in theirs.weights]


def test_a_table_of_another_shape_is_refused() -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="shape"):
            library.layers.Embedding(5, 2, weights=TABLE)


def test_a_frozen_table_stays() -> None:
    ids = np.array([[0, 1, 1, 5], [2, 2, 3, 0]])

    def program(library: Any) -> Any:
        k = library.layers
        model = library.Sequential(
            [
                library.Input((4,), dtype="int32"),
                k.Embedding(6, 2, weights=TABLE, trainable=False),
                k.GlobalAveragePooling1D(),
                k.Dense(1, kernel_initializer="ones"),
            ]
        )
        model.compile("sgd", "mse")
        model.fit(ids, np.array([[1.0], [2.0]]), epochs=5, verbose=0)
        assert len(model.trainable_weights) == 2
        return model.get_weights()

    ours, theirs = on_both(program)
    np.testing.assert_array_equal(ours[0], TABLE)
    hold(ours, theirs, 1e-5)


# -- training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop", "Ftrl"])
def test_training_matches_keras_where_words_repeat(optimizer: str) -> None:
    ids = np.random.default_rng(0).integers(0, 6, (4, 3, 8))
    targets, start = normal(1, 4, 3, 1), [normal(2, 9, 3), normal(3, 3, 1), np.zeros(1)]

    def program(library: Any) -> Any:
        k = library.layers
        model = library.Sequential(
            [
                library.Input((8,), dtype="int32"),
                k.Embedding(9, 3, embeddings_regularizer="l2", embeddings_constraint="max_norm"),
                k.GlobalAveragePooling1D(),
                k.Dense(1),
            ]
        )
        model.set_weights(start)
        model.compile(
            getattr(library.optimizers, optimizer)(0.1, global_clipnorm=1.0),
            "mse",
            jit_compile=False,
        )
        for x, y in zip(ids, targets, strict=True):
            model.train_on_batch(x, y)
        return model.get_weights()

    with both_float_types("float64"):
        ours, theirs = on_both(program)
    hold(ours, theirs, BARS["float64"]["weights"] * 1e-3)


def test_an_optimizer_of_keras_sees_the_sum_of_repeated_rows() -> None:
    """The repair: RMSprop divides by the root of the mean square of the whole gradient."""
    sum_repeated_rows()
    layer = keras.layers.Embedding(3, 1, embeddings_initializer="zeros")
    model = keras.Sequential([keras.Input((3,), dtype="int32"), layer])
    optimizer = keras.optimizers.RMSprop(1.0, rho=0.75, epsilon=0.0)
    model.compile(optimizer, loss=lambda y, p: keras.ops.sum(y * p))
    model.train_on_batch(np.array([[1, 1, 2]]), np.array([[[3.0], [1.0], [5.0]]], "float32"))
    hold(
        layer.get_weights()[0][1:], np.array([[-2.0], [-2.0]]), 1e-6
    )  # g / √(g²/4), 4 for the first word


def test_two_uses_of_one_embedding_add_their_gradients() -> None:
    first, second = np.array([[0, 1, 1]]), np.array([[1, 3, 1]])

    def both_uses(layer: Any) -> Any:
        return layer(first) * layer(second)

    with both_float_types("float64"):
        agree(
            lambda library: library.layers.Embedding(4, 3),
            both_uses,
            [],
            [normal(0, 4, 3)],
            "float64",
        )


# -- there and back --------------------------------------------------------------------------------


@each_float_type
@given(
    drawn=lookups(),
    h=filled((2, 3, 4), -1.0, 1.0),
    tied=st.booleans(),
    cap=st.sampled_from([None, 2.5]),
    mask_zero=st.booleans(),
)
def test_reversible_embedding_matches_keras(
    dtype: str, drawn: Any, h: Any, tied: bool, cap: float | None, mask_zero: bool
) -> None:
    table, ids = drawn
    h = h[..., : table.shape[1]].astype(dtype)
    weights = [table] if tied else [table, normal(0, *table.shape[::-1])]
    with both_float_types(dtype):

        def make(library: Any) -> Any:
            return library.layers.ReversibleEmbedding(
                *table.shape, tie_weights=tied, mask_zero=mask_zero, logit_soft_cap=cap
            )

        agree(make, lambda layer: layer(ids), [], weights, dtype)
        agree(make, lambda layer, x: layer(x, reverse=True), [h], weights, dtype)
        agree(make, lambda layer: layer(layer(ids), reverse=True), [], weights, dtype)


def test_scores_may_be_computed_in_another_dtype() -> None:
    for library in (numpynn, keras):
        layer = library.layers.ReversibleEmbedding(5, 3, reverse_dtype="float64")
        h = layer(np.array([[1, 2]]))
        assert array(h).dtype == "float32" and array(layer(h, reverse=True)).dtype == "float64"


# -- files -----------------------------------------------------------------------------------------


def network(library: Any) -> Any:
    k = library.layers
    x = library.Input((4,), dtype="int32")
    known = k.Embedding(6, 2, weights=TABLE, trainable=False, mask_zero=True)(x)
    learnt = k.Embedding(6, 3, embeddings_regularizer="l2")(x)
    both_ways = k.ReversibleEmbedding(6, 5, tie_weights=False, logit_soft_cap=2.0)
    h = k.Dense(5)(k.Concatenate()([known, learnt, both_ways(x)]))
    return library.Model(x, both_ways(h, reverse=True))


def test_a_network_with_embeddings_goes_to_keras_and_back(tmp_path: Path) -> None:
    ids = np.array([[0, 5, 2, 2], [1, 1, 0, 3]], "int32")
    theirs = network(keras)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = array(theirs(ids))
    hold(loaded(ids), expected, 1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold(again(ids), expected, 0.0)
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in theirs.layers
    ]
