"""Reuters newswire of 1987 in eight topics: the documents of Reuters-21578 that have one topic only
and are in the eight most frequent (R8).

Stop words and punctuation are gone, letters are small: the words are what lies between blanks.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_folders
from numpynn.typing import Array

CLASSES = ("acq", "crude", "earn", "grain", "interest", "money-fx", "ship", "trade")
"""In the order of the labels."""

PARTS = ("r8-train-no-stop.txt", "r8-test-no-stop.txt")
TRAIN = 5485
"""Documents to train on; the 2189 after them are the publisher's test set."""

COUNTS = (
    (1596, 253, 2840, 41, 190, 206, 108, 251),
    (696, 121, 1083, 10, 81, 87, 36, 75),
)
"""How many documents each class has in either part."""


def load() -> Dataset:
    """x (7674,): texts.   y (7674,): the index into `CLASSES`.

    Published form: the two files of `PARTS`, a class, a tab and a text in each line. No package
    carries them: without them texts of made-up words are generated, and `source` says so.
    """
    for folder, source in find_folders("reuters-r8"):
        paths = [folder / part for part in PARTS]
        if all(path.is_file() for path in paths):
            return Dataset(*_parse(*paths), source, str(folder))
        if source == "published":
            raise FileNotFoundError(f"{folder} lacks {' or '.join(PARTS)}.")
    return Dataset(*generate(), "generated", "a stand-in for the texts of Reuters R8, seed 0")


@functools.cache
def _parse(*paths: Path) -> tuple[Array, Array]:
    texts: list[str] = []
    labels: list[int] = []
    for path in paths:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, start=1):
            name, tab, text = line.partition("\t")
            if not tab or name not in CLASSES:
                raise ValueError(
                    f"{path}, line {number}: expected one of {', '.join(CLASSES)}, a tab and a "
                    f"text, got {line[:40]!r}."
                )
            texts.append(text)
            labels.append(CLASSES.index(name))
    return np.array(texts, dtype=object), np.array(labels)


@functools.cache
def generate(seed: int = 0, vocabulary: int = 4000) -> tuple[Array, Array]:
    """Texts with the class counts of the published ones, of words `w0`, `w1` …

    The words' frequencies follow Zipf's law 1/rank, and each class uses each word
    exp(N(0, 0.75²)) times as often; lengths are log-normal with median 45.
    """
    random = np.random.default_rng(seed)
    zipf = 1 / np.arange(1, vocabulary + 1)
    taste = zipf * np.exp(0.75 * random.normal(size=(len(CLASSES), vocabulary)))
    words = np.array([f"w{i}" for i in range(vocabulary)], dtype=object)
    texts: list[str] = []
    labels: list[Array] = []
    for counts in COUNTS:
        part = random.permutation(np.repeat(np.arange(len(CLASSES)), counts))
        lengths = np.ceil(random.lognormal(np.log(45), 0.7, len(part))).astype(int)
        for label, length in zip(part, lengths, strict=True):
            cumulated = np.cumsum(taste[label])
            drawn = np.searchsorted(cumulated, random.random(length) * cumulated[-1])
            texts.append(" ".join(words[drawn]))
        labels.append(part)
    return np.array(texts, dtype=object), np.concatenate(labels)
