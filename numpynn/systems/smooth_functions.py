"""What cannot be differentiated, made smooth: maximum, one-hot, argmax, accuracy and F1.

    maximum       max x_i            (1/K) ln Σ exp(K x_i)        at most ln(n)/K above it
    one-hot       1[i = argmax x]    softmax(K x)_i               the smooth maximum's gradient
    argmax        i                  Σ_i i softmax(K x)_i
    accuracy      mean 1[p = t]      mean t p + (1 - t)(1 - p)    p = σ(z), t = 0 or 1
    F1            2 TP / (2 TP + FP + FN)        2 Σ t p / Σ (t + p)

A true accuracy has gradient 0 wherever it has one, so nothing can be learnt from it. Its smooth
form can be a loss, and so can F1's, which is what one wants where positives are rare. Here a line
is learnt three times on 400 points of which 12 % are positive. By cross-entropy and by smooth
accuracy it would rather say no, and finds a third of the positives; by smooth F1 it finds half, and
reaches the best F1 of the three, 0.55 against 0.50 and 0.47.

Cross-entropy remains the loss to start with: for one sample, accuracy's gradient in the logit is
p(1 - p), cross-entropy's p - t, so that a sample that is quite wrong teaches the first nothing. It
is no smooth accuracy, but bounds one: mean CE ≥ -ln(smooth accuracy).

Source: course book, appendix B, after Su Jianlin.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from numpynn.autograd import grad
from numpynn.ops import logsumexp, sigmoid, softmax, softplus
from numpynn.typing import Array

CHAPTER = "appendix B"
TASK = "smooth maximum, argmax, accuracy and F1, and a line learnt by them"
STEPS = 500
METRIC = "F1"

LOSSES = ("cross-entropy", "smooth accuracy", "smooth F1")
STEP_SIZE = 1.0
POSITIVE, NEGATIVE = 48, 352


def smooth_max(x: Array, sharpness: float) -> Array:
    """(1/K) ln Σ exp(K x_i) over the last axis, K the sharpness."""
    return logsumexp(sharpness * x, axis=-1) / sharpness


def smooth_one_hot(x: Array, sharpness: float) -> Array:
    """softmax(K x): 1 at the largest, 0 elsewhere, as K grows."""
    return softmax(sharpness * x)


def smooth_argmax(x: Array, sharpness: float) -> Array:
    """The place of the largest, from 0 on: the mean of all places, weighted by the one-hot."""
    return smooth_one_hot(x, sharpness) @ np.arange(x.shape[-1], dtype=x.dtype)


def smooth_accuracy(t: Array, p: Array) -> Array:
    return np.mean(t * p + (1 - t) * (1 - p))


def smooth_recall(t: Array, p: Array) -> Array:
    return np.sum(t * p) / np.sum(t)


def smooth_f(t: Array, p: Array, beta: float = 1.0) -> Array:
    """(1 + β²) Σ t p / (β² Σ t + Σ p), with t and p in place of counts; β = 1 is F1."""
    return (1 + beta**2) * np.sum(t * p) / (beta**2 * np.sum(t) + np.sum(p))


@functools.cache
def points() -> tuple[Array, Array]:
    """x (400, 2) and t (400,): two clouds that overlap, the positives rare."""
    random = np.random.default_rng(0)
    positive = random.normal([0.7, 0.7], 1.0, (POSITIVE, 2))
    negative = random.normal([-0.3, -0.3], 1.0, (NEGATIVE, 2))
    return np.concatenate([positive, negative]), np.repeat([1.0, 0.0], [POSITIVE, NEGATIVE])


def inputs() -> Array:
    """Rows of five, the first the course's own."""
    others = np.random.default_rng(0).normal(size=(7, 5))
    return np.concatenate([[[2.0, 1.0, 3.0, 5.0, 4.0]], others])


def output(x: Array) -> Array:
    """Smooth maximum and argmax of each row, three times as sharp each time: (rows, 6)."""
    sharpnesses = (1, 3, 9)
    largest = [smooth_max(x, sharpness) for sharpness in sharpnesses]
    return np.stack([*largest, *(smooth_argmax(x, k) for k in sharpnesses)], axis=-1)


def start() -> Array:
    """Two weights and a bias for each loss."""
    return np.zeros((len(LOSSES), 3))


def logits(lines: Array) -> Array:
    """w · x + b of every point by every line: (3, 400)."""
    x = points()[0].astype(lines.dtype)
    return lines[:, :2] @ x.T + lines[:, 2:]


def total_loss(lines: Array) -> Array:
    """The three losses, which have no weight in common, in one sum."""
    t = points()[1].astype(lines.dtype)
    z = logits(lines)
    p = sigmoid(z)
    cross_entropy = np.mean(softplus(z[0]) - t * z[0])
    return cross_entropy + (1 - smooth_accuracy(t, p[1])) + (1 - smooth_f(t, p[2]))


def step(lines: Array, t: int) -> tuple[Array, Array]:
    return lines - STEP_SIZE * grad(total_loss)(lines).numpy(), total_loss(lines)


def scores(lines: Array) -> Array:
    """Accuracy, recall and F1 of each line's yes or no: (3, 3)."""
    t = points()[1]
    decisions = (np.asarray(logits(lines)) > 0).astype(float)
    return np.array([[f(t, p) for f in (smooth_accuracy, smooth_recall, smooth_f)]
                     for p in decisions])  # fmt: skip


def measure(lines: Array) -> float:
    """The F1 of the line that was learnt by the smooth F1."""
    return float(scores(lines)[LOSSES.index("smooth F1"), 2])


def draw(figure: Any, lines: Array) -> None:
    """The points with the three lines, and the smooth maximum as it grows sharper."""
    plane, limit = figure.subplots(1, 2)
    x, t = points()
    for label, color in ((0, "lightsteelblue"), (1, "darkorange")):
        plane.plot(*x[t == label].T, ".", color=color, label=("negative", "positive")[label])
    across = np.array([-3.2, 4.0])
    for i, (name, found) in enumerate(zip(LOSSES, scores(lines), strict=True)):
        w, v, b = lines[i]
        legend = f"{name}: recall {found[1]:.2f}, F1 {found[2]:.2f}"
        plane.plot(across, -(w * across + b) / v, color=f"C{i + 2}", label=legend)
    plane.set(xlabel="x₁", ylabel="x₂", xlim=(-3.2, 4), ylim=(-5, 4.5))
    plane.legend(fontsize="small", loc="lower left")
    second = np.linspace(-2, 2, 200)
    pairs = np.stack([np.zeros_like(second), second], axis=-1)
    for sharpness in (1, 2, 5, 20):
        limit.plot(second, smooth_max(pairs, sharpness), label=f"K = {sharpness}")
    limit.plot(second, np.maximum(0, second), ":", color="black", label="max(0, x)")
    limit.set(xlabel="x", ylabel="smooth maximum of 0 and x")
    limit.legend()
