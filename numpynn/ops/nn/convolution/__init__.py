"""Convolutions of one, two and three spatial axes.

window.py    how a kernel moves: lengths, strides, dilation, padding
plain.py     the formulas: all windows and one einsum
fused.py     the same, as fast as BLAS allows

conv               every filter sees all channels (of its group)
depthwise_conv     every channel has filters of its own
separable_conv     depthwise, then a 1x1 convolution across the channels
conv_transpose     the adjoint of conv:  <conv(x), y> = <x, conv_transpose(y)>
"""

from numpynn.ops.nn.convolution.functions import (
    conv,
    conv_transpose,
    depthwise_conv,
    separable_conv,
)

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]
