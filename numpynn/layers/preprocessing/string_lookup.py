"""Words as numbers and back."""

from __future__ import annotations

from typing import Any

from numpynn.layers.preprocessing.index_lookup import IndexLookup


class StringLookup(IndexLookup):
    """The numbers of strings in a vocabulary, which is given or learned by `adapt(data)`.

    output_mode: "int" the number, "one_hot" of it, or of all tokens of a sample "multi_hot",
    "count", "tf_idf" (the count times log(1 + documents / (1 + documents with the token))).
    max_tokens: the size at most, special tokens included; with pad_to_max_tokens also at least.
    mask_token: gets 0, or is left out where tokens are counted. num_oov_indices: how many numbers
    unknown strings share, by their hash; salt: SipHash with this key instead of FarmHash.
    vocabulary: strings, or the path of a file with one a line; idf_weights: theirs.
    invert: strings of numbers; `oov_token` where there is none. encoding: of bytes among the data.
    Raises ValueError for contradictory arguments, for strings out of the vocabulary where
    num_oov_indices is 0, and for sparse=True; RuntimeError at a call without vocabulary.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            "string",
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            name=name,
            salt=salt,
            encoding=encoding,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        found = {**super().get_config(), "encoding": self.encoding}
        del found["vocabulary_dtype"]  # always strings
        return found
