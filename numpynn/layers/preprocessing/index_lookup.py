"""A vocabulary: each known token has a number, and the unknown ones share a few."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from numpynn import config as settings
from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.preprocessing.data_layer import DataLayer, batches_of, holds_text, is_array
from numpynn.layers.preprocessing.encoding import (
    OUTPUT_MODES,
    encoded,
    encoded_shape,
    refuse_sparse,
    require_output_mode,
)
from numpynn.layers.preprocessing.hashing import as_text, two_numbers
from numpynn.layers.preprocessing.vocabulary import (
    TokenCounts,
    Vocabulary,
    read_tokens,
    write_tokens,
)
from numpynn.saving.serialization import in_safe_mode
from numpynn.typing import Array
from numpynn.utils.hashing import to_bucket

_DROPPED = np.iinfo(np.int64).max  # a number beyond every vocabulary: no encoding counts it
_FILE = "vocabulary.txt"


class IndexLookup(DataLayer):
    """What StringLookup and IntegerLookup share. The numbers are, in this order,

        0                       mask_token, where there is one and output_mode is "int"
        then num_oov_indices    tokens out of the vocabulary
        then one for each       tokens of the vocabulary

    With one such index all unknown tokens have it; with more a hash decides; with none they are an
    error. Outside of "int", mask tokens are left out.
    """

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: str,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, autocast=False)
        kind = type(self).__name__
        self.encoding = encoding
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.vocabulary_dtype = vocabulary_dtype
        self.invert = invert
        self.output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        self.sparse = sparse
        self.pad_to_max_tokens = pad_to_max_tokens
        self.oov_method = oov_method
        self.salt = two_numbers(salt, kind)
        self._vocabulary = Vocabulary(
            None if isinstance(vocabulary, str) else vocabulary, idf_weights
        )
        self.idf_weights: Any = None
        self._frozen_vocab_size = kwargs.pop("vocabulary_size", None)
        self._has_input_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        kwargs.pop("trainable", None)  # Keras writes them into configurations, and ignores them
        kwargs.pop("dtype", None)
        if kwargs:
            raise ValueError(f"{kind} takes no arguments {', '.join(kwargs)}.")
        self._require_sense(kind)
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _require_sense(self, kind: str) -> None:
        """Raise ValueError for arguments that contradict one another."""
        require_output_mode(kind, self.output_mode, (*OUTPUT_MODES, "tf_idf"))
        refuse_sparse(kind, self.sparse)
        if self.max_tokens is not None and self.max_tokens <= 1:
            raise ValueError(f"`max_tokens` of {kind} must be 2 or more; got {self.max_tokens}.")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"pad_to_max_tokens=True of {kind} needs `max_tokens`.")
        if self.num_oov_indices < 0:
            raise ValueError(
                f"`num_oov_indices` of {kind} must be 0 or more; got {self.num_oov_indices}."
            )
        if self.oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"`oov_method` of {kind} must be 'floormod' or 'farmhash'; got {self.oov_method!r}."
            )
        if self.salt is not None and not self._is_text and self.oov_method != "farmhash":
            raise ValueError(f"`salt` of {kind} needs oov_method='farmhash'.")
        if self.invert and self.output_mode != "int":
            raise ValueError(
                f"invert=True of {kind} needs output_mode='int'; got {self.output_mode!r}."
            )
        if self._vocabulary.given_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(
                f"`idf_weights` of {kind} serve in output_mode='tf_idf' only; got "
                f"{self.output_mode!r}."
            )

    @property
    def _is_text(self) -> bool:
        return self.vocabulary_dtype == "string"

    # -- the vocabulary -------------------------------------------------------------------------

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers; with the mask and unknown ones before them."""
        return (self._special_tokens() if include_special_tokens else []) + self._vocabulary.tokens

    def vocabulary_size(self) -> int:
        """How many numbers there are, those of mask and unknown tokens included."""
        return self._token_start() + len(self._vocabulary.tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens: an array or list, or the path of a file with one a line.

        They may begin with the mask and unknown tokens, in the order of `get_vocabulary`.
        idf_weights: one for each, in output_mode "tf_idf" only; the unknown get the average.
        Raises ValueError, changing nothing, for repeated or reserved tokens, more than
        `max_tokens`, weights that do not fit, and files that are missing or have empty lines;
        RuntimeError for another size than before, where the outputs have that size.
        """
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(
                "In output_mode='tf_idf', and only there, a vocabulary has `idf_weights`; got "
                f"idf_weights={idf_weights} in {self.output_mode!r}."
            )
        if isinstance(vocabulary, str):
            self._replace_tokens(self._tokens_of_file(vocabulary))
            return
        given = np.asarray(unwrapped(vocabulary))
        if given.ndim != 1 or not given.size:
            raise ValueError(f"A vocabulary is a list of one token or more; got {vocabulary!r}.")
        start = self._token_start()
        has_special = given[:start].tolist() == self._special_tokens()
        tokens = self._keys(given[start:] if has_special else given, self._is_text)
        self._require_allowed(tokens)
        weights = None
        if idf_weights is not None:
            weights = np.asarray(unwrapped(idf_weights), settings.floatx())
            if weights.shape != given.shape:
                raise ValueError(
                    f"There must be as many `idf_weights` as tokens, {len(given)}; got an array of "
                    f"shape {weights.shape}."
                )
            weights = self._padded(weights, 0 if has_special else start)
        self._replace_tokens(tokens)
        self.idf_weights = weights

    def _require_allowed(self, tokens: list[Any]) -> None:
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated:
            raise ValueError(f"A vocabulary has each token once; these come again: {repeated}.")
        reserved = [self.mask_token, self.oov_token if self.invert else None]
        for token in reserved:
            if token is not None and token in tokens:
                raise ValueError(
                    f"The vocabulary has the reserved token {token!r} at a place where it must not "
                    f"be. Leave such tokens out, or begin with {self._special_tokens()}."
                )
        size = self._token_start() + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(f"A vocabulary of size {size} exceeds max_tokens={self.max_tokens}.")

    def _tokens_of_file(self, path: str) -> list[Any]:
        if self.output_mode == "tf_idf":
            raise ValueError("In output_mode='tf_idf' a vocabulary cannot come from a file.")
        if not os.path.exists(path):
            raise ValueError(f"There is no vocabulary file {path!r}.")
        tokens = read_tokens(path, self._is_text, self.encoding)
        if "" in tokens:
            raise ValueError(f"Line {tokens.index('') + 1} of {path!r} is empty.")
        if len(set(tokens)) < len(tokens):
            raise ValueError(f"A vocabulary has each token once; in {path!r} some come again.")
        return tokens

    def _replace_tokens(self, tokens: list[Any]) -> None:
        size = self._token_start() + len(tokens)
        fixed = self.output_mode != "int" and not self.pad_to_max_tokens
        if fixed and self._frozen_vocab_size not in (None, size):
            raise RuntimeError(
                f"Layer '{self.name}' gives outputs of its vocabulary's size, which cannot change "
                f"from {self._frozen_vocab_size} to {size}."
            )
        self._frozen_vocab_size = size
        self._vocabulary.replace(tokens, self._token_start())
        if self.mask_token is not None:
            self._vocabulary.numbers[self.mask_token] = 0 if self.output_mode == "int" else _DROPPED

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start() + [self.oov_token] * self.num_oov_indices

    def _oov_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    def _token_start(self) -> int:
        return self._oov_start() + self.num_oov_indices

    def _padded(self, weights: Array, front: int) -> Array:
        """The weights with their average for `front` unknown tokens, and zeros to `max_tokens`."""
        average = np.full(front, weights.mean(), weights.dtype)
        size = self.max_tokens if self.pad_to_max_tokens and self.max_tokens is not None else 0
        behind = np.zeros(max(0, size - front - len(weights)), weights.dtype)
        return np.concatenate([average, weights, behind])

    # -- learning -------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens first, those equal in that from Z to A.

        data: an array or list, whose rows are the documents of "tf_idf"; or any other iterable of
        such batches, at most `steps`. What was learned before is forgotten.
        Raises ValueError where the layer was made with a vocabulary.
        """
        self.reset_state()
        if isinstance(data, (list, tuple)) or is_array(data):
            whole = np.asarray(unwrapped(data))
            data = [whole[:, np.newaxis] if whole.ndim == 1 else whole]
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of one more batch; of one axis, it is one document."""
        if self._has_input_vocabulary:
            raise ValueError(f"Layer '{self.name}' was made with a vocabulary: it learns none.")
        values = np.asarray(unwrapped(data))
        tokens = self._keys(values, self._is_text)
        several = values.ndim > 1 and self.output_mode == "tf_idf"  # else nobody asks
        length = max(1, len(tokens) // max(1, len(values)) if several else len(tokens))
        self._counts.add(tokens[i : i + length] for i in range(0, len(tokens), length))

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        if self._has_input_vocabulary or not self._counts.total:
            return
        tokens = self._counts.ranked([self.mask_token, self.oov_token])
        if self.max_tokens is not None:
            tokens = tokens[: max(0, self.max_tokens - self._token_start())]
        self._replace_tokens(tokens)
        if self.output_mode == "tf_idf":
            weights = self._counts.inverse_document_frequencies(tokens)
            self.idf_weights = self._padded(weights.astype(settings.floatx()), self._token_start())
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all batches; the vocabulary stays."""
        self._counts = TokenCounts()

    # -- looking up -----------------------------------------------------------------------------

    def call(self, inputs: Array) -> Array:
        if not self._vocabulary.tokens:
            raise RuntimeError(
                f"Layer '{self.name}' has no vocabulary yet: give it one, or call adapt(data)."
            )
        values = np.asarray(unwrapped(inputs))
        if self.invert:
            return self._tokens_of(values)
        numbers = self._numbers_of(values)
        if self.output_mode != "tf_idf":
            return encoded(numbers, self.output_mode, self._depth(), "int64")
        counts = encoded(numbers, "count", self._depth(), self.idf_weights.dtype)
        return counts * self.idf_weights

    def _depth(self) -> Any:
        return self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size

    def _numbers_of(self, values: Array) -> Array:
        keys, known = self._keys(values, self._is_text), self._vocabulary.numbers
        found = np.fromiter((known.get(key, -1) for key in keys), np.int64, len(keys))
        found = found.reshape(values.shape)
        unknown = found < 0
        if np.any(unknown):
            found[unknown] = self._oov_start() + self._oov_numbers(values[unknown])
        return found

    def _oov_numbers(self, unknown: Array) -> Array:
        if self.num_oov_indices == 0:
            raise ValueError(
                f"Layer '{self.name}' has no number for tokens out of its vocabulary, such as "
                f"{unknown[:5].tolist()}; num_oov_indices=1 gives them one."
            )
        if self._is_text or self.oov_method == "farmhash":
            return to_bucket(as_text(unknown), self.num_oov_indices, self.salt)
        return unknown.astype(np.int64) % self.num_oov_indices

    def _tokens_of(self, numbers: Array) -> Array:
        tokens = dict(enumerate(self.get_vocabulary()))
        found = [tokens.get(key, self.oov_token) for key in self._keys(numbers, False)]
        return np.array(found, object if self._is_text else np.int64).reshape(numbers.shape)

    def _keys(self, values: Array, is_text: bool) -> list[Any]:
        """The values as strings or whole numbers of Python. Raises ValueError for other kinds."""
        if values.size and is_text != holds_text(values):
            raise ValueError(
                f"Layer '{self.name}' looks up {'strings' if is_text else 'whole numbers'}; got "
                f"values of dtype {values.dtype}."
            )
        if not is_text:
            numbers: list[int] = values.astype(np.int64).ravel().tolist()
            return numbers
        return [
            value.decode(self.encoding) if isinstance(value, bytes) else value
            for value in values.ravel().tolist()
        ]

    @property
    def output_dtype(self) -> Any:
        if self.output_mode == "tf_idf":
            return settings.floatx()
        return "object" if self.invert and self._is_text else "int64"

    def compute_output_shape(self, input_shape: Any) -> Any:
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return encoded_shape(input_shape, mode, self._depth())

    # -- files ----------------------------------------------------------------------------------

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        if self.output_mode == "tf_idf":
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        if self.output_mode == "tf_idf":
            self.idf_weights = np.asarray(store["idf_weights"])

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into a folder, a token a line, unless the configuration has it.

        Raises ValueError for tokens with a line break.
        """
        if self._vocabulary.given is None:
            write_tokens(os.path.join(dir_path, _FILE), self.get_vocabulary())

    def load_assets(self, dir_path: str) -> None:
        """Read what `save_assets` wrote."""
        if self._vocabulary.given is None:
            path = os.path.join(dir_path, _FILE)
            self.set_vocabulary(read_tokens(path, self._is_text, "utf-8"), self.idf_weights)

    def get_build_config(self) -> dict[str, Any]:
        return {}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build(None)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary_dtype": self.vocabulary_dtype,
            "idf_weights": _listed(self._vocabulary.given_weights),
            "vocabulary": _listed(self._vocabulary.given),
            "vocabulary_size": self._frozen_vocab_size,
            "oov_method": self.oov_method,
            "salt": self.salt,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> IndexLookup:
        """An equal layer. Raises ValueError for the path of a vocabulary file.

        `get_config` never gives one, since files carry the tokens themselves: it is a stranger's.
        """
        if isinstance(config.get("vocabulary"), str) and in_safe_mode():
            raise ValueError(
                f"The configuration asks for the vocabulary file {config['vocabulary']!r}, which "
                "may be any file of this machine. If you trust where it comes from, call "
                "config.enable_unsafe_deserialization()."
            )
        return cls(**config)


def _listed(values: Any) -> Any:
    values = unwrapped(values)
    return values.tolist() if isinstance(values, np.ndarray) else values
