"""Recurrent layers in use: configurations, files, shapes, masks, penalties."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pairs import array, hold, normal, on_both, same_configs
from recurrent_cases import KINDS, pair
from standin import StandIn

import numpynn
from numpynn import layers
from numpynn.autograd import vjp
from numpynn.autograd.structure import map_structure

each_kind = pytest.mark.parametrize("kind", KINDS)
X = normal(0, 2, 4, 3).astype("float32")

CELLS = [f"{kind}Cell" for kind in KINDS]
WRAPPERS = ["RNN", "StackedRNNCells", "Bidirectional", "TimeDistributed"]


# -- names, arguments, configurations --------------------------------------------------------------


@pytest.mark.parametrize("name", [*KINDS, *CELLS, *WRAPPERS])
def test_arguments_have_keras_order_and_defaults(name: str) -> None:
    ours, theirs = [
        list(inspect.signature(getattr(library.layers, name)).parameters.values())
        for library in (numpynn, keras)
    ]
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


OF_CELLS: dict[str, Any] = {
    "units": 4,
    "activation": "relu",
    "use_bias": False,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "glorot_uniform",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l2",
    "bias_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
    "dropout": 0.2,
    "recurrent_dropout": 0.3,
    "seed": 3,
    "name": "mine",
    "trainable": False,
}
OF_RNN: dict[str, Any] = {
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "activity_regularizer": "l2",
}


def every_option(kind: str) -> dict[str, Any]:
    """Each argument of a cell, with a value that is not its default."""
    of_kind: dict[str, Any] = {} if kind == "SimpleRNN" else {"recurrent_activation": "relu"}
    if kind == "LSTM":
        of_kind["unit_forget_bias"] = False
    if kind == "GRU":
        of_kind["reset_after"] = False
    return {**OF_CELLS, **of_kind}


def test_configurations_match_keras() -> None:
    cases: list[Callable[[Any], Any]] = []
    for kind in KINDS:
        for of_cell, of_rnn in (({"units": 2}, {}), (every_option(kind), OF_RNN)):
            cases += [
                lambda k, kind=kind, a=of_cell, b=of_rnn: getattr(k.layers, kind)(**a, **b),
                lambda k, kind=kind, a=of_cell: getattr(k.layers, f"{kind}Cell")(**a),
                lambda k, kind=kind, a=of_cell, b=of_rnn: k.layers.RNN(
                    getattr(k.layers, f"{kind}Cell")(**a), **b
                ),
            ]
    cases += [
        lambda k: k.layers.StackedRNNCells([k.layers.LSTMCell(2), k.layers.GRUCell(3)], name="s"),
        lambda k: k.layers.RNN([k.layers.LSTMCell(2), k.layers.GRUCell(3)], True),
        lambda k: k.layers.Bidirectional(k.layers.LSTM(2, name="two")),
        lambda k: k.layers.Bidirectional(
            k.layers.GRU(2, return_sequences=True, return_state=True, stateful=True),
            merge_mode=None,
            backward_layer=k.layers.SimpleRNN(
                3, return_sequences=True, return_state=True, stateful=True, go_backwards=True
            ),
            name="both",
            trainable=False,
        ),
        lambda k: k.layers.TimeDistributed(k.layers.Dense(2), name="each"),
    ]
    same_configs(*cases)


@each_kind
def test_a_layer_tells_what_its_cell_is(kind: str) -> None:
    ours, theirs = [
        getattr(library.layers, kind)(**every_option(kind)) for library in (numpynn, keras)
    ]
    for name in {*every_option(kind)} - {"name", "seed", "trainable"}:
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert type(found).__name__ == type(expected).__name__
        assert not isinstance(expected, (int, float)) or found == expected
    assert (ours.state_size, ours.single_state) == (theirs.state_size, theirs.single_state)
    assert ours.cell.name == theirs.cell.name and ours.cell.output_size == theirs.cell.output_size


def test_the_first_weights_are_drawn_as_in_keras() -> None:
    for kind, blocks in zip(KINDS, (1, 4, 3), strict=True):
        layer = getattr(layers, kind)(5)
        layer.build((None, 3, 4))
        kernel, recurrent, bias = layer.get_weights()
        limit = np.sqrt(6 / (4 + 5 * blocks))
        assert 0.5 * limit < np.abs(kernel).max() <= limit
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-5)
        assert np.array_equal(bias, [0] * 5 + [1] * 5 + [0] * 10 if kind == "LSTM" else 0 * bias)


# -- files -----------------------------------------------------------------------------------------


def network(library: Any) -> Any:
    """Every kind of layer, and an encoder whose states a decoder begins with."""
    k = library.layers
    x, y = library.Input((4, 3), name="x"), library.Input((3, 2), name="y")
    h = k.Masking()(x)
    h = k.Bidirectional(k.LSTM(2, return_sequences=True), merge_mode="sum")(h)
    h = k.Bidirectional(k.GRU(2, return_sequences=True, reset_after=False))(h)
    h = k.RNN([k.GRUCell(2), k.LSTMCell(3), k.GRUCell(2)], return_sequences=True)(h)
    h = k.TimeDistributed(k.Dense(3, "tanh"))(h)
    h = k.SimpleRNN(3, return_sequences=True, go_backwards=True, dropout=0.5)(h)
    _, *states = k.LSTM(2, return_state=True, recurrent_dropout=0.1)(h)
    decoded = k.LSTM(2, return_sequences=True)(y, initial_state=states)
    last = k.GRU(2, use_bias=False)(y, states[0])
    return library.Model([x, y], [k.Dense(2, "softmax")(decoded), last])


INPUTS = [X, normal(1, 2, 3, 2).astype("float32")]


def test_a_network_of_all_these_layers_goes_to_keras_and_back(tmp_path: Path) -> None:
    ours, theirs = on_both(network)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = [array(part) for part in theirs(INPUTS)]
    hold([array(part) for part in loaded(INPUTS)], expected, 1e-5)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold([array(part) for part in again(INPUTS)], expected, 0.0)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    hold([array(part) for part in ours(INPUTS)], expected, 1e-5)


def test_a_network_of_all_these_layers_trains_as_in_keras() -> None:
    targets = [np.array([[0, 1, 1], [1, 0, 1]]), normal(2, 2, 2).astype("float32")]

    def program(library: Any) -> Any:
        model = network(library)
        for layer in model._flatten_layers():
            for rate in ("dropout", "recurrent_dropout"):
                if rate in vars(layer):
                    setattr(layer, rate, 0.0)
        model.set_weights([normal(i, *w.shape) / 2 for i, w in enumerate(model.weights)])
        losses = ["sparse_categorical_crossentropy", "mse"]
        model.compile(library.optimizers.SGD(0.1), losses, run_eagerly=True)
        found = [model.train_on_batch(INPUTS, targets) for _ in range(2)]
        return [float(np.ravel(loss)[0]) for loss in found], model.get_weights()

    hold(*on_both(program), 1e-5)


# -- shapes, dtypes, masks -------------------------------------------------------------------------


def makers(k: Any) -> dict[str, Callable[..., Any]]:
    return {
        "SimpleRNN": lambda **o: k.SimpleRNN(2, **o),
        "LSTM": lambda **o: k.LSTM(2, **o),
        "GRU": lambda **o: k.GRU(2, **o),
        "stack": lambda **o: k.RNN([k.GRUCell(2), k.LSTMCell(3)], **o),
        "both": lambda **o: k.Bidirectional(k.LSTM(2, **o)),
        "list": lambda **o: k.Bidirectional(k.GRU(2, **o), merge_mode=None),
    }


@pytest.mark.parametrize("case", makers(layers))
def test_shapes_and_masks_are_keras(case: str) -> None:
    def program(library: Any) -> list[Any]:
        found: list[Any] = []
        for sequences in (False, True):
            for state in (False, True):
                options = {"return_sequences": sequences, "return_state": state}
                for shape in ((4, 3), (None, 3)):
                    x = library.Input(shape)
                    layer = makers(library.layers)[case](**options)
                    y = layer(x)
                    found.append(map_structure(lambda part: tuple(part.shape), y))
                    found.append(layer.compute_output_shape((5, 4, 3)))
                masked = library.layers.Masking()(X)
                y = makers(library.layers)[case](**options)(masked)
                first = y[0] if isinstance(y, (tuple, list)) else y
                mask = getattr(first, "_keras_mask", getattr(first, "mask", None))
                found.append(None if mask is None else array(mask).tolist())
        return found

    found, expected = on_both(program)
    assert found == expected


def test_the_mask_goes_with_the_sequence_and_not_with_the_states() -> None:
    masked = layers.Masking()(X)
    for layer, outputs in (
        (layers.LSTM(2, return_sequences=True, return_state=True), 1),
        (layers.RNN([layers.LSTMCell(2)], True, True), 1),
        (layers.Bidirectional(layers.LSTM(2, return_sequences=True, return_state=True)), 1),
        (layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True), None), 2),
    ):
        found = [part.mask for part in numpynn.autograd.structure.leaves(layer(masked))]
        assert all(mask is not None for mask in found[:outputs]) and not any(
            mask is not None for mask in found[outputs:]
        )


@each_kind
def test_half_precision_stays_so_and_is_near_keras(kind: str) -> None:
    ours, theirs = pair(
        lambda library: getattr(library.layers, kind)(2, return_sequences=True, dtype="float16"),
        X.shape,
    )
    y, expected = array(ours(X)), array(theirs(X.astype("float16")))
    assert y.dtype == expected.dtype == "float16"
    hold(y.astype("float32"), expected.astype("float32"), 3e-3)


@each_kind
def test_masks_may_be_numbers_and_have_a_last_axis_of_one(kind: str) -> None:
    ours, theirs = pair(lambda library: getattr(library.layers, kind)(2), X.shape)
    mask = np.array([[1, 0, 1, 1], [0, 0, 1, 0]], bool)
    expected = array(theirs(X, mask=mask))
    for form in (mask, mask.astype(int), mask.astype("float32"), mask[..., None]):
        hold(ours(X, mask=form), expected, 1e-6)


# -- penalties, other arrays -----------------------------------------------------------------------


@each_kind
def test_penalties_match_keras(kind: str) -> None:
    """Those on the output too, but for SimpleRNN, where Keras forgets them."""
    options = {name: "l2" for name in every_option(kind) if name.endswith("regularizer")}
    found = []
    for layer in pair(
        lambda library: getattr(library.layers, kind)(2, activity_regularizer="l2", **options),
        X.shape,
    ):
        layer(X)
        found.append(sorted(float(array(loss)) for loss in layer.losses))
    assert len(found[0]) == len(found[1]) == (3 if kind == "SimpleRNN" else 4)
    np.testing.assert_allclose(*found, rtol=1e-5)


ON_FOREIGN_ARRAYS: dict[str, Callable[[], Any]] = {
    "SimpleRNN": lambda: layers.SimpleRNN(2, return_sequences=True),
    "LSTM": lambda: layers.LSTM(2, go_backwards=True),
    "GRU": lambda: layers.GRU(2),
    "loops": lambda: layers.RNN([layers.GRUCell(2), layers.LSTMCell(2)]),
    "each gate": lambda: layers.GRU(2, reset_after=False, activation="relu", implementation=1),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2)),
}


@pytest.mark.parametrize("case", ON_FOREIGN_ARRAYS)
@pytest.mark.parametrize("masked", [False, True])
def test_layers_run_on_foreign_arrays(case: str, masked: bool) -> None:
    """On arrays of another library that has NumPy's protocols, forwards and backwards."""
    layer = ON_FOREIGN_ARRAYS[case]()
    mask = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], bool)

    def run(wrapped: Any) -> list[Any]:
        given = {"mask": wrapped(mask)} if masked else {}
        y, pull = vjp(lambda x: layer(x, **given), wrapped(X))
        return [y.array, pull(y.array)[0].array]

    expected = run(lambda x: x)
    for weight in layer.weights:
        weight.array = StandIn(weight.array.copy())
    for found, wanted in zip(run(StandIn), expected, strict=True):
        assert isinstance(found, StandIn)
        np.testing.assert_allclose(found.revealed(), wanted, rtol=1e-5, atol=1e-6)
