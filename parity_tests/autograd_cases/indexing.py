"""Picking elements: slices, integer and boolean arrays, sorting."""

import operator

import numpy as np
import tensorflow as tf
from factory import DISTINCT, NONZERO, POSITIVE, REAL, calls, reduction, shape, sized
from hypothesis import strategies as st

from autograd_cases.table import case, case_if, constant

TWO_BY_THREE = calls(sized((2, 3)), REAL)
MASK = [[True, False, True], [False, True, False]]


def index_of(parts, x):
    """An index whose lists have become arrays of the kind of `x`."""
    if isinstance(parts, tuple):
        return tuple(constant(part, x) if isinstance(part, list) else part for part in parts)
    return constant(parts, x) if isinstance(parts, list) else parts


for _index in (
    0,
    -1,
    (1, 2),
    slice(1, None),
    (slice(None), slice(None, None, -2)),
    (Ellipsis, 1),
    (None, 0),
    [0, 1, 0],
    ([0, 1, 0], [2, 2, 2]),
    (slice(None), [0, 2, 2, -1]),
    ([[0], [1]], [0, 0, 1]),
    MASK,
    ([True, False], slice(None)),
    ([True, True], 1),
    (None, slice(None), [0, 0]),
):
    case(operator.getitem, TWO_BY_THREE, None, lambda x, i=_index: x[index_of(i, x)], examples=1)
    if not isinstance(_index, int):
        case(operator.getitem, TWO_BY_THREE, None, lambda x, i=_index: x[i], examples=1)

# -- by number -------------------------------------------------------------------------------------

case(
    np.take,
    calls(sized((2, 3)), REAL, axis=st.sampled_from([None, 0, 1, -1])),
    None,
    lambda x, axis: np.take(x, [[0, 1], [1, 0]], axis=axis),
)
case(
    np.take,
    TWO_BY_THREE,
    lambda x: tf.gather(x, [2, 0, 2], axis=1),
    lambda x: np.take(x, constant([2, 0, 2], x), 1),
)
case(
    np.take,
    calls(sized((4,)), REAL, mode=st.sampled_from(["wrap", "clip"])),
    None,
    lambda x, mode: np.take(x, [5, -1, 0], mode=mode),
)
for _places, _axis in (
    ([[0, 2], [1, 1]], 1),
    ([[1, 0, 1]], 0),
    ([[2], [0]], -1),
    ([4, 4], None),
):
    case(
        np.take_along_axis,
        TWO_BY_THREE,
        None,
        lambda x, p=_places, a=_axis: np.take_along_axis(x, constant(p, x), axis=a),
        examples=2,
    )
case(
    np.take_along_axis,
    calls(sized((1, 3)), REAL),
    None,
    lambda x: np.take_along_axis(x, constant([[1], [0]], x), axis=1),
)
case(np.compress, TWO_BY_THREE, None, lambda x: np.compress([True, False, True], x, axis=1))
case(np.extract, calls(sized((2, 3)), NONZERO), None, lambda x: np.extract(x > 0, x))
case(np.delete, TWO_BY_THREE, None, lambda x: np.delete(x, 1, axis=1))
case(np.delete, calls(sized((5,)), REAL), None, lambda x: np.delete(x, [0, 3]))
case(
    np.trim_zeros,
    calls(sized((3,)), NONZERO),
    None,
    lambda x: np.trim_zeros(np.pad(x, (2, 1))),
)
case(
    np.select,
    calls(sized((3,), (3,)), NONZERO),
    None,
    lambda x, z: np.select([x > 0, z > 0], [x * x, z], 0.5),
)
case(
    np.choose,
    calls(sized((3,), (3,)), REAL),
    None,
    lambda x, z: np.choose(constant([0, 1, 0], x), [x, z]),
)

PLACES = [0.1, 0.5, 0.9, 1.0, 2.0, -1.0]
case(
    np.histogram,
    calls(sized((6,)), POSITIVE, density=st.booleans()),
    None,
    lambda w, density: np.histogram(constant(PLACES, w), 4, (0.0, 1.0), density, w)[0],
    float32=False,
)

# -- by size ---------------------------------------------------------------------------------------

case(np.sort, reduction(DISTINCT, several=False, keepdims=False))
case(np.sort, calls(shape(1), DISTINCT), tf.sort)
case(np.partition, calls(sized((5,)), DISTINCT), None, lambda x: np.partition(x, 2)[2])
case(np.unique, calls(shape(1, 2), DISTINCT))
case(
    np.unique,
    calls(sized((2, 3)), DISTINCT),
    None,
    lambda x: list(np.unique(x, return_index=True, return_inverse=True, return_counts=True)),
)
case_if(
    np, "unique_values", calls(shape(1, 1), DISTINCT), None, lambda x: np.sort(np.unique_values(x))
)
for _function in (np.union1d, np.setdiff1d, np.intersect1d, np.setxor1d):
    case(
        _function,
        calls(sized((4,)), DISTINCT),
        None,
        lambda x, f=_function: f(x, np.concatenate([x[:2], x[:1] + 9.0])),
    )
