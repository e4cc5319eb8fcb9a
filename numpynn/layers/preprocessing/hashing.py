"""Categories without a vocabulary: the number of a category is a hash of its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.preprocessing.data_layer import DataLayer, holds_text, is_array
from numpynn.layers.preprocessing.encoding import (
    OUTPUT_MODES,
    encoded,
    encoded_shape,
    refuse_sparse,
    require_output_mode,
)
from numpynn.typing import Array
from numpynn.utils.hashing import concatenated64, fingerprint64, to_bucket

_FIRST_FINGERPRINT = 0xDECAFCAFFE  # where TensorFlow's crosses begin


class Hashing(DataLayer):
    """Strings or numbers into `num_bins` bins by their hash, the same in every process.

    mask_value: its bin is 0, and all others share the rest. salt: a whole number or two, with which
    SipHash is used instead of FarmHash, so that nobody can choose names that collide.
    Floats lose their fraction; numbers are hashed as their decimal text.
    output_mode: the bin's number (int64), or "one_hot", "multi_hot", "count".
    Raises ValueError for no bins, another mode or salt, for "int" in a dtype that is not int32 or
    int64, and for sparse=True; TypeError for a mask value of another kind than the inputs.
    Source: Weinberger et al. 2009, arXiv:0902.2206.
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else config.floatx()
        super().__init__(autocast=False, **kwargs)  # strings have no dtype to be cast to
        if num_bins is None or num_bins <= 0:
            raise ValueError(f"`num_bins` of Hashing must be 1 or more; got {num_bins}.")
        require_output_mode("Hashing", output_mode, OUTPUT_MODES)
        if output_mode == "int" and self.dtype not in ("int32", "int64"):
            raise ValueError(
                f"Hashing gives whole numbers in output_mode='int': `dtype` must be 'int32' or "
                f"'int64'; got {self.dtype!r}."
            )
        refuse_sparse("Hashing", sparse)
        self.num_bins = num_bins
        self.mask_value = mask_value
        self.salt = two_numbers(salt, "Hashing")
        self.output_mode = output_mode
        self.sparse = sparse

    def call(self, inputs: Array) -> Array:
        values = unwrapped(inputs)
        bins, masked = self.num_bins, None
        if self.mask_value is not None and bins > 1:
            bins -= 1
            masked = self._masked(values)
        numbers = to_bucket(as_text(values), bins, self.salt)
        if masked is not None:
            numbers = np.where(masked, 0, numbers + 1)
        return encoded(numbers, self.output_mode, self.num_bins, self.dtype)

    def _masked(self, values: Array) -> Array:
        if holds_text(values) != isinstance(self.mask_value, (str, bytes)):
            raise TypeError(
                f"`mask_value` of layer '{self.name}' is {self.mask_value!r}; it must be of the "
                f"kind of the inputs, which have dtype {values.dtype}."
            )
        return np.asarray(values == self.mask_value)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


class HashedCrossing(DataLayer):
    """Two or more categories together as one: into `num_bins` bins by the hash of all.

    Called on a list of arrays of one shape, (), (B,) or (B, 1), of strings or whole numbers.
    output_mode: the bin's number (int64), or "one_hot".
    Raises ValueError for another mode, fewer inputs, other shapes and dtypes, and for sparse=True.
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if output_mode == "int" and dtype is None:
            dtype = "int64"
        super().__init__(name=name, dtype=dtype, autocast=False, **kwargs)
        refuse_sparse("HashedCrossing", sparse)
        require_output_mode("HashedCrossing", output_mode, ("int", "one_hot"))
        self.num_bins = num_bins
        self.output_mode = output_mode
        self.sparse = sparse

    def as_data(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(
                f"HashedCrossing layer '{self.name}' is called on a list of two or more inputs; "
                f"got {inputs!r}."
            )
        arrays = [part if is_array(part) else np.asarray(part) for part in inputs]
        shapes = [np.shape(a) for a in arrays]
        if len(set(shapes)) > 1 or len(shapes[0]) > 2 or shapes[0][1:] not in ((), (1,)):
            raise ValueError(
                f"The inputs of HashedCrossing layer '{self.name}' must all have one shape: (), "
                f"(batch,) or (batch, 1); got {shapes}."
            )
        return arrays

    def call(self, inputs: Array) -> Array:
        found = np.full(inputs[0].shape, _FIRST_FINGERPRINT, dtype=np.uint64)
        for values in map(unwrapped, inputs):
            if values.dtype.kind in "iu":
                found = concatenated64(found, values.astype(np.int64).astype(np.uint64))
            elif holds_text(values):
                found = concatenated64(found, fingerprint64(values))
            else:
                raise ValueError(
                    f"HashedCrossing layer '{self.name}' takes strings and whole numbers; got an "
                    f"input of dtype {values.dtype}."
                )
        numbers = (found % np.uint64(self.num_bins or 2**63 - 1)).astype(np.int64)
        return encoded(numbers, self.output_mode, self.num_bins, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if len(input_shape) < 2 or not all(isinstance(s, (tuple, list)) for s in input_shape):
            raise ValueError(
                f"HashedCrossing takes the shapes of two or more inputs; got {input_shape}."
            )
        if any(tuple(shape) != tuple(input_shape[0]) for shape in input_shape):
            raise ValueError(f"HashedCrossing takes inputs of one shape; got {input_shape}.")
        return encoded_shape(input_shape[0], self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }


def as_text(values: Array) -> Array:
    """Strings as they are; numbers, without their fraction, as decimal text; truth as a word."""
    if holds_text(values):
        return values
    if values.dtype.kind == "b":
        return np.where(values, "true", "false")
    return values.astype(np.int64).astype(str)


def two_numbers(salt: Any, layer: str) -> list[int] | None:
    """A salt as the two whole numbers that SipHash takes. Raises ValueError for other forms."""
    if salt is None:
        return None
    if isinstance(salt, (tuple, list)) and len(salt) == 2:
        return list(salt)
    if isinstance(salt, int):
        return [salt, salt]
    raise ValueError(f"`salt` of {layer} must be a whole number or two of them; got {salt!r}.")
