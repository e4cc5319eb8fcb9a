"""Images made ready for the network: of one size, and in training never quite the same twice."""

from numpynn.layers.preprocessing.image.color import RandomGrayscale, RandomHue, RandomSaturation
from numpynn.layers.preprocessing.image.details import RandomErasing, RandomSharpness
from numpynn.layers.preprocessing.image.flip import RandomFlip
from numpynn.layers.preprocessing.image.light import (
    RandomBrightness,
    RandomContrast,
    RandomInvert,
    RandomPosterization,
    Solarization,
)
from numpynn.layers.preprocessing.image.moving import (
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from numpynn.layers.preprocessing.image.sizes import CenterCrop, RandomCrop, Resizing

__all__ = [
    "CenterCrop",
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
    "Resizing",
    "Solarization",
]
