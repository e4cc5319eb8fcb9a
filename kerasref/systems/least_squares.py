"""Least squares, ridge regression and the lasso (chapter 15): closed forms, and three descents."""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.least_squares import LASSO, RIDGE, standardised, step_size
from numpynn.typing import Array


def output(x: Array) -> Array:
    y = ops.convert_to_tensor(standardised()[1], dtype=x.dtype)
    return ops.stack([closed_form(x, y, 0.0), closed_form(x, y, RIDGE)])


def closed_form(x: Array, y: Array, decay: float) -> Array:
    """The ridge's rows below X, then Rβ = Qᵀy."""
    n, d = x.shape
    q, r = ops.qr(ops.concatenate([x, (n * decay) ** 0.5 * ops.eye(d, dtype=x.dtype)]))
    y = ops.concatenate([y, ops.zeros((d,), dtype=y.dtype)])
    return ops.solve_triangular(r, ops.matmul(y, q))


def step(coefficients: Array, t: int) -> tuple[Array, Array]:
    x, y = (ops.convert_to_tensor(a, dtype=coefficients.dtype) for a in standardised())

    def smooth_part(coefficients: Array) -> Array:
        errors = ops.square(y - ops.matmul(coefficients, ops.transpose(x)))
        penalty = RIDGE * ops.sum(ops.square(coefficients[1]))
        return ops.sum(ops.mean(errors, axis=-1)) + penalty

    value, [gradient] = value_and_gradients(smooth_part, [coefficients])
    objective = value + LASSO * ops.sum(ops.absolute(coefficients[2]))
    moved = ops.convert_to_tensor(coefficients) - step_size() * gradient
    lasso = ops.soft_shrink(moved[2], step_size() * LASSO)
    return ops.convert_to_numpy(ops.stack([moved[0], moved[1], lasso])), objective
