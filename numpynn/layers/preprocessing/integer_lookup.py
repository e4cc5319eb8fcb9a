"""Whole numbers, such as those of customers or articles, as numbers from 0 on, and back."""

from __future__ import annotations

from typing import Any

from numpynn.layers.preprocessing.index_lookup import IndexLookup


class IntegerLookup(IndexLookup):
    """The places of whole numbers in a vocabulary, which is given or learned by `adapt(data)`.

    Everything is as in StringLookup, but for unknown numbers that share several places:
    oov_method: "floormod", the number modulo num_oov_indices, which is uneven where the numbers
    have a common factor with it, or "farmhash", by the hash of its text; salt: then SipHash with
    this key. vocabulary_dtype: "int64", no other.
    Raises ValueError and RuntimeError as StringLookup does.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(f"`vocabulary_dtype` must be 'int64'; got {vocabulary_dtype!r}.")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary_dtype,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            oov_method,
            name,
            salt,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        found = super().get_config()
        for key in ("oov_token", "mask_token"):
            found[key] = None if found[key] is None else int(found[key])
        if found["vocabulary"] is not None:
            found["vocabulary"] = [int(token) for token in found["vocabulary"]]
        return found
