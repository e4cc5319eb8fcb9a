"""A graph of layers as a configuration, and back; Keras's form.

    {"layers": [{…, "name": "dense", "inbound_nodes": [{"args": […], "kwargs": {…}}]}, …],
     "input_layers": [["input", 0, 0]], "output_layers": [["dense", 0, 0]]}

Each layer lists the calls that the graph makes of it. A tensor is named by the layer it comes from,
the number of the call, and the number of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpynn.autograd.structure import map_structure
from numpynn.layers.base import Layer
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object
from numpynn.symbolic import FunctionOperation, History, KerasTensor, Node

if TYPE_CHECKING:
    from numpynn.models.graph import Graph


class _NotYet(Exception):
    """A tensor is needed that comes from a call that has not been made yet."""


def _first_call(operation: Any) -> int:
    """The number that outputs count calls from: Keras's functional models have one of their own."""
    from numpynn.models.functional import Functional

    return 1 if isinstance(operation, Functional) else 0


def graph_config(graph: Graph) -> dict[str, Any]:
    """The layers of a graph with the calls that belong to it."""
    inside = {id(node) for node in graph.nodes}
    for x in graph.inputs:
        assert x.history is not None
        inside.add(id(x.history.node))

    def number(history: History) -> int:
        """The number of a call among those of the graph."""
        before = history.operation._inbound_nodes[: history.node_index]
        return sum(id(node) in inside for node in before)

    def written(x: Any) -> Any:
        if not isinstance(x, KerasTensor) or x.history is None:
            return x
        copy = KerasTensor(x.shape, x.dtype, x.name)
        copy.history = x.history._replace(node_index=number(x.history))
        return copy

    def place(x: KerasTensor) -> list[Any]:
        assert x.history is not None
        operation, _, output = x.history
        return [operation.name, number(x.history) + _first_call(operation), output]

    layers = []
    for operation in graph.operations:
        calls = [node for node in operation._inbound_nodes if id(node) in inside]
        layers.append(
            {
                **serialize_keras_object(operation),
                "name": operation.name,
                "inbound_nodes": [_call(node, written) for node in calls if not node.is_input],
            }
        )
    return {
        "layers": layers,
        "input_layers": map_structure(place, graph.inputs_struct),
        "output_layers": map_structure(place, graph.outputs_struct),
    }


def _call(node: Node, written: Callable[[Any], Any]) -> dict[str, Any]:
    args, kwargs = list(node.args), node.kwargs
    if isinstance(node.operation, FunctionOperation):
        args, kwargs = node.operation.split(node.args, node.kwargs)[0], {}
    return {
        "args": serialize_keras_object([map_structure(written, arg) for arg in args]),
        "kwargs": serialize_keras_object({k: map_structure(written, v) for k, v in kwargs.items()}),
    }


def read_graph(config: dict[str, Any]) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a configuration, with all layers and calls between.

    Raises ValueError for calls on tensors that nothing gives, and for layers that are not named.
    """
    made: dict[str, Any] = {}
    waiting: list[tuple[Any, dict[str, Any]]] = []
    for entry in config["layers"]:
        layer = deserialize_keras_object(entry)
        if not isinstance(layer, (Layer, FunctionOperation)):
            raise ValueError(f"A layer was expected in the configuration; got {layer!r}.")
        made[entry["name"]] = layer
        waiting.extend((layer, call) for call in entry["inbound_nodes"])
    while waiting:
        left, blocked = [], set()
        for layer, call in waiting:
            if id(layer) in blocked:  # calls of a layer are made in their order
                left.append((layer, call))
                continue
            try:
                args, kwargs = _read_call(call, made)
            except _NotYet:
                blocked.add(id(layer))
                left.append((layer, call))
                continue
            layer(*args, **kwargs)
        if len(left) == len(waiting):
            names = sorted({layer.name for layer, _ in left})
            raise ValueError(f"The graph has a loop, or ends that nothing gives, at {names}.")
        waiting = left
    return _read_places(config["input_layers"], made), _read_places(config["output_layers"], made)


def _read_call(call: dict[str, Any], made: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if not isinstance(call, dict) or set(call) != {"args", "kwargs"}:
        raise ValueError(
            f"A call in the configuration must be a dict of `args` and `kwargs`; got {call!r}. "
            "Files of Keras 2 are not supported."
        )

    def tensor(x: Any) -> Any:
        if not isinstance(x, KerasTensor) or x.written_history is None:
            return x
        return _output(made, *x.written_history)

    args = deserialize_keras_object(call["args"])
    kwargs = deserialize_keras_object(call["kwargs"])
    return map_structure(tensor, args), map_structure(tensor, kwargs)


def _output(made: dict[str, Any], name: str, call: int, output: int) -> KerasTensor:
    if name not in made:
        raise ValueError(f"The configuration speaks of a layer {name!r}, which it does not hold.")
    nodes = made[name]._inbound_nodes
    if call >= len(nodes):
        raise _NotYet
    found: KerasTensor = nodes[call].output_tensors[output]
    return found


def _read_places(places: Any, made: dict[str, Any]) -> Any:
    """The tensors of `["layer", call, output]`, in any nesting."""
    if isinstance(places, list) and len(places) == 3 and isinstance(places[0], str):
        name, call, output = places
        if name not in made:
            raise ValueError(
                f"The configuration speaks of a layer {name!r}, which it does not hold."
            )
        try:
            return _output(made, name, call - _first_call(made[name]), output)
        except _NotYet:
            raise ValueError(f"Layer {name!r} has no call {call} in the configuration.") from None
    if isinstance(places, dict):
        return {key: _read_places(place, made) for key, place in places.items()}
    return type(places)([_read_places(place, made) for place in places])
