"""NaN, infinite, huge, tiny numbers: NaN and Inf stand where NumPy and TensorFlow put them.

And the conventions where a derivative has a choice: ties, kinks, bounds, zeros.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from factory import SPECIAL, array, check_special

from numpynn.autograd import Tensor, grad, hessian, vjp

FIRST, SECOND = (np.ravel(a) for a in np.meshgrid(SPECIAL, SPECIAL))


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        (np.negative, tf.negative),
        (np.positive, tf.identity),
        (np.reciprocal, tf.math.reciprocal),
        (np.square, tf.square),
        (np.sqrt, tf.sqrt),
        (np.cbrt, None),
        (np.exp, tf.exp),
        (np.exp2, None),
        (np.expm1, tf.math.expm1),
        (np.log, tf.math.log),
        (np.log2, keras.ops.log2),
        (np.log10, keras.ops.log10),
        (np.log1p, tf.math.log1p),
        (np.sin, tf.sin),
        (np.cos, tf.cos),
        (np.tan, tf.tan),
        (np.arcsin, tf.asin),
        (np.arccos, tf.acos),
        (np.arctan, tf.atan),
        (np.sinh, tf.sinh),
        (np.cosh, tf.cosh),
        (np.tanh, tf.tanh),
        (np.arcsinh, tf.asinh),
        (np.arccosh, tf.acosh),
        (np.arctanh, tf.atanh),
        (np.sinc, None),
        (np.absolute, tf.abs),
        (np.fabs, tf.abs),
        (np.sign, tf.sign),
        (np.floor, tf.floor),
        (np.ceil, tf.math.ceil),
        (np.rint, tf.round),
        (np.trunc, None),
        (np.nan_to_num, keras.ops.nan_to_num),
        (np.cumsum, tf.cumsum),
        (np.sum, tf.reduce_sum),
        (np.mean, tf.reduce_mean),
        (np.var, tf.math.reduce_variance),
        (np.std, tf.math.reduce_std),
        (np.max, tf.reduce_max),
        (np.min, tf.reduce_min),
        (np.prod, tf.reduce_prod),
        (np.ptp, None),
        (np.median, None),
        (np.sort, None),
        (np.nansum, None),
        (np.nanmean, None),
        (np.nanmax, None),
        (np.linalg.norm, tf.norm),
        (np.maximum.accumulate, None),
        (np.logaddexp.reduce, tf.reduce_logsumexp),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_special_numbers_of_one_argument(function: Any, reference: Any) -> None:
    check_special(function, reference)


@pytest.mark.parametrize(
    ("function", "reference", "gradients"),
    [
        (np.add, tf.add, True),
        (np.subtract, tf.subtract, True),
        (np.multiply, tf.multiply, True),
        (np.divide, tf.divide, True),
        (np.maximum, tf.maximum, True),
        (np.minimum, tf.minimum, True),
        (np.arctan2, tf.atan2, True),
        (np.power, tf.pow, False),  # at 0⁰ ours is 0, TensorFlow's NaN
        (np.logaddexp, keras.ops.logaddexp, False),  # of two infinities ours is 1, TensorFlow's NaN
        (np.remainder, tf.math.floormod, False),  # of an infinity, ours is NaN as the value is
        (np.hypot, None, False),
        (np.fmod, None, False),
        (np.fmax, None, False),
        (np.fmin, None, False),
        (np.copysign, None, False),
        (np.heaviside, None, False),
        (np.logaddexp2, None, False),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_special_numbers_of_two_arguments(function: Any, reference: Any, gradients: bool) -> None:
    check_special(function, reference, FIRST, SECOND, gradients=gradients)


@pytest.mark.parametrize("function", [np.exp, np.tanh, np.square, np.sqrt, np.sum])
def test_subnormal_numbers_are_not_flushed(function: Any) -> None:
    tiny = np.array([5e-324, 1e-310])
    y, pull = vjp(function, tiny)
    assert np.array_equal(array(y), function(tiny))
    assert np.isfinite(array(pull(np.ones(y.shape))[0])).all()


# -- conventions -----------------------------------------------------------------------------------


def gradient(function: Any, *x: Any) -> list[Any]:
    """Of the sum of `function`, for every argument."""
    found = grad(lambda *z: np.sum(function(*z)), tuple(range(len(x))))(*map(np.asarray, x))
    return [array(part).tolist() for part in found]


def of_tensorflow(function: Any, *x: Any) -> list[Any]:
    inputs = [tf.constant(a, tf.float64) for a in x]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = tf.reduce_sum(function(*inputs))
    return [g.numpy().tolist() for g in tape.gradient(y, inputs)]


def test_sign_and_absolute_value_have_derivative_0_at_0() -> None:
    assert gradient(np.sign, [0.0]) == gradient(np.absolute, [0.0]) == [[0.0]]
    assert gradient(np.absolute, [0.0]) == of_tensorflow(tf.abs, [0.0])


def test_a_tie_of_maximum_and_minimum_goes_to_the_first() -> None:
    for ours, theirs in ((np.maximum, tf.maximum), (np.minimum, tf.minimum), (np.fmax, tf.maximum)):
        assert gradient(ours, [1.0, 2.0], [1.0, 2.0]) == [[1.0, 1.0], [0.0, 0.0]]
        assert gradient(ours, [1.0], [1.0]) == of_tensorflow(theirs, [1.0], [1.0])


def test_ties_of_max_and_min_share_evenly() -> None:
    x = [[3.0, 1.0, 3.0], [1.0, 1.0, 1.0]]
    third = 1.0 / 3.0
    assert gradient(lambda z: np.max(z, axis=1), x) == [[[0.5, 0.0, 0.5], [third] * 3]]
    for ours, theirs in ((np.max, tf.reduce_max), (np.min, tf.reduce_min)):
        assert gradient(ours, x) == of_tensorflow(theirs, x)


def test_clip_passes_the_gradient_at_its_bounds() -> None:
    x = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert gradient(lambda z: np.clip(z, -1.0, 1.0), x) == [[0.0, 1.0, 1.0, 1.0, 0.0]]
    ours = gradient(np.clip, x, [-1.0] * 5, [1.0] * 5)
    assert ours == of_tensorflow(tf.clip_by_value, x, [-1.0] * 5, [1.0] * 5)


def test_products_with_zeros_use_the_others() -> None:
    assert gradient(np.prod, [2.0, 0.0, 3.0]) == [[0.0, 6.0, 0.0]]
    assert gradient(np.prod, [0.0, 0.0, 3.0]) == [[0.0, 0.0, 0.0]]
    assert gradient(np.prod, [2.0, 0.0, 3.0]) == of_tensorflow(tf.reduce_prod, [2.0, 0.0, 3.0])
    second = hessian(np.prod)(np.array([0.0, 0.0, 3.0])).tolist()
    assert second == [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_cumulative_products_with_zeros_use_the_others() -> None:
    # y = (a, ab, abc) at (2, 0, 3):  ā = 1 + b + bc,  b̄ = a + ac,  c̄ = ab
    assert gradient(np.cumprod, [2.0, 0.0, 3.0]) == [[1.0, 8.0, 0.0]]
    assert gradient(np.cumprod, [0.0, 0.0, 3.0]) == [[1.0, 0.0, 0.0]]


def test_norm_and_deviation_have_derivative_0_where_they_are_0() -> None:
    zeros = [0.0, 0.0, 0.0]
    assert np.isnan(of_tensorflow(tf.math.reduce_std, zeros)).all()
    assert gradient(np.std, zeros) == gradient(np.std, [7.0, 7.0, 7.0]) == [zeros]
    assert gradient(np.nanstd, zeros) == [zeros]
    for order in (None, 1, 2, 3, np.inf):
        assert gradient(lambda z, p=order: np.linalg.norm(z, p), zeros) == [zeros]
    assert gradient(np.linalg.norm, [zeros, zeros]) == [[zeros, zeros]]
    assert gradient(np.hypot, [0.0], [0.0]) == [[0.0], [0.0]]


def test_zero_to_a_power() -> None:
    assert gradient(lambda z: z**0, [0.0]) == [[0.0]]
    assert gradient(lambda z: z**1, [0.0]) == [[1.0]]
    assert gradient(lambda z: z**2.0, [0.0]) == [[0.0]]
    assert gradient(np.power, [0.0, -2.0], [2.0, 3.0]) == of_tensorflow(
        tf.pow, [0.0, -2.0], [2.0, 3.0]
    )
    assert gradient(np.power, [0.0], [0.0]) == [[0.0], [0.0]]


@pytest.mark.parametrize("order", range(6))
def test_sinc_is_exact_at_0_to_any_order(order: int) -> None:
    """sin(πx)/(πx) = Σ (-1)^k (πx)^2k / (2k+1)!, so its n-th derivative at 0 is ±π^n/(n+1) or 0."""

    def derivative(x: Any, n: int) -> Any:
        return np.sinc(x) if n == 0 else grad(lambda z: derivative(z, n - 1))(x)

    expected = 0.0 if order % 2 else (-1.0) ** (order // 2) * np.pi**order / (order + 1)
    assert abs(float(derivative(Tensor(0.0), order)) - expected) <= 1e-12 * max(1, abs(expected))
    near = [float(derivative(Tensor(x), order)) for x in (1e-9, -1e-9)]
    assert np.allclose(near, expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("x", [0.3, 0.3183, 0.31832, 0.7, 1.0, 1.3, 2.5])
def test_sinc_is_smooth_where_its_two_formulas_meet(x: float) -> None:
    """y = sinc(x) satisfies  x y'' + 2 y' + π² x y = 0."""
    first = grad(np.sinc)
    residual = x * grad(first)(x) + 2.0 * first(x) + np.pi**2 * x * np.sinc(x)
    assert abs(float(residual)) < 1e-12


