"""Kernels moved over sequences, images and volumes: one set of weights for every place.

base.py          what they share: how a kernel moves, bias, activation, configuration
conv.py          every filter sees all channels
transpose.py     its adjoint, from the output's shape to the input's
depthwise.py     every channel has filters of its own
separable.py     depthwise, then a mixture of the channels at each place
"""

from numpynn.layers.convolution.conv import Conv1D, Conv2D, Conv3D
from numpynn.layers.convolution.depthwise import DepthwiseConv1D, DepthwiseConv2D
from numpynn.layers.convolution.separable import SeparableConv1D, SeparableConv2D
from numpynn.layers.convolution.transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)

Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
]
