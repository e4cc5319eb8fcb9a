"""The catalogue's systems in Keras 3, and what it takes to compare them with `numpynn`'s.

Importing this package chooses Keras's back-end and does not import Keras; the modules inside do,
and raise `KerasMissing` where they cannot.
"""

from __future__ import annotations

import importlib.util
import os

BACKENDS = ("tensorflow", "jax", "torch")


class KerasMissing(ImportError):
    """Keras, or the library it computes with, is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The comparison needs Keras 3 and one of its back-ends, which are not installed. "
            "Install them with: pip install 'numpynn[keras]'"
        )


def choose_backend() -> str:
    """Set `KERAS_BACKEND`, which Keras reads when it is imported, and return it.

    What the user set stays. Otherwise the first that is installed of TensorFlow, JAX and PyTorch.
    """
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings
    return os.environ.setdefault("KERAS_BACKEND", (installed or BACKENDS)[0])


choose_backend()