def test_a_running_maximum_goes_to_the_first_that_reached_it() -> None:
    assert gradient(np.maximum.accumulate, [1.0, 3.0, 3.0, 2.0, 4.0]) == [[1.0, 3.0, 0.0, 0.0, 1.0]]
    assert gradient(np.minimum.accumulate, [1.0, 3.0, 1.0]) == [[3.0, 0.0, 0.0]]


def test_steps_have_no_gradient() -> None:
    for step in (np.floor, np.ceil, np.rint, np.trunc, np.round):
        assert gradient(lambda z, f=step: f(z) + z, [0.0, 1.0, 1.5]) == [[1.0, 1.0, 1.0]]


def test_unwrapped_choices_of_where_do_not_leak_nan() -> None:
    def safe_log(z: Any) -> Any:
        positive = z > 0
        return np.where(positive, np.log(np.where(positive, z, 1.0)), 0.0)

    assert gradient(safe_log, [0.0, 2.0]) == [[0.0, 0.5]]


def test_an_empty_array_has_an_empty_gradient() -> None:
    empty = np.zeros((0, 3))
    for function in (np.sum, np.prod, np.cumsum, np.cumprod, lambda z: np.prod(z, axis=1)):
        assert gradient(function, empty) == [[]]
    assert gradient(np.matmul, empty, np.ones((3, 2)))[1] == np.zeros((3, 2)).tolist()
