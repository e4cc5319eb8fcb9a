"""Lambda: a function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from numpynn.autograd.structure import leaves
from numpynn.layers.base import Layer
from numpynn.typing import Array
from numpynn.utils.functions import func_dump, func_load


class Lambda(Layer):
    """y = function(x, **arguments).

    output_shape: found by trying the function out unless given: one without the batch, or a
    function of the input's shape. mask: of the output, or a function of the inputs and their mask.
    A function with arguments called `mask` or `training` is given these.

    A function with a name is saved by that name, and must be registered where it is loaded. A
    Python lambda is saved as bytecode: loading it runs code from the file, which raises ValueError
    unless it is asked for by safe_mode=False or `config.enable_unsafe_deserialization()`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        accepted = inspect.getfullargspec(function).args
        self._takes_mask = "mask" in accepted
        self._takes_training = "training" in accepted

    def call(self, inputs: Array, mask: Any = None, training: Any = None) -> Any:
        arguments = dict(self.arguments)
        if self._takes_mask:
            arguments["mask"] = mask
        if self._takes_training:
            arguments["training"] = training
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = leaves(input_shape)[0]
        return _with_batch(batch, self._output_shape)

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        config = {**super().get_config(), "function": _written(self.function)}
        if callable(self._output_shape):
            config["output_shape"] = _written(self._output_shape)
        elif self._output_shape is not None:
            config["output_shape"] = self._output_shape
        if self.mask is not None:
            config["mask"] = _written(self.mask)
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        safe_mode: bool | None = None,
    ) -> Lambda:
        """The layer of a configuration. Raises ValueError for a Python lambda in safe mode."""
        from numpynn.saving.serialization import in_safe_mode

        safe = in_safe_mode() if safe_mode is None else safe_mode
        config = dict(config)
        for key in {"function", "output_shape", "mask", "arguments"} & config.keys():
            config[key] = _read(config[key], custom_objects, safe)
        shape = config.get("output_shape")
        if isinstance(shape, list) and all(n is None or isinstance(n, int) for n in shape):
            config["output_shape"] = tuple(shape)
        return cls(**config)


def _with_batch(batch: int | None, shape: Any) -> Any:
    """`shape`, or each shape of a list or dict of them, with the batch size first."""
    if isinstance(shape, dict):
        return {key: _with_batch(batch, one) for key, one in shape.items()}
    if all(n is None or isinstance(n, int) for n in shape):
        return (batch, *shape)
    return type(shape)(_with_batch(batch, one) for one in shape)


def _written(value: Any) -> Any:
    """The configuration of a function; a Python lambda as its code."""
    from numpynn.saving.serialization import serialize_keras_object

    if isinstance(value, FunctionType) and value.__name__ == "<lambda>":
        code, defaults, closure = func_dump(value)
        parts = {"code": code, "defaults": defaults, "closure": closure}
        return {"class_name": "__lambda__", "config": parts}
    return serialize_keras_object(value)


def _read(value: Any, custom_objects: Mapping[str, Any] | None, safe: bool) -> Any:
    """What `_written` wrote."""
    from numpynn.saving.serialization import deserialize_keras_object

    if isinstance(value, dict) and value.get("class_name") == "__lambda__":
        if safe:
            raise ValueError(
                "This Lambda layer holds a Python lambda: to load it is to run code from the file. "
                "If you trust where it comes from, pass safe_mode=False to the loading function "
                "or call numpynn.config.enable_unsafe_deserialization()."
            )
        return func_load(**value["config"])
    return deserialize_keras_object(value, custom_objects=custom_objects)
