"""The graph between symbolic inputs and outputs: which calls belong to it, and in which order.

Found by following the history of the outputs back to the inputs. Calls are ordered by their depth,
the number of calls on the longest way to an output; running the graph is going through them with a
table of the values so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.layers.core import Input
from numpynn.symbolic import FunctionOperation, KerasTensor, Node


class Graph:
    """The calls between inputs and outputs, in an order in which they can be made."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs_struct = inputs
        self.outputs_struct = outputs
        self.inputs: list[KerasTensor] = leaves(inputs)
        self.outputs: list[KerasTensor] = leaves(outputs)
        self.nodes, self.operations = _ordered(self.inputs, self.outputs)
        self._require_connected()
        self._require_unique_names()
        self._plan = [self._step(node) for node in self.nodes if not node.is_input]

    def _step(self, node: Node) -> tuple[Any, Any, Any, Any, list[int]]:
        """A call, ready to be made: what to call, the key of its one input or all arguments."""
        outputs = [id(x) for x in node.output_tensors]
        simple = len(node.args) == 1 and isinstance(node.args[0], KerasTensor) and not node.kwargs
        key = id(node.args[0]) if simple else None
        return node.operation, key, node.args, node.kwargs, outputs

    def run(self, inputs: list[Any], function_of: Callable[[Any], Any], drop_training: bool) -> Any:
        """The outputs for these inputs; each operation is called as `function_of` says.

        drop_training: the surrounding call knows whether this is training, so what the graph was
        made with does not count.
        """
        values = {id(x): value for x, value in zip(self.inputs, inputs, strict=True)}

        def filled(x: Any) -> Any:
            return values[id(x)] if isinstance(x, KerasTensor) else x

        for operation, key, args, kwargs, names in self._plan:
            if key is not None:
                outputs = function_of(operation)(values[key])
            else:
                given = {
                    name: map_structure(filled, value)
                    for name, value in kwargs.items()
                    if not (drop_training and name == "training")
                }
                outputs = function_of(operation)(*(map_structure(filled, a) for a in args), **given)
            if len(names) == 1 and not isinstance(outputs, (list, tuple, dict)):
                values[names[0]] = outputs
            else:
                values.update(zip(names, leaves(outputs), strict=True))
        return map_structure(filled, self.outputs_struct)

    def _require_connected(self) -> None:
        known = {id(x) for x in self.inputs}
        passed: list[str] = []
        for node in self.nodes:
            for x in node.input_tensors:
                if id(x) not in known:
                    raise ValueError(
                        f"The graph is not connected: {x} goes into '{node.operation.name}', but "
                        f"does not come from the inputs. Before it came: {passed}."
                    )
            known.update(id(x) for x in node.output_tensors if not node.is_input)
            passed.append(node.operation.name)
        for x in self.outputs:
            if id(x) not in known:
                raise ValueError(
                    f"The graph is not connected: output {x} has no way to the inputs."
                )

    def _require_unique_names(self) -> None:
        names = [operation.name for operation in self.operations]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"The name {name!r} is used {names.count(name)} times in the model; names of "
                    "layers must be unique."
                )


def _ordered(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list[Any]]:
    """The nodes and the operations between inputs and outputs, deepest first.

    A node's depth is the largest number of calls between it and an output; that of an operation the
    largest of its nodes'. Operations of equal depth keep the order in which a search from the
    outputs meets them, which is Keras's order of `model.layers`.
    """
    found, met = _search(inputs, outputs)
    in_graph = {id(node) for node in found}
    depth_of: dict[int, int] = {}
    depth_of_operation: dict[int, int] = {}
    operations = {id(node.operation): node.operation for node in found}
    for node in reversed(found):
        depth = max(depth_of.get(id(node), 0), depth_of_operation.get(id(node.operation), 0))
        depth_of[id(node)] = depth_of_operation[id(node.operation)] = depth
        for parent in node.parents:
            if id(parent) in in_graph:
                depth_of[id(parent)] = max(depth + 1, depth_of.get(id(parent), 0))
    for x in inputs:
        if x.history is not None and id(x.history.operation) not in operations:
            operation = x.history.operation  # an input that no output depends on
            operations[id(operation)] = operation
            depth_of_operation[id(operation)], met[id(operation)] = 0, -1
    nodes = sorted(found, key=lambda node: -depth_of[id(node)])
    order = sorted(operations, key=lambda op: (-depth_of_operation[op], met[op]))
    return nodes, [operations[op] for op in order]


def _search(
    inputs: list[KerasTensor], outputs: list[KerasTensor]
) -> tuple[list[Node], dict[int, int]]:
    """The nodes that lead to the outputs, each after those it depends on; when operations were met.

    Depth first, without recursion: a graph may be thousands of layers deep.
    Raises ValueError for a cycle.
    """
    given = {id(x) for x in inputs}
    found: dict[int, Node] = {}
    met: dict[int, int] = {}
    for output in outputs:
        stack: list[tuple[KerasTensor, bool]] = [(output, False)]
        open_nodes: set[int] = set()
        while stack:
            tensor, done = stack.pop()
            if tensor.history is None:
                continue
            node = tensor.history.node
            if done:
                open_nodes.discard(id(node))
                found.setdefault(id(node), node)
                continue
            if id(node) in found:
                continue
            if id(node) in open_nodes:
                raise ValueError(f"The graph has a cycle at '{node.operation.name}'.")
            met.setdefault(id(node.operation), len(met))
            open_nodes.add(id(node))
            stack.append((tensor, True))
            if id(tensor) not in given:
                stack.extend((x, False) for x in reversed(node.input_tensors))
    return list(found.values()), met


def with_new_inputs(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same graph from inputs of its own, where it is to begin in the middle of another one."""
    replaced: dict[int, Any] = {}

    def entry(x: KerasTensor) -> Any:
        if x.history is not None and x.history.node.is_input:
            replaced[id(x)] = x
        else:
            replaced[id(x)] = Input(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}_clone")
        return replaced[id(x)]

    def now(x: Any) -> Any:
        return replaced.get(id(x), x)

    new_inputs = map_structure(entry, inputs)
    for node in _search(leaves(inputs), leaves(outputs))[0]:
        if node.is_input or all(id(x) in replaced for x in node.output_tensors):
            continue
        args = tuple(map_structure(now, arg) for arg in node.args)
        kwargs = {name: map_structure(now, value) for name, value in node.kwargs.items()}
        operation = node.operation
        if isinstance(operation, FunctionOperation):  # which is called once: an equal one
            operation = FunctionOperation(
                operation.function, f"{operation.name}_clone", operation.settings
            )
        made = [KerasTensor(x.shape, x.dtype) for x in node.output_tensors]
        Node(operation, args, kwargs, rebuild(node.outputs_struct, iter(made)))
        replaced.update({id(x): y for x, y in zip(node.output_tensors, made, strict=True)})
    return new_inputs, map_structure(now, outputs)
