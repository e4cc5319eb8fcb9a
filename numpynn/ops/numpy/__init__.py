"""Keras's `ops.numpy`: NumPy's functions with Keras's names, arguments and dtypes.

    elementwise.py   arithmetic, powers, trigonometry, comparisons, tests, bits
    reductions.py    sums, means, extremes, quantiles along axes
    shapes.py        shapes, axes, joining, splitting, padding, diagonals
    products.py      matmul, dot, einsum and their like
    order.py         sorting, searching, picking, counting, sets
    creation.py      constants, sequences, identities, windows

`dtypes.py` beside this folder says what dtype comes out.
"""

from numpynn.ops.numpy.creation import *  # noqa: F403
from numpynn.ops.numpy.elementwise import *  # noqa: F403
from numpynn.ops.numpy.order import *  # noqa: F403
from numpynn.ops.numpy.products import *  # noqa: F403
from numpynn.ops.numpy.reductions import *  # noqa: F403
from numpynn.ops.numpy.shapes import *  # noqa: F403
