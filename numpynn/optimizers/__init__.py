"""How weights follow their gradients. Keras's names and formulas."""

from numpynn.optimizers.adam import Adam, Nadam
from numpynn.optimizers.base import Optimizer
from numpynn.optimizers.rmsprop import RMSprop
from numpynn.optimizers.sgd import SGD
from numpynn.utils.registry import Registry

__all__ = ["SGD", "Adam", "Nadam", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]

_registry = Registry("optimizer", Optimizer, [SGD, Adam, Nadam, RMSprop])
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
