"""Four letters by hand: a recurrent network of three units learns to write "hello".

    h_t = tanh(x_t W + h_{t-1} R)        y_t = h_t V + b        p_t = softmax(y_t)

    x_t (4)   the letter, one of h, e, l, o, one-hot        W (4, 3)   R (3, 3)   V (3, 4)   b (4)

Of "hell" it makes "ello": h → e, he → l, hel → l, hell → o. The second and the third l look alike
to the network, and yet different letters follow: only h_{t-1} tells them apart, so a network that
forgot would stay at ln 2 for either. This one remembers, and its loss goes to zero.

Where the scores of h, e, l, o after the first letter are (1.0, 2.2, -3.0, 4.1), the gradient of the
loss for them is p - (0, 1, 0, 0): e is pushed up, the others down, each by its probability.

The rest is the chain rule, back through time; each weight's gradient is the sum over the steps:

    δ_t = (p_t - t_t) / 4        ε_t = (δ_t Vᵀ + ε_{t+1} Rᵀ) (1 - h_t²),  ε_5 = 0
    ∂L/∂V = Σ h_tᵀ δ_t     ∂L/∂b = Σ δ_t     ∂L/∂W = Σ x_tᵀ ε_t     ∂L/∂R = Σ h_{t-1}ᵀ ε_t

37 parameters, brought down by plain gradient descent. The book gives the letters, the formulas and
those four scores; how it is trained is left open.

Source: course book, chapter 8; Karpathy 2015, the unreasonable effectiveness of recurrent networks.
"""

from __future__ import annotations

import numpy as np

from numpynn.typing import Array

CHAPTER = "8"
TASK = "four letters by hand: hell, and then an o"
STEPS = 200
METRIC = "accuracy"

LETTERS = "helo"
UNITS = 3
LEARNING_RATE = 1.0
FIRST_SCORES = np.array([1.0, 2.2, -3.0, 4.1])
"""What the book's network says after h, and wrongly: o, where e follows."""


def one_hot(text: str) -> Array:
    """The letters as rows of four: (len(text), 4)."""
    return np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in text]]


def inputs() -> Array:
    """The book's letters, and others of the same length: (3, 4, 4)."""
    return np.stack([one_hot(text) for text in ("hell", "oleh", "eeee")])


def output(x: Array) -> Array:
    """The scores after each letter with the first weights: (B, T, 4) to (B, T, 4)."""
    return scores(start().astype(x.dtype), x)[1]


def start() -> Array:
    """W, R, V and b in a row: small numbers, and no bias yet."""
    drawn = np.random.default_rng(0).normal(0, 0.5, 37)
    drawn[-len(LETTERS) :] = 0
    return drawn


def step(weights: Array, t: int) -> tuple[Array, Array]:
    """One step down the loss of hell → ello."""
    loss, slopes = loss_and_gradient(weights, one_hot("hell"), one_hot("ello"))
    return weights - weights.dtype.type(LEARNING_RATE) * slopes, loss


def measure(weights: Array) -> float:
    """The share of the four letters that are the likeliest."""
    said = np.argmax(scores(weights, one_hot("hell"))[1], axis=-1)
    return float(np.mean(said == np.argmax(one_hot("ello"), axis=-1)))


# -- by hand ---------------------------------------------------------------------------------------


def unpack(weights: Array) -> tuple[Array, Array, Array, Array]:
    """W (4, 3), R (3, 3), V (3, 4) and b (4) of the row."""
    kernel, recurrent_kernel, output_kernel, bias = np.split(weights, [12, 21, 33])
    return (
        kernel.reshape(len(LETTERS), UNITS),
        recurrent_kernel.reshape(UNITS, UNITS),
        output_kernel.reshape(UNITS, len(LETTERS)),
        bias,
    )


def scores(weights: Array, x: Array) -> tuple[Array, Array]:
    """States and scores after each letter, (…, T, 3) and (…, T, 4), of letters (…, T, 4)."""
    kernel, recurrent_kernel, output_kernel, bias = unpack(weights)
    states, h = [], np.zeros(UNITS, weights.dtype)
    for t in range(x.shape[-2]):
        h = np.tanh(x[..., t, :] @ kernel + h @ recurrent_kernel)
        states.append(h)
    all_states = np.stack(states, axis=-2)
    return all_states, all_states @ output_kernel + bias


def softmax(y: Array) -> Array:
    """e^y / Σ e^y along the last axis."""
    exponentials = np.exp(y - np.max(y, axis=-1, keepdims=True))
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)


def loss_and_gradient(weights: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """The mean cross-entropy of letters x (T, 4) where y follow, and its gradient, in a row."""
    x, y = x.astype(weights.dtype), y.astype(weights.dtype)
    _, recurrent_kernel, output_kernel, _ = unpack(weights)
    h, found = scores(weights, x)
    p = softmax(found)
    of_scores = (p - y) / len(x)
    of_sums = np.zeros_like(h)
    later = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        later = (of_scores[t] @ output_kernel.T + later @ recurrent_kernel.T) * (1 - h[t] ** 2)
        of_sums[t] = later
    gradients = [x.T @ of_sums, h[:-1].T @ of_sums[1:], h.T @ of_scores, np.sum(of_scores, axis=0)]
    loss = -np.mean(np.log(np.sum(p * y, axis=-1)))
    return loss, np.concatenate([gradient.ravel() for gradient in gradients])
