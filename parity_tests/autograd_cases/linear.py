"""Products of vectors, matrices and tensors, and Einstein summation."""

import operator

import numpy as np
import tensorflow as tf
from factory import REAL, calls, shaped, sized

from autograd_cases.table import case, case_if

# -- products --------------------------------------------------------------------------------------

case(np.matmul, shaped("(n,k),(k,m)", REAL, loops=2), tf.matmul)
for _shapes in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4))):
    case(np.matmul, calls(sized(*_shapes), REAL))
case(np.matmul, calls(sized((2, 4, 3), (3, 2)), REAL), tf.matmul)
case(operator.matmul, calls(sized((2, 3), (3, 2)), REAL), tf.matmul)
case(np.linalg.matmul, shaped("(n,k),(k,m)", REAL), tf.matmul)
case(np.vecdot, shaped("(n),(n)", REAL, loops=2), lambda x, z: tf.reduce_sum(x * z, -1))
case(np.linalg.vecdot, calls(sized((3, 2), (3, 1)), REAL, axis=0))
case_if(np, "matvec", shaped("(n,m),(m)", REAL), tf.linalg.matvec)
case_if(np, "vecmat", shaped("(n),(n,m)", REAL))
for _shapes in (
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3, 4)),
    ((2, 3), (2, 3, 2)),
    ((2, 2, 3), (3,)),
):
    case(np.dot, calls(sized(*_shapes), REAL))
for _shapes in (((), (3,)), ((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (2, 2, 3))):
    case(np.inner, calls(sized(*_shapes), REAL))
case(np.vdot, calls(sized((2, 3), (2, 3)), REAL))
case(np.outer, calls(sized((2, 2), (3,)), REAL))
case(np.linalg.outer, calls(sized((2,), (3,)), REAL))
case(np.subtract, calls(sized((2, 2), (3,)), REAL), None, np.subtract.outer)
for _axes in (2, ((1, 2), (0, 1)), ([2], [1]), (1, 0)):
    case(np.tensordot, calls(sized((2, 3, 4), (3, 4, 2)), REAL, axes=_axes), tf.tensordot)
case(np.linalg.tensordot, calls(sized((2, 3), (2, 3)), REAL))
case(np.kron, calls(sized((2, 3), (2,)), REAL))
case(np.cross, calls(sized((2, 3), (3,)), REAL))
case(np.cross, calls(sized((2, 3), (2, 3)), REAL), tf.linalg.cross)
case(np.linalg.cross, calls(sized((3, 2), (3, 2)), REAL, axis=0))
case(
    np.linalg.multi_dot,
    calls(sized((3,), (3, 2), (2, 4)), REAL),
    None,
    lambda *arrays: np.linalg.multi_dot(arrays),
)

# -- Einstein summation: every kind of index, by every path ----------------------------------------

EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("i,i->", (3,), (3,)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("iii->i", (2, 2, 2)),
    ("ij->", (2, 3)),
    ("ij->ji", (2, 3)),
    ("ij,k->ki", (2, 3), (4,)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 2)),
    ("...i,...i", (2, 3), (4, 2, 3)),
    ("i...->...", (2, 3, 2)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
    ("ij,ij,ij->j", (2, 3), (2, 3), (2, 3)),
    ("ab,b->a", (2, 1), (3,)),
    ("ij,j->ij", (2, 3), (1,)),
    (",i->i", (), (3,)),
    ("ii,jj->ij", (2, 2), (3, 3)),
]
for _subscripts, *_shapes in EINSUMS:
    for _optimize in (False, True, "greedy"):
        case(
            np.einsum,
            calls(sized(*_shapes), REAL),
            None,
            lambda *arrays, s=_subscripts, o=_optimize: np.einsum(s, *arrays, optimize=o),
            examples=1,
        )
case(
    np.einsum,
    calls(sized((2, 3), (3, 4)), REAL),
    lambda x, z: tf.einsum("ij,jk->ik", x, z),
    lambda x, z: np.einsum(x, [0, 1], z, [1, 2], [0, 2]),
)
case(
    np.einsum,
    calls(sized((2, 3, 4), (2, 4, 2)), REAL),
    None,
    lambda x, z: np.einsum(x, [Ellipsis, 30, 1], z, [Ellipsis, 1, 2]),
)
case(
    np.einsum,
    calls(sized((2, 3), (3, 4), (4, 2)), REAL),
    None,
    lambda *xs: np.einsum("ij,jk,kl->il", *xs, optimize=["einsum_path", (1, 2), (0, 1)]),
)
