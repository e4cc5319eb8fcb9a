"""How far predictions are from targets: what training makes small.

    base              what every loss does: match ranks, weigh, reduce
    regression        numbers: squared, absolute, percentage, logarithmic errors, Huber, log cosh
    crossentropy      probabilities of classes
    robust            the same for uneven classes and for wrong labels: focal, generalized
    probabilistic     distributions and counts: Kullback-Leibler, Poisson
    margins           scores that must be right by a margin: hinges
    segmentation      regions that should overlap: Dice, Tversky
    similarity        vectors that should point the same way: cosine, circle

The functions give one value a sample. The classes reduce over the batch: the weighted sum divided
by the number of values, whatever the weights (`sum_over_batch_size`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpynn.losses.base import Loss, LossFunctionWrapper, same_rank
from numpynn.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from numpynn.losses.margins import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from numpynn.losses.probabilistic import KLDivergence, Poisson, kl_divergence, poisson
from numpynn.losses.regression import (
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from numpynn.losses.robust import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
)
from numpynn.losses.segmentation import Dice, Tversky, dice, tversky
from numpynn.losses.similarity import Circle, CosineSimilarity, circle, cosine_similarity
from numpynn.utils.registry import Registry

__all__ = [
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "CategoricalHinge",
    "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss",
    "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge",
    "Tversky", "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "categorical_hinge",
    "circle", "cosine_similarity", "deserialize", "dice", "get", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "same_rank", "serialize",
    "sparse_categorical_crossentropy", "squared_hinge", "tversky",
]  # fmt: skip

_CLASSES = [
    Loss, LossFunctionWrapper,
    BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy,
    BinaryFocalCrossentropy, CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy,
    KLDivergence, Poisson,
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError,
    Huber, LogCosh, CosineSimilarity, Circle,
    Hinge, SquaredHinge, CategoricalHinge, Dice, Tversky,
]  # fmt: skip
_FUNCTIONS = [
    binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy,
    binary_focal_crossentropy, categorical_focal_crossentropy,
    categorical_generalized_cross_entropy, kl_divergence, poisson,
    mean_squared_error, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_logarithmic_error, huber, log_cosh, cosine_similarity, circle,
    hinge, squared_hinge, categorical_hinge, dice, tversky,
]  # fmt: skip
_SHORT = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mse": mean_squared_error,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
}
_registry = Registry(
    "loss",
    Loss,
    _CLASSES,
    {function.__name__: function for function in _FUNCTIONS}
    | _SHORT
    | {name.upper(): function for name, function in _SHORT.items()},
)
get = _registry.get


def serialize(loss: Any) -> Any:
    """The configuration of a loss, from which `deserialize` builds an equal one."""
    return _registry.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss of a configuration or name.

    Raises ValueError for a name that is not known, TypeError for a class that is not.
    """
    return _registry.deserialize(name, custom_objects)
