"""A model as a picture: layers as boxes, tensors as arrows; drawn by Graphviz."""

from __future__ import annotations

import shutil
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from numpynn.autograd.structure import leaves
from numpynn.symbolic import FunctionOperation
from numpynn.utils.dtypes import name_of


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """The picture as a `graphviz.Digraph`; its `source` is text in Graphviz's language.

    rankdir: "TB" from top to bottom, "LR" from left to right. expand_nested: models inside as boxes
    around their layers. subgraph: a part to be put into another graph.
    Raises ValueError for a model whose graph is not known yet, ImportError without `graphviz`.
    """
    if kwargs:
        raise ValueError(f"model_to_dot() takes no arguments {sorted(kwargs)}.")
    try:
        import graphviz
    except ImportError as error:
        raise ImportError("Drawing models needs graphviz: pip install 'numpynn[plot]'.") from error
    if not model.built or not hasattr(model, "layers"):
        raise ValueError(f"Model '{model.name}' cannot be drawn before it is built.")
    shown = _Shown(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable
    )
    name = f"cluster_{model.name}" if subgraph else model.name
    graph = graphviz.Digraph(name)
    if subgraph:
        graph.attr(label=model.name, style="dashed")
    else:
        graph.attr(rankdir=rankdir, dpi=str(dpi), splines=splines)
        graph.attr("node", shape="box", fontname="Helvetica")
    _draw(graph, model, shown, expand_nested)
    return graph


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Path:
    """Draw the model into a file, whose suffix is the format (`.png`, `.svg`, `.pdf`, `.dot` …).

    Raises ValueError without a suffix; ImportError without `graphviz`, or without its program
    `dot`, except for `.dot` and `.gv`, which are text.
    """
    path = Path(to_file)
    if not path.suffix:
        raise ValueError(f"`to_file` needs a suffix, such as '{path}.png'.")
    graph = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    if path.suffix in (".dot", ".gv"):
        path.write_text(graph.source)
        return path
    if shutil.which("dot") is None:
        raise ImportError(
            "Drawing needs the program `dot` of Graphviz (https://graphviz.org/download); without "
            "it, name the file '….dot' and draw it elsewhere."
        )
    path.write_bytes(graph.pipe(format=path.suffix[1:]))
    return path


class _Shown:
    """What is written into the box of a layer."""

    def __init__(
        self, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool
    ) -> None:
        self.shapes = shapes
        self.dtype = dtype
        self.names = names
        self.activations = activations
        self.trainable = trainable

    def label(self, layer: Any) -> str:
        """The box as a table, in Graphviz's HTML."""
        is_function = isinstance(layer, FunctionOperation)
        kind = layer.name if is_function else type(layer).__name__
        title = f"{layer.name} ({kind})" if self.names and not is_function else kind
        rows = [f"<b>{escape(title)}</b>"]
        activation = getattr(layer, "activation", None)
        if self.activations and activation is not None:
            rows.append(f"activation: {escape(getattr(activation, '__name__', str(activation)))}")
        node = layer._inbound_nodes[0] if layer._inbound_nodes else None
        if node is not None:
            ends = [("in", node.input_tensors), ("out", node.output_tensors)]
            for role, tensors in ends:
                if self.shapes and tensors:
                    rows.append(f"{role}: {', '.join(str(x.shape) for x in leaves(tensors))}")
            if self.dtype:
                rows.append(f"dtype: {', '.join(name_of(x.dtype) for x in node.output_tensors)}")
        if self.trainable and getattr(layer, "weights", None):
            rows.append("trainable" if layer.trainable else "not trainable")
        cells = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
        return f'<<table border="0" cellspacing="0">{cells}</table>>'


def _draw(graph: Any, model: Any, shown: _Shown, expand: bool) -> tuple[list[str], list[str]]:
    """Draw all layers; the boxes where data enter, and those where they leave."""
    operations = list(getattr(model, "operations", None) or getattr(model, "_chain", model.layers))
    first: dict[int, list[str]] = {}
    last: dict[int, list[str]] = {}
    for operation in operations:
        if expand and hasattr(operation, "layers"):
            with graph.subgraph(name=f"cluster_{operation.name}") as inner:
                inner.attr(label=operation.name, style="dashed")
                first[id(operation)], last[id(operation)] = _draw(inner, operation, shown, expand)
        else:
            box = f"{model.name}/{operation.name}"
            graph.node(box, shown.label(operation))
            first[id(operation)] = last[id(operation)] = [box]
    for source, target in _arrows(model, operations):
        for a in last[id(source)]:
            for b in first[id(target)]:
                graph.edge(a, b)
    starts, ends = operations[:1], operations[-1:]
    if hasattr(model, "_graph"):
        starts = [x.history.operation for x in model.inputs]
        ends = [x.history.operation for x in model.outputs]
    return (
        [box for operation in starts for box in first[id(operation)]],
        [box for operation in ends for box in last[id(operation)]],
    )


def _arrows(model: Any, operations: list[Any]) -> list[tuple[Any, Any]]:
    """Which operation's output goes into which, each pair once."""
    graph = getattr(model, "_graph", None)
    if graph is None:
        return list(pairwise(operations))
    found: dict[tuple[int, int], tuple[Any, Any]] = {}
    for node in graph.nodes:
        for x in node.input_tensors:
            pair = x.history.operation, node.operation
            found.setdefault((id(pair[0]), id(pair[1])), pair)
    return list(found.values())
