"""Three ways to fit a line to many measurements: least squares, ridge regression, the lasso.

    ordinary    J(β) = 1/n ‖y - Xβ‖²                β = (XᵀX)⁻¹ Xᵀy
    ridge       J(β) = 1/n ‖y - Xβ‖² + λ ‖β‖₂²      β = (XᵀX + nλI)⁻¹ Xᵀy
    lasso       J(β) = 1/n ‖y - Xβ‖² + λ ‖β‖₁       no closed form

Gradient descent finds the first two. One operation more, the soft threshold
S(z, t) = sign(z) max(|z| - t, 0) after each step, finds the third, and sets coefficients to exactly
zero on its way:

    β ← β - η ∇J(β)            β ← S(β - η ∇MSE(β), η λ)            η = 1 / L,  L = 2 λ_max(XᵀX/n)

Two of the ten measurements nearly say the same, so the smallest eigenvalue of XᵀX is 470 times
smaller than the largest: least squares needs 3000 steps, and its two large coefficients of opposite
sign mean little. Ridge regression adds λ to every eigenvalue and is there after two hundred. The
lasso drops measurements: with λ = 0.1 it keeps six of ten.

Source: course book, chapter 15; Hoerl & Kennard 1970; Tibshirani 1996; Daubechies, Defrise & De Mol
2004 for the thresholds. Data: Efron et al. 2004.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from numpynn.autograd import grad
from numpynn.datasets import diabetes
from numpynn.typing import Array

CHAPTER = "15"
TASK = "least squares, ridge and lasso: closed form and descent"
STEPS = 3000
METRIC = "largest error"

RIDGE = 0.1
LASSO = 0.1
METHODS = ("least squares", "ridge", "lasso")


@functools.cache
def standardised() -> tuple[Array, Array]:
    """X (442, 10) and y (442,) with mean 0 and variance 1."""
    patients = diabetes.load()
    x, y = ((a - a.mean(axis=0)) / a.std(axis=0) for a in (patients.x, patients.y))
    return x, y


@functools.cache
def step_size() -> float:
    """1 / L: no step overshoots, and the steepest direction is done at once."""
    x, _ = standardised()
    return float(1 / (2 * np.linalg.eigvalsh(x.T @ x / len(x))[-1]))


def closed_form(x: Array, y: Array, decay: float) -> Array:
    """The minimum of 1/n ‖y - Xβ‖² + decay ‖β‖², without ever forming XᵀX.

    Rows √(n decay) I with target 0 below X make of a ridge regression an ordinary one; and with
    X = QR the equations XᵀXβ = Xᵀy are Rβ = Qᵀy, with the condition number's root.
    """
    n, d = x.shape
    rows = np.concatenate([x, (n * decay) ** 0.5 * np.eye(d, dtype=x.dtype)])
    q, r = np.linalg.qr(rows)
    return np.linalg.solve(r, np.concatenate([y, np.zeros(d, y.dtype)]) @ q)


def coordinate_descent(x: Array, y: Array, penalty: float, sweeps: int = 500) -> Array:
    """The lasso's minimum by another way: coefficient by coefficient, each exactly, in turn.

    β_j ← S(ρ_j, penalty / 2) / (‖x_j‖² / n)        ρ_j = x_jᵀ (y - Σ_{k≠j} x_k β_k) / n
    """
    curvature = np.mean(np.square(x), axis=0)
    coefficients, residual = np.zeros(x.shape[1]), y.copy()
    for _ in range(sweeps):
        for j in range(x.shape[1]):
            before = coefficients[j]
            correlation = x[:, j] @ residual / len(x) + curvature[j] * before
            coefficients[j] = soft_threshold(correlation, penalty / 2) / curvature[j]
            residual += x[:, j] * (before - coefficients[j])
    return coefficients


def soft_threshold(z: Array, threshold: float) -> Array:
    """sign(z) max(|z| - threshold, 0):  argmin_β ½(β - z)² + threshold |β|."""
    return np.sign(z) * np.maximum(np.absolute(z) - threshold, 0)


def inputs() -> Array:
    return standardised()[0]


def output(x: Array) -> Array:
    """The two closed forms, (2, 10)."""
    y = standardised()[1].astype(x.dtype)
    return np.stack([closed_form(x, y, 0.0), closed_form(x, y, RIDGE)])


def start() -> Array:
    """A row of coefficients for each method."""
    return np.zeros((3, len(diabetes.FEATURES)))


def smooth_part(coefficients: Array) -> Array:
    """What can be differentiated: the three mean squared errors, and the ridge's penalty."""
    x, y = (a.astype(coefficients.dtype) for a in standardised())
    errors = np.square(y - coefficients @ x.T)
    return np.sum(np.mean(errors, axis=-1)) + RIDGE * np.sum(np.square(coefficients[1]))


def step(coefficients: Array, t: int) -> tuple[Array, Array]:
    """A step of descent for each method, the lasso's with its threshold; the sum of the three J."""
    objective = smooth_part(coefficients) + LASSO * np.sum(np.absolute(coefficients[2]))
    moved = coefficients - step_size() * grad(smooth_part)(coefficients).numpy()
    moved[2] = soft_threshold(moved[2], step_size() * LASSO)
    return moved, objective


def solutions() -> Array:
    """The three minima, each by its own way."""
    x, y = standardised()
    ordinary, ridge = closed_form(x, y, 0.0), closed_form(x, y, RIDGE)
    return np.stack([ordinary, ridge, coordinate_descent(x, y, LASSO)])


def measure(coefficients: Array) -> float:
    """How far the worst coefficient is from its minimum."""
    return float(np.max(np.absolute(coefficients - solutions())))


def draw(figure: Any, coefficients: Array) -> None:
    """The paths: every coefficient against λ, and where descent has put it."""
    x, y = standardised()
    factors = np.geomspace(1e-4, 10, 60)
    paths = {
        "ridge": (RIDGE, [closed_form(x, y, factor) for factor in factors]),
        "lasso": (LASSO, [coordinate_descent(x, y, factor, 100) for factor in factors]),
    }
    panels = figure.subplots(1, 2, sharey=True)
    for panel, (method, (chosen, path)) in zip(panels, paths.items(), strict=True):
        learnt = coefficients[METHODS.index(method)]
        for j, name in enumerate(diabetes.FEATURES):
            panel.plot(factors, np.array(path)[:, j], color=f"C{j}", label=name)
            panel.plot(chosen, learnt[j], "o", color=f"C{j}", markersize=4)
        panel.axvline(chosen, color="grey", linewidth=0.8, linestyle=":")
        panel.set(xscale="log", xlabel="penalty λ", title=f"{method} (dots: by descent)")
    panels[0].set_ylabel("coefficient")
    panels[1].legend(ncols=2, fontsize="small")
