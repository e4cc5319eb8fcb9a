"""The recurrent systems that learn from reviews, telephones and prices, and their data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing.text import Tokenizer

from kerasref import systems as keras_systems
from numpynn import systems, utils
from numpynn.datasets import google_stock, har_smartphones, sentence_polarity
from numpynn.systems import har_rnn, lstm_sentiment, stock_gru

# -- reviews ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ("It's a film -- a GOOD one!", "it 's a film a good one !"),
        (
            "i can't, we've, you're (he'd) she'll?",
            "i ca n't , we 've , you 're ( he 'd ) she 'll ?",
        ),
        ("a naïve café's  plot .", "a na ve caf 's plot"),
        ("'told' `so' 1,000 times", "'told' `so' 1 , 000 times"),
        ("", ""),
    ],
)
def test_lines_are_cleaned_as_in_the_course(line, cleaned):
    assert sentence_polarity.clean(line) == cleaned


@given(
    st.lists(st.text("aAbB cd'`,!?().-é", max_size=12), min_size=1, max_size=6), st.integers(1, 9)
)
def test_words_are_numbered_as_keras_numbers_them(lines, vocabulary):
    texts = [sentence_polarity.clean(line) for line in lines]
    tokenizer = Tokenizer(num_words=vocabulary)
    tokenizer.fit_on_texts(texts)
    words = [sentence_polarity.words(text) for text in texts]
    known, numbers = sentence_polarity.number_words(words, vocabulary)
    assert [found.tolist() for found in numbers] == tokenizer.texts_to_sequences(texts)
    assert known == list(tokenizer.word_index)[: vocabulary - 1]


def test_reviews_are_shuffled_alike_and_the_last_thousand_held_out():
    x, y, x_test, y_test = sentence_polarity.split(5000)
    assert len(x) == len(y) == 9662
    assert len(x_test) == len(y_test) == 1000
    assert x.shape[1] == x_test.shape[1]
    assert 0 <= x.min() < x.max() < 5000
    assert (y.sum(), y_test.sum()) == (4848, 483)
    assert y_test[:8].tolist() == [
        1,
        0,
        1,
        0,
        1,
        0,
        1,
        1,
    ]  # numpy.random.seed(10), permutation(10662)
    padding = np.concatenate([x, x_test]) == 0
    assert (np.diff(padding.astype(int), axis=1) >= 0).all()  # behind the words, never between


# -- lstm-sentiment --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "shapes", "parameters"),
    [
        (
            "lstm-sentiment",
            [(51,), (51, 100), (51, 100), (51, 100), (100,), (100,), (1,)],
            [0, 500_000, 80_400, 0, 0, 10_100, 101],
        ),
        ("har-rnn", [(128,), (100,), (6,)], [17_536, 12_900, 606]),
        (
            "stock-gru",
            [(60, 50), (60, 50), (60, 50), (60, 50), (50,), (50,), (1,)],
            [7950, 0, 15_300, 0, 15_300, 0, 51],
        ),
    ],
)
def test_layers_have_the_courses_shapes_and_parameters(slug, shapes, parameters):
    for model in (systems.load(slug).model(), keras_systems.load(slug).model()):
        found = [tuple(layer.output.shape[1:]) for layer in model.layers]
        assert found == shapes
        assert [layer.count_params() for layer in model.layers] == parameters


def test_no_line_is_cut():
    """Nor of the published ones, where they are at hand: the longest fills the length."""
    x, _, x_test, _ = sentence_polarity.split(lstm_sentiment.VOCABULARY)
    longest = {"published": lstm_sentiment.LENGTH, "generated": 21}
    assert x.shape[1] == longest[sentence_polarity.load().source]
    split = lstm_sentiment.data()
    np.testing.assert_array_equal(split.x_test[:, : x.shape[1]], x_test)
    assert not split.x_test[:, x.shape[1] :].any()


def test_reading_padding_changes_the_verdict():
    utils.set_random_seed(0)
    model = lstm_sentiment.model()
    lines = lstm_sentiment.data().x_test[:20]
    embedding, lstm, _, _, hidden, praise = model.layers[1:]
    states = lstm(embedding(lines)).numpy()
    real = (lines != 0)[:, :, np.newaxis]
    means = np.mean(states, axis=1), np.sum(states * real, axis=1) / np.sum(real, axis=1)
    verdicts = [praise(hidden(mean)).numpy() for mean in means]
    np.testing.assert_allclose(verdicts[0], model.predict(lines, verbose=0), atol=1e-6)
    assert np.abs(verdicts[0] - verdicts[1]).min() > 1e-6


def test_two_affine_layers_are_one():
    utils.set_random_seed(0)
    hidden, praise = lstm_sentiment.model().layers[-2:]
    z = np.random.default_rng(0).normal(size=(8, 100)).astype("float32")
    (first, b1), (second, b2) = hidden.get_weights(), praise.get_weights()
    logits = z @ (first @ second) + (b1 @ second + b2)
    np.testing.assert_allclose(praise(hidden(z)).numpy(), 1 / (1 + np.exp(-logits)), rtol=1e-5)


@pytest.mark.thorough
def test_two_epochs_teach_the_generated_reviews(monkeypatch):
    """Where counting words gets two of three right, as negations turn them round."""
    monkeypatch.delenv("NUMPYNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "nowhere")
    utils.set_random_seed(0)
    split, model = lstm_sentiment.data(), lstm_sentiment.model()
    model.fit(split.x, split.y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    measured = model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)
    assert measured["accuracy"] > 0.9


# -- har-rnn ---------------------------------------------------------------------------------------


def test_the_course_counts_a_bias_that_its_cell_never_uses():
    model = har_rnn.model()
    unused = 4 * har_rnn.UNITS
    assert model.count_params() + unused == 31_554
    assert har_rnn.lstm_model().count_params() == 84_162


def test_the_last_state_is_one_weighted_sum_of_the_window():
    utils.set_random_seed(0)
    recurrent = har_rnn.model().layers[0]
    x = har_smartphones.load().x[:4].astype("float32")
    kernel, weights = recurrent.get_weights()
    expected = np.zeros((4, har_rnn.UNITS))
    for k in range(x.shape[1]):
        expected += x[:, -1 - k] @ kernel @ np.linalg.matrix_power(weights, k)
    np.testing.assert_allclose(recurrent(x).numpy(), expected, rtol=1e-4, atol=1e-6)


def test_a_new_cell_forgets_within_ten_steps():
    """A uniform matrix of width 0.1 has eigenvalues up to 0.05 √(128/3) = 0.33, nearly."""
    utils.set_random_seed(0)
    model = har_rnn.model()
    recurrent = model.layers[0].cell.recurrent_kernel.numpy()
    radius = np.abs(np.linalg.eigvals(recurrent)).max()
    assert radius == pytest.approx(0.05 * np.sqrt(har_rnn.UNITS / 3), rel=0.15)
    lengths = har_rnn.memory(model, steps=128)
    assert lengths[10] < 1e-4 * lengths[0]
    assert lengths[40] < 1e-15 * lengths[0]
    assert lengths[0] == pytest.approx(np.linalg.norm(model.layers[0].cell.kernel.numpy()))


def test_what_was_felt_long_ago_does_not_move_the_verdict():
    utils.set_random_seed(0)
    model, windows = har_rnn.model(), har_smartphones.load().x[:8].copy()
    before = model.predict(windows, verbose=0)
    windows[:, :-40] = 0
    np.testing.assert_allclose(model.predict(windows, verbose=0), before, atol=1e-6)
    windows[:, -1] = 0
    assert np.abs(model.predict(windows, verbose=0) - before).max() > 1e-4


# -- stock-gru -------------------------------------------------------------------------------------


def test_windows_are_as_many_as_in_the_course(monkeypatch):
    monkeypatch.delenv("NUMPYNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "nowhere")
    split = stock_gru.data()
    assert split.x.shape == (1199, 60, 1)
    assert split.y.shape == (1199, 1)
    assert split.x_test.shape == (125, 60, 1)
    assert split.y_test.shape == (125, 1)


def test_windows_slide_from_the_known_days_into_the_others():
    stock, split = google_stock.load(), stock_gru.data()
    low, width = stock_gru.scale()
    n = stock.train_rows
    dollars = [low + width * part for part in split[:4]]
    np.testing.assert_allclose(dollars[0][0, :, 0], stock.y[:60])
    np.testing.assert_allclose(dollars[1][:, 0], stock.y[60:n])
    np.testing.assert_allclose(dollars[2][0, :, 0], stock.y[n - 60 : n])
    np.testing.assert_allclose(dollars[3][:, 0], stock.y[n:])
    np.testing.assert_array_equal(split.x[1:, :-1], split.x[:-1, 1:])


def test_the_scale_knows_nothing_of_the_days_to_come():
    stock, split = google_stock.load(), stock_gru.data()
    assert min(split.x.min(), split.y.min()) == 0
    assert max(split.x.max(), split.y.max()) == 1
    low, width = stock_gru.scale()
    assert (split.y_test.max() > 1) == (stock.y[stock.train_rows :].max() > low + width)


def least_squares_error(series: np.ndarray, known: int) -> tuple[float, float]:
    """Of the best weighting of the sixty before, on what follows, and of persistence."""
    x, y = stock_gru.windows(series)
    x = np.insert(x[:, :, 0], 0, 1, axis=1)
    weights = np.linalg.lstsq(x[:known], y[:known])[0]
    errors = (x @ weights - y)[known:], (x[:, -1:] - y)[known:]
    return tuple(float(np.sqrt(np.mean(np.square(error)))) for error in errors)


def test_of_a_random_walk_nothing_beats_persistence():
    walk = google_stock.generate()[:, 0]
    learnt, persistence = least_squares_error(walk, 1199)
    assert persistence < learnt
    last = walk[google_stock.TRAINING_DAYS :].mean()
    assert persistence == pytest.approx(google_stock.VOLATILITY * last, rel=0.15)


def test_of_a_wave_the_past_says_everything():
    learnt, persistence = least_squares_error(np.sin(np.arange(1384) / 9), 1199)
    assert learnt < 1e-9 < 0.05 < persistence


def test_errors_are_in_dollars(monkeypatch):
    monkeypatch.delenv("NUMPYNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "nowhere")
    prices = google_stock.load().y
    steps = np.diff(prices)[google_stock.TRAINING_DAYS - 1 :]
    found = stock_gru.persistence(stock_gru.data())
    assert found == pytest.approx(np.sqrt(np.mean(np.square(steps))), rel=1e-12)
