"""Automatic differentiation of NumPy programs.

    tensor.py         Tensor: an array that remembers how it was made
    tape.py           recording, and the backward sweep
    rules/            the derivative of every NumPy function
    transforms.py     grad, vjp, jvp, jacobian, hessian, hvp
    gradient_tape.py  the same in TensorFlow's words
    primitive.py      functions with a derivative of their own, checkpoints

Read them in this order.
"""

from numpynn.autograd.gradient_tape import GradientTape
from numpynn.autograd.primitive import Jointly, custom_gradient, primitive, remat
from numpynn.autograd.rules import compose, define, define_each
from numpynn.autograd.tape import no_grad
from numpynn.autograd.tensor import Tensor
from numpynn.autograd.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

__all__ = [
    "GradientTape",
    "Jointly",
    "Tensor",
    "compose",
    "custom_gradient",
    "define",
    "define_each",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "primitive",
    "remat",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
