"""The recurrent systems that learn from reviews, telephones and prices, and their data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing.text import Tokenizer

from numpynn.datasets import sentence_polarity

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
