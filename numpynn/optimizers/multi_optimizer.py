"""Several optimizers for the parts of one model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from numpynn.optimizers.base import Optimizer
from numpynn.optimizers.loss_scale_optimizer import LossScaleOptimizer
from numpynn.variables import Variable


class OptimizerMap(MutableMapping[str, Any]):
    """Optimizers by the paths of variables: whole paths or regular expressions.

        optimizers = OptimizerMap(SGD(), {"encoder/.*": Adam()})
        optimizers(variable)

    A path that is a key itself goes before patterns; what matches none has `default_optimizer`.
    Raises ValueError for a path that several patterns match, for a key given twice, and for what
    is no plain optimizer; TypeError where the default or the map is none.
    """

    def __init__(
        self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"`default_optimizer` must be an Optimizer; got {default_optimizer!r}.")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"`optimizer_map` must be a dictionary; got {optimizer_map!r}.")
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"Several patterns match the variable '{key}': {matching}.")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._optimizer_map:
            raise ValueError(f"'{key}' has an optimizer already: {self._optimizer_map[key]}.")
        if not isinstance(key, str):
            raise ValueError(f"The key must be a path or a pattern, a string; got {key!r}.")
        _require_plain(optimizer, f"the key '{key}'")
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> OptimizerMap:
        from numpynn.saving.serialization import deserialize_keras_object

        return cls(
            deserialize_keras_object(config["default_optimizer"], custom_objects),
            deserialize_keras_object(config["optimizer_map"], custom_objects),
        )


class MultiOptimizer(Optimizer):
    """Lets each variable follow its gradient by an optimizer of its own.

    optimizer_map: an OptimizerMap, or a function that returns a variable's optimizer.
    optimizers: those it knows. They have their own learning rates, so this one has none:
    AttributeError. Raises ValueError for what is no plain optimizer.
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, Mapping):
            for optimizer in optimizer_map.values():
                self._number_of(optimizer)
        if hasattr(optimizer_map, "default_optimizer"):
            self._number_of(optimizer_map.default_optimizer)

    def _number_of(self, optimizer: Optimizer) -> int:
        """The place of an optimizer among the known, where it comes to stand if it is new."""
        for number, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return number
        optimizer.loss_scale_factor = self.loss_scale_factor
        self._inner_optimizers.append(optimizer)
        return len(self._inner_optimizers) - 1

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        chosen = []
        for variable in variables:
            optimizer = self._optimizer_map(variable)
            _require_plain(optimizer, f"the variable '{variable.path}'")
            chosen.append(self._number_of(optimizer))
        super().build(variables)
        self._number_by_identity = dict(zip(self._identities, chosen))
        for optimizer, own in zip(self._inner_optimizers, self._parts(variables, variables)):
            if own:
                optimizer.build([variable for _, variable in own])

    def _parts(
        self, variables: Sequence[Variable], values: Sequence[Any]
    ) -> list[list[tuple[Any, Variable]]]:
        """For each optimizer its (value, variable) pairs."""
        parts: list[list[tuple[Any, Variable]]] = [[] for _ in self._inner_optimizers]
        for value, variable in zip(values, variables):
            parts[self._number_by_identity[id(variable)]].append((value, variable))
        return parts

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers of the parts."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Variable]:
        """Its own state, then that of each optimizer."""
        return super().variables + [v for inner in self.optimizers for v in inner.variables]

    @property
    def loss_scale_factor(self) -> float | None:
        """What the loss is multiplied by, for all optimizers."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self.__dict__.get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = value

    @property
    def learning_rate(self) -> Any:
        """None of its own: AttributeError."""
        raise AttributeError(
            "A MultiOptimizer has no learning rate: ask the members of `optimizers` for theirs."
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(
            "A MultiOptimizer has no learning rate: set those of the members of `optimizers`."
        )

    @property
    def iterations(self) -> Variable:
        """How many steps were made."""
        return self._iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """One step of each optimizer. Raises ValueError unless all variables are given."""
        if len(grads) == 0:
            return
        self._ensure_built(trainable_variables)
        variables = list(trainable_variables or self._trainable_variables)
        unknown = [v.path for v in variables if id(v) not in self._number_by_identity]
        if unknown or not len(grads) == len(variables) == len(self._trainable_variables):
            raise ValueError(
                f"Optimizer '{self.name}' needs the gradients of all its "
                f"{len(self._trainable_variables)} variables; got {len(grads)} gradients for "
                f"{len(variables)} variables, unknown among them: {unknown}."
            )
        for optimizer, own in zip(self._inner_optimizers, self._parts(variables, grads)):
            if own:
                optimizer.apply_gradients(own)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        for optimizer, own in zip(self._inner_optimizers, self._parts(var_list, var_list)):
            if own:
                optimizer.finalize_variable_values([variable for _, variable in own])

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        from numpynn.saving.serialization import deserialize_keras_object

        optimizer_map = deserialize_keras_object(config["optimizer_map"], custom_objects)
        return cls(**{**config, "optimizer_map": optimizer_map})


def _require_plain(optimizer: Any, place: str) -> None:
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"What stands for {place} must be an Optimizer; got {optimizer!r}.")
    if isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ValueError(f"What stands for {place} cannot be a {type(optimizer).__name__}.")
