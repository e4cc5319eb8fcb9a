"""The masks that several inputs carry, and those that outputs get."""

from __future__ import annotations

from typing import Any

from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import Tensor


def masks_of(inputs: Any) -> Any:
    """The masks of several inputs in the same nesting; None where none has any."""
    if not any(isinstance(x, Tensor) and x.notes is not None for x in leaves(inputs)):
        return None
    masks = map_structure(lambda x: x.mask if isinstance(x, Tensor) else None, inputs)
    return masks if any(m is not None for m in leaves(masks)) else None


def or_nones(mask: Any, inputs: Any) -> Any:
    """Masks in the nesting of the inputs, even where none is."""
    if mask is None and isinstance(inputs, (list, tuple, dict)):
        return map_structure(lambda x: None, inputs)
    return mask


def attach_masks(outputs: Any, masks: Any) -> None:
    outputs = leaves(outputs)
    masks = leaves(masks) if isinstance(masks, (list, tuple, dict)) else [masks] * len(outputs)
    for output, mask in zip(outputs, masks, strict=True):
        if mask is not None and output.mask is None:
            output.mask = mask
