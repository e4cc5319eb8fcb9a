"""Numbers as the number of the range that they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numpynn.autograd.rules.table import unwrapped
from numpynn.layers.preprocessing.data_layer import DataLayer, batches_of
from numpynn.layers.preprocessing.encoding import (
    OUTPUT_MODES,
    encoded,
    encoded_shape,
    refuse_sparse,
    require_output_mode,
)
from numpynn.typing import Array


class Discretization(DataLayer):
    """The number of the bin that each number is in:  i where boundary i-1 <= x < boundary i.

    bin_boundaries: increasing; the first bin begins at -∞, the last ends at ∞. num_bins: as many
    bins of about equal content, learned by `adapt(data)` from a summary of at most about 1/epsilon
    values. output_mode: the number itself (int32), or "one_hot", "multi_hot", "count".
    Raises ValueError unless exactly one of the two is given, for decreasing boundaries, for other
    modes, for sparse=True, and at a call before `adapt`.
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        refuse_sparse("Discretization", sparse)
        require_output_mode("Discretization", output_mode, OUTPUT_MODES)
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                "Discretization needs either `bin_boundaries` or `num_bins`; got "
                f"{bin_boundaries} and {num_bins}."
            )
        if num_bins is not None and num_bins < 0:
            raise ValueError(f"`num_bins` must be 0 or more; got {num_bins}.")
        if bin_boundaries is not None and np.any(np.diff(np.asarray(bin_boundaries)) < 0):
            raise ValueError(f"`bin_boundaries` must increase; got {bin_boundaries}.")
        self.bin_boundaries: Any = bin_boundaries
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = output_mode
        self.sparse = sparse
        self.summary = _NOTHING

    @property
    def output_dtype(self) -> Any:
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the boundaries: from an array, or from an iterable of batches, at most `steps`.

        Raises ValueError where the boundaries were given.
        """
        if self.num_bins is None:
            raise ValueError(
                "A Discretization layer that was given its `bin_boundaries` learns none: make it "
                "with `num_bins`."
            )
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take one more batch into the summary."""
        values = np.array(unwrapped(data)).astype(np.float32)
        both = np.concatenate([_summarized(values, self.epsilon), self.summary], axis=1)
        self.summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Make the boundaries of what the summary holds."""
        if self.num_bins is not None:
            found = _compressed(self.summary, 1.0 / self.num_bins)
            self.bin_boundaries = found[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forget all batches."""
        self.summary = _NOTHING

    def call(self, inputs: Array) -> Array:
        if self.bin_boundaries is None:
            raise ValueError(
                f"Layer '{self.name}' has no boundaries yet: give it `bin_boundaries`, or call "
                "adapt(data) first."
            )
        x = unwrapped(inputs)
        boundaries = np.asarray(self.bin_boundaries, x.dtype if x.dtype.kind == "f" else float)
        numbers = np.searchsorted(boundaries, x, side="right")
        return encoded(numbers, self.output_mode, len(boundaries) + 1, self.output_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        known = self.bin_boundaries is not None
        depth = len(self.bin_boundaries) + 1 if known else self.num_bins
        return encoded_shape(input_shape, self.output_mode, depth)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Older files hold the summary; the boundaries are in the configuration."""
        if len(store) == 1:
            self.summary = np.asarray(store["0"])

    def get_config(self) -> dict[str, Any]:
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        learned = None
        if config.get("num_bins") is not None:
            learned = config.get("bin_boundaries")
            config = {**config, "bin_boundaries": None}
        made = cls(**config)
        if learned is not None:
            made.bin_boundaries = learned
        return made


# -- the summary -----------------------------------------------------------------------------------
#
# Two rows: values in order, and how many values of the data each stands for. It is what a pass over
# data too large to sort keeps: quantiles that are right to about `epsilon` of the data.

_NOTHING = np.zeros((2, 0), np.float32)


def _summarized(values: Array, epsilon: float) -> Array:
    """About 1/epsilon values at equal steps in the sorted ones, or all if they are fewer."""
    ordered = np.sort(values, axis=None)
    step = max(ordered.size / (1.0 / epsilon), 1.0)
    chosen = ordered[int(step - 1.0) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compressed(summary: Array, epsilon: float) -> Array:
    """The quantiles epsilon, 2 epsilon, … 1 by interpolation, once there are more values."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    reached = np.cumsum(summary[1])
    values = np.interp(shares, reached / reached[-1], summary[0])
    counts = np.interp(shares, reached / reached[-1], reached)
    return np.stack([values, np.diff(counts, prepend=0)]).astype(np.float32)
