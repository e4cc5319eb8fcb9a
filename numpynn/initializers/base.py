"""The base of all initializers, and the numbers of connections that many of them scale by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpynn.typing import Array


class Initializer:
    """Base class: override `__call__(shape, dtype)`, and `get_config` where there are arguments."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:
        raise NotImplementedError("An Initializer must implement `__call__(shape, dtype)`.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        return type(self).from_config(self.get_config())


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel.

    Unless the axes of inputs and outputs are both given: the last two, times the window before.
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    window = math.prod(shape[:-2])
    return int(shape[-2] * window), int(shape[-1] * window)
