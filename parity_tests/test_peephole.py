"""Cells beyond Keras's against their twins, their formulas, and the numbers of the course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, both_float_types, hold, normal, on_both
from recurrent_cases import hold_layers, masked_sequences, pair
from standin import StandIn

import kerasref.layers
import numpynn
from numpynn import layers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
TWINS = {numpynn: layers, keras: kerasref.layers}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "minimal": ("MinimalRNNCell", {}),
    "peephole": ("PeepholeLSTMCell", {}),
    "diagonal": ("PeepholeLSTMCell", {"diagonal": True}),
    "coupled": ("CoupledLSTMCell", {}),
}
each_kind = pytest.mark.parametrize("kind", KINDS)
OF_LSTM = [
    {},
    {"use_bias": False},
    {"activation": "linear", "recurrent_activation": "tanh"},
    {"unit_forget_bias": False},
]


def cell(library: Any, kind: str, units: int, **options: Any) -> Any:
    name, own = KINDS[kind]
    return getattr(TWINS[library], name)(units, **own, **options)


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


# -- Keras -----------------------------------------------------------------------------------------


@each_float_type
@each_kind
@given(data=st.data())
def test_cells_along_a_sequence_match_keras(kind: str, dtype: str, data: Any) -> None:
    x, mask = data.draw(masked_sequences())
    units = data.draw(st.integers(1, 3))
    of_cell = {} if kind == "minimal" else data.draw(st.sampled_from(OF_LSTM))
    options = {
        name: data.draw(st.booleans())
        for name in ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
    }
    states = None
    if data.draw(st.booleans()):
        states = [normal(9 + i, len(x), units) for i in range(1 if kind == "minimal" else 2)]
    with both_float_types(dtype):

        def make(library: Any) -> Any:
            return library.layers.RNN(cell(library, kind, units, **of_cell), **options)

        ours, theirs = pair(make, x.shape)
        hold_layers(ours, theirs, x, dtype, states, mask=mask)


@each_kind
def test_cells_go_both_ways_and_stand_on_each_other(kind: str) -> None:
    x = normal(0, 2, 4, 3)
    with both_float_types("float64"):

        def make(library: Any) -> Any:
            cells = [cell(library, kind, 2), cell(library, kind, 3)]
            return library.layers.Bidirectional(library.layers.RNN(cells, return_sequences=True))

        hold_layers(*pair(make, x.shape), x, "float64")


# -- the formulas ----------------------------------------------------------------------------------


def built(kind: str, units: int, features: int, **options: Any) -> Any:
    made = cell(numpynn, kind, units, dtype="float64", **options)
    made.build((None, features))
    made.set_weights([normal(i, *w.shape) / 2 for i, w in enumerate(made.weights)])
    return made


@pytest.mark.parametrize("diagonal", [False, True])
def test_the_step_with_peepholes(diagonal: bool) -> None:
    made = built("diagonal" if diagonal else "peephole", 2, 3)
    x, h, c = normal(7, 4, 3), normal(8, 4, 2), normal(9, 4, 2)
    kernel, recurrent, bias, p = made.get_weights()
    if diagonal:
        p = np.concatenate([np.diag(row) for row in p], axis=1)
    w_i, w_f, w_g, w_o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    p_i, p_f, p_o = np.split(p, 3, axis=1)
    i, f = sigmoid(w_i + c @ p_i), sigmoid(w_f + c @ p_f)
    new = f * c + i * np.tanh(w_g)
    expected = sigmoid(w_o + new @ p_o) * np.tanh(new)
    y, states = made(x, [h, c])
    hold([y, *states], [expected, expected, new], 1e-12)


def test_a_blind_peephole_is_an_lstm() -> None:
    x = normal(0, 3, 5, 4)
    expected, ours = (
        layers.LSTM(2, dtype="float64"),
        layers.RNN(built("peephole", 2, 4), dtype="float64"),
    )
    expected.build((None, 5, 4))
    weights = [normal(i, *w.shape) for i, w in enumerate(expected.weights)]
    expected.set_weights(weights)
    ours.cell.set_weights([*weights, np.zeros((2, 6))])
    hold(ours(x), expected(x), 1e-12)


def test_the_step_of_coupled_gates_stays_in_range() -> None:
    made = built("coupled", 2, 3)
    x, h, c = normal(7, 4, 3), normal(8, 4, 2), np.clip(normal(9, 4, 2), -1, 1)
    kernel, recurrent, bias = made.get_weights()
    f, g, o = np.split(x @ kernel + h @ recurrent + bias, 3, axis=1)
    new = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
    expected = sigmoid(o) * np.tanh(new)
    y, states = made(x, [h, c])
    hold([y, *states], [expected, expected, new], 1e-12)
    far = layers.RNN(made, return_state=True, dtype="float64")(50.0 * normal(1, 4, 30, 3))
    assert np.abs(far[2].numpy()).max() <= 1.0  # an LSTM's may count up to 30


def test_a_gate_that_keeps_all_keeps_it_for_ever() -> None:
    made = built("coupled", 2, 3)
    made.set_weights([np.zeros((3, 6)), np.zeros((2, 6)), np.repeat([1e3, 0.0, 0.0], 2)])
    c = normal(0, 4, 2)
    outputs = layers.RNN(made, return_state=True, dtype="float64")(
        normal(1, 4, 50, 3), initial_state=[0 * c, c]
    )
    hold(outputs[2], c, 1e-12)


def test_the_smallest_cell_is_linear() -> None:
    made = built("minimal", 3, 2)
    x, h = normal(4, 2, 5, 2), normal(5, 2, 3)
    kernel, recurrent = made.get_weights()
    powers = [np.linalg.matrix_power(recurrent, k) for k in range(6)]
    expected = sum(x[:, t] @ kernel @ powers[4 - t] for t in range(5)) + h @ powers[5]
    hold(layers.RNN(made, dtype="float64")(x, initial_state=[h]), expected, 1e-12)


# -- numbers of the course -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "units", "features", "count"),
    [
        ("minimal", 32, 5, 1184),
        ("minimal", 128, 9, 17536),
        ("peephole", 100, 100, 110_400),
        ("diagonal", 100, 100, 80_700),
        ("coupled", 100, 100, 60_300),
    ],
)
def test_parameters(kind: str, units: int, features: int, count: int) -> None:
    for library in (numpynn, keras):
        made = cell(library, kind, units)
        made.build((None, features))
        assert made.count_params() == count


def test_how_the_weights_begin() -> None:
    for kind in ("peephole", "diagonal"):
        made = built(kind, 4, 3)
        again = type(made).from_config(made.get_config())
        again.build((None, 3))
        kernel = again.peephole_kernel.numpy()
        hold(kernel @ kernel.T, np.eye(len(kernel)), 1e-6)  # orthogonal, as the recurrent one
    minimal = layers.MinimalRNNCell(20)
    minimal.build((None, 30))
    assert all(0.04 < np.abs(w.numpy()).max() <= 0.05 for w in minimal.weights)
    coupled = layers.CoupledLSTMCell(2)
    coupled.build((None, 3))
    assert coupled.bias.numpy().tolist() == [1, 1, 0, 0, 0, 0]
    theirs = kerasref.layers.CoupledLSTMCell(2)
    theirs.build((None, 3))
    assert array(theirs.bias).tolist() == [1, 1, 0, 0, 0, 0]


# -- configurations, files, errors -----------------------------------------------------------------

EVERY: dict[str, Any] = {
    "activation": "relu",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": False,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "zeros",
    "bias_initializer": "ones",
    "unit_forget_bias": False,
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l2",
    "bias_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
    "dropout": 0.25,
    "recurrent_dropout": 0.5,
    "seed": 3,
    "name": "mine",
    "dtype": "float64",
}


@each_kind
def test_configurations_match_the_twins(kind: str) -> None:
    def program(library: Any) -> Any:
        options = {"name": "mine"} if kind == "minimal" else EVERY
        return [cell(library, kind, 3, **given).get_config() for given in ({}, options)]

    ours, theirs = on_both(program)
    assert ours == theirs
    for config in ours:
        for library in (numpynn, keras):
            again = getattr(TWINS[library], KINDS[kind][0]).from_config(config)
            assert again.get_config() == config


def network(library: Any) -> Any:
    k = library.layers
    x = library.Input((5, 3))
    y = k.Bidirectional(k.RNN(cell(library, "peephole", 2), return_sequences=True))(x)
    y = k.RNN([cell(library, "diagonal", 3), cell(library, "coupled", 2)], True)(y)
    return library.Model(x, k.RNN(cell(library, "minimal", 4))(y))


def test_a_network_of_these_cells_goes_to_keras_and_back(tmp_path: Path) -> None:
    x = normal(0, 2, 5, 3).astype("float32")
    theirs = network(keras)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = array(theirs(x))
    hold(loaded(x), expected, 1e-5)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold(again(x), expected, 0.0)


def test_dropout_is_the_cells() -> None:
    """Masks of their own as an LSTMCell's: with a rate of nearly 1 nothing of the input is left."""
    for kind in ("peephole", "diagonal", "coupled"):
        made = built(kind, 2, 3, dropout=0.999999, seed=1)
        y = layers.RNN(made, dtype="float64")(normal(0, 4, 3, 3), training=True)
        blank = layers.RNN(made, dtype="float64")(np.zeros((4, 3, 3)))
        hold(y, blank, 1e-12)


@pytest.mark.parametrize("units", [0, -1, 1.5])
@each_kind
def test_units_must_be_a_positive_whole_number(kind: str, units: Any) -> None:
    with pytest.raises(ValueError, match="units"):
        cell(numpynn, kind, units)


@each_kind
def test_cells_compute_on_foreign_arrays(kind: str) -> None:
    made = built(kind, 2, 3)
    x, states = normal(7, 4, 3), [normal(8, 4, 2), normal(9, 4, 2)]
    states = states[:1] if kind == "minimal" else states
    expected = made.call(x, states)[0]
    for weight in made.weights:
        weight.array = StandIn(weight.array)
    found = made.call(StandIn(x), [StandIn(s) for s in states])[0]
    np.testing.assert_array_equal(found.numpy().revealed(), array(expected))
