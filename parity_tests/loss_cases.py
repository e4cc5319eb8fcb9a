"""Every loss with its options, what is drawn for it, and how it is held against Keras.

Targets and predictions are drawn where the loss is well conditioned; infinite, huge and saturated
ones have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
from hypothesis import strategies as st
from pairs import BARS, derived, filled, hold, hold_gradients, labels, numbers

import numpynn

shapes = hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=4)


# -- what is drawn ---------------------------------------------------------------------------------


def sigmoid(z: Any) -> Any:
    return (1 / (1 + np.exp(-z))).astype("float32").astype("float64")


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype("float32").astype("float64")


def simplex(shape: Any) -> Any:
    """Positive values whose last axis sums to about 1."""
    return hnp.arrays(np.float64, shape, elements=numbers(0.01, 0.99)).map(
        lambda p: (p / p.sum(-1, keepdims=True)).astype("float32").astype("float64")
    )


def apart_from_zero(shape: Any) -> Any:
    """Numbers of either sign, none of them small."""
    elements = st.one_of(numbers(0.1, 3.0), numbers(-3.0, -0.1))
    return hnp.arrays(np.float64, shape, elements=elements)


@st.composite
def pairs_of(draw: Any, targets: Callable[[Any], Any], predictions: Callable[[Any], Any]) -> Any:
    """Targets and predictions of one drawn shape, each from its strategy."""
    shape = draw(shapes)
    return draw(targets(shape)), draw(predictions(shape))


def regression() -> Any:
    return pairs_of(filled, filled)


def counts() -> Any:
    """Targets from 0, rates well above it."""
    return pairs_of(lambda s: filled(s, 0, 5), lambda s: filled(s, 0.05, 5))


def _memberships(shape: Any) -> Any:
    certain = labels(shape, 2).map(lambda t: t.astype("float64"))
    return st.one_of(certain, filled(shape, 0, 1))


def _one_hot(shape: Any) -> Any:
    return labels(shape[:-1], shape[-1]).map(lambda t: np.eye(shape[-1])[t])


def _scores(shape: Any) -> Any:
    return filled(shape, -4, 4)


def binary() -> Any:
    """Targets 0 and 1 or between, and scores."""
    return pairs_of(_memberships, _scores)


def margins() -> Any:
    """Targets all 0 and 1, or all -1 and 1, or any, and scores."""

    def signs(shape: Any) -> Any:
        return labels(shape, 2).map(lambda t: 2.0 * t - 1.0)

    return pairs_of(lambda s: st.one_of(_memberships(s), signs(s), filled(s)), _scores)


def one_hot() -> Any:
    return pairs_of(_one_hot, _scores)


def categorical() -> Any:
    return pairs_of(lambda s: st.one_of(_one_hot(s), simplex(s)), _scores)


@st.composite
def sparse(draw: Any) -> tuple[Any, Any]:
    """Class numbers, as integers or floats, with or without an axis of length 1."""
    shape = draw(shapes)
    t = draw(labels(shape[:-1], shape[-1]))
    t = t.astype(draw(st.sampled_from(["int64", "int32", "uint8", "float32"])))
    return draw(st.sampled_from([t, t[..., None]])), draw(filled(shape, -4, 4))


@st.composite
def classes(draw: Any) -> tuple[Any, Any]:
    """Class numbers without an axis of length 1, which Keras broadcasts here."""
    t, z = draw(sparse())
    return t.reshape(z.shape[:-1]), z


@st.composite
def embeddings(draw: Any) -> tuple[Any, Any]:
    """Labels, and vectors of length 0.9: no cosine distance comes near 0, where it is cut off."""
    size, depth = draw(st.integers(2, 5)), draw(st.integers(2, 4))
    x = draw(apart_from_zero((size, depth)))
    x = 0.9 * x / np.linalg.norm(x, axis=1, keepdims=True)
    return draw(labels((size,), 3)), x.astype("float32").astype("float64")


# -- the losses ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A loss by its function's name, what is drawn, and options.

    predict: predictions of drawn scores. of_labels: the targets are class numbers, so that nothing
    is differentiated for them.
    """

    name: str
    drawn: Any
    predict: Callable[[Any], Any] = np.asarray
    arguments: dict[str, Any] = field(default_factory=dict)
    of_labels: bool = False


def _case(
    name: str,
    drawn: Any,
    predict: Callable[[Any], Any] = np.asarray,
    of_labels: bool = False,
    **arguments: Any,
) -> Case:
    return Case(name, drawn, predict, arguments, of_labels)


BINARY, FOCAL = "binary_crossentropy", "binary_focal_crossentropy"
CATEGORICAL, UNEVEN = "categorical_crossentropy", "categorical_focal_crossentropy"
SPARSE, GENERALIZED = "sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"

