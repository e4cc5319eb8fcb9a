"""Back-propagation written out: a 2-3-2 network of sigmoids without biases.

    1  output errors     δ_k = o_k (1 - o_k)(t_k - o_k)
    2  output weights    W_jk ← W_jk + η δ_k h_j
    3  hidden errors     δ_j = h_j (1 - h_j) Σ_k δ_k W_jk        with the weights before step 2
    4  hidden weights    V_ij ← V_ij + η δ_j x_i

This is descent on E = ½ Σ_k (t_k - o_k)²: the δ are its negative gradients. The targets are the sum
and the carry of two bits. Source: course book, chapter 2; Rumelhart et al. 1986.
"""

from __future__ import annotations

import numpy as np

from numpynn.autograd import Tensor
from numpynn.ops import sigmoid
from numpynn.typing import Array

CHAPTER = "2"
TASK = "the four steps of back-propagation, by hand"
STEPS = 4000
METRIC = "worst error"

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = np.array([[0, 0], [1, 0], [1, 0], [0, 1]])
START = np.linspace(-1, 1, 12)
LEARNING_RATE = 0.5


def layers(weights: Array) -> tuple[Array, Array]:
    """V (2, 3) and W (3, 2) from the flat vector of twelve weights."""
    return weights[:6].reshape(2, 3), weights[6:].reshape(3, 2)


def network(weights: Array, x: Array) -> tuple[Array, Array]:
    """The hidden values and the outputs."""
    v, w = layers(weights)
    hidden = sigmoid(x @ v)
    return hidden, sigmoid(hidden @ w)


def inputs() -> Array:
    return INPUTS.astype("float64")


def output(x: Array) -> Array:
    return network(START.astype(x.dtype), x)[1]


def start() -> Array:
    return START.copy()


def step(weights: Array, t: int) -> tuple[Array, Array]:
    """The four steps of the book for one example, in order."""
    weights = weights.array if isinstance(weights, Tensor) else weights
    example = [t % len(INPUTS)]
    x, target = INPUTS[example].astype(weights.dtype), TARGETS[example].astype(weights.dtype)
    _, w = layers(weights)
    hidden, out = network(weights, x)
    delta_out = out * (1 - out) * (target - out)
    delta_hidden = hidden * (1 - hidden) * (delta_out @ w.T)
    change = np.concatenate([(x.T @ delta_hidden).ravel(), (hidden.T @ delta_out).ravel()])
    return weights + LEARNING_RATE * change, np.sum(np.square(target - out)) / 2


def measure(weights: Array) -> float:
    """The largest difference between an output and its target."""
    return float(np.max(np.absolute(network(weights, INPUTS)[1] - TARGETS)))
