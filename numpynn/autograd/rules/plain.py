"""Functions of which only values are asked: shapes, positions, comparisons, tests, new arrays.

They take Tensors and give plain arrays, or Python values. Nothing is lost: their results do not
change when the values of a Tensor change a little, or are text and files.
"""

from __future__ import annotations

import numpy as np

from numpynn.autograd.rules.table import PLAIN, among

_NAMES = """
    shape size ndim
    argmax argmin nanargmax nanargmin argsort argpartition lexsort
    argwhere nonzero flatnonzero count_nonzero searchsorted digitize
    histogram_bin_edges
    empty_like zeros_like ones_like
    all any isclose allclose array_equal array_equiv isin in1d
    iscomplex isreal iscomplexobj isrealobj isneginf isposinf
    may_share_memory shares_memory can_cast common_type result_type min_scalar_type
    array2string array_repr array_str savetxt save savez savez_compressed packbits unpackbits
    ravel_multi_index unravel_index diag_indices_from tril_indices_from triu_indices_from ix_
    einsum_path
    equal not_equal less less_equal greater greater_equal
    logical_and logical_or logical_xor logical_not isfinite isinf isnan isnat signbit
    bitwise_and bitwise_or bitwise_xor bitwise_count invert left_shift right_shift gcd lcm
"""

PLAIN.update(among(np, _NAMES))
PLAIN.update(among(np.linalg, "matrix_rank"))
