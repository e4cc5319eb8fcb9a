"""Layers that Keras lacks, as a Keras user would write them, for every library it runs on."""

from kerasref.layers.masked_pooling import MaskedMaxPooling, MaskedMeanPooling
from kerasref.layers.sequences import reverse_sequence

__all__ = ["MaskedMaxPooling", "MaskedMeanPooling", "reverse_sequence"]
