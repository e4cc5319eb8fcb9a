"""Sequential: layers one after another.  y = f_n(… f_2(f_1(x)) …)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import dtype_policies
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import tensor_of
from numpynn.layers.base import Layer
from numpynn.layers.core import InputLayer
from numpynn.layers.shapes import is_shape
from numpynn.models.model import Model
from numpynn.saving.registration import CustomObjectScope, objects_in_scope
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.symbolic import KerasTensor
from numpynn.typing import Array


class Sequential(Model):
    """Layers one after another.

        model = Sequential([Input((4,)), Dense(10, "relu"), Dense(3, "softmax")])

    With an `Input` first, the weights exist at once; otherwise they are made at the first call.
    Raises ValueError for what is no layer, and for names used twice.
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._ends: tuple[Any, Any] | None = None  # the symbolic input and output
        self._chain: list[Layer] = []
        self._fitting: tuple[int, ...] | None = None
        self.supports_masking = True
        for layer in layers or []:
            self._append(layer)
        self._build_if_possible()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end. rebuild: make its weights at once, where shapes are known."""
        self._append(layer)
        self._changed(rebuild)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away. Raises IndexError where there is none."""
        if not self._chain:
            raise IndexError(f"Sequential model '{self.name}' has no layer to take away.")
        layer = self._chain.pop()
        self._changed(rebuild)
        return layer

    def _changed(self, rebuild: bool) -> None:
        self.built = False
        self._called = False
        self._ends = None
        if rebuild:
            self._build_if_possible()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.history.operation if layer.history is not None else layer
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Sequential takes layers; got {layer!r} of type {type(layer).__name__}."
            )
        if isinstance(layer, InputLayer) and self._chain:
            raise ValueError(
                f"Input must come first in Sequential model '{self.name}'; it already has "
                f"{len(self._chain)} layers."
            )
        if any(other.name == layer.name and other is not layer for other in self._chain):
            raise ValueError(
                f"Layer names must be unique: Sequential model '{self.name}' already has a layer "
                f"'{layer.name}'."
            )
        if not self._chain and layer._given_input_shape is not None:
            self._chain.append(InputLayer(layer._given_input_shape))
        self._chain.append(layer)

    @property
    def _input(self) -> InputLayer | None:
        first = self._chain[0] if self._chain else None
        return first if isinstance(first, InputLayer) else None

    @property
    def layers(self) -> list[Layer]:
        return [layer for layer in self._chain if not isinstance(layer, InputLayer)]

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch of inputs. Raises AttributeError before it is known."""
        if self._input is None:
            raise AttributeError(f"Sequential model '{self.name}' has no defined input shape yet.")
        return self._input.batch_shape

    @property
    def output_shape(self) -> Any:
        """The shape of a batch of outputs. Raises AttributeError before it is known."""
        return map_structure(lambda x: x.shape, self._known_ends("output shape")[1])

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list. Raises AttributeError before its shape is known."""
        return [self._known_ends("inputs")[0]]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list. Raises AttributeError before the shapes are known."""
        return leaves(self._known_ends("outputs")[1])

    @property
    def input(self) -> Any:
        """The symbolic input. Raises AttributeError before its shape is known."""
        return self._known_ends("input")[0]

    @property
    def output(self) -> Any:
        """The symbolic output. Raises AttributeError before the shapes are known."""
        return self._known_ends("output")[1]

    def _known_ends(self, wanted: str) -> tuple[Any, Any]:
        if self._ends is None:
            raise AttributeError(f"Sequential model '{self.name}' has no defined {wanted} yet.")
        return self._ends

    def _build_if_possible(self) -> None:
        first = self._chain[0] if self._chain else None
        shape: Any = getattr(first, "input_shape", None)  # of a model
        if isinstance(first, InputLayer):
            shape = first.batch_shape
        if is_shape(shape) and len(self._chain) > 1:
            self.build(shape)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights for inputs of `input_shape`, the batch size first.

        Raises ValueError without layers, and for another shape than the Input's.
        """
        if not self._chain:
            raise ValueError(f"Sequential model '{self.name}' has no layers to build.")
        if not is_shape(input_shape):
            return  # several inputs: the layers are built by the first call
        if self._input is not None and self._input.batch_shape != tuple(input_shape):
            raise ValueError(
                f"Sequential model '{self.name}' has an Input of shape {self._input.batch_shape}; "
                f"it cannot be built for {tuple(input_shape)}."
            )
        if self._input is None:
            dtype = self._chain[0].compute_dtype
            self._chain.insert(0, InputLayer(batch_shape=input_shape, dtype=dtype))
        x = start = self._chain[0].output
        for layer in self.layers:
            x = layer(x)
        self._ends = (start, x)

    def call(self, inputs: Array, training: Any = None, mask: Any = None) -> Any:
        x = self._fitted(inputs)
        if mask is not None and x.mask is not mask:
            x = tensor_of(x.array, x.node)
            x.mask = mask
        for layer in self.layers:
            x = layer(x)
        return x

    def _fitted(self, x: Array) -> Array:
        """The input in the rank that is expected, `(n,)` as `(n, 1)` and back, and in its dtype."""
        first = self._input
        if first is None or (x.shape == self._fitting and x.dtype is first._dtype):
            return x
        expected = first.batch_shape
        ndim = len(expected)
        if x.ndim == ndim - 1 and expected[-1] == 1:
            x = np.expand_dims(x, -1)
        elif x.ndim == ndim + 1 and x.shape[-1] == 1:
            x = np.squeeze(x, -1)
        if x.ndim != ndim or any(
            want is not None and have != want for want, have in zip(expected, x.shape, strict=True)
        ):
            raise ValueError(
                f"Model '{self.name}' expects inputs of shape {expected}; got {x.shape}."
            )
        self._fitting = x.shape  # checked before
        return x if x.dtype == first._dtype else x.astype(first._dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        found = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in self._chain],
        }
        if self._ends is not None:
            found["build_input_shape"] = self._ends[0].shape
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Sequential:
        made = cls(name=config.get("name"))
        with CustomObjectScope({**objects_in_scope(), **(custom_objects or {})}):
            for entry in config["layers"]:
                made._append(deserialize_keras_object(entry))
        made._build_if_possible()
        shape = config.get("build_input_shape")
        if shape and not made.built:
            made.build(tuple(shape))
        if not config.get("trainable", True):
            made.trainable = False
        return made
