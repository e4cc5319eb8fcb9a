"""An encoder that hands on its state: what one LSTM has read, another begins with.

    encoder    words of a sentence  → 64 numbers each → LSTM    its last states h and c
    decoder    words of another one → 64 numbers each → LSTM    begins with h and c
    answer     softmax(last output V + b), one of ten

Between the two there is nothing but h and c, 128 numbers, whatever the length of either sentence;
and the gradient comes back the same way, from the decoder's first step through h and c to the
encoder's last, and on to its words.

258,698 parameters. The book shows the model, and leaves data and loss open. Here the first sentence
is on one of ten topics; the second, of other words, asks for it or, with a certain word at its
beginning, for the next topic. So the answer is in neither sentence alone.

Source: course book, chapter 8; Sutskever et al. 2014; the sentences are generated.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Model, layers
from numpynn.systems import Split, stacked_rnn

CHAPTER = "8"
TASK = "questions about a sentence, by an LSTM's states passed on"
EPOCHS = 5
BATCH_SIZE = 32
METRIC = "accuracy"

WORDS, QUESTION_WORDS, QUESTION_STEPS = stacked_rnn.WORDS, 2000, 6
TOPICS = stacked_rnn.TOPICS
NEXT = 1
"""The word that asks for the next topic; all others ask for the topic itself."""


def data(seed: int = 0) -> Split:
    """3000 pairs of sentences to learn from and 400 others."""
    random = np.random.default_rng(seed)
    topics = random.integers(TOPICS, size=3400)
    x = stacked_rnn.sentences(random, topics)
    asks = random.integers(NEXT + 1, QUESTION_WORDS, (len(topics), QUESTION_STEPS))
    for_next = random.random(len(topics)) < 0.5
    asks[for_next, 0] = NEXT
    y = (topics + for_next) % TOPICS
    return Split([x[:3000], asks[:3000]], y[:3000], [x[3000:], asks[3000:]], y[3000:])


def model() -> Model:
    sentence, question = Input((None,)), Input((None,))
    x = layers.Embedding(WORDS, 64)(sentence)
    _, h, c = layers.LSTM(64, return_state=True, name="encoder")(x)
    y = layers.Embedding(QUESTION_WORDS, 64)(question)
    y = layers.LSTM(64, name="decoder")(y, initial_state=[h, c])
    answer = layers.Dense(TOPICS, activation="softmax")(y)
    model = Model([sentence, question], answer)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
