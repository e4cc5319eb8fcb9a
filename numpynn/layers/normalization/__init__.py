"""Values brought to a common scale, inside the network."""

from numpynn.layers.normalization.batch import BatchNormalization
from numpynn.layers.normalization.group import GroupNormalization
from numpynn.layers.normalization.layer import LayerNormalization, RMSNormalization
from numpynn.layers.normalization.spectral import SpectralNormalization
from numpynn.layers.normalization.unit import UnitNormalization

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "SpectralNormalization",
    "UnitNormalization",
]
