"""How weights follow their gradients. Keras's names and formulas.

base.py             the protocol, the common options, one step
elementwise.py      optimizers that update one flat vector of all weights, block by block
flat.py             that vector, its blocks, and the state shown as Keras's variables
schedules.py        learning rates that follow the step
sgd.py, adam.py …   one formula a file
"""

from collections.abc import Mapping
from typing import Any

from numpynn.optimizers import legacy, schedules
from numpynn.optimizers.adadelta import Adadelta
from numpynn.optimizers.adafactor import Adafactor
from numpynn.optimizers.adagrad import Adagrad
from numpynn.optimizers.adam import Adam, AdamW
from numpynn.optimizers.adamax import Adamax
from numpynn.optimizers.base import Optimizer
from numpynn.optimizers.ftrl import Ftrl
from numpynn.optimizers.lamb import Lamb
from numpynn.optimizers.lion import Lion
from numpynn.optimizers.loss_scale_optimizer import LossScaleOptimizer
from numpynn.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from numpynn.optimizers.muon import Muon
from numpynn.optimizers.nadam import Nadam
from numpynn.optimizers.rmsprop import RMSprop
from numpynn.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from numpynn.optimizers.sgd import SGD
from numpynn.utils.registry import Registry

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Adagrad",
    "Adadelta",
    "RMSprop",
    "Ftrl",
    "Lion",
    "Adafactor",
    "Lamb",
    "Muon",
    "ScheduleFreeAdamW",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "OptimizerMap",
    "Optimizer",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]

_registry = Registry(
    "optimizer",
    Optimizer,
    [
        SGD,
        Adam,
        AdamW,
        Adamax,
        Nadam,
        Adagrad,
        Adadelta,
        RMSprop,
        Ftrl,
        Lion,
        Adafactor,
        Lamb,
        Muon,
        ScheduleFreeAdamW,
        LossScaleOptimizer,
        MultiOptimizer,
        OptimizerMap,
    ],
)


def serialize(optimizer: Optimizer) -> Any:
    """A configuration that `deserialize` makes an equal optimizer from."""
    return _registry.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer of a configuration. custom_objects: {name: class} beside Keras's own."""
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """The optimizer that a name, a configuration or an optimizer means; None for None.

    Raises ValueError for a name that is not known, and for anything else.
    """
    found = identifier
    if isinstance(identifier, (str, dict)):
        found = _registry.get(identifier)
    if found is None or isinstance(found, Optimizer):
        return found
    raise ValueError(
        f"Could not interpret the optimizer {identifier!r}: expected a name, a configuration or an "
        "Optimizer."
    )
