"""Rearranging: shapes, axes, joining, splitting, repeating, padding."""

import numpy as np
import tensorflow as tf
from factory import REAL, calls, elementwise, shape, shaped, sized
from hypothesis import strategies as st

from autograd_cases.table import MATRIX, VECTOR, case, case_if

BLOCK = calls(sized((2, 3, 4)), REAL)  # one array of three axes
PAIR = calls(sized((2, 3), (2, 3)), REAL)


def block(**keywords):
    """One array of three axes, and drawn keywords."""
    return calls(sized((2, 3, 4)), REAL, **keywords)


# -- shapes and axes -------------------------------------------------------------------------------

case(np.reshape, block(shape=st.sampled_from([(3, 8), (-1,), (2, -1, 3), 24])))
case(np.ravel, calls(shape(0), REAL), lambda x: tf.reshape(x, [-1]))
case(np.transpose, block(axes=st.permutations([0, 1, 2])))
case(np.transpose, block(axes=st.sampled_from([(-1, 0, 1), (1, -1, 0), None])))
case(np.moveaxis, block(source=st.integers(-3, 2), destination=st.integers(-3, 2)))
case(np.moveaxis, block(source=(0, 1), destination=(2, 0)))
case(np.swapaxes, block(axis1=st.integers(-3, 2), axis2=st.integers(-3, 2)))
case(np.rollaxis, block(axis=st.integers(-3, 2), start=st.integers(-3, 3)))
case(np.expand_dims, block(axis=st.sampled_from([0, -1, (0, 2)])))
case(
    np.squeeze,
    calls(sized((1, 3, 1)), REAL, axis=st.sampled_from([None, 0, -1, (0, 2)])),
    tf.squeeze,
)
case(np.broadcast_to, calls(sized((3, 1)), REAL, shape=(2, 3, 4)), tf.broadcast_to)
case(np.broadcast_arrays, elementwise(REAL, REAL), None, lambda *xs: list(np.broadcast_arrays(*xs)))
case(
    np.meshgrid,
    calls(sized((2,), (3,), (2,)), REAL, indexing=st.sampled_from(["xy", "ij"])),
    tf.meshgrid,
    lambda *xs, **k: list(np.meshgrid(*xs, **k)),
)
case(np.atleast_1d, elementwise(REAL))
case(np.atleast_2d, elementwise(REAL, REAL), None, lambda *xs: list(np.atleast_2d(*xs)))
case(np.atleast_3d, elementwise(REAL))
case(np.matrix_transpose, shaped("(n,m)", REAL), tf.linalg.matrix_transpose)
case(np.linalg.matrix_transpose, shaped("(n,m)", REAL), tf.linalg.matrix_transpose)
case(np.flip, calls(shape(2, 3), REAL, axis=st.sampled_from([None, 0, -1, (0, 1)])))
case(np.fliplr, calls(MATRIX, REAL))
case(np.flipud, calls(MATRIX, REAL))
case(np.rot90, calls(MATRIX, REAL, k=st.integers(-2, 5), axes=st.sampled_from([(0, 1), (1, 0)])))
case(
    np.roll,
    calls(shape(2, 3), REAL, shift=st.integers(-3, 3), axis=st.sampled_from([0, 1, -1])),
    tf.roll,
)
case(np.roll, calls(MATRIX, REAL, shift=st.sampled_from([1, -2, (1, 2)]), axis=(0, 1)))
case(np.roll, calls(MATRIX, REAL, shift=1))
case(np.tril, calls(shape(2, 3), REAL, k=st.integers(-2, 2)))
case(np.triu, calls(shape(2, 3), REAL, k=st.integers(-2, 2)))
case(np.resize, calls(MATRIX, REAL), None, lambda x: np.resize(x, (3, 4)))
case(
    np.full_like,
    elementwise(REAL),
    None,
    lambda x: np.full_like(x, x[..., None], shape=(*np.shape(x), 2)),
)

# -- joining and splitting -------------------------------------------------------------------------

for _axis in (0, 1, -1, None):
    case(np.concatenate, PAIR, None, lambda *xs, a=_axis: np.concatenate(xs, axis=a))
    case(np.append, calls(sized((2, 3), (2, 3)), REAL, axis=_axis))
