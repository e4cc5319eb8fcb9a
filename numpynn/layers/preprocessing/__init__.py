"""Data made ready for the network: numbers scaled, categories counted, words numbered."""

from numpynn.layers.preprocessing.category_encoding import CategoryEncoding
from numpynn.layers.preprocessing.discretization import Discretization
from numpynn.layers.preprocessing.hashing import HashedCrossing, Hashing
from numpynn.layers.preprocessing.image import (
    CenterCrop,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomRotation,
    RandomSaturation,
    RandomSharpness,
    RandomShear,
    RandomTranslation,
    RandomZoom,
    Resizing,
    Solarization,
)
from numpynn.layers.preprocessing.integer_lookup import IntegerLookup
from numpynn.layers.preprocessing.normalization import Normalization
from numpynn.layers.preprocessing.rescaling import Rescaling
from numpynn.layers.preprocessing.string_lookup import StringLookup

__all__ = [
    "CategoryEncoding",
    "CenterCrop",
    "Discretization",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "Normalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "Solarization",
    "StringLookup",
]
