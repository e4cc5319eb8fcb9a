"""What runs along a line: accumulation, differences, interpolation, convolution, polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn.autograd.rules.elementwise import cast
from numpynn.autograd.rules.indexing import along, placed
from numpynn.autograd.rules.table import among, compose, define, like, own, values

# -- accumulation ----------------------------------------------------------------------------------


def _of_cumsum(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(_of_cumsum(g, y, np.ravel(x), axis=0), x.shape)
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


def _of_cumprod(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    """x̄_i = (x_1 ⋯ x_(i-1)) s_i  with  s_i = g_i + x_(i+1) s_(i+1): no division."""
    if axis is None:
        return np.reshape(_of_cumprod(g, y, np.ravel(x), axis=0), x.shape)
    if not x.shape[axis]:
        return g
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    sums = [g[..., -1]]
    for i in range(x.shape[-1] - 2, -1, -1):
        sums.append(g[..., i] + x[..., i + 1] * sums[-1])
    return np.moveaxis(products_before(x) * np.stack(sums[::-1], axis=-1), -1, axis)


def products_before(x: Any) -> Any:
    """`x_1 ⋯ x_(i-1)` for each i along the last axis."""
    ones = np.ones_like(x[..., :1])
    return np.concatenate([ones, np.cumprod(x, axis=-1)[..., :-1]], axis=-1)


define(np.cumsum, _of_cumsum)
define(np.cumprod, _of_cumprod)


@compose(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None) -> Any:
    return np.cumsum(np.where(np.isnan(a), 0.0, a), axis=axis)


@compose(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None) -> Any:
    return np.cumprod(np.where(np.isnan(a), 1.0, a), axis=axis)


def _with_start(
    x: Any, axis: int | None, include_initial: bool, accumulate: Any, start: int
) -> Any:
    if axis is None and x.ndim != 1:
        raise ValueError(f"An array of {x.ndim} dimensions needs an `axis` to accumulate along.")
    axis = 0 if axis is None else axis
    total = accumulate(x, axis=axis)
    if not include_initial:
        return total
    shape = list(x.shape)
    shape[axis] = 1
    return np.concatenate([np.full_like(values(x), start, shape=tuple(shape)), total], axis=axis)


for _function in among(np, "cumulative_sum"):

    @compose(_function)
    def _cumulative_sum(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        return _with_start(x, axis, include_initial, np.cumsum, 0)


for _function in among(np, "cumulative_prod"):

    @compose(_function)
    def _cumulative_prod(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        return _with_start(x, axis, include_initial, np.cumprod, 1)


@own
def running(x: Any, ufunc: Any, axis: int = 0) -> Any:
    """The largest, or smallest, so far along `axis`: `np.maximum.accumulate(x, axis)`."""
    return ufunc.accumulate(x, axis=axis)


def _of_running(g: Any, y: Any, x: Any, ufunc: Any, axis: int = 0) -> Any:
    """Each value so far goes back to the element that set the record."""
    axis, so_far = axis % x.ndim, values(y)
    before = np.roll(so_far, 1, axis=axis)
    steps = np.reshape(np.arange(x.shape[axis], like=like(x)), (-1, *(1,) * (x.ndim - 1 - axis)))
    places = np.maximum.accumulate(np.where(so_far != before, steps, 0), axis=axis)
    return placed(g, along(places, axis, x), values(x))


define(running, _of_running)

# -- differences -----------------------------------------------------------------------------------


def _from(start: int | None, stop: int | None, axis: int, ndim: int) -> tuple[Any, ...]:
    """The index of `start:stop` along one axis."""
    return (*(slice(None),) * (axis % ndim), slice(start, stop))


@compose(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise ValueError(f"diff needs an order of 0 or more; got {n}.")
    ends = [end for end in (prepend, a, append) if end is not None]
    if len(ends) > 1:
        shape = list(np.shape(a))
        shape[axis] = 1
        a = np.concatenate(
            [np.broadcast_to(e, shape) if np.ndim(e) == 0 else e for e in ends], axis=axis
        )
    for _ in range(n):
        a = a[_from(1, None, axis, a.ndim)] - a[_from(None, -1, axis, a.ndim)]
    return a


@compose(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    parts = [np.diff(np.ravel(ary))]
    if to_begin is not None:
        parts.insert(0, _row(to_begin, ary))
    if to_end is not None:
        parts.append(_row(to_end, ary))
    return np.concatenate(parts)


def _row(end: Any, x: Any) -> Any:
    end = end if hasattr(end, "dtype") else np.asarray(end, like=like(x))
    return cast(np.ravel(end), x.dtype)


@compose(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """(f_(i+1) - f_(i-1)) / 2h inside, one-sided at the ends; one `h` for all axes, or each."""
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacings = varargs if len(varargs) == len(axes) else (varargs or (1.0,)) * len(axes)
    if len(spacings) != len(axes) or any(np.ndim(h) for h in spacings):
        raise TypeError("np.gradient of a Tensor takes one number as the spacing of each axis.")
    slopes = [_slope(f, a % f.ndim, h, edge_order) for a, h in zip(axes, spacings, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    def at(start: int | None, stop: int | None) -> Any:
        return f[_from(start, stop, axis, f.ndim)]

    if edge_order == 1:
        first, last = at(1, 2) - at(0, 1), at(-1, None) - at(-2, -1)
    else:
        first = -1.5 * at(0, 1) + 2.0 * at(1, 2) - 0.5 * at(2, 3)
        last = 0.5 * at(-3, -2) - 2.0 * at(-2, -1) + 1.5 * at(-1, None)
    inside = (at(2, None) - at(None, -2)) / 2.0
    return np.concatenate([first, inside, last], axis=axis) / h


@compose(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Σ (y_i + y_(i+1)) / 2 · (x_(i+1) - x_i)"""
    y = y if hasattr(y, "ndim") else np.asarray(y)
    if x is None:
        width = dx
    elif np.ndim(x) == 1:
        width = np.reshape(np.diff(x), (-1, *(1,) * (y.ndim - 1 - axis % y.ndim)))
    else:
        width = np.diff(x, axis=axis)
    height = y[_from(1, None, axis, y.ndim)] + y[_from(None, -1, axis, y.ndim)]
    return np.sum(width * height / 2.0, axis=axis)


