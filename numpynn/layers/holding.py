"""What a layer holds: variables, sub-layers, losses; found among its attributes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynn.autograd.structure import leaves
from numpynn.typing import Array
from numpynn.variables import Variable

if TYPE_CHECKING:
    from numpynn.layers.base import Layer

# The layers that added a loss during the outermost call that is running; None outside of calls.
adding_losses: ContextVar[deque[Any] | None] = ContextVar("numpynn_adding_losses", default=None)


class Holder:
    """The part of Layer that finds, counts, sets and stores what the layer is made of."""

    name: str
    built: bool
    _trainable: bool
    _weights: list[Variable]
    _losses: list[Any]

    # -- finding --------------------------------------------------------------------------------

    def _held(self, kind: type) -> list[Any]:
        """The objects of a kind among the attributes, in lists, tuples and dicts too."""
        found: dict[int, Any] = {}
        for value in self.__dict__.values():
            if isinstance(value, (kind, list, tuple, dict)):
                for item in leaves(value):
                    if isinstance(item, kind):
                        found.setdefault(id(item), item)
        return list(found.values())

    def _flatten_layers(self) -> list[Layer]:
        """This layer and all layers in it, each once, outermost first."""
        found: dict[int, Any] = {}
        stack: list[Any] = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in found:
                found[id(layer)] = layer
                stack.extend(reversed(layer._sublayers()))
        return list(found.values())

    def _sublayers(self) -> list[Layer]:
        return [layer for layer in self._held(Holder) if layer is not self]

    def _own_variables(self) -> list[Variable]:
        """This layer's own: the trainable first, then those that training never changes."""
        own = self._held(Variable)
        return [w for w in own if w.learnable] + [w for w in own if not w.learnable]

    # -- weights --------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights, each once: this layer's own (the trainable first), then its sub-layers'."""
        found: dict[int, Variable] = {}
        for layer in self._flatten_layers():
            for weight in layer._own_variables():
                found.setdefault(id(weight), weight)
        return list(found.values())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [w for w in self.weights if w.trainable] if self._trainable else []

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [w for w in self.weights if not (w.trainable and self._trainable)]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it reaches all sub-layers.

        Weights that were made untrainable, such as counters and running means, stay so.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for weight in layer._held(Variable):
                weight.trainable = bool(value) and weight.learnable

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Set all weights. Raises ValueError, changing none, where count or shapes differ."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"Layer '{self.name}' has {len(own)} weights; set_weights() got {len(weights)}."
            )
        _require_shapes(self.name, own, weights, "set_weights() got")
        for weight, value in zip(own, weights, strict=True):
            weight.assign(value)

    def count_params(self) -> int:
        """How many numbers the weights hold. Raises ValueError before the layer is built."""
        if not self.built:
            raise ValueError(f"Layer '{self.name}' has no weights before it is built.")
        return sum(w.size for w in self.weights)

    # -- files ----------------------------------------------------------------------------------

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the layer's own variables into `store`, under "0", "1", …"""
        for number, variable in enumerate(self._own_variables()):
            store[str(number)] = variable.array

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take them from `store`. Raises ValueError, changing none, where they do not fit."""
        own = self._own_variables()
        if len(own) != len(store):
            advice = "" if self.built else ", and it is not built yet: call it, or its build()"
            raise ValueError(
                f"Layer '{self.name}' has {len(own)} variables {[v.name for v in own]}{advice}; "
                f"the file holds {len(store)} for it."
            )
        missing = [str(n) for n in range(len(own)) if str(n) not in store]
        if missing:
            raise ValueError(
                f"Layer '{self.name}' needs variable {missing[0]!r}; the file holds {list(store)}."
            )
        values = [np.asarray(store[str(n)]) for n in range(len(own))]
        _require_shapes(self.name, own, values, "the file holds")
        for variable, value in zip(own, values, strict=True):
            variable.assign(value)

    # -- losses ---------------------------------------------------------------------------------

    @property
    def losses(self) -> list[Any]:
        """The extra terms of the current step's loss: `add_loss`, activity and weight penalties."""
        layers = self._flatten_layers()
        terms = [term for layer in layers for term in layer._losses]
        return terms + [
            w.regularizer(w) for w in self.trainable_weights if w.regularizer is not None
        ]

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss of the current step: a number, or several to be summed."""
        self._note_losses([term if np.shape(term) == () else np.sum(term) for term in leaves(loss)])

    def _note_losses(self, terms: list[Any]) -> None:
        adding = adding_losses.get()
        if adding is not None:
            adding.append(self)
        self._losses.extend(terms)


def _require_shapes(
    layer: str, variables: Sequence[Variable], values: Sequence[Any], source: str
) -> None:
    for variable, value in zip(variables, values, strict=True):
        if variable.shape != np.shape(value):
            raise ValueError(
                f"Weight '{variable.path}' of layer '{layer}' has shape {variable.shape}; "
                f"{source} {np.shape(value)}."
            )
