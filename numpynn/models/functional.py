"""Functional models: any graph of layers, from some inputs to some outputs.

    x = Input((4,)); h = Dense(8, "relu")(x)
    model = Model(inputs=x, outputs={"mean": Dense(1)(h), "class": Dense(3, "softmax")(h)})

Building the model follows the history of the outputs back to the inputs, and orders the calls it
meets by their depth: the number of calls on the longest way to an output. Running it is going
through the calls in that order, with a table of the values so far.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.layers.base import InputSpec, Layer
from numpynn.layers.core import InputLayer
from numpynn.layers.shapes import map_shapes
from numpynn.models.graph import Graph, with_new_inputs
from numpynn.models.model import Model, takes_graph
from numpynn.symbolic import KerasTensor


class Functional(Model):
    """A model of the graph between symbolic inputs and outputs, each in any nesting.

    Raises ValueError for inputs and outputs that are not symbolic, for an output that does not
    depend on the inputs alone, and for names used twice.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        super().__init__(name=name, **kwargs)
        for role, structure in (("inputs", inputs), ("outputs", outputs)):
            _require_symbolic(role, structure)
        if not all(x.history is not None and x.history.node.is_input for x in leaves(inputs)):
            inputs, outputs = with_new_inputs(inputs, outputs)
        if isinstance(inputs, dict):
            _warn_of_other_names(inputs)
        self._graph = Graph(inputs, outputs)
        self.supports_masking = True
        self.built = True
        if trainable is not None:
            self._trainable = bool(trainable)  # the layers keep what they were told

    # -- what it is made of ---------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, inputs first, in the order of their depth."""
        return [op for op in self._graph.operations if isinstance(op, Layer)]

    @property
    def operations(self) -> list[Any]:
        """The layers and the functions between them."""
        return list(self._graph.operations)

    def _sublayers(self) -> list[Layer]:
        held = [layer for layer in super()._sublayers() if layer not in self.layers]
        return self.layers + held

    @property
    def inputs(self) -> list[KerasTensor]:
        return list(self._graph.inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        return list(self._graph.outputs)

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._graph.inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._graph.outputs_struct

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return [x.history.operation.name for x in self._graph.outputs if x.history is not None]

    @property
    def input_shape(self) -> Any:
        shapes = [x.shape for x in self._graph.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        shapes = [x.shape for x in self._graph.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    # -- running --------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (self._arranged(args[0]), *args[1:])
        return super().__call__(*args, **kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        values = [
            self._fitted(x, wanted)
            for x, wanted in zip(leaves(inputs), self._graph.inputs, strict=True)
        ]
        if mask is not None:
            for number, given in enumerate(leaves(mask)):
                if given is not None:
                    values[number] = tensor_of(values[number].array, values[number].node)
                    values[number].mask = given
        outputs = self._graph.run(
            values, lambda operation: operation, drop_training=training is not None
        )
        return _single(outputs)

    # Without a word from outside, what the layers of the graph were told counts.
    _accepts: dict[str, Any] = {"training": None, "mask": None}  # noqa: RUF012

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if all(x.shape == y.shape for x, y in zip(leaves(inputs), self._graph.inputs, strict=True)):
            return map_structure(lambda x: KerasTensor(x.shape, x.dtype), self.output)
        return self._graph.run(
            leaves(inputs),
            lambda op: op.compute_output_spec if isinstance(op, Layer) else op,
            drop_training=False,
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        dtypes = iter([x.dtype for x in self._graph.inputs])
        inputs = map_shapes(lambda shape: KerasTensor(shape, next(dtypes)), input_shape)
        return map_structure(lambda x: x.shape, self.compute_output_spec(inputs))

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to build: the layers were built by the calls that made the graph."""

    def get_build_config(self) -> dict[str, Any]:
        return {"input_shape": None}

    def _arranged(self, inputs: Any) -> Any:
        """The inputs in the nesting that the model was made with.

        Raises ValueError for another number of inputs, and for missing names.
        """
        wanted = self._graph.inputs_struct
        if isinstance(wanted, KerasTensor) and not isinstance(inputs, (dict, list, tuple)):
            return inputs
        names = [x.name for x in self._graph.inputs]
        if isinstance(inputs, dict) and not isinstance(wanted, dict):
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(
                    f"Model '{self.name}' lacks data for input '{missing[0]}': it expects {names}, "
                    f"and got {sorted(inputs)}."
                )
            inputs = [inputs[name] for name in names]
        elif isinstance(inputs, dict):
            missing = sorted(set(wanted) - set(inputs))
            if missing:
                raise ValueError(
                    f"Model '{self.name}' lacks data for input '{missing[0]}': it expects "
                    f"{sorted(wanted)}, and got {sorted(inputs)}."
                )
            inputs = {key: inputs[key] for key in wanted}
        flat = leaves(inputs) if _as_nested(inputs) else [inputs]
        if len(flat) != len(names):
            raise ValueError(
                f"Model '{self.name}' expects {len(names)} inputs {names}; got {len(flat)}."
            )
        return rebuild(wanted, iter(flat))

    def _fitted(self, x: Any, wanted: KerasTensor) -> Any:
        """An input in the rank that is expected, `(n,)` as `(n, 1)` and back, and in its dtype."""
        if x is None:
            layer = wanted.history.operation if wanted.history is not None else None
            if isinstance(layer, InputLayer) and not layer.optional:
                raise ValueError(
                    f"Input '{wanted.name}' of model '{self.name}' is None, and is not optional."
                )
            return None
        expected, mask = wanted.shape, x.mask
        if x.ndim == len(expected) - 1 and expected[-1] == 1:
            x = np.expand_dims(x, -1)
        elif x.ndim == len(expected) + 1 and x.shape[-1] == 1:
            x = np.squeeze(x, -1)
        if x.ndim != len(expected) or any(
            want is not None and want != have for want, have in zip(expected, x.shape, strict=True)
        ):
            raise ValueError(
                f"Input '{wanted.name}' of model '{self.name}' expects shape {expected}; got "
                f"{x.shape}."
            )
        if x.dtype != wanted.dtype:
            x = x.astype(wanted.dtype)
        if mask is not None and x.mask is None:
            x.mask = mask
        return x

    def _cast(self, value: Any) -> Any:
        """As a Tensor, in whatever dtype: each Input converts to its own."""
        if value is None or isinstance(value, (bool, str, Tensor)):
            return value
        return tensor_of(value if hasattr(value, "__array_function__") else np.asarray(value), None)

    @property
    def input_spec(self) -> Any:
        """What the inputs must look like, by name where they were given as a dict."""
        wanted = self._graph.inputs_struct if "_graph" in self.__dict__ else None
        if isinstance(wanted, dict) and all(isinstance(x, KerasTensor) for x in wanted.values()):
            return [_spec_of(wanted[name], name) for name in sorted(wanted)]
        return None if wanted is None else [_spec_of(x, x.name) for x in leaves(wanted)]

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        """The inputs say what they expect; a layer's own specification has no place here."""

    # -- configuration --------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The layers, and how each is called on the outputs of others.

        A subclass that takes other arguments than inputs and outputs is described by those.
        """
        from numpynn.models.graph_config import graph_config

        kind = getattr(type(self), "_written_as", type(self))
        if not takes_graph(kind):
            return self._given.config(kind, super().get_config())
        return {"name": self.name, "trainable": self.trainable, **graph_config(self._graph)}


def _require_symbolic(role: str, structure: Any) -> None:
    if not leaves(structure):
        raise ValueError(f"`{role}` of a model must not be empty.")
    for x in leaves(structure):
        if not isinstance(x, KerasTensor):
            raise ValueError(
                f"`{role}` of a model must be what Input() and layers called on it give; got {x!r} "
                f"of type {type(x).__name__}."
            )


def _warn_of_other_names(inputs: dict[str, Any]) -> None:
    for key, x in inputs.items():
        if isinstance(x, KerasTensor) and x.name != key:
            warnings.warn(
                f"The input under the key {key!r} is named {x.name!r}: give it its key's name, "
                f"Input(…, name={key!r}).",
                stacklevel=3,
            )


def _spec_of(x: KerasTensor, name: str) -> InputSpec:
    layer = x.history.operation if x.history is not None else None
    return InputSpec(
        shape=(None, *x.shape[1:]) if x.shape else (),
        allow_last_axis_squeeze=True,
        name=name,
        optional=getattr(layer, "optional", False),
    )


def _as_nested(inputs: Any) -> bool:
    """Whether lists in `inputs` are lists of arrays, not numbers."""
    return isinstance(inputs, dict) or (
        isinstance(inputs, (list, tuple))
        and all(hasattr(x, "shape") or x is None for x in leaves(inputs))
    )


def _single(outputs: Any) -> Any:
    return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs
