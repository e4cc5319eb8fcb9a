"""What a layer expects of its inputs, checked at every call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.autograd.structure import leaves


class InputSpec:
    """What a layer expects of an input: rank, shape, dtype, sizes of some axes.

    ndim, min_ndim, max_ndim: ranks, the batch included. axes: {axis: size}. shape: None is any.
    allow_last_axis_squeeze: a last axis of length 1 may be there or not. name: the key of the input
    where inputs come as a dict. optional: the input may be None.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        for axis in self.axes:
            if self.ndim is not None and not -self.ndim <= axis < self.ndim:
                raise ValueError(f"`axes` names axis {axis}, but the rank is {self.ndim}.")

    def check(self, shape: Sequence[int | None], name: str, dtype: Any = None) -> None:
        """Raise ValueError, with expectation, finding and layer, where `shape` does not fit."""
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim and not self.allow_last_axis_squeeze:
            self._refuse(name, f"an input of rank {self.ndim}", shape)
        if self.min_ndim is not None and ndim < self.min_ndim:
            self._refuse(name, f"an input of rank {self.min_ndim} or more", shape)
        if self.max_ndim is not None and ndim > self.max_ndim:
            self._refuse(name, f"an input of rank {self.max_ndim} or less", shape)
        if self.dtype is not None and dtype is not None and dtype != self.dtype:
            self._refuse(name, f"dtype {self.dtype}, not {dtype}", shape)
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                self._refuse(name, f"size {size} along axis {axis}", shape)
        wanted_shape, found_shape = self.shape or (), tuple(shape)
        if self.allow_last_axis_squeeze:
            wanted_shape, found_shape = _without_last_one(wanted_shape), _without_last_one(shape)
        for wanted, found in zip(wanted_shape, found_shape, strict=False):
            if wanted is not None and found is not None and wanted != found:
                self._refuse(name, f"shape {self.shape}", shape)

    @staticmethod
    def _refuse(name: str, expected: str, shape: Sequence[int | None]) -> None:
        raise ValueError(
            f"Layer '{name}' expects {expected}; got an input of shape {tuple(shape)}."
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        return cls(**config)

    def __repr__(self) -> str:
        given = {k: v for k, v in self.get_config().items() if v}
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in given.items())})"


def _without_last_one(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return tuple(shape[:-1] if shape and shape[-1] == 1 else shape)


def check_inputs(spec: Any, inputs: Any, name: str) -> None:
    """Check inputs in any nesting against an InputSpec, or against as many in the same order.

    Raises ValueError for another number of inputs, for missing ones, and for what does not fit.
    """
    specs = leaves(spec)
    if isinstance(inputs, dict) and all(one is not None and one.name for one in specs):
        missing = [one.name for one in specs if one.name not in inputs]
        if missing:
            raise ValueError(
                f"Layer '{name}' lacks data for input '{missing[0]}': it got {sorted(inputs)}, and "
                f"expects {[one.name for one in specs]}."
            )
        inputs = [inputs[one.name] for one in specs]
    given = leaves(inputs)
    if len(given) != len(specs):
        names = [one.name for one in specs if one is not None and one.name]
        hint = f", by name {names}" if len(names) == len(specs) else ""
        raise ValueError(f"Layer '{name}' expects {len(specs)} inputs{hint}; got {len(given)}.")
    for one, x in zip(specs, given, strict=True):
        if one is None or (x is None and one.optional):
            continue
        if x is None:
            raise ValueError(f"Input '{one.name}' of layer '{name}' is None, and is not optional.")
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Layer '{name}' takes arrays or tensors; got {x!r} of type {type(x).__name__}."
            )
        one.check(x.shape, name, x.dtype)
