"""Gradients before they are used: checked, and shortened to a bound.

clipnorm c            g c / max(c, ‖g‖)              for each variable
global_clipnorm c     g c / max(c, √Σ‖g‖²)           the norm of all gradients as one vector
clipvalue c           each value brought into [-c, c]

Source: Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.typing import Array
from numpynn.variables import Variable


def checked(gradients: Sequence[Any], variables: Sequence[Variable]) -> list[Any]:
    """The gradients as arrays. Warns where some are None.

    Raises ValueError where all are None, and where one has not the shape of its variable.
    """
    missing = [v.path for g, v in zip(gradients, variables) if g is None]
    if len(missing) == len(gradients):
        raise ValueError("No gradients provided for any variable.")
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing}: does the loss depend on them?",
            stacklevel=4,
        )
    arrays = [g if g is None or hasattr(g, "shape") else np.asarray(g) for g in gradients]
    for gradient, variable in zip(arrays, variables):
        if gradient is not None and gradient.shape != variable.shape:
            raise ValueError(
                f"The gradient of variable '{variable.path}' must have its shape "
                f"{variable.shape}; got {gradient.shape}."
            )
    return arrays


def clipped(
    gradients: Sequence[Array | None],
    clipnorm: float | None,
    global_clipnorm: float | None,
    clipvalue: float | None,
) -> Sequence[Array | None]:
    """The gradients within the first bound that is above 0; None stays None."""
    if clipnorm is not None and clipnorm > 0:
        return [None if g is None else _shortened(g, _norm([g]), clipnorm) for g in gradients]
    if global_clipnorm is not None and global_clipnorm > 0:
        norm = _norm([g for g in gradients if g is not None])
        norm = norm if norm < math.inf else math.nan  # as in Keras: then no gradient is usable
        return [None if g is None else _shortened(g, norm, global_clipnorm) for g in gradients]
    if clipvalue is not None and clipvalue > 0:
        return [None if g is None else np.clip(g, -clipvalue, clipvalue) for g in gradients]
    return gradients


def _norm(gradients: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients)))


def _shortened(gradient: Array, norm: float, bound: float) -> Array:
    return gradient if norm <= bound else gradient * (bound / norm)