CASES: dict[str, Case] = {
    "squared": _case("mean_squared_error", regression()),
    "absolute": _case("mean_absolute_error", regression()),
    "percentage": _case("mean_absolute_percentage_error", pairs_of(apart_from_zero, filled)),
    "logarithmic": _case("mean_squared_logarithmic_error", counts()),
    "huber": _case("huber", regression()),
    "huber wide": _case("huber", regression(), delta=2.5),
    "log cosh": _case("log_cosh", regression()),
    "cosine": _case("cosine_similarity", pairs_of(apart_from_zero, apart_from_zero)),
    "cosine axis": _case("cosine_similarity", pairs_of(apart_from_zero, apart_from_zero), axis=1),
    "hinge": _case("hinge", margins()),
    "squared hinge": _case("squared_hinge", margins()),
    "categorical hinge": _case("categorical_hinge", one_hot()),
    "divergence": _case("kl_divergence", pairs_of(simplex, _scores), softmax),
    "divergence cut": _case(
        "kl_divergence", pairs_of(lambda s: filled(s, 0.05, 2), lambda s: filled(s, 0.05, 2))
    ),
    "poisson": _case("poisson", counts()),
    "dice": _case("dice", binary(), sigmoid),
    "dice axis": _case("dice", binary(), sigmoid, axis=-1),
    "dice axes": _case("dice", binary(), sigmoid, axis=[0, 1]),
    "tversky": _case("tversky", binary(), sigmoid),
    "tversky uneven": _case("tversky", binary(), sigmoid, alpha=0.2, beta=0.9, axis=(1,)),
    "circle": _case("circle", embeddings(), of_labels=True),
    "circle mild": _case(
        "circle", embeddings(), of_labels=True, gamma=2.0, margin=0.25, remove_diagonal=False
    ),
    "binary": _case(BINARY, binary(), sigmoid),
    "binary smoothed": _case(BINARY, binary(), sigmoid, label_smoothing=0.2),
    "binary logits": _case(BINARY, binary(), from_logits=True),
    "binary axis": _case(BINARY, binary(), sigmoid, axis=1),
    "focal": _case(FOCAL, binary(), sigmoid),
    "focal balanced": _case(
        FOCAL, binary(), sigmoid, apply_class_balancing=True, alpha=0.7, gamma=1.5, axis=1
    ),
    "focal logits": _case(FOCAL, binary(), from_logits=True, gamma=3, label_smoothing=0.2),
    "categorical": _case(CATEGORICAL, categorical(), softmax),
    "categorical unnormalised": _case(CATEGORICAL, categorical(), np.exp),
    "categorical smoothed": _case(CATEGORICAL, categorical(), softmax, label_smoothing=0.3),
    "categorical logits": _case(CATEGORICAL, categorical(), from_logits=True, label_smoothing=0.1),
    "categorical axis": _case(CATEGORICAL, categorical(), softmax, axis=1, label_smoothing=0.1),
    "uneven": _case(UNEVEN, categorical(), softmax),
    "uneven unnormalised": _case(UNEVEN, categorical(), np.exp, gamma=0.5, alpha=1.0),
    "uneven logits": _case(UNEVEN, categorical(), from_logits=True, label_smoothing=0.1, gamma=1),
    "uneven axis": _case(UNEVEN, categorical(), softmax, axis=1, alpha=0.8),
    "sparse": _case(SPARSE, sparse(), softmax, of_labels=True),
    "sparse unnormalised": _case(SPARSE, sparse(), lambda z: np.exp(z - 4.0), of_labels=True),
    "sparse logits": _case(SPARSE, sparse(), of_labels=True, from_logits=True),
    "sparse ignoring": _case(SPARSE, sparse(), softmax, of_labels=True, ignore_class=0),
    "sparse logits ignoring": _case(
        SPARSE, sparse(), of_labels=True, from_logits=True, ignore_class=1
    ),
    "generalized": _case(GENERALIZED, classes(), softmax, of_labels=True, q=0.5),
    "generalized mild": _case(GENERALIZED, classes(), softmax, of_labels=True, q=0.9),
}


def class_of(library: Any, name: str) -> Any:
    """The class of a loss function's name."""
    wanted = name.replace("_", "")
    return next(
        getattr(library.losses, found)
        for found in dir(library.losses)
        if found[0].isupper() and found.lower() == wanted
    )


# -- what is held ----------------------------------------------------------------------------------


def compare(
    make: Callable[[Any], Any],
    y_true: Any,
    y_pred: Any,
    dtype: str,
    sample_weight: Any = None,
    of_labels: bool = True,
) -> None:
    """Hold the value and the gradients of a loss that both libraries make.

    Gradients are those for the predictions and, unless `of_labels`, for the targets.
    """
    results = []
    inputs = [y_pred.astype(dtype)] + ([] if of_labels else [y_true.astype(dtype)])
    for library in (numpynn, keras):
        loss = make(library)
        extra = [] if sample_weight is None else [sample_weight]

        def compute(
            y_pred: Any, targets: Any = y_true, loss: Any = loss, extra: Any = extra
        ) -> Any:
            return loss(targets, y_pred, *extra)

        results.append(derived(library, compute, inputs))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])
