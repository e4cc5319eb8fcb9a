"""Recording what was computed, and the backward sweep through it.

A value that depends on something watched carries a `Node`: which function made it, from which
arrays, and which nodes those came from. The sweep visits the nodes of a result in reverse order of
their creation and applies the chain rule to each (reverse-mode differentiation, Linnainmaa 1970):

    x̄_i  +=  vjp_i(ȳ)        for every node  y = f(x_1, x_2, …)

where `ȳ` (the cotangent) is the derivative of the final result with respect to `y`. Order of
creation is an order of dependence, so there is no recursion and no depth limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import numpy as np

from numpynn.typing import Array

if TYPE_CHECKING:
    from numpynn.autograd.tensor import Tensor

# What records: under ONLY_LEAVES only results of a leaf made by hand (`requires_grad=True`) do.
NOTHING, ONLY_LEAVES, EVERYTHING = -1, 0, 1
mode: ContextVar[int] = ContextVar("numpynn_recording", default=ONLY_LEAVES)

_next_order = count().__next__
_creation = attrgetter("order")


class Node:
    """One step of a computation: `output = rule.function(*args, **kwargs)`.

    `parents` lists `(argument number, node)` of the arguments that are differentiated by
    `rule.vjps[number]`. A leaf has none. `always` marks what stems from a leaf made by hand, which
    records outside scopes too.
    """

    __slots__ = (
        "__weakref__",
        "always",
        "args",
        "kwargs",
        "order",
        "output",
        "owner",
        "parents",
        "rule",
    )

    owner: ref[Tensor]

    def __init__(
        self,
        rule: Any,
        output: Array,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        parents: Sequence[tuple[int, Node]],
        always: bool,
    ) -> None:
        self.rule = rule
        self.output = output
        self.args: Any = args
        self.kwargs = kwargs
        self.parents = parents
        self.always = always
        self.order = _next_order()


NO_NODES: frozenset[Node] = frozenset()


class Pullback(NamedTuple):
    """The rule of a node whose gradients come from closures over what the function computed.

    `pull(cotangent, numbers)` returns the gradient (or None) of each argument in `numbers`. The
    cotangent is a Tensor where the sweep is recorded. `vjps`, where there are any, serve when it is
    not: one function of the cotangent for each argument.
    """

    function: Any
    pull: Callable[[Any, Sequence[int]], Sequence[Any]]
    vjps: Sequence[Callable[[Any], Any]] | None = None


class Scatter:
    """The gradient of `array[index]`: `values` at `index`, zeros elsewhere.

    The sweep adds it into a buffer in place, so that reading T slices of an array costs O(T). A
    recorded sweep collects all of an array (see `Pieces`).
    """

    __slots__ = ("index", "unique", "values")
    shape = None  # unlike any array's, so that the sweep takes the way through `_add`

    def __init__(self, values: Array, index: Any, unique: bool) -> None:
        self.values = values
        self.index = index
        self.unique = unique

    def add_into(self, buffer: Array) -> None:
        if self.unique:
            buffer[self.index] += self.values
        else:
            np.add.at(buffer, self.index, self.values)


class Pieces:
    """The gradient of one node in a recorded sweep: what is scattered, and the sum of the rest."""

    __slots__ = ("like", "rest", "scattered")

    def __init__(self, rest: Tensor | None, like: Array) -> None:
        self.scattered: list[Scatter] = []
        self.rest = rest
        self.like = like

    def total(self) -> Any:
        """All in one array: one operation for any number of slices."""
        from numpynn.autograd.rules.indexing import placed_together

        parts = [_as_tensor(part.values) for part in self.scattered]
        indices = [part.index for part in self.scattered]
        total = placed_together(*parts, indices=indices, x=self.like)
        return total if self.rest is None else np.add(self.rest, total)


def leaf(owner: Tensor, always: bool = False) -> Node:
    """A node that gradients arrive at, as `owner` is watched. `output` is what `backward` found."""
    node = Node(None, None, (), {}, (), always)
    node.owner = ref(owner)
    return node


def records(always: bool) -> bool:
    """Whether results are recorded now; `always`: they stem from a leaf made by hand."""
    now = mode.get()
    return now > 0 or (always and now == 0)


@contextmanager
def recording() -> Iterator[None]:
    """A scope in which everything that depends on something watched is recorded."""
    token = mode.set(EVERYTHING)
    try:
        yield
    finally:
        mode.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """A scope in which nothing is recorded, whatever it depends on."""
    token = mode.set(NOTHING)
    try:
        yield
    finally:
        mode.reset(token)


def reachable(
    roots: Iterable[Node], floor: int = -1, stops: frozenset[Node] = NO_NODES
) -> list[Node]:
    """The operations that `roots` depend on, newest first; leaves are not among them.

    Nodes older than `floor` cannot depend on the sources and are left out; `stops` are not looked
    behind.
    """
    stack = [node for node in roots if node.parents]
    seen = set(stack)
    for node in stack:  # grows while it is walked
        if stops and node in stops:
            continue
        for _, parent in node.parents:
            if parent.parents and parent not in seen and parent.order >= floor:
                seen.add(parent)
                stack.append(parent)
    stack.sort(key=_creation, reverse=True)
    return stack


def leading_to(sources: Iterable[Node], nodes: Iterable[Node]) -> set[Node]:
    """Those of `nodes` (newest first) that depend on a source: the only ones worth a gradient."""
    useful = set(sources)
    for node in reversed(list(nodes)):
        if node not in useful and any(parent in useful for _, parent in node.parents):
            useful.add(node)
    return useful


def sweep(
    cotangents: dict[Node, Any],
    sources: Sequence[Node] | None = None,
    *,
    recorded: bool = False,
    retain: bool = False,
    stop_at_sources: bool = False,
) -> dict[Node, Any]:
    """Back-propagate `cotangents` (by the node they belong to) to the leaves, or to `sources`.

    recorded: the sweep is itself differentiable: rules receive Tensors and build a graph.
    retain: keep what the nodes saved, so that another sweep can follow.
    stop_at_sources: partial derivatives: do not go on from one source to another behind it.
    Returns the gradient of every leaf, or of every source that is reached.
    Raises RuntimeError where an earlier sweep has released what this one needs.
    """
    useful = None
    if sources is None:
        nodes, targets = reachable(cotangents), NO_NODES
    else:
        targets = frozenset(sources)
        floor = min((node.order for node in targets), default=0)
        nodes = reachable(cotangents, floor, targets if stop_at_sources else NO_NODES)
        useful = leading_to(targets, nodes)
    gradients = dict(cotangents)
    owned: set[Node] = set()  # nodes whose gradient is a buffer of this sweep
    results: dict[Node, Any] = {}
    for node in nodes:
        cotangent = gradients.pop(node, None)
        if cotangent is None:
            continue
        if recorded:
            cotangent = _as_tensor(cotangent)
        parents = node.parents
        if useful is not None:
            if node in targets:
                results[node] = cotangent
                if stop_at_sources:
                    continue
            parents = [(number, parent) for number, parent in parents if parent in useful]
        args, rule = node.args, node.rule
        if rule is None:
            raise RuntimeError(
                "The values saved in this graph were released by an earlier backward pass. To "
                "differentiate the same graph twice, use GradientTape(persistent=True) or "
                "backward(retain_graph=True)."
            )
        if type(rule) is not Pullback:
            output, inputs = _as_tensors(node) if recorded else (node.output, args)
            vjps, kwargs = rule.vjps, node.kwargs
            for number, parent in parents:
                if kwargs:
                    gradient = vjps[number](cotangent, output, *inputs, **kwargs)
                else:
                    gradient = vjps[number](cotangent, output, *inputs)
                like = args[number]
                if (  # the ordinary case, without a call
                    parent not in gradients
                    and gradient.shape == like.shape
                    and gradient.dtype is like.dtype
                ):
                    gradients[parent] = gradient
                else:
                    _add(gradients, parent, gradient, like, owned, recorded)
        elif rule.vjps is not None and not recorded:
            for number, parent in parents:
                gradient = rule.vjps[number](cotangent)
                _add(gradients, parent, gradient, args[number], owned, recorded)
        else:
            pulled = rule.pull(cotangent, [number for number, _ in parents])
            for (number, parent), gradient in zip(parents, pulled, strict=True):
                if gradient is not None:
                    _add(gradients, parent, gradient, args[number], owned, recorded)
        if not (retain or recorded):
            node.args = node.output = node.rule = None
    results.update(gradients)  # what is left belongs to leaves
    return {node: _as_tensor(found) for node, found in results.items()} if recorded else results


def _add(
    gradients: dict[Node, Any],
    node: Node,
    gradient: Any,
    like: Any,
    owned: set[Node],
    recorded: bool,
) -> None:
    """Add a contribution to the gradient of `node`, whose value is the array `like`.

    A rule may return its input or a view of it. So the first contribution is kept as it is, the
    second makes a buffer that belongs to this sweep (`owned`), later ones are added into it. A
    recorded sweep adds without writing.
    """
    previous = gradients.get(node)
    if type(gradient) is Scatter:
        if recorded:
            pieces = previous if type(previous) is Pieces else Pieces(previous, like)
            pieces.scattered.append(gradient)
            gradients[node] = pieces
            return
        if previous is None:
            previous = np.zeros_like(like)
        elif node not in owned:
            previous = np.array(previous, like=like)
        gradient.add_into(previous)
        gradients[node] = previous
        owned.add(node)
        return
    if not gradient.shape and not recorded and like.shape:  # a number for every value
        value, gradient = gradient, np.empty_like(like)
        gradient.fill(value)
    elif gradient.shape != like.shape:
        gradient = fit(gradient, like, recorded)
    if gradient.dtype is not like.dtype:
        if gradient.dtype.kind == "c" and like.dtype.kind != "c":
            raise TypeError("Derivatives are taken of real values; here they became complex.")
        gradient = gradient.astype(like.dtype)
    if previous is None:
        gradients[node] = gradient
    elif type(previous) is Pieces:
        previous.rest = gradient if previous.rest is None else np.add(previous.rest, gradient)
    elif node in owned and previous.ndim:
        np.add(previous, gradient, out=previous)
    else:
        gradients[node] = np.add(previous, gradient)
        if not recorded:
            owned.add(node)


def fit(gradient: Any, like: Any, recorded: bool) -> Any:
    """`gradient` in the shape of `like`: the one place where broadcasting is undone.

    Where the value was broadcast in the computation, its gradient is the sum over the copies; where
    a rule left its gradient small (the derivative of a sum), it is broadcast.
    """
    shape = like.shape
    surplus = gradient.ndim - len(shape)
    if surplus > 0:
        gradient = gradient.sum(axis=0 if surplus == 1 else tuple(range(surplus)))
    stretched = tuple(
        axis
        for axis, (was, now) in enumerate(zip(shape, gradient.shape, strict=False))
        if was == 1 and now != 1
    )
    if stretched and surplus >= 0:
        gradient = gradient.sum(axis=stretched, keepdims=True)
    if gradient.shape == shape:
        return gradient
    if recorded:
        return np.broadcast_to(gradient, shape)
    grown = np.empty_like(like, dtype=gradient.dtype)
    grown[...] = gradient
    return grown


def _as_tensor(cotangent: Any) -> Tensor:
    """What a recorded rule receives, even where the rule before it returned constants."""
    from numpynn.autograd.tensor import tensor_of

    if type(cotangent) is Pieces:
        total: Tensor = cotangent.total()
        return total
    return cotangent if hasattr(cotangent, "node") else tensor_of(cotangent, None)


def _as_tensors(node: Node) -> tuple[Tensor, list[Any]]:
    """The output and arguments of `node` with their histories, for a rule that is recorded."""
    from numpynn.autograd.tensor import tensor_of

    args = list(node.args)
    for number, parent in node.parents:
        args[number] = tensor_of(args[number], parent)
    return tensor_of(node.output, node), args


def name_of(function: Any) -> str:
    """How a user writes `function`: `np.tanh`, `np.linalg.norm`, `ops.softmax`."""
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__name__", str(function))
    return f"{module.replace('numpynn', 'nn').replace('numpy', 'np')}.{name}"
