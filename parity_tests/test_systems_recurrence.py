"""The systems of chapters 8 and 9: the course's numbers and shapes, and what each one teaches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasref import systems as keras_systems
from numpynn import Input, Sequential, layers, losses, systems, utils
from numpynn.autograd import grad
from numpynn.systems import (
    hello_rnn,
    minimal_cell,
    rnn_topologies,
    stacked_cells,
    stacked_rnn,
    state_passing,
    stateful_rnn,
)


def trained(slug: str, epochs: int | None = None) -> tuple[systems.Split, object]:
    """The system's data and its model, trained by its recipe."""
    utils.set_random_seed(0)
    system = systems.load(slug)
    split, model = system.data(), system.model()
    model.fit(
        split.x,
        split.y,
        batch_size=system.module.BATCH_SIZE,
        epochs=epochs or system.module.EPOCHS,
        verbose=0,
        callbacks=system.callbacks(),
        **system.fit_arguments(split),
    )
    return split, model


def figure(slug: str) -> float:
    """The system's figure after its recipe."""
    split, model = trained(slug)
    system = systems.load(slug)
    found = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)
    return system.measure(found)


# -- four letters by hand --------------------------------------------------------------------------


def test_the_books_first_scores_push_e_up_and_the_others_down():
    p, target = hello_rnn.softmax(hello_rnn.FIRST_SCORES), hello_rnn.one_hot("e")[0]
    np.testing.assert_allclose(p, [0.0376841, 0.1251157, 0.000690209, 0.836510], rtol=2e-6)
    assert -math.log(p @ target) == pytest.approx(2.0785168, abs=5e-8)

    def loss(scores):
        return losses.categorical_crossentropy(target, scores, from_logits=True)

    slope = grad(loss)(hello_rnn.FIRST_SCORES).numpy()
    np.testing.assert_allclose(slope, p - target, rtol=1e-12)
    np.testing.assert_allclose(slope, [0.037684, -0.874884, 0.000690, 0.836510], atol=5e-7)


@given(st.lists(st.floats(-2, 2), min_size=37, max_size=37), st.text("helo", min_size=2))
def test_back_propagation_through_time_by_hand_is_the_gradient(numbers, text):
    weights, x, y = np.array(numbers), hello_rnn.one_hot(text[:-1]), hello_rnn.one_hot(text[1:])

    def loss(weights):
        _, scores = hello_rnn.scores(weights, x)
        return np.mean(losses.categorical_crossentropy(y, scores, from_logits=True))

    found, slopes = hello_rnn.loss_and_gradient(weights, x, y)
    assert float(found) == pytest.approx(float(loss(weights)), rel=1e-12)
    np.testing.assert_allclose(slopes, grad(loss)(weights).numpy(), rtol=1e-10, atol=1e-12)


def test_the_network_by_hand_is_a_simple_rnn_below_a_dense_layer():
    model = Sequential(
        [
            Input((None, 4), dtype="float64"),
            layers.SimpleRNN(3, use_bias=False, return_sequences=True, dtype="float64"),
            layers.Dense(4, dtype="float64"),
        ]
    )
    model.set_weights(list(hello_rnn.unpack(hello_rnn.start())))
    assert model.count_params() == hello_rnn.start().size == 12 + 9 + 12 + 4
    x = hello_rnn.inputs()
    np.testing.assert_allclose(model(x).numpy(), hello_rnn.output(x), rtol=1e-13, atol=1e-14)


def test_hello_is_learnt_and_by_its_memory():
    weights = hello_rnn.start()
    for t in range(hello_rnn.STEPS):
        weights, loss = hello_rnn.step(weights, t)
    assert hello_rnn.measure(weights) == 1
    assert loss < 0.01
    forgetful = weights.copy()
    forgetful[12:21] = 0
    _, scores = hello_rnn.scores(forgetful, hello_rnn.one_hot("hell"))
    np.testing.assert_array_equal(scores[2], scores[3])  # after either l


# -- one layer on another --------------------------------------------------------------------------


def test_stacked_layers_have_the_books_shapes_and_parameters():
    for model in (stacked_rnn.model(), keras_systems.load("stacked-rnn").model()):
        shapes = [tuple(layer.output.shape[1:]) for layer in model.layers]
        assert shapes == [(20, 64), (20, 256), (128,), (10,)]
        assert [layer.count_params() for layer in model.layers] == [64_000, 82_176, 49_280, 1_290]


def test_topics_of_new_sentences_are_found():
    assert figure("stacked-rnn") > 0.8


def test_the_lower_layer_must_hand_on_all_its_outputs():
    with pytest.raises(ValueError, match="rank 3"):
        Sequential([Input((20, 4)), layers.SimpleRNN(8), layers.SimpleRNN(8)])


# -- several cells as one --------------------------------------------------------------------------


