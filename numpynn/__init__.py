"""Deep learning as NumPy you can read, with Keras 3's names and behaviour.

    import numpynn as keras

    model = keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=50)

Where to read first: `numpynn.autograd`, the engine; then `layers/core.py`, `losses/`,
`optimizers/`, `models/training/`. Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_MODULES = (
    "activations",
    "autograd",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "systems",
    "utils",
)
_OBJECTS = {
    "Input": "layers",
    "Layer": "layers",
    "InputSpec": "layers",
    "Model": "models",
    "Sequential": "models",
    "Variable": "variables",
    "KerasTensor": "symbolic",
    "DTypePolicy": "dtype_policies",
    "Initializer": "initializers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Tensor": "autograd",
    "GradientTape": "autograd",
    "custom_gradient": "autograd",
    "grad": "autograd",
    "hessian": "autograd",
    "hvp": "autograd",
    "jacobian": "autograd",
    "jvp": "autograd",
    "no_grad": "autograd",
    "primitive": "autograd",
    "remat": "autograd",
    "stop_gradient": "autograd",
    "value_and_grad": "autograd",
    "vjp": "autograd",
}

if TYPE_CHECKING:
    from numpynn.autograd import (
        GradientTape as GradientTape,
    )
    from numpynn.autograd import (
        Tensor as Tensor,
    )
    from numpynn.autograd import (
        custom_gradient as custom_gradient,
    )
    from numpynn.autograd import (
        grad as grad,
    )
    from numpynn.autograd import (
        hessian as hessian,
    )
    from numpynn.autograd import (
        hvp as hvp,
    )
    from numpynn.autograd import (
        jacobian as jacobian,
    )
    from numpynn.autograd import (
        jvp as jvp,
    )
    from numpynn.autograd import (
        no_grad as no_grad,
    )
    from numpynn.autograd import (
        remat as remat,
    )
    from numpynn.autograd import (
        stop_gradient as stop_gradient,
    )
    from numpynn.autograd import (
        value_and_grad as value_and_grad,
    )
    from numpynn.autograd import (
        vjp as vjp,
    )
    from numpynn.autograd.primitive import (
        primitive as primitive,
    )
    from numpynn.initializers import Initializer as Initializer
    from numpynn.layers import (
        Input as Input,
    )
    from numpynn.layers import (
        InputSpec as InputSpec,
    )
    from numpynn.layers import (
        Layer as Layer,
    )
    from numpynn.losses import Loss as Loss
    from numpynn.metrics import Metric as Metric
    from numpynn.models import Model as Model
    from numpynn.models import Sequential as Sequential
    from numpynn.optimizers import Optimizer as Optimizer
    from numpynn.regularizers import Regularizer as Regularizer
    from numpynn.symbolic import KerasTensor as KerasTensor
    from numpynn.variables import Variable as Variable

__all__ = [*_MODULES, *_OBJECTS]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"numpynn.{name}")
    if name in _OBJECTS:
        found = getattr(importlib.import_module(f"numpynn.{_OBJECTS[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'numpynn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
