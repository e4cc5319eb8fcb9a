"""Vocabularies, counted in data or read from a file of one token a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from numpynn.typing import Array


class Vocabulary:
    """Tokens, the number of each, and what the layer was given when it was made.

    An object of its own, since a layer searches all its lists and dicts for weights.
    """

    def __init__(self, given: Any, given_weights: Any) -> None:
        self.given = given
        self.given_weights = given_weights
        self.tokens: list[Any] = []
        self.numbers: dict[Any, int] = {}

    def replace(self, tokens: list[Any], start: int) -> None:
        """Take these tokens, numbered from `start` on."""
        self.tokens = tokens
        self.numbers = {token: number for number, token in enumerate(tokens, start)}


class TokenCounts:
    """How often each token occurred in the data so far, and in how many documents."""

    def __init__(self) -> None:
        self.total: Counter[Any] = Counter()
        self.containing: Counter[Any] = Counter()
        self.documents = 0

    def add(self, documents: Iterable[Sequence[Any]]) -> None:
        """Count the tokens of some more documents."""
        for tokens in documents:
            self.total.update(tokens)
            self.containing.update(set(tokens))
            self.documents += 1

    def ranked(self, special: Iterable[Any]) -> list[Any]:
        """All but the special tokens: the most frequent first, those equal in that from Z to A."""
        tokens = set(self.total) - set(special)
        return sorted(tokens, key=lambda token: (self.total[token], token), reverse=True)

    def inverse_document_frequencies(self, tokens: Sequence[Any]) -> Array:
        """log(1 + documents / (1 + documents with the token)) of each."""
        containing = np.array([self.containing[token] for token in tokens])
        return np.log(1.0 + self.documents / (1.0 + containing))


def read_tokens(path: str, is_text: bool, encoding: str) -> list[Any]:
    """The lines of a file, as strings or whole numbers; empty ones at its end do not count."""
    with open(path, encoding=encoding) as file:
        lines = file.read().rstrip("\n").split("\n")
    return lines if is_text else [int(line) for line in lines]


def write_tokens(path: str, tokens: Sequence[Any]) -> None:
    """One token a line, in UTF-8. Raises ValueError for tokens that would be two when read."""
    lines = [str(token) for token in tokens]
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError(
            "A file of one token a line cannot hold tokens with line breaks in them: "
            f"{[line for line in lines if len(line.splitlines()) > 1][:5]}."
        )
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines))
