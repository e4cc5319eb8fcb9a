"""The least value of a bowl within the unit ball (chapter 15): free, projected, shortened steps."""

from keras import ops

from kerasref.backend import value_and_gradients
from numpynn.systems.constrained_descent import CENTRE, HESSIAN, STEP_SIZE
from numpynn.typing import Array


def value(x: Array) -> Array:
    offset = x - ops.convert_to_tensor(CENTRE, dtype=x.dtype)
    hessian = ops.convert_to_tensor(HESSIAN, dtype=x.dtype)
    return ops.sum(offset * ops.matmul(offset, hessian), axis=-1) / 2


def project(x: Array) -> Array:
    return x / ops.maximum(1.0, ops.norm(x, axis=-1, keepdims=True))


def output(x: Array) -> Array:
    return value(project(x))


def step(points: Array, t: int) -> tuple[Array, Array]:
    points = ops.convert_to_tensor(points)
    _, [slope] = value_and_gradients(lambda x: ops.sum(value(x)), [points])
    change = -STEP_SIZE * ops.convert_to_tensor(slope)
    short = change[2]
    while ops.sum(ops.square(points[2] + short)) > 1:
        short = short / 2
    moved = [points[0] + change[0], project(points[1] + change[1]), points[2] + short]
    return ops.stack(moved), value(points)[1]
