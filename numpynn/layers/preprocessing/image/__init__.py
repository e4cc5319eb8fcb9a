"""Images made ready for the network: of one size, and in training never quite the same twice."""

from numpynn.layers.preprocessing.image.color import RandomContrast
from numpynn.layers.preprocessing.image.flip import RandomFlip
from numpynn.layers.preprocessing.image.moving import RandomRotation, RandomTranslation, RandomZoom
from numpynn.layers.preprocessing.image.sizes import CenterCrop, RandomCrop, Resizing

__all__ = [
    "CenterCrop",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "Resizing",
]
