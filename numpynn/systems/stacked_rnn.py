"""One recurrent layer on another: the lower one gives every state, the upper one the last.

    20            words, numbers below 1000
    20 x 64       e_t, the rows of a table
    20 x 256      h_t = tanh(e_t W₁ + h_{t-1} R₁ + b₁)        return_sequences=True
        128       g_t = tanh(h_t W₂ + g_{t-1} R₂ + b₂)        the last one, g_20
         10       softmax(g_20 V + c)

64,000 + 82,176 + 49,280 + 1,290 = 196,746 parameters. A recurrent layer takes a sequence, so the
one below must hand on all its outputs, not the last alone.

The book shows the model and leaves data, loss and optimizer open. Here sentences are generated,
each on one of ten topics: six words of ten are of its topic, the others of any. Of 400 new
sentences nearly nine in ten are taken for what they are.

Source: course book, chapter 8; the sentences are generated.
"""

from __future__ import annotations

import numpy as np

from numpynn import Input, Sequential, layers
from numpynn.systems import Split
from numpynn.typing import Array

CHAPTER = "8"
TASK = "topics of sentences by two recurrent layers"
EPOCHS = 3
BATCH_SIZE = 32
METRIC = "accuracy"

STEPS, WORDS, TOPICS = 20, 1000, 10
SHARE = 0.6


def data(seed: int = 0) -> Split:
    """2000 sentences to learn from and 400 others."""
    random = np.random.default_rng(seed)
    topics = random.integers(TOPICS, size=2400)
    x = sentences(random, topics)
    return Split(x[:2000], topics[:2000], x[2000:], topics[2000:])


def sentences(random: np.random.Generator, topics: Array) -> Array:
    """Words (B, 20), most of them of the sentence's topic: word k belongs to topic k mod 10."""
    shape = (len(topics), STEPS)
    words = random.integers(WORDS, size=shape)
    own = words - words % TOPICS + topics[:, np.newaxis]
    return np.where(random.random(shape) < SHARE, own, words)


def model() -> Sequential:
    model = Sequential(
        [
            Input((STEPS,)),
            layers.Embedding(WORDS, 64),
            layers.SimpleRNN(256, return_sequences=True),
            layers.SimpleRNN(128),
            layers.Dense(TOPICS, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
