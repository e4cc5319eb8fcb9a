"""Sequential: layers one after another.  y = f_n(… f_2(f_1(x)) …)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn.autograd.tensor import tensor_of
from numpynn.layers.base import Layer
from numpynn.layers.core import InputLayer, KerasTensor
from numpynn.models.training import Trainer
from numpynn.typing import Array


class Model(Trainer):
    """A Layer that can be trained, saved and summarised. Subclass it with `__init__` and `call`."""

    @property
    def layers(self) -> list[Layer]:
        """The layers that the attributes hold, in order."""
        return [layer for layer in self._sublayers() if not isinstance(layer, InputLayer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its number. Raises ValueError where there is none."""
        if (name is None) == (index is None):
            raise ValueError("get_layer() needs either `name` or `index`.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"There is no layer {index}: the model has {len(self.layers)} layers."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ValueError(f"There is no layer named {name!r}. The layers are: {names}.")

    def summary(self, print_fn: Any = None, line_length: int | None = None) -> None:
        """Print the layers with their output shapes and numbers of parameters."""
        from numpynn.models.summary import print_summary

        print_summary(self, print_fn, line_length)


class Sequential(Model):
    """Layers one after another.

        model = Sequential([Input((4,)), Dense(10, "relu"), Dense(3, "softmax")])

    With an `Input` first, the weights exist at once; otherwise they are made at the first call.
    Raises ValueError for what is no layer, and for names used twice.
    """

    def __init__(
        self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._chain: list[Layer] = []
        self._fitting: tuple[int, ...] | None = None
        self.supports_masking = True
        for layer in layers or []:
            self._append(layer)
        self._build_if_possible()

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        self._append(layer)
        self.built = False
        self._called = False
        self._build_if_possible()

    def pop(self) -> Layer:
        """Take the last layer away. Raises IndexError where there is none."""
        if not self._chain:
            raise IndexError(f"Sequential model '{self.name}' has no layer to take away.")
        return self._chain.pop()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = getattr(layer, "layer", layer)
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
    def output_shape(self) -> tuple[int | None, ...]:
        return self.compute_output_shape(self.input_shape)  # type: ignore[no-any-return]

    def _build_if_possible(self) -> None:
        first = self._chain[0] if self._chain else None
        shape: Any = getattr(first, "input_shape", None)  # of a model
        if isinstance(first, InputLayer):
            shape = first.batch_shape
        if shape is not None and len(self._chain) > 1:
            self.build(shape)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights for inputs of `input_shape`, the batch size first.

        Raises ValueError without layers, and for another shape than the Input's.
        """
        if not self._chain:
            raise ValueError(f"Sequential model '{self.name}' has no layers to build.")
        if self._input is not None and self._input.batch_shape != tuple(input_shape):
            raise ValueError(
                f"Sequential model '{self.name}' has an Input of shape {self._input.batch_shape}; "
                f"it cannot be built for {tuple(input_shape)}."
            )
        if self._input is None:
            self._chain.insert(
                0, InputLayer(batch_shape=(None, *input_shape[1:]), dtype=self.dtype)
            )
        shape = tuple(input_shape)
        for layer in self.layers:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)

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
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [
                {"class_name": type(layer).__name__, "config": layer.get_config()}
                for layer in self._chain
            ],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        from numpynn import layers as known

        made = []
        for entry in config["layers"]:
            name = entry["class_name"]
            kind = cls if name == cls.__name__ else getattr(known, name, None)
            if kind is None:
                raise ValueError(f"Unknown layer class {name!r} in the configuration.")
            made.append(kind.from_config(entry["config"]))
        return cls(made, trainable=config.get("trainable", True), name=config.get("name"))