def test_stacked_cells_have_the_books_parameters_and_states():
    for model in (stacked_cells.model(), keras_systems.load("stacked-cells").model()):
        simple, lstm = (model.get_layer(f"stacked_{name}") for name in ("simple", "lstm"))
        assert simple.count_params() == (24 * 2 + 600) + 19_584
        assert list(simple.cell.state_size) == [24, 128]
        assert [list(sizes) for sizes in lstm.cell.state_size] == [[128, 128]] * 2
        assert tuple(simple.output.shape) == tuple(lstm.output.shape) == (None, 128)


@pytest.mark.parametrize("name", ["simple", "lstm"])
def test_stacked_cells_give_what_stacked_layers_give(name):
    x = stacked_cells.data().x_test[:20]
    cells = stacked_cells.model().get_layer(f"stacked_{name}")
    kind, units = {"simple": (layers.SimpleRNN, (24, 128)), "lstm": (layers.LSTM, (128, 128))}[name]
    stack = Sequential([Input((16, 2)), kind(units[0], return_sequences=True), kind(units[1])])
    stack.set_weights(cells.get_weights())
    np.testing.assert_allclose(stack(x).numpy(), cells(x).numpy(), rtol=1e-5, atol=1e-5)


def test_forms_of_waves_are_told_apart():
    assert figure("stacked-cells") > 0.85


# -- states passed on ------------------------------------------------------------------------------


def test_state_passing_has_the_books_parameters():
    for model in (state_passing.model(), keras_systems.load("state-passing").model()):
        counts = sorted(layer.count_params() for layer in model.layers)
        assert counts == [0, 0, 650, 33_024, 33_024, 64_000, 128_000]


def test_questions_are_answered_from_the_states_alone():
    split, model = trained("state-passing")
    found = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)
    assert found["accuracy"] > 0.7
    strangers = [np.roll(split.x_test[0], 1, axis=0), split.x_test[1]]
    found = model.evaluate(strangers, split.y_test, verbose=0, return_dict=True)
    assert found["accuracy"] < 0.3  # with the states of another sentence
    answers = model.predict([split.x_test[0][:, :13], split.x_test[1][:, :4]], verbose=0)
    assert answers.shape == (400, 10)  # lengths are free, and not each other's


def test_the_gradient_goes_back_through_both_states():
    model, split = state_passing.model(), state_passing.data()
    embeddings = [layer for layer in model.layers if isinstance(layer, layers.Embedding)]
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    words, questions = (
        embedding(part[:3]).numpy()
        for embedding, part in zip(embeddings, split.x_test, strict=True)
    )

    def answer(words, kept):
        _, h, c = encoder(words)
        return np.sum(decoder(questions, initial_state=[h * kept[0], c * kept[1]]))

    for kept, reached in (([1.0, 0.0], True), ([0.0, 1.0], True), ([0.0, 0.0], False)):
        slopes = grad(answer)(words, np.array(kept, words.dtype)).numpy()
        assert np.any(slopes[:, 0]) == np.any(slopes[:, -1]) == reached


# -- states kept from batch to batch ---------------------------------------------------------------


def test_streams_are_cut_into_chunks_side_by_side():
    split = stateful_rnn.data()
    assert split.x.shape == split.y.shape == (6 * 32, 10, 1)
    streams = np.concatenate(np.split(split.x, 6), axis=1)[..., 0]
    targets = np.concatenate(np.split(split.y, 6), axis=1)[..., 0]
    for stream, target in zip(streams, targets, strict=True):
        last = None
        for pulse, up in zip(stream, target, strict=True):
            last = pulse if pulse else last
            assert up == (last > 0)


def test_chunks_are_known_only_from_the_ones_before():
    right = {}
    for stateful in (True, False):
        utils.set_random_seed(0)
        split, model = stateful_rnn.data(), stateful_rnn.model(stateful)
        model.fit(
            split.x,
            split.y,
            batch_size=32,
            epochs=stateful_rnn.EPOCHS,
            verbose=0,
            shuffle=False,
            callbacks=stateful_rnn.callbacks(),
        )
        right[stateful] = model.evaluate(split.x_test, split.y_test, verbose=0)[1]
    assert right[True] > 0.95
    assert right[False] < 0.8


