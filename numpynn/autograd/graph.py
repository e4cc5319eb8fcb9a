"""A picture of a computation: boxes are operations with their shapes, ellipses what is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpynn.autograd.tape import Node, name_of, reachable

if TYPE_CHECKING:
    from numpynn.autograd.tensor import Tensor


def draw(tensor: Tensor) -> Any:
    """The graph behind `tensor` as a `graphviz.Digraph`, inputs on top.

    Raises ImportError without the graphviz package, ValueError for a Tensor without a history.
    """
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(
            "Drawing a graph needs the graphviz package: pip install 'numpynn[plot]'"
        ) from error
    if tensor.node is None:
        raise ValueError("This Tensor has no history to draw: nothing it depends on was watched.")
    digraph = graphviz.Digraph("computation", node_attr={"fontname": "sans-serif"})
    operations = reachable([tensor.node])
    leaves = {parent for node in operations for _, parent in node.parents if not parent.parents}
    nodes = [*operations, *leaves]
    for node in nodes:
        shape, label = ("box", _operation(node)) if node.parents else ("ellipse", _leaf(node))
        digraph.node(str(node.order), label=label, shape=shape)
        for number, parent in node.parents:
            digraph.edge(str(parent.order), str(node.order), label=str(number))
    return digraph


def _operation(node: Node) -> str:
    if node.rule is None:
        return "released"
    return f"{name_of(node.rule.function)}\n{tuple(node.output.shape)} {node.output.dtype}"


def _leaf(node: Node) -> str:
    owner: Any = node.owner()
    if owner is None:
        return "leaf"
    name = getattr(owner, "path", None) or getattr(owner, "name", None) or "leaf"
    return f"{name}\n{tuple(owner.shape)} {owner.dtype}"
