"""States: from batch to batch, given and taken; and what recurrence is, as statements that hold."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import array, both_float_types, derived, filled, hold, normal, on_both
from recurrent_cases import KINDS, pair, sequences, states_for

import numpynn
from numpynn import layers
from numpynn.autograd import grad, vjp
from numpynn.autograd.structure import leaves

each_kind = pytest.mark.parametrize("kind", KINDS)


# -- states from batch to batch --------------------------------------------------------------------


@each_kind
@given(x=filled((2, 6, 3)), cut=st.integers(1, 5))
@settings(max_examples=8)
def test_chunks_of_a_stateful_layer_are_one_pass(kind: str, x: Any, cut: int) -> None:
    with both_float_types("float64"):
        stateful = getattr(layers, kind)(2, return_sequences=True, stateful=True)
        first, second = array(stateful(x[:, :cut])), array(stateful(x[:, cut:]))
        whole = getattr(layers, kind)(2, return_sequences=True)
        whole.build(x.shape)
        whole.set_weights(stateful.get_weights())
        hold(np.concatenate([first, second], axis=1), whole(x), 1e-12)
        stateful.reset_state()
        hold(stateful(x[:, cut:]), array(whole(x[:, cut:])), 1e-12)


def test_what_stateful_layers_keep_is_keras() -> None:
    """Outputs and states of one batch after the other, one of them with a mask."""
    x, mask = normal(0, 2, 3, 2), np.array([[1, 1, 0], [0, 0, 0]], bool)

    def program(library: Any) -> list[Any]:
        k, found = library.layers, []
        for make in (
            lambda: k.LSTM(2, stateful=True),
            lambda: k.GRU(2, stateful=True, go_backwards=True, unroll=True),
            lambda: k.RNN([k.LSTMCell(2), k.SimpleRNNCell(3)], stateful=True),
            lambda: k.Bidirectional(k.GRU(2, stateful=True)),
        ):
            layer = make()
            layer.build(x.shape)
            layer.set_weights([normal(i, *w.shape) for i, w in enumerate(layer.weights)])
            calls: list[dict[str, Any]] = [{}, {"mask": mask}, {"training": True}]
            for call in calls:
                found.append(array(layer(x, **call)))
                found.extend(array(state) for state in _variables(layer.states))
        return found

    with both_float_types("float64"):
        hold(*on_both(program), 1e-12)


def _variables(states: Any) -> list[Any]:
    if isinstance(states, (list, tuple)):
        return [variable for part in states for variable in _variables(part)]
    return [states]


@each_kind
def test_a_new_beginning(kind: str) -> None:
    x = normal(0, 2, 3, 2)
    for layer in (
        getattr(layers, kind)(2, stateful=True),
        layers.RNN([getattr(layers, f"{kind}Cell")(2)], stateful=True),
        layers.Bidirectional(getattr(layers, kind)(2, stateful=True)),
    ):
        assert layer.states is None
        first, second = array(layer(x)), array(layer(x))
        assert not np.allclose(first, second)
        for reset in (layer.reset_state, layer.reset_states):
            reset()
            assert not any(np.any(array(state)) for state in leaves(layer.states))
            hold(layer(x), first, 1e-7)
            layer(x)


def test_a_state_that_stays_carries_no_gradient() -> None:
    """Back-propagation is cut where a batch begins; a state that is given carries it."""
    x = normal(0, 2, 4, 3)
    with both_float_types("float64"):
        layer = layers.LSTM(2, stateful=True)
        layer(x[:, :2])
        kept = [array(state).copy() for state in layer.states]
        cut = grad(lambda x: np.sum(layer(x[:, :2])) * 0 + np.sum(layer(x[:, 2:])))(x)
        assert not np.any(array(cut)[:, :2]) and np.any(array(cut)[:, 2:])
        _, pull = vjp(lambda h, c: layer(x[:, 2:], initial_state=[h, c]), *kept)
        assert all(np.any(array(part)) for part in pull(np.ones((2, 2))))


def test_kept_states_are_no_weights_and_go_into_no_file(tmp_path: Any) -> None:
    x = normal(0, 2, 4, 3).astype("float32")

    def program(library: Any) -> Any:
        model = library.Sequential(
            [library.Input(batch_shape=(2, 4, 3)), library.layers.LSTM(2, stateful=True)]
        )
        model(x)
        return model

    ours, theirs = on_both(program)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [s.path for s in ours.layers[0].states] == [s.path for s in theirs.layers[0].states]
    assert len(ours.non_trainable_weights) == 0
    for writer, reader in ((ours, keras), (theirs, numpynn)):
        writer.save(tmp_path / "model.keras")
        loaded = reader.saving.load_model(tmp_path / "model.keras")
        fresh = reader.saving.load_model(tmp_path / "model.keras")
        writer.layers[0].reset_state()
        hold(loaded(x), array(writer(x)), 1e-6)
        assert not np.any(array(fresh.layers[0].states[0]))


def test_shapes_are_found_without_a_step_forward() -> None:
    """A layer that is traced to see what shapes it gives leaves the states alone."""

    class Around(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.SimpleRNN(2, stateful=True)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    layer = Around()
    layer(np.ones((2, 3, 2)))
    before = array(layer.inner.states[0]).copy()
    assert layer(numpynn.Input(batch_shape=(2, 3, 2))).shape == (2, 2)
    np.testing.assert_array_equal(array(layer.inner.states[0]), before)


def test_a_sequential_model_takes_the_batch_size_of_its_data() -> None:
    x, y = normal(0, 6, 3, 2).astype("float32"), normal(1, 6, 2).astype("float32")

    def program(library: Any) -> list[Any]:
        called = library.Sequential([library.layers.LSTM(2, stateful=True)])
        called(x[:2])
        fitted = library.Sequential(
            [library.layers.Bidirectional(library.layers.GRU(2, stateful=True), merge_mode="sum")]
        )
        fitted.compile("sgd", "mse")
        fitted.fit(x, y, batch_size=3, shuffle=False, verbose=0)
        states = [*called.layers[0].states, *fitted.layers[0].states]
        return [tuple(state.shape) for state in states]

    assert on_both(program) == ([(2, 2)] * 2 + [(3, 2)] * 2,) * 2


def test_training_a_stateful_model_matches_keras() -> None:
    x, y = normal(0, 12, 3, 2).astype("float32"), normal(1, 12, 1).astype("float32")

    def program(library: Any) -> Any:
        k = library.layers
        model = library.Sequential(
            [
                library.Input(batch_shape=(4, 3, 2)),
                k.GRU(3, stateful=True, return_sequences=True),
                k.LSTM(2, stateful=True),
                k.Dense(1),
            ]
        )
        model.set_weights([normal(i, *w.shape) for i, w in enumerate(model.weights)])
        model.compile(library.optimizers.SGD(0.1), "mse")
        history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        return history.history["loss"], model.get_weights(), array(model.layers[0].states[0])

    hold(*on_both(program), 1e-5)


# -- states that are given and returned ------------------------------------------------------------


@each_kind
@given(x=sequences(4), cut=st.integers(0, 3))
@settings(max_examples=8)
def test_a_sequence_in_two_parts_with_the_state_handed_on(kind: str, x: Any, cut: int) -> None:
    """Values and gradients are those of the whole, through the state that is handed on."""
    cut = min(cut, x.shape[1] - 1)
    with both_float_types("float64"):
        layer = getattr(layers, kind)(2, return_sequences=True, return_state=True)

        def parts(x: Any) -> Any:
            if cut == 0:
                return layer(x)[0]
            first, *states = layer(x[:, :cut])
            second, *_ = layer(x[:, cut:], initial_state=states)
            return np.concatenate([first, second], axis=1)

        def variables() -> Any:
            return layer.trainable_variables

        hold(
            derived(numpynn, parts, [x], variables),
            derived(numpynn, lambda x: layer(x)[0], [x], variables),
            1e-10,
        )


@each_kind
@given(x=sequences(4))
@settings(max_examples=5)
def test_the_last_output_is_the_state(kind: str, x: Any) -> None:
    layer = getattr(layers, kind)(3, return_sequences=True, return_state=True)
    y, h, *_ = layer(x)
    last = getattr(layers, kind)(3)
    last.build(x.shape)
    last.set_weights(layer.get_weights())
    hold([y[:, -1], last(x)], [array(h)] * 2, 1e-7)
    zeros = [np.zeros((len(x), 3))] * len(layer.state_size)
    hold(layer(x, initial_state=zeros)[0], array(y), 0.0)


def test_states_that_broadcast_are_taken_as_keras_takes_them() -> None:
    x = normal(0, 2, 3, 2).astype("float32")
    for kind in KINDS:
        ours, theirs = pair(lambda library, kind=kind: getattr(library.layers, kind)(2), x.shape)
        states = [array(part).astype("float32") for part in states_for(ours, 1, 3)]
        hold(ours(x, initial_state=states), array(theirs(x, initial_state=states)), 1e-6)
        if len(states) == 1:
            hold(ours(x, initial_state=states[0]), array(theirs(x, initial_state=states)), 1e-6)


def test_a_mask_that_the_input_carries_yields_to_an_initial_state_as_in_keras() -> None:
    x = normal(0, 2, 4, 3).astype("float32")
    x[:, 2] = 0
    mask = np.any(x != 0, axis=-1)

    def program(library: Any) -> list[Any]:
        k = library.layers
        layer = k.GRU(2, return_sequences=True)
        layer.build(x.shape)
        layer.set_weights([normal(i, *w.shape) for i, w in enumerate(layer.weights)])
        masked, state = k.Masking()(x), np.full((2, 2), 0.5, "float32")
        return [
            array(layer(masked)),
            array(layer(masked, initial_state=state)),
            array(layer(masked, state)),
            array(layer(masked, initial_state=state, mask=mask)),
            array(
                k.Bidirectional(k.GRU(2, kernel_initializer="ones", recurrent_initializer="ones"))(
                    masked, initial_state=[state, state]
                )
            ),
        ]

    found, expected = on_both(program)
    hold(found, expected, 1e-5)
    assert np.allclose(found[1], found[2]) and not np.allclose(found[1], found[3])


# -- what recurrence is ----------------------------------------------------------------------------


@each_kind
@given(x=sequences(4), seed=st.integers(0, 9))
@settings(max_examples=5)
def test_back_propagation_through_time_is_the_sum_over_untied_copies(
    kind: str, x: Any, seed: int
) -> None:
    """The gradient of a weight is the sum of the gradients of one copy for each step."""
    steps = x.shape[1]
    with both_float_types("float64"):
        layer = getattr(layers, kind)(2)
        layer.build(x.shape)
        copies = [getattr(layers, f"{kind}Cell")(2) for _ in range(steps)]
        for cell in copies:
            cell.build(x[:, 0].shape)
            cell.set_weights(layer.get_weights())

        def untied(x: Any) -> Any:
            states = layer.get_initial_state(len(x))
            for t, cell in enumerate(copies):
                y, states = cell(x[:, t], states)
            return y

        value, (of_x, *of_copies) = derived(
            numpynn, untied, [x], [w for cell in copies for w in cell.trainable_variables], seed
        )
        expected, gradients = derived(numpynn, layer, [x], layer.trainable_variables, seed)
    count = len(layer.trainable_variables)
    sums = [sum(of_copies[number::count]) for number in range(count)]
    hold([value, of_x, *sums], [expected, *gradients], 1e-12)


@each_kind
@given(x=filled((2, 4, 2)), t=st.integers(0, 3))
@settings(max_examples=8)
def test_outputs_depend_on_the_past_alone(kind: str, x: Any, t: int) -> None:
    """Values of a prefix are those of the whole; gradients of an output end where it stands."""
    with both_float_types("float64"):
        layer = getattr(layers, kind)(2, return_sequences=True)
        hold(layer(x)[:, : t + 1], array(layer(x[:, : t + 1])), 1e-12)
        of_x = array(grad(lambda x: np.sum(layer(x)[:, t]))(x))
        assert not np.any(of_x[:, t + 1 :])
        both = layers.Bidirectional(layer)
        of_x = array(grad(lambda x: np.sum(both(x)[:, t]))(x))
        assert np.all(np.any(of_x != 0, axis=(0, 2)))


@given(x=sequences(4), stack=st.permutations(["LSTM", "GRU", "SimpleRNN"]))
@settings(max_examples=8)
def test_stacked_cells_are_stacked_layers(x: Any, stack: list[str]) -> None:
    with both_float_types("float64"):
        cells = layers.RNN([getattr(layers, f"{kind}Cell")(3) for kind in stack])
        cells.build(x.shape)
        chain = [getattr(layers, kind)(3, return_sequences=True) for kind in stack[:-1]]
        chain.append(getattr(layers, stack[-1])(3))
        model = numpynn.Sequential(chain)
        model.build((None, *x.shape[1:]))
        model.set_weights(cells.get_weights())
        hold(
            derived(numpynn, cells, [x], cells.trainable_variables),
            derived(numpynn, model, [x], model.trainable_variables),
            1e-10,
        )


def test_open_and_closed_gates() -> None:
    """f = 1 and i = 0 keep the carried state for ever; f = 0 erases it; z keeps a share of h."""
    x, c = normal(0, 2, 50, 3), normal(1, 2, 2)
    lstm = layers.LSTM(2, return_state=True)
    lstm.build(x.shape)
    for forget, expected in ((1e3, c), (-1e3, 0 * c)):
        kernels = [np.zeros(w.shape) for w in lstm.weights[:2]]
        bias = np.repeat([-1e3, forget, 0.0, 0.0], 2)
        lstm.set_weights([*kernels, bias])
        _, _, last = lstm(x, initial_state=[np.zeros((2, 2)), c])
        hold(last, expected, 1e-6)
    gru = layers.GRU(2, return_sequences=True)
    y = array(gru(10 * x, initial_state=np.array([[3.0, -3.0]])))
    assert np.all(np.abs(y) <= 3) and np.all(np.abs(y[:, -1]) < 1.01)  # between h and tanh


def test_sizes_of_the_course() -> None:
    def count(*chain: Any, shape: tuple[int, ...]) -> int:
        model = numpynn.Sequential(list(chain))
        model.build((None, *shape))
        return model.count_params()

    drop, k = layers.Dropout, layers
    stock = [
        *(k.GRU(50, return_sequences=True), drop(0.2), k.GRU(50, return_sequences=True), drop(0.2)),
        *(k.GRU(50), drop(0.2), k.Dense(1)),
    ]
    assert count(*stock, shape=(60, 1)) == 38_601
    both = [k.Bidirectional(k.LSTM(64, return_sequences=True)), k.Bidirectional(k.LSTM(32))]
    assert count(*both, k.Dense(10), shape=(5, 10)) == 80_266
    char = [k.SimpleRNN(500, activation="relu", return_sequences=True), k.Dense(79, "softmax")]
    assert count(*char, shape=(25, 79)) == 329_579
    assert count(k.GRU(50), shape=(60, 1)) == 7_950 and count(k.LSTM(50), shape=(60, 1)) == 10_400


def test_hello_can_be_learnt_by_heart() -> None:
    """h e l l -> e l l o: the second l knows from the state that an o follows."""
    letters = "helo"
    x = np.eye(4)[[letters.index(c) for c in "hell"]][None]
    y = np.array([[letters.index(c) for c in "ello"]])
    numpynn.utils.set_random_seed(0)
    model = numpynn.Sequential(
        [layers.SimpleRNN(3, return_sequences=True), layers.Dense(4, "softmax")]
    )
    model.compile(numpynn.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=200, verbose=0).history["loss"]
    assert math.isclose(history[0], math.log(4), abs_tol=0.8) and history[-1] < 0.05
    assert np.array_equal(np.argmax(model.predict(x, verbose=0), axis=-1), y)


def test_a_gated_state_passes_gradients_that_a_simple_one_loses() -> None:
    """Over n steps a simple network passes at most σⁿ, σ the largest singular value of its kernel;
    a carried state passes fⁿ, which a gate may hold near 1."""
    x, steps = normal(0, 3, 41, 4) / 2, 40

    def arrives(layer: Any, name: str, value: Any) -> float:
        """The gradient of the last output for the first input, against that for the last."""
        layer.build(x.shape)
        getattr(layer.cell, name).assign(value(getattr(layer.cell, name).array))
        of_x = array(grad(lambda x: np.sum(layer(x)))(x))
        return float(np.linalg.norm(of_x[:, 0]) / np.linalg.norm(of_x[:, -1]))

    with both_float_types("float64"):
        for sigma in (0.5, 0.8):
            simple = layers.SimpleRNN(8)  # whose kernel is orthogonal
            assert arrives(simple, "recurrent_kernel", lambda u, s=sigma: s * u) < 10 * sigma**steps
        gated = layers.LSTM(8)
        opened = np.repeat([0.0, 6.0, 0.0, 0.0], 8)  # f is about 0.998
        assert arrives(gated, "bias", lambda b: opened) > 0.1
