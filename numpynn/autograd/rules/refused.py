"""Functions that do not take Tensors, and what to do instead.

A rule can be added for any of them: `numpynn.autograd.define(function, vjp of each argument)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.autograd.rules.table import REFUSED, among

_WRITES = "it writes into its argument, and Tensors are immutable: use np.where or np.concatenate"
_COMPLEX = "its values are complex, and derivatives are taken of real ones"
_VALUES = "give it values (t.numpy())"
_BY_HAND = "write it with functions that have one"

_REASONS = {
    _WRITES: "copyto fill_diagonal place put put_along_axis putmask",
    _COMPLEX: "roots poly sort_complex",
    _VALUES: """
        busday_count busday_offset is_busday datetime_as_string nextafter spacing
        unique_all unique_counts unique_inverse polyfit polydiv histogram2d histogramdd
    """,
    _BY_HAND: "apply_along_axis apply_over_axes i0 insert piecewise",
}

for _reason, _names in _REASONS.items():
    REFUSED.update(dict.fromkeys(among(np, _names), _reason))
REFUSED.update(dict.fromkeys(among(np.linalg, "eig eigvals"), _COMPLEX))
REFUSED.update(dict.fromkeys(among(np.linalg, "lstsq"), "use np.linalg.pinv(a) @ b"))
_FOURIER = """
    fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn
"""
REFUSED.update(dict.fromkeys(among(np.fft, _FOURIER), _COMPLEX))

# Whole modules whose subject is not numbers.
_MODULES = {
    "strings": "it is for text",
    "char": "it is for text",
    "rec": "it is for records",
    "recfunctions": "it is for records",
}


def why_refused(function: Any) -> str | None:
    """Why `function` is refused, None where it is not known at all."""
    module = getattr(function, "__module__", None) or ""
    subject = _MODULES.get(module.rpartition(".")[2])
    return subject or REFUSED.get(function)
