"""Functions of which only values are asked: shapes, positions, comparisons, tests, new arrays.

They take Tensors and give plain arrays, or Python values.
"""

from __future__ import annotations

import numpy as np

from numpynn.autograd.rules.table import PLAIN

_NAMES = """
    shape size ndim argmax argmin nanargmax nanargmin argsort argpartition argwhere nonzero
    flatnonzero count_nonzero searchsorted digitize bincount histogram histogram2d histogramdd
    histogram_bin_edges unique unique_all unique_counts unique_inverse unique_values lexsort
    empty_like zeros_like ones_like full_like
    all any isclose allclose array_equal array_equiv isin in1d intersect1d union1d setdiff1d setxor1d
    iscomplex isreal iscomplexobj isrealobj isneginf isposinf
    may_share_memory shares_memory can_cast common_type result_type min_scalar_type
    array2string array_repr array_str savetxt save savez savez_compressed packbits unpackbits
    ravel_multi_index unravel_index diag_indices_from tril_indices_from triu_indices_from ix_
    iterable
    equal not_equal less less_equal greater greater_equal
    logical_and logical_or logical_xor logical_not isfinite isinf isnan isnat signbit
    bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_count bitwise_invert bitwise_left_shift
    bitwise_right_shift invert left_shift right_shift gcd lcm
""".split()

PLAIN.update(getattr(np, name) for name in _NAMES if hasattr(np, name))
PLAIN.update({np.linalg.matrix_rank, np.linalg.cond})
