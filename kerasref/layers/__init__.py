"""Layers that Keras lacks, as a Keras user would write them, for every library it runs on."""

from kerasref.layers.crf import CRF
from kerasref.layers.masked_pooling import MaskedMaxPooling, MaskedMeanPooling
from kerasref.layers.peephole import CoupledLSTMCell, MinimalRNNCell, PeepholeLSTMCell
from kerasref.layers.sequences import reverse_sequence

__all__ = [
    "CRF",
    "CoupledLSTMCell",
    "MaskedMaxPooling",
    "MaskedMeanPooling",
    "MinimalRNNCell",
    "PeepholeLSTMCell",
    "reverse_sequence",
]
