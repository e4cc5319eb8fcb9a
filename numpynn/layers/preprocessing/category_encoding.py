"""Category numbers as vectors."""

from __future__ import annotations

from typing import Any

from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.preprocessing.data_layer import DataLayer
from numpynn.layers.preprocessing.encoding import (
    OUTPUT_MODES,
    encoded,
    encoded_shape,
    refuse_sparse,
    require_output_mode,
)
from numpynn.ops.dtypes import as_array
from numpynn.typing import Array


class CategoryEncoding(DataLayer):
    """Numbers 0 … num_tokens - 1 as vectors of that length.

    output_mode: "one_hot" of each number, "multi_hot" or "count" of all numbers of a sample.
    count_weights, of the inputs' shape: in "count", what each number counts.
    Raises ValueError for other modes, without a number of tokens, for weights in another mode, for
    negative numbers and for sparse=True.
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        require_output_mode("CategoryEncoding", output_mode, OUTPUT_MODES[1:])
        refuse_sparse("CategoryEncoding", sparse)
        if num_tokens is None or num_tokens < 1:
            raise ValueError(
                f"`num_tokens` must be 1 or more; got {num_tokens}. Where the number of tokens is "
                "not known beforehand, use IntegerLookup."
            )
        self.num_tokens = num_tokens
        self.output_mode = output_mode
        self.sparse = sparse

    def call(self, inputs: Array, count_weights: Array | None = None) -> Array:
        weights = None
        if count_weights is not None:
            if self.output_mode != "count":
                raise ValueError(
                    f"`count_weights` serve in output_mode='count' only; this is "
                    f"{self.output_mode!r}."
                )
            weights = as_array(unwrapped(count_weights), self.compute_dtype)
        return encoded(unwrapped(inputs), self.output_mode, self.num_tokens, self.dtype, weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }
