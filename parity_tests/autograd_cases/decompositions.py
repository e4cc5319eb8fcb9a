"""Linear algebra, on matrices that are made well conditioned."""

import numpy as np
import tensorflow as tf
from factory import NONZERO, Domain, calls, reduction, shape, shaped, sized
from hypothesis import strategies as st

from autograd_cases.table import SMALL, case, case_if

MIXED = Domain(-1.0, 1.0, (0.0,), margin=0.02, distinct=True)  # no kinks of |x|, no zeros
POSITIVE_DISTINCT = Domain(0.2, 3.0, distinct=True)
SQUARE = shaped("(n,n)", SMALL)
THREE = calls(sized((3, 3)), MIXED)
TALL = calls(sized((4, 3)), MIXED)


def rising(x):
    """A matrix of the shape of `x` with 1, 2, 3 … on its diagonal."""
    rows, columns = x.shape[-2:]
    numbers = np.arange(1.0, columns + 1, dtype=x.dtype, like=x)
    return np.eye(rows, columns, dtype=x.dtype, like=x) * numbers


def rising_tf(x):
    rows, columns = x.shape[-2:]
    return tf.eye(rows, columns, dtype=x.dtype) * tf.range(1.0, columns + 1, dtype=x.dtype)


def regular(x):
    """A matrix near twice the identity."""
    return 0.3 * x + 2.0 * np.eye(x.shape[-1], dtype=x.dtype, like=x)


def regular_tf(x):
    return 0.3 * x + 2.0 * tf.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x):
    """A symmetric positive definite matrix with eigenvalues apart."""
    return 0.1 * (x + np.swapaxes(x, -1, -2)) + rising(x)


def symmetric_tf(x):
    return 0.1 * (x + tf.linalg.matrix_transpose(x)) + rising_tf(x)


def apart(x):
    """A matrix of full rank with singular values apart."""
    return 0.1 * x + rising(x)


def apart_tf(x):
    return 0.1 * x + rising_tf(x)


# -- inverses and equations ------------------------------------------------------------------------


def solve_tf(a, b):
    """TensorFlow wants the same axes before both matrices."""
    ahead = tf.broadcast_static_shape(a.shape[:-2], b.shape[:-2])
    a = tf.broadcast_to(regular_tf(a), ahead + a.shape[-2:])
    return tf.linalg.solve(a, tf.broadcast_to(b, ahead + b.shape[-2:]))


case(
    np.linalg.inv,
    SQUARE,
    lambda x: tf.linalg.inv(regular_tf(x)),
    lambda x: np.linalg.inv(regular(x)),
)
case(
    np.linalg.solve,
    shaped("(n,n),(n,k)", SMALL),
    solve_tf,
    lambda a, b: np.linalg.solve(regular(a), b),
)
for _shapes in (((3, 3), (3,)), ((2, 3, 3), (3,))):
    one_vector = calls(sized(*_shapes), SMALL)
    case(np.linalg.solve, one_vector, None, lambda a, b: np.linalg.solve(regular(a), b))
case(
    np.linalg.pinv,
    TALL,
    lambda x: tf.linalg.pinv(apart_tf(x)),
    lambda x: np.linalg.pinv(apart(x)),
)
case(
    np.linalg.pinv,
    calls(sized((2, 4, 3)), SMALL),
    None,
    lambda x: np.linalg.pinv(np.swapaxes(apart(x), 1, 2)),
)
for _power in (-2, 0, 1, 2, 3, 5):
    case(
        np.linalg.matrix_power,
        SQUARE,
        None,
        lambda x, n=_power: np.linalg.matrix_power(regular(x), n),
        examples=2,
    )
case(
    np.linalg.tensorinv,
    calls(sized((4, 4)), SMALL),
    None,
    lambda x: np.linalg.tensorinv(np.reshape(regular(x), (4, 2, 2)), ind=1),
)
case(
    np.linalg.tensorsolve,
    calls(sized((4, 4), (2, 2)), SMALL),
    None,
    lambda a, b: np.linalg.tensorsolve(np.reshape(regular(a), (2, 2, 2, 2)), b),
)

# -- determinants and decompositions ---------------------------------------------------------------

case(
    np.linalg.det,
    SQUARE,
    lambda x: tf.linalg.det(regular_tf(x)),
    lambda x: np.linalg.det(regular(x)),
)
case(
    np.linalg.slogdet,
    SQUARE,
    lambda x: list(tf.linalg.slogdet(regular_tf(x))),
    lambda x: list(np.linalg.slogdet(regular(x))),
)
case(
    np.linalg.cholesky,
    SQUARE,
    lambda x: tf.linalg.cholesky(symmetric_tf(x)),
    lambda x: np.linalg.cholesky(symmetric(x)),
)
case(np.linalg.cholesky, SQUARE, None, lambda x: np.linalg.cholesky(symmetric(x), upper=True))
case(
    np.linalg.eigvalsh,
    SQUARE,
    lambda x: tf.linalg.eigvalsh(symmetric_tf(x)),
    lambda x: np.linalg.eigvalsh(symmetric(x)),
)


def eigh_tf(x):
    """The signs of eigenvectors are arbitrary, so their squares are compared."""
    w, v = tf.linalg.eigh(symmetric_tf(x))
    return [w, v * v]


def eigh(x):
    w, v = np.linalg.eigh(symmetric(x))
    return [w, v * v]


def svd_tf(x):
    s, u, v = tf.linalg.svd(apart_tf(x))
    return [u * u, s * s, tf.linalg.matrix_transpose(v * v)]


case(np.linalg.eigh, SQUARE, eigh_tf, eigh)
case(np.linalg.eigh, THREE, None, lambda x: np.linalg.eigh(symmetric(x), UPLO="U").eigenvalues)
case(
    np.linalg.svd,
    TALL,
    svd_tf,
    lambda x: [part * part for part in np.linalg.svd(apart(x), full_matrices=False)],
)
# Squares: the signs of singular vectors are anybody's choice, and a small step may change them.
case(
    np.linalg.svd,
    TALL,
    None,
    lambda x: [part * part for part in np.linalg.svd(apart(x).T, full_matrices=False)],
)
case(
    np.linalg.svd,
    calls(sized((2, 3, 3)), SMALL),
    None,
    lambda x: [part * part for part in np.linalg.svd(apart(x))],
)
case_if(
    np.linalg,
    "svdvals",
    TALL,
    lambda x: tf.linalg.svd(apart_tf(x), compute_uv=False),
    lambda x: np.linalg.svdvals(apart(x)),
)
case(np.linalg.qr, TALL, None, lambda x: list(np.linalg.qr(apart(x))))
case(
    np.linalg.qr,
    THREE,
    lambda x: list(tf.linalg.qr(regular_tf(x))),
    lambda x: list(np.linalg.qr(regular(x))),
)
case(np.linalg.qr, calls(sized((2, 4, 3)), MIXED), None, lambda x: np.linalg.qr(apart(x), mode="r"))

# -- norms -----------------------------------------------------------------------------------------

case(np.linalg.norm, calls(shape(1), NONZERO), tf.norm)
case(np.linalg.norm, reduction(NONZERO, several=False, everything=False), tf.norm)
case(
    np.linalg.norm,
    calls(sized((2, 3)), POSITIVE_DISTINCT, ord=st.sampled_from([1, 2, 3, np.inf])),
    lambda x, ord: tf.norm(x, ord=ord, axis=1),
    lambda x, ord: np.linalg.norm(x, ord, axis=1),
)
case(
    np.linalg.norm,
    calls(sized((2, 3)), POSITIVE_DISTINCT, ord=st.sampled_from([-np.inf, 0, 0.5, -2])),
    None,
    lambda x, ord: np.linalg.norm(x, ord, axis=1),
)
case(
    np.linalg.norm,
    calls(
        sized((4, 3)),
        MIXED,
        ord=st.sampled_from(["fro", 1, -1, np.inf, -np.inf, 2, -2, "nuc"]),
        keepdims=st.booleans(),
    ),
    None,
    lambda x, ord, keepdims: np.linalg.norm(apart(x), ord, keepdims=keepdims),
)
case_if(np.linalg, "vector_norm", reduction(NONZERO, ord=st.sampled_from([1, 2, 3])))
case_if(np.linalg, "matrix_norm", shaped("(n,m)", NONZERO, keepdims=st.booleans()))
case(
    np.linalg.cond,
    calls(sized((3, 3)), MIXED, p=st.sampled_from([None, 2, -2, 1, np.inf, "fro"])),
    None,
    lambda x, p: np.linalg.cond(apart(x), p),
)