def test_chunks_are_one_pass_over_the_stream():
    split, model = stateful_rnn.data(), stateful_rnn.model()
    whole = Sequential(
        [
            Input((60, 1)),
            layers.LSTM(8, return_sequences=True),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    whole.set_weights(model.get_weights())
    chunks = model.predict(split.x_test, batch_size=32, verbose=0)
    streams = np.concatenate(np.split(split.x_test, 6), axis=1)
    found = np.concatenate(np.split(chunks, 6), axis=1)
    np.testing.assert_allclose(found, whole.predict(streams, verbose=0), rtol=1e-5, atol=1e-6)
    again = model.predict(split.x_test, batch_size=32, verbose=0)
    assert not np.allclose(again[:32], chunks[:32], atol=1e-3)
    model.layers[0].reset_state()
    again = model.predict(split.x_test, batch_size=32, verbose=0)
    np.testing.assert_array_equal(again, chunks)


def test_another_batch_size_is_refused():
    split, model = stateful_rnn.data(), stateful_rnn.model()
    with pytest.raises(ValueError, match="batches of 32 samples"):
        model.layers[0](split.x[:31])


# -- one or many -----------------------------------------------------------------------------------


def test_five_forms_have_their_shapes():
    shapes = {
        "one_to_one": (None, 4),
        "one_to_many": (None, 6, 4),
        "many_to_one": (None, 4),
        "many_to_many": (None, None, 4),
        "encoder_decoder": (None, 3, 4),
    }
    for model in (rnn_topologies.model(), keras_systems.load("rnn-topologies").model()):
        found = {layer: tuple(model.get_layer(layer).output.shape) for layer in shapes}
        assert found == shapes


def test_the_same_weights_serve_any_length():
    model = rnn_topologies.model()
    for steps in (1, 6, 11):
        x = {"one": np.eye(4)[:2], "many": np.ones((2, steps, 4))}
        found = model.predict(x, verbose=0)
        assert found["many_to_many"].shape == (2, steps, 4)
        assert found["many_to_one"].shape == (2, 4)
        assert found["encoder_decoder"].shape == (2, 3, 4)


def test_each_form_learns_what_it_can_and_sees_what_it_may():
    split, model = trained("rnn-topologies")
    found = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)
    assert min(found[f"{name}_accuracy"] for name in rnn_topologies.OUTPUTS) > 0.85
    other = {"one": split.x_test["one"], "many": split.x_test["many"].copy()}
    other["many"][:, 2:] = np.roll(other["many"][:, 2:], 1, axis=0)
    before, after = model.predict(split.x_test, verbose=0), model.predict(other, verbose=0)
    for name in ("one_to_one", "one_to_many"):
        np.testing.assert_array_equal(before[name], after[name])
    causal = [found["many_to_many"] for found in (before, after)]
    np.testing.assert_allclose(causal[0][:, :2], causal[1][:, :2], atol=1e-6)
    assert not np.allclose(causal[0][:, 3:], causal[1][:, 3:], atol=0.5)
    decoded = [found["encoder_decoder"] for found in (before, after)]
    assert not np.allclose(decoded[0][:, 0], decoded[1][:, 0], atol=0.5)


# -- a cell of one's own ---------------------------------------------------------------------------


def test_the_minimal_cell_has_the_books_parameters_but_for_its_idle_bias():
    theirs = keras_systems.load("minimal-cell")
    for module in (minimal_cell, theirs):
        assert module.model().count_params() == 5 * 32 + 32 * 32 == 1184
        assert module.model(module.AsPrinted).count_params() == 1312


def test_the_printed_bias_is_never_used():
    cell = minimal_cell.AsPrinted(4)
    cell.build((None, 3))
    x, h = np.ones((2, 3), "float32"), np.ones((2, 4), "float32")
    before = cell(x, [h])[0].numpy()
    cell.bias.assign(np.full(16, 100.0))
    np.testing.assert_array_equal(cell(x, [h])[0].numpy(), before)


def test_a_state_is_the_sum_of_what_came_through_powers_of_r():
    layer = layers.RNN(layers.MinimalRNNCell(4, dtype="float64"), dtype="float64")
    x = np.random.default_rng(0).normal(size=(2, 6, 3))
    h = np.random.default_rng(1).normal(size=(2, 4))
    found = layer(x, initial_state=[h]).numpy()
    kernel, recurrent = layer.get_weights()
    power = np.linalg.matrix_power
    expected = sum(x[:, t] @ kernel @ power(recurrent, 5 - t) for t in range(6))
    np.testing.assert_allclose(found, expected + h @ power(recurrent, 6), rtol=1e-12, atol=1e-15)


def test_leaky_averages_are_a_minimal_cell():
    """With r on the diagonal of R, and 1 - r where a signal is averaged."""
    x, model = minimal_cell.data().x_test[:10], minimal_cell.model()
    kernel = np.zeros((5, 32))
    kernel[np.arange(32) % 5, np.arange(32)] = 1 - minimal_cell.LEAKS
    model.set_weights([kernel, np.diag(minimal_cell.LEAKS)])
    averages = minimal_cell.leaky_averages(x)
    np.testing.assert_allclose(model.predict(x, verbose=0), averages, atol=1e-6)
    a = np.zeros(32)
    for signals in x[0]:
        a = minimal_cell.LEAKS * a + (1 - minimal_cell.LEAKS) * signals[np.arange(32) % 5]
    np.testing.assert_allclose(averages[0], a, rtol=1e-12, atol=1e-15)


def test_memory_is_learnt():
    """What was drawn has forgotten all after ten steps; what was learnt has not."""
    utils.set_random_seed(0)
    drawn = minimal_cell.impulse_response(minimal_cell.model().get_weights()[1], 11)
    assert drawn[0] == 1
    assert drawn[10] < 1e-5
    split, model = trained("minimal-cell")
    learnt = minimal_cell.impulse_response(model.get_weights()[1], 11)
    assert learnt[10] > 0.1
    loss = model.evaluate(split.x_test, split.y_test, verbose=0)
    assert loss < 0.005 * np.var(split.y_test)
