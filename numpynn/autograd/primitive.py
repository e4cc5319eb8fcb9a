"""Functions with a derivative of their own: fused primitives, custom gradients, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from numpynn.autograd import tape
from numpynn.autograd.structure import leaves, rebuild
from numpynn.autograd.tape import (
    Node,
    Pullback,
    mode,
    name_of,
    no_grad,
    reachable,
    recording,
    records,
    sweep,
)
from numpynn.autograd.tensor import NO_KEYWORDS, Tensor, tensor_of
from numpynn.autograd.transforms import as_tensor, source
from numpynn.typing import Array

PRIMITIVES: list[Any] = []


def primitive(plain: Callable[..., Any] | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Make a differentiable function of one that returns its value and its vjp.

        @primitive(plain=lambda x: np.log(1 + np.exp(x)))
        def softplus(x):
            y = np.logaddexp(x, 0)
            return y, lambda g: (g * np.exp(x - y),)

    The decorated function sees raw arrays. Its vjp is one function that returns a gradient for each
    array argument, or a tuple of functions, one an argument, of which only the needed are called,
    or `Jointly(f)`, whose f computes only the gradients that are needed in one go.
    `plain` is the same value as a composition of NumPy functions: its derivative serves where the
    sweep is itself recorded. Without it, a second derivative raises TypeError.
    """

    def decorate(forward: Callable[..., Any]) -> Any:
        @wraps(forward)
        def call(*args: Any, **kwargs: Any) -> Any:
            arrays = list(args)
            parents: list[tuple[int, Node]] = []
            always = found = False
            for number, arg in enumerate(args):
                if isinstance(arg, Tensor):
                    found = True
                    arrays[number] = arg.array
                    if arg.node is not None:
                        parents.append((number, arg.node))
                        always = always or arg.node.always
            value, vjp = forward(*arrays, **kwargs)
            if not parents or not records(always):
                return tensor_of(value, None) if found else value

            def pull(cotangent: Any, numbers: Sequence[int]) -> Sequence[Any]:
                if isinstance(cotangent, Tensor):
                    return _pull_plain(call, plain, args, kwargs, cotangent, numbers)
                if isinstance(vjp, Jointly):
                    return vjp(cotangent, numbers)
                gradients = vjp(cotangent)
                return [gradients[number] for number in numbers]

            rule = Pullback(call, pull, None if callable(vjp) else vjp)
            return tensor_of(value, Node(rule, value, arrays, NO_KEYWORDS, parents, always))

        call.plain = plain  # type: ignore[attr-defined]
        call.forward = forward  # type: ignore[attr-defined]
        PRIMITIVES.append(call)
        return call

    return decorate


class Jointly:
    """A vjp whose gradients share work: `f(cotangent, numbers)` gives those of these arguments."""

    def __init__(self, f: Callable[[Array, Sequence[int]], Sequence[Array]]) -> None:
        self.f = f

    def __call__(self, cotangent: Array, numbers: Sequence[int]) -> Sequence[Array]:
        return self.f(cotangent, numbers)


def _pull_plain(
    call: Any,
    plain: Callable[..., Any] | None,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    cotangent: Tensor,
    numbers: Sequence[int],
) -> list[Any]:
    """The differentiable vjp of a primitive: that of its plain composition."""
    if plain is None:
        raise TypeError(
            f"{name_of(call)} has a first derivative only. For higher ones, name its plain "
            "composition: @primitive(plain=…)."
        )
    with recording():
        watched = list(args)
        for number in numbers:
            watched[number] = source(args[number])
        y = plain(*watched, **kwargs)
        if y.node is None:
            return [None] * len(numbers)
        nodes = [watched[number].node for number in numbers]
        found = sweep({y.node: cotangent}, nodes, recorded=True, stop_at_sources=True)
    return [found.get(node) for node in nodes]


def _packed(outputs: Any) -> Array:
    """Several outputs as one flat array, so that one node can stand for them."""
    arrays = [as_tensor(y).array for y in leaves(outputs)]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(a) for a in arrays])