case(
    np.concatenate,
    calls(sized((2, 1), (2, 3), (2, 2)), REAL),
    lambda *xs: tf.concat(xs, 1),
    lambda *xs: np.concatenate(xs, 1),
)
case(
    np.stack,
    calls(sized((2, 3), (2, 3)), REAL, axis=st.integers(-3, 2)),
    lambda *xs, axis: tf.stack(xs, axis),
    lambda *xs, axis: np.stack(xs, axis=axis),
)
for _function in (np.vstack, np.hstack, np.dstack, np.column_stack):
    for _shape in ((3,), (2, 3)):
        joined = calls(sized(_shape, _shape), REAL)
        case(_function, joined, None, lambda *xs, f=_function: f(xs), examples=2)
case(
    np.block,
    calls(sized((2, 2), (2, 1), (1, 2), (1, 1)), REAL),
    None,
    lambda a, b, c, d: np.block([[a, b], [c, d]]),
)
case(np.block, calls(sized((2,), (1,)), REAL), None, lambda a, b: np.block([a, b]))
case(np.split, calls(sized((4, 3)), REAL), lambda x: tf.split(x, 2), lambda x: np.split(x, 2))
case(np.split, calls(sized((2, 5)), REAL), None, lambda x: np.split(x, [1, 3], axis=1))
case(np.array_split, calls(sized((5, 2)), REAL), None, lambda x: np.array_split(x, 3))
case(np.hsplit, calls(sized((2, 4)), REAL), None, lambda x: np.hsplit(x, 2))
case(np.hsplit, calls(sized((4,)), REAL), None, lambda x: np.hsplit(x, [1, 3]))
case(np.vsplit, calls(sized((4, 2)), REAL), None, lambda x: np.vsplit(x, 2))
case(np.dsplit, calls(sized((2, 1, 4)), REAL), None, lambda x: np.dsplit(x, 2))
case_if(
    np,
    "unstack",
    calls(sized((2, 3)), REAL, axis=st.integers(-2, 1)),
    tf.unstack,
    lambda x, axis: list(np.unstack(x, axis=axis)),
)

# -- copies and padding ----------------------------------------------------------------------------

case(np.tile, calls(shape(0, 2), REAL, reps=st.sampled_from([2, (2,), (2, 1), (1, 2, 3), (0, 2)])))
case(
    np.repeat,
    calls(
        sized((2, 3)), REAL, repeats=st.sampled_from([2, [2]]), axis=st.sampled_from([None, 0, 1])
    ),
)
case(
    np.repeat,
    calls(sized((2, 3)), REAL),
    lambda x: tf.repeat(x, [1, 2, 0], axis=1),
    lambda x: np.repeat(x, [1, 2, 0], axis=1),
)
for _mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
    case(
        np.pad,
        calls(sized((2, 3)), REAL, pad_width=st.sampled_from([1, (1, 0), ((1, 1), (0, 2))])),
        None,
        lambda x, pad_width, m=_mode: np.pad(x, pad_width, m),
    )
case(
    np.pad,
    calls(sized((2, 3)), REAL),
    lambda x: tf.pad(x, [[0, 0], [1, 2]], constant_values=3.0),
    lambda x: np.pad(x, {-1: (1, 2)}, constant_values=3.0),
)

# -- diagonals -------------------------------------------------------------------------------------

case(np.diagonal, block(offset=st.integers(-3, 3), axis1=st.sampled_from([0, 2]), axis2=1))
case(np.linalg.diagonal, block(offset=st.integers(-3, 3)))
case(np.trace, calls(sized((3, 3, 2)), REAL, offset=st.integers(-1, 1)))
case(np.linalg.trace, shaped("(n,m)", REAL), tf.linalg.trace)
case(np.diag, calls(VECTOR, REAL, k=st.integers(-2, 2)))
case(np.diag, calls(MATRIX, REAL, k=st.integers(-2, 2)))
case(np.diagflat, calls(MATRIX, REAL, k=st.integers(-2, 2)))
