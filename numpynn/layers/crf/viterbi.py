"""The best path through a chain.

    δ_1 = a + e_1      δ_t[j] = e_t[j] + max_i (δ_{t-1}[i] + A[i, j])      y_T = argmax(δ_T + b)

and back along the i that were best. Of equals the first is taken. Source: Viterbi 1967.
"""

from __future__ import annotations

import numpy as np

from numpynn.typing import Array


def best_path(emissions: Array, transitions: Array, start: Array, end: Array, mask: Array) -> Array:
    """The tags (B, T) of the path with the highest score, 0 where the mask is False."""
    delta = np.zeros_like(emissions[:, 0])
    begun = np.zeros_like(mask[:, :1])
    stay = np.arange(delta.shape[1], like=mask)
    pointers = []
    for t in range(mask.shape[1]):
        here = mask[:, t : t + 1]
        scores = np.expand_dims(delta, 2) + transitions
        pointers.append(np.where(here & begun, np.argmax(scores, axis=1), stay))
        new = emissions[:, t] + np.where(begun, np.max(scores, axis=1), start)
        delta = np.where(here, new, delta)
        begun = begun | here
    tag = np.argmax(delta + end, axis=1, keepdims=True)
    tags = []
    for pointer in reversed(pointers):
        tags.append(tag)
        tag = np.take_along_axis(pointer, tag, axis=1)
    return np.where(mask, np.concatenate(tags[::-1], axis=1), 0)
