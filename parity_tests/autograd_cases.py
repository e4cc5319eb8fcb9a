"""Every NumPy function that has a derivative: its domain, and TensorFlow's where there is one.

The tests of the rules, of the stand-in array and of the dispatch walk this table.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from factory import (
    DISTINCT,
    NONZERO,
    POSITIVE,
    REAL,
    UNIT,
    Call,
    Domain,
    calls,
    elementwise,
    reduction,
    shape,
    shaped,
    sized,
)
from hypothesis import strategies as st


@dataclass
class Case:
    """How one function is tested.

    function: NumPy's, whose rule this is. drawn: its calls. reference: TensorFlow's form, or None.
    form: how it is called, where arguments beyond the arrays are needed. options: of `check`.
    """

    function: Any
    drawn: st.SearchStrategy[Call]
    reference: Callable[..., Any] | None = None
    form: Callable[..., Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> Callable[..., Any]:
        return self.form or self.function

    def __str__(self) -> str:
        module = getattr(self.function, "__module__", None) or "numpy"
        name = getattr(self.function, "__name__", str(self.function))
        return f"{module.removeprefix('numpy').lstrip('.')}.{name}".lstrip(".")


CASES: list[Case] = []


def case(
    function: Any,
    drawn: st.SearchStrategy[Call],
    reference: Callable[..., Any] | None = None,
    form: Callable[..., Any] | None = None,
    **options: Any,
) -> None:
    CASES.append(Case(function, drawn, reference, form, options))


def case_if(module: Any, name: str, *args: Any, **options: Any) -> None:
    """A case of a function that older versions of NumPy lack."""
    if hasattr(module, name):
        case(getattr(module, name), *args, **options)


SMALL = Domain(-1.0, 1.0)
STEPS = Domain(-2.0, 2.0, avoid=(-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0), margin=0.1)
MATRIX = shape(2, 2)
VECTOR = shape(1, 1)

# -- element by element ----------------------------------------------------------------------------

case(np.add, elementwise(REAL, REAL), tf.add)
case(np.subtract, elementwise(REAL, REAL), tf.subtract)
case(np.multiply, elementwise(REAL, REAL), tf.multiply)
case(np.divide, elementwise(REAL, NONZERO), tf.divide)
case(np.negative, elementwise(REAL), tf.negative)
case(np.positive, elementwise(REAL), tf.identity)
case(np.copy, elementwise(REAL), tf.identity)
case(np.reciprocal, elementwise(NONZERO), tf.math.reciprocal)
case(np.square, elementwise(REAL), tf.square)
case(
    np.remainder,
    elementwise(Domain(2.1, 2.4), Domain(0.9, 1.0)),
    tf.math.floormod,
)
case(np.fmod, elementwise(Domain(-2.4, -2.1), Domain(0.9, 1.0)))
case(np.ldexp, elementwise(REAL), lambda x: x * 8.0, lambda x: np.ldexp(x, 3))
case(np.power, elementwise(POSITIVE, REAL), tf.pow)
case(np.power, elementwise(NONZERO), lambda x: x**3, lambda x: x**3)
case(np.power, elementwise(REAL), lambda x: 2.0**x, lambda x: 2.0**x)
case(np.float_power, elementwise(POSITIVE, REAL), tf.pow, float32=False)
case(np.sqrt, elementwise(POSITIVE), tf.sqrt)
case(np.cbrt, elementwise(POSITIVE), lambda x: tf.pow(x, 1 / 3))
case(np.exp, elementwise(REAL), tf.exp)
case(np.exp2, elementwise(REAL), lambda x: tf.pow(tf.constant(2.0, x.dtype), x))
case(np.expm1, elementwise(REAL), tf.math.expm1)
case(np.log, elementwise(POSITIVE), tf.math.log)
case(np.log2, elementwise(POSITIVE), keras.ops.log2)
case(np.log10, elementwise(POSITIVE), keras.ops.log10)
case(np.log1p, elementwise(POSITIVE), tf.math.log1p)
case(np.logaddexp, elementwise(REAL, REAL), lambda x, z: tf.math.log(tf.exp(x) + tf.exp(z)))
case(np.logaddexp2, elementwise(REAL, REAL))
case(
    np.logaddexp,
    reduction(REAL, several=False, everything=False, keepdims=False),
    tf.reduce_logsumexp,
    np.logaddexp.reduce,
)
case(np.sin, elementwise(REAL), tf.sin)
case(np.cos, elementwise(REAL), tf.cos)
case(np.tan, elementwise(SMALL), tf.tan)
case(np.arcsin, elementwise(UNIT), tf.asin)
case(np.arccos, elementwise(UNIT), tf.acos)
case(np.arctan, elementwise(REAL), tf.atan)
case(np.arctan2, elementwise(NONZERO, NONZERO), tf.atan2)
case(np.sinh, elementwise(REAL), tf.sinh)
case(np.cosh, elementwise(REAL), tf.cosh)
case(np.tanh, elementwise(REAL), tf.tanh)
case(np.arcsinh, elementwise(REAL), tf.asinh)
case(np.arccosh, elementwise(Domain(1.2, 3.0)), tf.acosh)
case(np.arctanh, elementwise(UNIT), tf.atanh)
case(np.deg2rad, elementwise(REAL), lambda x: x * (np.pi / 180.0))
case(np.radians, elementwise(REAL))
case(np.rad2deg, elementwise(REAL))
case(np.degrees, elementwise(REAL))
case(np.sinc, elementwise(REAL))
case(np.unwrap, calls(VECTOR, Domain(-9.0, 9.0, margin=0.3, distinct=True)))
case(np.absolute, elementwise(NONZERO), tf.abs)
case(np.fabs, elementwise(NONZERO), tf.abs)
case(np.sign, elementwise(NONZERO), tf.sign)
case(np.copysign, elementwise(NONZERO, NONZERO), lambda x, s: tf.abs(x) * tf.sign(s))
case(np.hypot, elementwise(NONZERO, NONZERO), lambda x, z: tf.sqrt(x * x + z * z))
case(np.heaviside, elementwise(NONZERO, REAL))
case(np.nan_to_num, elementwise(REAL), keras.ops.nan_to_num)
case(
    np.clip,
    elementwise(STEPS),
    lambda x: tf.clip_by_value(x, -1.0, 1.5),
    lambda x: np.clip(x, -1.0, 1.5),
)
case(
    np.clip,
    elementwise(Domain(1.0, 2.0), Domain(0.0, 0.9), Domain(2.1, 3.0)),
    lambda x, low, high: tf.minimum(tf.maximum(x, low), high),
)
for _pick, _tf in (
    (np.maximum, tf.maximum),
    (np.minimum, tf.minimum),
    (np.fmax, tf.maximum),
    (np.fmin, tf.minimum),
):
    case(_pick, calls(sized((2, 3), (2, 3)), Domain(-2.0, 0.0), Domain(0.1, 2.0)), _tf)
    case(_pick, calls(sized((2, 1), (3,)), Domain(0.1, 2.0), Domain(-2.0, 0.0)), _tf)
case(
    np.where,
    elementwise(REAL, REAL),
    lambda x, z: tf.where([True], x, z),
    lambda x, z: np.where(np.array([True]), x, z),
)
case(
    np.where,
    calls(sized((2, 3), (3,)), REAL),
    lambda x, z: tf.where([[True, False, True]], x, z),
    lambda x, z: np.where([[True, False, True]], x, z),
)
for _step in (np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around):
    case(_step, elementwise(STEPS))
case(np.floor_divide, elementwise(Domain(2.1, 2.4), Domain(0.9, 1.0)))
case(np.round, elementwise(Domain(0.02, 0.04)), None, lambda x: np.round(x, decimals=1))
case(np.modf, elementwise(STEPS))
case(np.divmod, elementwise(Domain(2.1, 2.4), Domain(0.9, 1.0)))
case(np.frexp, elementwise(Domain(1.1, 1.9)))
case(np.conjugate, elementwise(REAL), tf.identity)
case(np.real, elementwise(REAL), tf.identity)
case(np.imag, elementwise(REAL))
case(np.angle, elementwise(NONZERO))
case(np.real_if_close, elementwise(REAL), tf.identity)
case(np.emath.sqrt, elementwise(POSITIVE), tf.sqrt)
case(np.emath.log, elementwise(POSITIVE), tf.math.log)
case(np.emath.log2, elementwise(POSITIVE))
case(np.emath.log10, elementwise(POSITIVE))
case(np.emath.logn, elementwise(Domain(1.5, 3.0), POSITIVE))
case(np.emath.power, elementwise(POSITIVE, REAL), tf.pow)
case(np.emath.arccos, elementwise(UNIT), tf.acos)
case(np.emath.arcsin, elementwise(UNIT), tf.asin)
case(np.emath.arctanh, elementwise(UNIT), tf.atanh)
case_if(np, "astype", elementwise(REAL), None, lambda x: np.astype(x, np.float64), float32=False)

# -- along axes ------------------------------------------------------------------------------------

case(np.sum, reduction(REAL), tf.reduce_sum)
case(np.sum, shaped("(n,n)", REAL, loops=0), None, lambda x: np.sum(x, 0, where=np.tri(len(x)) > 0))
case(np.add, reduction(REAL), tf.reduce_sum, np.add.reduce)
case(np.mean, reduction(REAL), tf.reduce_mean)
case(
    np.mean, shaped("(n,n)", REAL, loops=0), None, lambda x: np.mean(x, 0, where=np.tri(len(x)) > 0)
)
case(np.var, reduction(REAL), tf.math.reduce_variance)
case(np.var, reduction(REAL, min_side=3, ddof=st.integers(0, 1)))
case(np.var, calls(sized((3, 4)), REAL), None, lambda x: np.var(x, 0, where=np.tri(3, 4, 1) > 0))
SPREAD = Domain(-6.0, 6.0, margin=0.15, distinct=True)
case(np.std, reduction(SPREAD, everything=True, min_side=2), tf.math.reduce_std)
case(np.std, reduction(SPREAD, min_side=3, correction=1))
case(np.max, reduction(DISTINCT), tf.reduce_max)
case(np.min, reduction(DISTINCT), tf.reduce_min)
if np.amax is not np.max:
    case(np.amax, reduction(DISTINCT), tf.reduce_max)
    case(np.amin, reduction(DISTINCT), tf.reduce_min)
case(np.maximum, reduction(DISTINCT), tf.reduce_max, np.maximum.reduce)
case(np.ptp, reduction(DISTINCT, min_side=2))
case(np.prod, reduction(REAL), tf.reduce_prod)
case(np.cumsum, reduction(REAL, several=False, everything=False, keepdims=False), tf.cumsum)
case(np.cumsum, reduction(REAL, several=False, keepdims=False))
case(np.add, calls(MATRIX, REAL), tf.cumsum, np.add.accumulate)
case(
    np.cumprod, reduction(NONZERO, several=False, everything=False, keepdims=False), tf.math.cumprod
)
case(np.cumprod, reduction(REAL, several=False, keepdims=False))
case(np.maximum, calls(MATRIX, DISTINCT), None, np.maximum.accumulate)
case(np.minimum, calls(MATRIX, DISTINCT), None, lambda x: np.minimum.accumulate(x, axis=1))
case_if(
    np, "cumulative_sum", calls(MATRIX, REAL, axis=st.integers(0, 1), include_initial=st.booleans())
)
case_if(
    np,
    "cumulative_prod",
    calls(MATRIX, REAL, axis=st.integers(0, 1), include_initial=st.booleans()),
)
case(np.average, reduction(REAL), tf.reduce_mean)
case(np.average, calls(sized((2, 3), (3,)), REAL, POSITIVE), None, lambda x, w: np.average(x, 1, w))
case(
    np.average,
    calls(sized((2, 3), (2, 3)), REAL, POSITIVE),
    None,
    lambda x, w: np.average(x, weights=w, returned=True),
)
case(np.median, reduction(DISTINCT), keras.ops.median)
case(np.quantile, reduction(DISTINCT), None, lambda x, **k: np.quantile(x, [0.2, 0.5, 1.0], **k))
case(np.percentile, reduction(DISTINCT), None, lambda x, **k: np.percentile(x, 30.0, **k))
case(np.cov, calls(sized((3, 4)), REAL, rowvar=st.booleans(), ddof=st.sampled_from([None, 0])))
case(np.cov, calls(sized((4,), (4,)), REAL))
case(np.corrcoef, calls(sized((3, 5)), SPREAD))


def _with_nan(function: Any, **fixed: Any) -> Callable[..., Any]:
    """`function` of an array whose first number is replaced by NaN."""

    def holed(x: Any, **keywords: Any) -> Any:
        hole = np.arange(int(np.prod(np.shape(x)))).reshape(np.shape(x)) == 0
        return function(np.where(hole, np.nan, x), **fixed, **keywords)

    return holed


for _nan in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanmedian):
    case(_nan, reduction(DISTINCT, min_side=2), None, _with_nan(_nan))
for _nan in (np.nanvar, np.nanstd):
    case(_nan, reduction(SPREAD, min_side=3), None, _with_nan(_nan, ddof=1))
for _nan in (np.nancumsum, np.nancumprod):
    case(_nan, reduction(REAL, several=False, keepdims=False), None, _with_nan(_nan))
case(np.nanquantile, reduction(DISTINCT, min_side=2), None, _with_nan(np.nanquantile, q=0.3))
case(
    np.nanpercentile,
    reduction(DISTINCT, min_side=2),
    None,
    _with_nan(np.nanpercentile, q=[30.0, 60.0]),
)

# -- along a line ----------------------------------------------------------------------------------

case(np.diff, calls(shape(1, 2, 3), REAL, n=st.integers(0, 2)))
case(
    np.diff,
    calls(sized((2, 3), (2, 1)), REAL),
    None,
    lambda x, z: np.diff(x, prepend=z, append=x.dtype.type(2.0)),
)
case(np.ediff1d, calls(MATRIX, REAL))
case(
    np.ediff1d,
    calls(sized((4,), (2,)), REAL),
    None,
    lambda x, e: np.ediff1d(x, to_end=e, to_begin=0.0),
)
case(np.gradient, calls(shape(1, 2, 3), REAL, edge_order=st.integers(1, 2)))
case(np.gradient, calls(sized((3, 4)), REAL), None, lambda x: np.gradient(x, 0.5, 2.0))
case(np.trapezoid, calls(shape(1, 2, 2), REAL, dx=0.5))
case(np.trapezoid, calls(sized((2, 4), (4,)), REAL))
case(np.trapezoid, calls(sized((4, 2), (4,)), REAL), None, lambda y, x: np.trapezoid(y, x, axis=0))
case(
    np.interp,
    calls(sized((2, 3), (4,)), Domain(-0.8, 3.8, avoid=(0.0, 1.0, 2.0, 3.0), margin=0.1), REAL),
    None,
    lambda x, fp: np.interp(x, np.arange(4.0, dtype=fp.dtype), fp),
)
case(np.linspace, elementwise(REAL, REAL, num=st.integers(1, 4)))
case(
    np.linspace,
    calls(sized((2,), ()), REAL),
    None,
    lambda a, b: np.linspace(a, b, 3, False, axis=1),
)
case(np.logspace, elementwise(SMALL, SMALL, num=3))
case(np.geomspace, elementwise(POSITIVE, POSITIVE, num=3))
for _mode in ("full", "same", "valid"):
    case(np.convolve, calls(sized((5,), (3,)), REAL, mode=_mode))
    case(np.correlate, calls(sized((5,), (3,)), REAL, mode=_mode))
    case(np.correlate, calls(sized((2,), (4,)), REAL, mode=_mode))
case(
    np.lib.stride_tricks.sliding_window_view,
    calls(sized((3, 4)), REAL),
    None,
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)),
)
case(np.fft.fftshift, calls(shape(1), REAL), tf.signal.fftshift)
case(np.fft.ifftshift, calls(shape(1), REAL), tf.signal.ifftshift)
case(np.polyval, calls(sized((4,), (2, 2)), REAL), lambda p, x: tf.math.polyval(tf.unstack(p), x))
case(np.vander, calls(VECTOR, NONZERO, increasing=st.booleans()))
case(np.vander, calls(VECTOR, REAL), None, lambda x: np.vander(x, 3))
for _poly in (np.polyadd, np.polysub, np.polymul):
    case(_poly, calls(sized((2,), (4,)), NONZERO))
case(np.polyder, calls(sized((4,)), REAL, m=st.integers(0, 2)))
case(np.polyint, calls(sized((3,)), REAL, m=st.integers(0, 2)))

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
for _axes in (2, ((1, 2), (0, 1)), ([2], [1]), (1, 0)):
    case(
        np.tensordot,
        calls(sized((2, 3, 4), (3, 4, 2)), REAL, axes=_axes),
        tf.tensordot,
    )
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

# subscripts, shapes
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

# -- rearranging -----------------------------------------------------------------------------------

case(
    np.reshape,
    calls(sized((2, 6)), REAL, shape=st.sampled_from([(3, 4), (-1,), (2, -1, 3), 12])),
    None,
)
case(np.ravel, calls(shape(0), REAL), lambda x: tf.reshape(x, [-1]))
case(np.transpose, calls(sized((2, 3, 4)), REAL, axes=st.permutations([0, 1, 2])))
case(
    np.transpose,
    calls(sized((2, 3, 4)), REAL, axes=st.sampled_from([(-1, 0, 1), (1, -1, 0), None])),
    None,
)
case(
    np.moveaxis,
    calls(sized((2, 3, 4)), REAL, source=st.integers(-3, 2), destination=st.integers(-3, 2)),
)
case(np.moveaxis, calls(sized((2, 3, 4)), REAL, source=(0, 1), destination=(2, 0)))
case(np.swapaxes, calls(sized((2, 3, 4)), REAL, axis1=st.integers(-3, 2), axis2=st.integers(-3, 2)))
case(np.rollaxis, calls(sized((2, 3, 4)), REAL, axis=st.integers(-3, 2), start=st.integers(-3, 3)))
case(np.expand_dims, calls(sized((2, 3)), REAL, axis=st.sampled_from([0, -1, (0, 2)])), None)
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
for _axis in (0, 1, -1, None):
    case(
        np.concatenate,
        calls(sized((2, 3), (2, 3)), REAL),
        None,
        lambda *xs, a=_axis: np.concatenate(xs, axis=a),
    )
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
for _join in (np.vstack, np.hstack, np.dstack, np.column_stack):
    for _shapes in (((3,), (3,)), ((2, 3), (2, 3))):
        case(_join, calls(sized(*_shapes), REAL), None, lambda *xs, f=_join: f(xs), examples=2)
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
        calls(
            sized((2, 3)),
            REAL,
            mode=_mode,
            pad_width=st.sampled_from([1, (1, 0), ((1, 1), (0, 2))]),
        ),
        None,
        lambda x, mode, pad_width: np.pad(x, pad_width, mode),
    )
case(
    np.pad, calls(sized((2, 3)), REAL), None, lambda x: np.pad(x, {-1: (1, 2)}, constant_values=3.0)
)
case(
    np.diagonal,
    calls(
        sized((2, 3, 4)), REAL, offset=st.integers(-3, 3), axis1=st.sampled_from([0, 2]), axis2=1
    ),
)
case(np.linalg.diagonal, calls(sized((2, 3, 4)), REAL, offset=st.integers(-3, 3)), None)
case(np.trace, calls(sized((3, 3, 2)), REAL, offset=st.integers(-1, 1)))
case(np.linalg.trace, shaped("(n,m)", REAL), tf.linalg.trace)
case(np.diag, calls(VECTOR, REAL, k=st.integers(-2, 2)))
case(np.diag, calls(shape(2, 2), REAL, k=st.integers(-2, 2)))
case(np.diagflat, calls(MATRIX, REAL, k=st.integers(-2, 2)))

# -- picking ---------------------------------------------------------------------------------------

for _index in (
    0,
    -1,
    (1, 2),
    slice(1, None),
    (slice(None), slice(None, None, -2)),
    (Ellipsis, 1),
    (None, 0),
    [0, 1, 0],
    (np.array([0, 1, 0]), np.array([2, 2, 2])),
    (slice(None), np.array([0, 2, 2, -1])),
    (np.array([[0], [1]]), np.array([0, 0, 1])),
    np.array([[True, False, True], [False, True, False]]),
    (np.array([True, False]), slice(None)),
    (np.array([True, True]), 1),
    (np.newaxis, slice(None), [0, 0]),
):
    case(operator.getitem, calls(sized((2, 3)), REAL), None, lambda x, i=_index: x[i], examples=1)
case(
    np.take,
    calls(sized((2, 3)), REAL, axis=st.sampled_from([None, 0, 1, -1])),
    None,
    lambda x, axis: np.take(x, [[0, 1], [1, 0]], axis=axis),
)
case(
    np.take,
    calls(sized((2, 3)), REAL),
    lambda x: tf.gather(x, [2, 0, 2], axis=1),
    lambda x: np.take(x, [2, 0, 2], 1),
)
case(
    np.take,
    calls(sized((4,)), REAL, mode=st.sampled_from(["wrap", "clip"])),
    None,
    lambda x, mode: np.take(x, [5, -1, 0], mode=mode),
)
case(
    np.take_along_axis,
    calls(sized((2, 3)), REAL),
    None,
    lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), axis=1),
)
case(
    np.take_along_axis,
    calls(sized((2, 3)), REAL),
    None,
    lambda x: np.take_along_axis(x, np.array([[1, 0, 1]]), axis=0),
)
case(
    np.take_along_axis,
    calls(sized((1, 3)), REAL),
    None,
    lambda x: np.take_along_axis(x, np.array([[1], [0]]), axis=1),
)
case(
    np.take_along_axis,
    calls(sized((2, 3)), REAL),
    None,
    lambda x: np.take_along_axis(x, np.array([4, 4]), axis=None),
)
case(np.sort, reduction(DISTINCT, several=False, keepdims=False))
case(np.sort, calls(shape(1), DISTINCT), tf.sort)
case(np.partition, calls(sized((5,)), DISTINCT), None, lambda x: np.partition(x, 2)[2])
case(
    np.compress,
    calls(sized((2, 3)), REAL),
    None,
    lambda x: np.compress([True, False, True], x, axis=1),
)
case(np.extract, calls(sized((2, 3)), NONZERO), None, lambda x: np.extract(x > 0, x))
case(np.delete, calls(sized((2, 3)), REAL), None, lambda x: np.delete(x, 1, axis=1))
case(np.delete, calls(sized((5,)), REAL), None, lambda x: np.delete(x, [0, 3]))
case(
    np.trim_zeros,
    calls(sized((3,)), NONZERO),
    None,
    lambda x: np.trim_zeros(np.concatenate([np.zeros(2, x.dtype), x, np.zeros(1, x.dtype)])),
)
case(
    np.select,
    calls(sized((3,), (3,)), NONZERO),
    None,
    lambda x, z: np.select([x > 1, z > 0], [x, z], 0.5),
)
case(
    np.choose,
    calls(sized((3,), (3,)), REAL),
    None,
    lambda x, z: np.choose(np.array([0, 1, 0]), [x, z]),
)
case(
    np.bincount,
    calls(sized((4,)), REAL),
    lambda w: tf.math.unsorted_segment_sum(w, [0, 2, 2, 1], 4),
    lambda w: np.bincount([0, 2, 2, 1], w, 4),
)
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
for _set in (np.union1d, np.setdiff1d, np.intersect1d, np.setxor1d):
    case(
        _set,
        calls(sized((4,)), DISTINCT),
        None,
        lambda x, f=_set: f(x, np.concatenate([x[:2], x[:1] + 9.0])),
    )

# -- linear algebra --------------------------------------------------------------------------------


def regular(x: Any) -> Any:
    """A well-conditioned matrix near the identity."""
    return 0.3 * x + 2.0 * np.eye(x.shape[-1], dtype=x.dtype)


def regular_tf(x: Any) -> Any:
    return 0.3 * x + 2.0 * tf.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x: Any) -> Any:
    """A symmetric positive definite matrix with eigenvalues apart."""
    apart = np.diag(np.arange(1.0, x.shape[-1] + 1)).astype(x.dtype)
    return 0.1 * (x + np.swapaxes(x, -1, -2)) + apart


def symmetric_tf(x: Any) -> Any:
    apart = tf.linalg.diag(tf.range(1.0, x.shape[-1] + 1, dtype=x.dtype))
    return 0.1 * (x + tf.linalg.matrix_transpose(x)) + apart


def tall(x: Any) -> Any:
    """A matrix of full rank with singular values apart."""
    return 0.1 * x + np.eye(*x.shape[-2:], dtype=x.dtype) * np.arange(1.0, x.shape[-1] + 1).astype(
        x.dtype
    )


SQUARE = shaped("(n,n)", SMALL)
case(
    np.linalg.inv,
    SQUARE,
    lambda x: tf.linalg.inv(regular_tf(x)),
    lambda x: np.linalg.inv(regular(x)),
)
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
    np.linalg.solve,
    shaped("(n,n),(n,k)", SMALL),
    lambda a, b: tf.linalg.solve(*tf_stack(regular_tf(a), b)),
    lambda a, b: np.linalg.solve(regular(a), b),
)
case(
    np.linalg.solve,
    calls(sized((2, 3, 3), (3,)), SMALL),
    None,
    lambda a, b: np.linalg.solve(regular(a), b),
)
case(
    np.linalg.solve,
    calls(sized((3, 3), (3,)), SMALL),
    None,
    lambda a, b: np.linalg.solve(regular(a), b),
)


def tf_stack(a: Any, b: Any) -> tuple[Any, Any]:
    """Both with the same axes before the matrices."""
    together = tf.broadcast_static_shape(a.shape[:-2], b.shape[:-2])
    return tf.broadcast_to(a, together + a.shape[-2:]), tf.broadcast_to(b, together + b.shape[-2:])


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
case(
    np.linalg.eigh,
    SQUARE,
    lambda x: [(e := tf.linalg.eigh(symmetric_tf(x)))[0], e[1] ** 2],
    lambda x: [(e := np.linalg.eigh(symmetric(x)))[0], e[1] ** 2],
)
case(
    np.linalg.eigh,
    calls(sized((3, 3)), SMALL),
    None,
    lambda x: list(np.linalg.eigh(symmetric(x), UPLO="U")),
)
case(
    np.linalg.svd,
    calls(sized((4, 3)), SMALL),
    lambda x: tall_svd_tf(x),
    lambda x: [p * p for p in np.linalg.svd(tall(x), full_matrices=False)],
)
case(
    np.linalg.svd,
    calls(sized((3, 4)), SMALL),
    None,
    lambda x: list(np.linalg.svd(tall(np.swapaxes(x, 0, 1)).T, full_matrices=False)),
)
case(np.linalg.svd, calls(sized((2, 3, 3)), SMALL), None, lambda x: list(np.linalg.svd(tall(x))))


def tall_svd_tf(x: Any) -> Any:
    n = x.shape[-1]
    apart = tf.eye(*x.shape[-2:], dtype=x.dtype) * tf.range(1.0, n + 1, dtype=x.dtype)
    s, u, v = tf.linalg.svd(0.1 * x + apart)
    return [u * u, s * s, tf.linalg.matrix_transpose(v * v)]


case_if(
    np.linalg,
    "svdvals",
    calls(sized((4, 3)), SMALL),
    lambda x: tf.sqrt(tall_svd_tf(x)[1]),
    lambda x: np.linalg.svdvals(tall(x)),
)
case(np.linalg.qr, calls(sized((4, 3)), SMALL), None, lambda x: list(np.linalg.qr(tall(x))))
case(
    np.linalg.qr,
    calls(sized((3, 3)), SMALL),
    lambda x: list(tf.linalg.qr(regular_tf(x))),
    lambda x: list(np.linalg.qr(regular(x))),
)
case(np.linalg.qr, calls(sized((2, 4, 3)), SMALL), None, lambda x: np.linalg.qr(tall(x), mode="r"))
case(
    np.linalg.pinv,
    calls(sized((4, 3)), SMALL),
    lambda x: tf.linalg.pinv(
        0.1 * x + tf.eye(4, 3, dtype=x.dtype) * tf.range(1.0, 4, dtype=x.dtype)
    ),
    lambda x: np.linalg.pinv(tall(x)),
)
case(
    np.linalg.pinv,
    calls(sized((2, 3, 4)), SMALL),
    None,
    lambda x: np.linalg.pinv(np.swapaxes(tall(np.swapaxes(x, 1, 2)), 1, 2)),
)
case(np.linalg.matrix_power, SQUARE, None, lambda x: np.linalg.matrix_power(regular(x), 3))
for _n in (-2, 0, 1, 2, 5):
    case(
        np.linalg.matrix_power,
        calls(sized((3, 3)), SMALL),
        None,
        lambda x, n=_n: np.linalg.matrix_power(regular(x), n),
        examples=1,
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
case(
    np.linalg.cond,
    calls(sized((3, 3)), SMALL, p=st.sampled_from([None, 2, -2, 1, np.inf, "fro"])),
    None,
    lambda x, p: np.linalg.cond(tall(x), p),
)
case(np.linalg.norm, calls(shape(1), NONZERO), tf.norm)
case(np.linalg.norm, reduction(NONZERO, several=False, everything=False), tf.norm)
case(
    np.linalg.norm,
    calls(sized((2, 3)), DISTINCT, ord=st.sampled_from([1, 2, 3, np.inf])),
    lambda x, ord: tf.norm(x, ord=ord, axis=1),
    lambda x, ord: np.linalg.norm(x, ord, axis=1),
)
case(
    np.linalg.norm,
    calls(sized((2, 3)), DISTINCT, ord=st.sampled_from([-np.inf, 0, 0.5, -2])),
    None,
    lambda x, ord: np.linalg.norm(x, ord, axis=1),
)
case(
    np.linalg.norm,
    calls(
        sized((4, 3)),
        DISTINCT,
        ord=st.sampled_from(["fro", 1, -1, np.inf, -np.inf, 2, -2, "nuc"]),
        keepdims=st.booleans(),
    ),
    None,
    lambda x, ord, keepdims: np.linalg.norm(
        0.03 * x + np.eye(4, 3, dtype=x.dtype) * np.arange(1.0, 4).astype(x.dtype),
        ord,
        keepdims=keepdims,
    ),
)
case_if(np.linalg, "vector_norm", reduction(NONZERO, ord=st.sampled_from([1, 2, 3])))
case_if(np.linalg, "matrix_norm", shaped("(n,m)", NONZERO, keepdims=st.booleans()))
