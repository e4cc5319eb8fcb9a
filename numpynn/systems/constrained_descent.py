"""Descent inside a ball: the least value of a bowl among the points with ‖x‖ ≤ 1.

    f(x) = ½ (x - c)ᵀ H (x - c)

    free         x ← x - η ∇f(x)
    projected    x ← P(x - η ∇f(x))        P(v) = v / max(1, ‖v‖), the nearest point of the ball
    shortened    x ← x - η' ∇f(x)          η' = η, η/2, η/4, … the first that stays in the ball

The bowl's middle c is outside. At the solution the force -∇f points straight out of the ball,
∇f(x) = -κ x with a multiplier κ ≥ 0 (Karush, Kuhn and Tucker); this bowl is made for the solution
(0.6, 0.8) with κ = 1.

Projection gets there. To shorten the step, which the book also offers, does not: such steps go
straight at the wall, ever slower, and stop where they meet it, for they cannot slide along.

Source: course book, chapter 15; Goodfellow et al. 2016, section 4.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn.typing import Array

CHAPTER = "15"
TASK = "descent under a constraint: projection against shorter steps"
STEPS = 100
METRIC = "distance"

HESSIAN = np.array([[3.0, 1.0], [1.0, 1.0]])
SOLUTION = np.array([0.6, 0.8])
MULTIPLIER = 1.0
CENTRE = SOLUTION + MULTIPLIER * np.linalg.solve(HESSIAN, SOLUTION)
START = np.array([-0.7, -0.3])
STEP_SIZE = 0.2
WAYS = ("free", "projected", "shortened")


def value(x: Array) -> Array:
    """f of each row of x (n, 2)."""
    offset = x - CENTRE.astype(x.dtype)
    return np.sum(offset * (offset @ HESSIAN.astype(x.dtype)), axis=-1) / 2


def slope(x: Array) -> Array:
    """∇f = H (x - c), (n, 2)."""
    return (x - CENTRE.astype(x.dtype)) @ HESSIAN.astype(x.dtype)


def project(x: Array) -> Array:
    """The nearest points with ‖x‖ ≤ 1, row by row."""
    return x / np.maximum(1.0, np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True)))


def shortened(x: Array, step: Array) -> Array:
    """x + step, or + half of it, or a quarter …, within the ball."""
    while np.sum(np.square(x + step)) > 1:
        step = step / 2
    return x + step


def inputs() -> Array:
    """Points of a square around the ball, inside and outside."""
    side = np.linspace(-1.7, 1.7, 6)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def output(x: Array) -> Array:
    return value(project(x))


def start() -> Array:
    """A row for each way."""
    return np.tile(START, (3, 1))


def step(points: Array, t: int) -> tuple[Array, Array]:
    """A step of each way; the objective is f where projection had got to."""
    change = -STEP_SIZE * slope(points)
    free = points[0] + change[0]
    projected = project(points[1] + change[1])
    moved = np.stack([free, projected, shortened(points[2], change[2])])
    return moved, value(points)[1]


def measure(points: Array) -> float:
    """How far projection is from the solution."""
    return float(np.sqrt(np.sum(np.square(points[1] - SOLUTION))))


def draw(figure: Any, points: Array) -> None:
    """The bowl's contours, the ball, and the three ways."""
    panel = figure.subplots()
    side = np.linspace(-1.3, 2.1, 200)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    levels = np.geomspace(0.02, 12, 14)
    panel.contour(side, side, value(grid), levels=levels, colors="lightgrey", linewidths=0.8)
    angle = np.linspace(0, 2 * np.pi, 200)
    panel.plot(np.cos(angle), np.sin(angle), color="black", linewidth=1)
    path = [start()]
    for t in range(STEPS):
        path.append(step(path[-1], t)[0])
    for i, way in enumerate(WAYS):
        panel.plot(*np.array(path)[:, i].T, ".-", markersize=5, linewidth=1, label=way)
    panel.plot(*SOLUTION, "*", color="black", markersize=12, label="solution")
    panel.set(xlabel="x₁", ylabel="x₂", aspect="equal", xlim=(-1.3, 2.1), ylim=(-1.3, 2.1))
    panel.legend()
