"""An equal model of new layers, with new weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.layers.core import Input
from numpynn.models.functional import Functional
from numpynn.models.model import Model
from numpynn.models.sequential import Sequential
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.symbolic import FunctionOperation, KerasTensor


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model like this one, with layers and weights of its own.

    input_tensors: KerasTensors to build it on. clone_function(layer): the layer to take the place
    of each; by default one of the same configuration. call_function(layer, *args, **kwargs): how
    the layers of a functional model are called. recursive: clone models inside layer by layer, too.
    Raises ValueError where one of these does not apply to the kind of model.
    """
    known = kwargs.pop("cache", None)
    if kwargs:
        raise ValueError(f"clone_model() takes no arguments {sorted(kwargs)}.")
    if isinstance(model, (Sequential, Functional)):
        clone = _Cloning(clone_function, call_function, recursive, {} if known is None else known)
        if isinstance(model, Functional):
            return clone.functional(model, input_tensors)
        if call_function is not None:
            raise ValueError("`call_function` is for functional models; got a Sequential one.")
        return clone.sequential(model, input_tensors)
    for name, value in (
        ("input_tensors", input_tensors),
        ("clone_function", clone_function),
        ("call_function", call_function),
    ):
        if value is not None:
            raise ValueError(
                f"`{name}` is for Sequential and functional models; got {type(model).__name__}."
            )
    config = serialize_keras_object(model)
    return deserialize_keras_object(config, {type(model).__name__: type(model)})


class _Cloning:
    """One clone for each layer, however often it occurs."""

    def __init__(
        self,
        clone_function: Callable[[Any], Any] | None,
        call_function: Callable[..., Any] | None,
        recursive: bool,
        made: dict[int, Any],
    ) -> None:
        self.clone_function = clone_function or _equal
        self.call_function = call_function
        self.recursive = recursive
        self.made = made

    def layer(self, layer: Any) -> Any:
        if id(layer) not in self.made:
            if self.recursive and isinstance(layer, (Sequential, Functional)):
                calls = None if isinstance(layer, Sequential) else self.call_function
                made = clone_model(
                    layer, None, self.clone_function, calls, recursive=True, cache=self.made
                )
            else:
                made = self.clone_function(layer)
            self.made[id(layer)] = made
        return self.made[id(layer)]

    def sequential(self, model: Sequential, input_tensors: Any) -> Any:
        layers = [self.layer(layer) for layer in model.layers]
        first = model._input
        if input_tensors is not None:
            given = leaves(input_tensors)
            if len(given) != 1 or not isinstance(given[0], KerasTensor):
                raise ValueError(
                    f"`input_tensors` of a Sequential model must be one KerasTensor; got {given}."
                )
            layers.insert(0, Input(tensor=given[0], name=first.name if first else None))
        elif first is not None:
            shape = first.batch_shape
            layers.insert(0, Input(batch_shape=shape, dtype=first.dtype, name=first.name))
        made = Sequential(layers, trainable=model.trainable, name=model.name)
        return _compiled_alike(model, made)

    def functional(self, model: Functional, input_tensors: Any) -> Any:
        if input_tensors is None:
            input_tensors = map_structure(
                lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model.input
            )
        else:
            given = leaves(input_tensors)
            if len(given) != len(model.inputs) or not all(
                isinstance(x, KerasTensor) for x in given
            ):
                raise ValueError(
                    f"`input_tensors` must be {len(model.inputs)} KerasTensors, as `model.input` "
                    f"is; got {given}."
                )
            input_tensors = rebuild(model.input, iter(given))
        outputs = model._graph.run(
            leaves(input_tensors), lambda op: self._call_of(self._clone_of(op)), drop_training=False
        )
        parameters = list(inspect.signature(type(model).__init__).parameters)
        kind = type(model) if parameters[1:3] == ["inputs", "outputs"] else Model
        return _compiled_alike(model, kind(input_tensors, outputs, name=model.name))

    def _clone_of(self, operation: Any) -> Any:
        if isinstance(operation, FunctionOperation):
            return FunctionOperation(operation.function, operation.name, operation.settings)
        return self.layer(operation)

    def _call_of(self, operation: Any) -> Any:
        if self.call_function is None:
            return operation
        call = self.call_function
        return lambda *args, **kwargs: call(operation, *args, **kwargs)


def _equal(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _compiled_alike(model: Any, made: Any) -> Any:
    if model.compiled:
        made.compile_from_config(model.get_compile_config())
    return made