def _unpacked(packed: Any, outputs: Any) -> Any:
    """The outputs as parts of the flat one, in their nesting."""
    ys = [as_tensor(y) for y in leaves(outputs)]
    if len(ys) == 1:
        return rebuild(outputs, iter([packed]))
    parts, start = [], 0
    for y in ys:
        part = packed[start : start + y.size]
        parts.append(np.reshape(part, y.shape).astype(y.dtype))
        start += y.size
    return rebuild(outputs, iter(parts))


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose derivative is given by hand: `f(*args)` gives `(value, gradient function)`.

    The gradient function takes the cotangent (one for each output) and returns one gradient for
    each argument. It works on Tensors, so it can be differentiated in turn. Keras's
    `ops.custom_gradient`.
    Raises ValueError where the number of gradients is not the number of arguments.
    """

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        tensors = [as_tensor(arg) for arg in args]
        outputs, gradient_function = f(*tensors, **kwargs)
        parents = [(i, t.node) for i, t in enumerate(tensors) if t.node is not None]
        always = any(node.always for _, node in parents)
        value = _packed(outputs)
        if not parents or not records(always):
            return _unpacked(tensor_of(value, None), outputs)

        def pull(cotangent: Any, numbers: Sequence[int]) -> list[Any]:
            recorded = isinstance(cotangent, Tensor)
            parts = leaves(_unpacked(as_tensor(cotangent), outputs))
            if recorded:
                gradients = gradient_function(*parts)
            else:
                with no_grad():
                    gradients = gradient_function(*parts)
            listed = list(gradients) if isinstance(gradients, (list, tuple)) else [gradients]
            if len(listed) != len(args):
                raise ValueError(
                    f"The gradient function of {name_of(f)} must return one gradient for each of "
                    f"its {len(args)} arguments; got {len(listed)}."
                )
            chosen = [None if listed[n] is None else as_tensor(listed[n]) for n in numbers]
            return chosen if recorded else [None if g is None else g.array for g in chosen]

        arrays = [t.array for t in tensors]
        node = Node(Pullback(call, pull), value, arrays, NO_KEYWORDS, parents, always)
        return _unpacked(tensor_of(value, node), outputs)

    return call


# What a rerun must find as the first run did: functions that save a state and return its restorer.
REPLAYED: list[Callable[[], Callable[[], None]]] = []


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Gradient checkpointing: forget what `f` computed inside, and compute it again when needed.

    Memory for a chain of n steps in √n such pieces falls from O(n) to O(√n), for one more forward
    computation. Random draws are the same in both. Source: Chen et al. 2016, arXiv:1604.06174;
    Keras `keras.remat`.
    """

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        restorers = [save() for save in REPLAYED]
        watched = [source(x) if isinstance(x, Tensor) and x.node is not None else x for x in args]
        begin = tape._next_order()
        outputs = f(*watched, **kwargs)
        roots = [y.node for y in leaves(outputs) if isinstance(y, Tensor) and y.node is not None]
        if not roots or not records(any(node.always for node in roots)):
            return outputs
        own = {
            x.node: number for number, x in enumerate(watched) if isinstance(x, Tensor) and x.node
        }
        captured = {
            parent: None
            for node in reachable(roots, begin)
            for _, parent in node.parents
            if parent.order < begin and parent not in own
        }
        arrays = [x.array if isinstance(x, Tensor) else x for x in args]
        arrays += [node.output if node.parents else node.owner().array for node in captured]  # type: ignore[union-attr]
        outer = [args[number].node for number in own.values()] + list(captured)
        numbers = [*own.values(), *range(len(args), len(args) + len(captured))]

        def pull(cotangent: Any, wanted: Sequence[int]) -> list[Any]:
            recorded = isinstance(cotangent, Tensor)
            now = [save() for save in REPLAYED]
            for restore in restorers:
                restore()
            with recording():
                fresh = [source(x) if i in own.values() else x for i, x in enumerate(args)]
                again = f(*fresh, **kwargs)
            for restore in now:
                restore()
            nodes = [
                fresh[i].node if i in own.values() else node
                for i, node in zip(numbers, outer, strict=True)
            ]
            parts = leaves(_unpacked(cotangent, again))
            ends = {}
            for y, v in zip(leaves(again), parts, strict=True):
                if y.node is not None:
                    ends[y.node] = v
            token = mode.set(tape.EVERYTHING if recorded else tape.NOTHING)
            found = sweep(ends, nodes, recorded=recorded, stop_at_sources=True)
            mode.reset(token)
            by_number = {n: found.get(node) for n, node in zip(numbers, nodes, strict=True)}
            return [by_number[number] for number in wanted]

        value = _packed(outputs)
        always = any(node.always for node in outer)
        parents = list(zip(numbers, outer, strict=True))
        node = Node(Pullback(call, pull), value, arrays, NO_KEYWORDS, parents, always)
        return _unpacked(tensor_of(value, node), outputs)

    return call
