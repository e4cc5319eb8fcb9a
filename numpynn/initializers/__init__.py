"""How weights begin. An initializer is called with a shape and a dtype and returns an array.

    base         the base class, and fans: the numbers of connections into and out of a unit
    constants    known values: zeros, ones, the identity, the matrix of a Fourier transform
    drawn        random values: normal, uniform, scaled by the fans, orthogonal

Each is there under its name in snake case too, as in Keras: `zeros` is `Zeros`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.initializers.base import Initializer, compute_fans
from numpynn.initializers.constants import STFT, Constant, Identity, Ones, Zeros
from numpynn.initializers.drawn import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from numpynn.utils.registry import Registry

__all__ = [
    "STFT", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomInitializer", "RandomNormal", "RandomUniform",
    "STFTInitializer", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "constant",
    "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity",
    "lecun_normal", "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform",
    "serialize", "stft", "truncated_normal", "variance_scaling", "zeros",
]  # fmt: skip

zeros, ones, constant, identity, stft = Zeros, Ones, Constant, Identity, STFT
random_normal, truncated_normal, random_uniform = RandomNormal, TruncatedNormal, RandomUniform
variance_scaling, orthogonal = VarianceScaling, Orthogonal
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT

_registry = Registry(
    "initializer",
    Initializer,
    [
        Zeros, Ones, Constant, Identity, STFT,
        RandomNormal, TruncatedNormal, RandomUniform, VarianceScaling, Orthogonal,
        GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
    ],
    {
        "normal": RandomNormal,
        "uniform": RandomUniform,
        "one": Ones,
        "zero": Zeros,
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
        "STFTInitializer": STFT,
    },
)  # fmt: skip


def get(identifier: Any) -> Any:
    """An initializer by name, configuration, class, instance, function, or the values themselves.

    Raises ValueError for a name that is not known, and for what is no initializer.
    """
    if isinstance(identifier, (np.ndarray, np.generic, Tensor)):
        return Constant(identifier)
    return _registry.get(identifier)


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer, from which `deserialize` builds an equal one."""
    return _registry.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a configuration or name.

    Raises ValueError for a name that is not known, TypeError for a class that is not.
    """
    return _registry.deserialize(config, custom_objects)