@compose(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """On the line through the two points (xp, fp) around x; `left` and `right` beyond the ends."""
    places, ends = values(x), values(xp)
    after = np.clip(np.searchsorted(ends, places, side="right"), 1, np.size(ends) - 1)
    x_0, x_1 = _points(xp, after - 1), _points(xp, after)
    y_0, y_1 = _points(fp, after - 1), _points(fp, after)
    y = y_0 + (x - x_0) * ((y_1 - y_0) / (x_1 - x_0))
    left = _points(fp, 0) if left is None else left
    right = _points(fp, -1) if right is None else right
    return np.where(places < _points(ends, 0), left, np.where(places > _points(ends, -1), right, y))


def _points(points: Any, index: Any) -> Any:
    return points[index] if hasattr(points, "shape") else np.asarray(points)[index]


# -- evenly spaced numbers between two ends --------------------------------------------------------


@compose(np.linspace)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    axis: int = 0,
) -> Any:
    intervals = num - 1 if endpoint else num
    steps = np.arange(num, like=like(start if hasattr(start, "node") else stop))
    shape = np.broadcast_shapes(np.shape(start), np.shape(stop))
    steps = np.reshape(steps, (-1, *(1,) * len(shape)))
    step = (stop - start) / (intervals or math.nan)
    line = start + steps.astype(values(step).dtype) * (step if intervals else np.zeros_like(step))
    line = np.moveaxis(line, 0, axis)
    return (line, step) if retstep else line


