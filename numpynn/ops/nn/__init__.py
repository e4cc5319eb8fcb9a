"""Keras's `ops.nn`: activations, cross-entropies, normalisations, class numbers as vectors.

    elementwise.py    activations, value by value
    probabilities.py  softmax, log_softmax, sparsemax, along an axis
    crossentropy.py   losses fused with the softmax or sigmoid before them
    normalization.py  moments, and what divides by them
    encoding.py       one_hot, multi_hot
    blocks.py         blocks of images as channels, and back
    convolution/      convolutions of one to three axes, and their transposes
    pooling/          the largest value, or the mean, of each window

Attention is not here yet.
"""

from numpynn.ops.nn.blocks import *  # noqa: F403
from numpynn.ops.nn.convolution import *  # noqa: F403
from numpynn.ops.nn.crossentropy import *  # noqa: F403
from numpynn.ops.nn.elementwise import *  # noqa: F403
from numpynn.ops.nn.encoding import *  # noqa: F403
from numpynn.ops.nn.normalization import *  # noqa: F403
from numpynn.ops.nn.pooling import *  # noqa: F403
from numpynn.ops.nn.probabilities import *  # noqa: F403
