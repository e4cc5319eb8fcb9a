"""Sentence polarity: one line of a film review each, in favour or against (Pang and Lee 2005).

From a line to numbers, in the steps of the course:

    clean         letters, digits and some signs stay; "isn't" becomes "is n't"
    words         small letters, without punctuation other than apostrophes
    number_words  1 for the most frequent word of all lines, 2 for the next …; rare ones drop out
    split         padded with 0 behind, shuffled always alike, the last 1000 held out
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_folders
from numpynn.typing import Array
from numpynn.utils.sequences import pad_sequences

PARTS = ("rt-polarity.pos", "rt-polarity.neg")
LINES = 5331
"""Lines in each part."""

HELD_OUT = 1000


def load() -> Dataset:
    """x (10662,): lines.   y (10662,): 1 where it praises, 0 where it does not; the former first.

    Published form: the two files of `PARTS`, a review in each line, encoded as UTF-8 or Latin-1. No
    package carries them: without them a grammar makes reviews, and `source` says so.
    """
    for folder, source in find_folders("sentence-polarity"):
        paths = [folder / part for part in PARTS]
        if all(path.is_file() for path in paths):
            return Dataset(*_parse(*paths), source, str(folder))
        if source == "published":
            raise FileNotFoundError(f"{folder} lacks {' or '.join(PARTS)}.")
    return Dataset(*generate(), "generated", "a stand-in for the lines of reviews, seed 0")


# -- from lines to numbers -------------------------------------------------------------------------


def clean(line: str) -> str:
    """The line in small letters, with blanks around signs and before 's, n't, 've, 're, 'd, 'll.

    What is neither a letter of the Latin alphabet nor a digit nor one of ( ) , ! ? ' ` goes.
    """
    line = re.sub(r"[^A-Za-z0-9(),!?'`]", " ", line)
    line = re.sub(r"n't|'(?:s|ve|re|d|ll)", r" \g<0>", line)
    line = re.sub(r"[(),!?]", r" \g<0> ", line)
    return " ".join(line.split()).lower()


def words(line: str) -> list[str]:
    """The words of a clean line: what lies between blanks, once its signs are blanks too."""
    return re.sub(r"[(),!?`]", " ", line).split()


def number_words(texts: Sequence[Sequence[str]], vocabulary: int) -> tuple[list[str], list[Array]]:
    """The words known, and each text as the numbers of those of its words that are.

    texts: lists of words. Word i of the list known has the number i + 1; equally frequent ones
    stand in the order in which they first occur. Numbers are below `vocabulary`, and 0 is no word,
    so that `vocabulary` - 1 words are known at most.
    """
    counts = Counter(word for text in texts for word in text)
    known = [word for word, _ in counts.most_common(vocabulary - 1)]
    numbers = {word: i for i, word in enumerate(known, start=1)}
    return known, [
        np.array([numbers[word] for word in text if word in numbers], "int32") for text in texts
    ]


def split(vocabulary: int, length: int | None = None) -> tuple[Array, Array, Array, Array]:
    """x (9662, n) and y (9662,) to learn from, x (1000, n) and y (1000,) held out.

    x: numbers of words, whole, and zeros behind, up to `length` or the longest line's n. The order
    is drawn by seed 10, as the course draws it. Of fewer lines, a tenth is held out.
    """
    lines = load()
    _, numbers = number_words([words(clean(line)) for line in lines.x], vocabulary)
    order = np.random.RandomState(10).permutation(len(lines.y))
    x = pad_sequences(numbers, length, padding="post", truncating="post")[order]
    y = lines.y[order]
    at = len(y) - min(HELD_OUT, len(y) // 10)
    return x[:at], y[:at], x[at:], y[at:]


# -- the published files ---------------------------------------------------------------------------


@functools.cache
def _parse(*paths: Path) -> tuple[Array, Array]:
    lines: list[str] = []
    labels: list[int] = []
    for label, path in zip((1, 0), paths, strict=True):
        found = [_decode(line).strip() for line in path.read_bytes().split(b"\n")]
        found = [line for line in found if line]
        if not found:
            raise ValueError(f"{path}: expected lines of text, got none.")
        lines += found
        labels += [label] * len(found)
    return np.array(lines, dtype=object), np.array(labels)


def _decode(line: bytes) -> str:
    """Text of either encoding. Few lines in Latin-1 with an accent happen to be UTF-8 too."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


# -- the generator ---------------------------------------------------------------------------------

ASPECTS = (
    "film movie story plot script dialogue cast director acting music ending pacing humour camera "
    "hero villain romance drama comedy action premise setting editing opening finale subplot"
).split()
PRAISE = (
    "good great funny moving fresh clever charming bright honest warm sharp gripping subtle rich "
    "vivid tender inventive witty graceful brilliant touching smart lively absorbing delightful "
    "engaging thrilling wise superb elegant"
).split()
BLAME = (
    "bad dull slow stale clumsy boring shallow flat loud silly tired lazy bland messy empty "
    "pointless tedious predictable awkward lifeless weak forced murky hollow ugly dreary trite "
    "sloppy irritating forgettable"
).split()
NEUTRAL, DEGREES = "long short quiet modern american old".split(), "so very rather often".split()
NEGATIONS = ("is not", "isn't", "is never", "is hardly")
NAMES = 3000
"""Made-up names `w0`, `w1` …, as rare as names are."""


@functools.cache
def generate(seed: int = 0) -> tuple[Array, Array]:
    """Lines like the published ones in number, made of one to three clauses.

        the ⟨aspect⟩ [by ⟨name⟩] is [not] [very] ⟨word of praise or blame⟩

    Of the verdicts a third is negated, so that counting words misleads where their order does not;
    what follows "but" is what the line means to say; a clause may say nothing either way; and one
    line in twenty is meant as irony, which nobody can know.
    """
    random = np.random.default_rng(seed)
    labels = np.repeat([1, 0], LINES)
    ironic = random.random(len(labels)) < 0.05
    lines = [_line(random, bool(y) != irony) for y, irony in zip(labels, ironic, strict=True)]
    return np.array(lines, dtype=object), labels


def _line(random: np.random.Generator, praises: bool) -> str:
    """A line whose last verdict praises or blames; "but" stands before it where others differ."""
    verdict = _clause(random, praises)
    draw = random.random()
    if draw < 0.3:
        return f"{verdict} ."
    if draw < 0.55:
        return f"{_clause(random, not praises)} , but {verdict} ."
    if draw < 0.8:
        return f"{_clause(random, praises)} and {verdict} ."
    aspect, word = random.choice(ASPECTS), random.choice(NEUTRAL)
    return f"the {aspect} is {word} , {_clause(random, praises)} and {verdict} ."


def _clause(random: np.random.Generator, praises: bool) -> str:
    negated = random.random() < 1 / 3
    lexicon = PRAISE if praises != negated else BLAME
    rank = int(len(lexicon) ** random.random()) - 1  # as often as 1/rank, nearly
    parts = ["the", random.choice(ASPECTS)]
    if random.random() < 0.4:
        parts += ["by", f"w{int(NAMES ** random.random()) - 1}"]
    parts.append(random.choice(NEGATIONS) if negated else "is")
    if random.random() < 0.3:
        parts.append(random.choice(DEGREES))
    return " ".join([*parts, lexicon[rank]])