@compose(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, axis: int = 0
) -> Any:
    return np.power(base, np.linspace(start, stop, num, endpoint=endpoint, axis=axis))


@compose(np.geomspace)
def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    sign = np.sign(values(start))
    if not np.all(sign * np.sign(values(stop)) > 0):
        raise ValueError("geomspace of Tensors needs ends of the same sign, not 0.")
    return sign * np.exp(
        np.linspace(np.log(sign * start), np.log(sign * stop), num, endpoint=endpoint, axis=axis)
    )


# -- convolution and windows -----------------------------------------------------------------------


@own
def convolution(a: Any, v: Any) -> Any:
    """y_k = Σ_i a_i v_(k-i), of length n + m - 1."""
    return np.convolve(a, v)


define(
    convolution,
    lambda g, y, a, v: convolution(g, np.flip(v))[v.size - 1 : v.size - 1 + a.size],
    lambda g, y, a, v: convolution(g, np.flip(a))[a.size - 1 : a.size - 1 + v.size],
)


@compose(np.convolve)
def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    y = convolution(*np.atleast_1d(a, v))
    shorter, longer = sorted((np.size(a), np.size(v)))
    if mode == "full":
        return y
    if mode == "same":
        start, length = (shorter - 1) // 2, longer
    elif mode == "valid":
        start, length = shorter - 1, longer - shorter + 1
    else:
        raise ValueError(f"mode must be 'full', 'same' or 'valid'; got {mode!r}.")
    return y[start : start + length]


@compose(np.correlate)
def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """y_k = Σ_i a_(i+k) v_i"""
    if np.size(a) < np.size(v):
        return np.flip(_correlate(v, a, mode))
    return _convolve(a, np.flip(v), mode)


@compose(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    sizes = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for size, along_axis in zip(sizes, [a % x.ndim for a in axes], strict=True):
        count = x.shape[along_axis] - size + 1
        if count < 1:
            raise ValueError(f"A window of {size} does not fit into {x.shape[along_axis]}.")
        steps = np.arange(count, like=like(x))[:, None] + np.arange(size, like=like(x))
        x = np.moveaxis(np.take(x, steps, axis=along_axis), along_axis + 1, -1)
    return x


@compose(np.fft.fftshift)
def _fftshift(x: Any, axes: Any = None) -> Any:
    axes = (
        tuple(range(x.ndim)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    )
    return np.roll(x, tuple(x.shape[a] // 2 for a in axes), axes)


@compose(np.fft.ifftshift)
def _ifftshift(x: Any, axes: Any = None) -> Any:
    axes = (
        tuple(range(x.ndim)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    )
    return np.roll(x, tuple(-(x.shape[a] // 2) for a in axes), axes)


# -- polynomials, the highest power first ----------------------------------------------------------


@compose(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    """p_0 x^n + … + p_n by Horner's scheme."""
    y = 0.0 * x
    for i in range(len(p)):
        y = y * x + p[i]
    return y


@compose(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    N = x.shape[0] if N is None else N
    powers = np.arange(N, dtype=x.dtype, like=like(x))
    return x[:, None] ** (powers if increasing else powers[::-1])


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    """Both polynomials with as many coefficients as the longer."""
    a1, a2 = np.atleast_1d(a1, a2)
    longer = max(a1.size, a2.size)
    return np.pad(a1, (longer - a1.size, 0)), np.pad(a2, (longer - a2.size, 0))


@compose(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    a1, a2 = _aligned(a1, a2)
    return a1 + a2


@compose(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    a1, a2 = _aligned(a1, a2)
    return a1 - a2


@compose(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    return _convolve(a1, a2)


@compose(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(p.size - 1, 0, -1, dtype=p.dtype, like=like(p))
    return p


@compose(np.polyint)
def _polyint(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        powers = np.arange(p.size, 0, -1, dtype=p.dtype, like=like(p))
        p = np.pad(p / powers, (0, 1))
    return p
