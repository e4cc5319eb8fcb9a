"""Keras's `ops` namespace: one function a name, on arrays and on Tensors.

    numpy/       NumPy's functions with Keras's names, arguments and dtypes
    nn/          activations, cross-entropies, normalisations, one-hot vectors
    image/       images resized, cut, turned, blurred, in other colours
    math.py      reductions by segment, the largest k, distances, special functions
    linalg.py    matrices: inverses, equations, decompositions, norms
    core.py      conversion, control flow, slices, scattering
    sequences.py padded sequences back to front, which Keras lacks
    dtypes.py    what dtype comes out; Python numbers and lists as arrays
    erf.py       the error function, which NumPy lacks

A result is a Tensor where an argument is one, else a plain array; `convert_to_tensor` always gives
a Tensor. On KerasTensors every function records itself for a functional model. What NumPy has is
NumPy's function; what it lacks has its derivative beside it.
"""

from numpynn.ops import image as image
from numpynn.ops import linalg as linalg
from numpynn.ops import nn as nn
from numpynn.ops import numpy as numpy
from numpynn.ops import sequences as sequences
from numpynn.ops.core import *  # noqa: F403
from numpynn.ops.linalg import *  # noqa: F403
from numpynn.ops.math import *  # noqa: F403
from numpynn.ops.nn.blocks import *  # noqa: F403
from numpynn.ops.nn.convolution import *  # noqa: F403
from numpynn.ops.nn.crossentropy import *  # noqa: F403
from numpynn.ops.nn.elementwise import *  # noqa: F403
from numpynn.ops.nn.encoding import *  # noqa: F403
from numpynn.ops.nn.normalization import *  # noqa: F403
from numpynn.ops.nn.pooling import *  # noqa: F403
from numpynn.ops.nn.probabilities import *  # noqa: F403
from numpynn.ops.numpy.creation import *  # noqa: F403
from numpynn.ops.numpy.elementwise import *  # noqa: F403
from numpynn.ops.numpy.order import *  # noqa: F403
from numpynn.ops.numpy.products import *  # noqa: F403
from numpynn.ops.numpy.reductions import *  # noqa: F403
from numpynn.ops.numpy.shapes import *  # noqa: F403


def _make_recordable() -> None:
    """Let the functions above record themselves on KerasTensors; NumPy's own do so already."""
    from types import FunctionType

    from numpynn.symbolic import symbolic

    about_values = {"convert_to_numpy", "custom_gradient", "is_tensor", "ndim", "shape", "size"}
    for namespace in (globals(), vars(image), vars(sequences)):
        for name, function in list(namespace.items()):
            public = not name.startswith("_") and name not in about_values
            if public and isinstance(function, FunctionType):
                namespace[name] = symbolic(function)


_make_recordable()
