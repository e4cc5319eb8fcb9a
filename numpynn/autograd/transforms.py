"""Derivatives of functions: grad, vjp, jvp, jacobian, hessian, hvp.

For `y = f(x)` with Jacobian `J = ∂y/∂x`:

    vjp    v ↦ vᵀJ      one backward sweep
    jvp    u ↦ J u      the vjp of `v ↦ vᵀJ`, which is linear in v: two sweeps
    grad   J of a single number; hvp(v) = vjp of grad; hessian = jacobian of grad

Each calls `f` on Tensors inside a recording scope, and can itself be differentiated. Arguments may
be arrays or nested lists, tuples and dicts of arrays; results are Tensors in the same nesting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from numpynn.autograd.rules import RULES, like
from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tape import EVERYTHING, Node, leaf, mode, recording, records, sweep
from numpynn.autograd.tensor import NO_KEYWORDS, Tensor, tensor_of
from numpynn.typing import Array


def source(value: Array) -> Tensor:
    """`value` as something to differentiate for: a new node, linked to the history it may have.

    Raises TypeError for values without gradients (integers, booleans, complex numbers).
    """
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    if tensor.dtype.kind != "f":
        raise TypeError(
            f"Derivatives are taken for real floating-point values; got dtype {tensor.dtype}. "
            "Pass floats, such as 2.0 instead of 2."
        )
    array, node = tensor.array, tensor.node
    fresh = tensor_of(array, None)
    if node is not None and records(node.always):
        fresh.node = Node(
            RULES[np.positive], array, (array,), NO_KEYWORDS, ((0, node),), node.always
        )
    else:
        fresh.node = leaf(fresh)
    return fresh


def as_tensor(value: Any) -> Tensor:
    """A Tensor of `value`, itself where it is one already."""
    return value if isinstance(value, Tensor) else Tensor(value)


class _Recorded:
    """One call of a function with some arguments watched, ready for backward sweeps."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        numbers: Any,
    ) -> None:
        self.nested = mode.get() == EVERYTHING or any(
            isinstance(x, Tensor) and x.node is not None and records(x.node.always)
            for number in numbers
            for x in leaves(args[number])
        )
        watched = list(args)
        for number in numbers:
            watched[number] = map_structure(source, args[number])
        self.structure = [watched[number] for number in numbers]
        self.sources = leaves(self.structure)
        with recording():
            self.output = map_structure(as_tensor, function(*watched, **kwargs))

    @property
    def value(self) -> Any:
        """The output, with a history only where an outer derivative wants it."""
        if self.nested:
            return self.output
        return map_structure(lambda y: tensor_of(y.array, None), self.output)

    def pull(self, cotangents: Any, recorded: bool, retain: bool) -> Any:
        """vᵀJ for every watched argument; zeros where the output does not depend on one."""
        roots: dict[Node, Any] = {}
        for y, v in zip(leaves(self.output), leaves(cotangents), strict=True):
            if y.node is not None:
                v = v if recorded else _array(v)
                roots[y.node] = roots[y.node] + v if y.node in roots else v
        nodes = [x.node for x in self.sources]
        found = sweep(roots, nodes, recorded=recorded, retain=retain)
        gradients = [
            as_tensor(found[x.node]) if x.node in found else tensor_of(np.zeros_like(x.array), None)
            for x in self.sources
        ]
        return rebuild(self.structure, iter(gradients))


def _array(value: Any) -> Array:
    return value.array if isinstance(value, Tensor) else value


def _numbers(argnums: int | Sequence[int]) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _single(gradients: list[Any], argnums: int | Sequence[int]) -> Any:
    return gradients[0] if isinstance(argnums, int) else tuple(gradients)


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns `(f(*args), ∂f/∂args[argnums])` for a single-number `f`.

    Raises ValueError where `f` returns more than one number.
    """

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        call = _Recorded(f, args, kwargs, _numbers(argnums))
        y = call.output
        if not isinstance(y, Tensor) or y.size != 1:
            shape = y.shape if isinstance(y, Tensor) else type(y).__name__
            raise ValueError(
                f"grad needs a function with a single number as its result; got {shape}. "
                "Use jacobian, or vjp with a cotangent."
            )
        one = np.ones_like(y.array)
        nested = call.nested
        gradients = call.pull(tensor_of(one, None) if nested else one, nested, nested)
        return call.value, _single(gradients, argnums)

    return both


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns `∂f/∂args[argnums]` for a single-number `f`. grad(grad(f)) works."""
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """`f(*primals)`, and the function `v ↦ vᵀJ`, one gradient a primal; callable repeatedly."""
    call = _Recorded(f, primals, {}, range(len(primals)))

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        expected = [y.shape for y in leaves(call.output)]
        given = map_structure(as_tensor, cotangent)
        shapes = [v.shape for v in leaves(given)]
        if shapes != expected:
            raise ValueError(
                f"The cotangent must have the output's shapes {expected}; got {shapes}."
            )
        recorded = mode.get() == EVERYTHING
        return tuple(call.pull(given, recorded, retain=True))

    return call.value, pullback


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`f(*primals)` and `J u`, the change of the output along `tangents`.

    Raises ValueError where the tangents' shapes are not the primals'.
    """
    call = _Recorded(f, tuple(primals), {}, range(len(primals)))
    expected = [x.shape for x in call.sources]
    given = [as_tensor(u) for u in leaves(list(tangents))]
    if [u.shape for u in given] != expected:
        raise ValueError(
            f"The tangents must have the primals' shapes {expected}; got "
            f"{[u.shape for u in given]}."
        )
    with recording():
        dummies = map_structure(_direction, call.output)
        gradients = leaves(call.pull(dummies, recorded=True, retain=True))
    roots: dict[Node, Any] = {}
    for gradient, tangent in zip(gradients, given, strict=True):
        if gradient.node is not None:
            root = tangent if call.nested else tangent.array
            before = roots.get(gradient.node)
            roots[gradient.node] = root if before is None else before + root
    nodes = [dummy.node for dummy in leaves(dummies) if dummy.node is not None]
    found = sweep(roots, nodes, recorded=call.nested, retain=call.nested)
    outputs = [
        as_tensor(found[dummy.node])
        if dummy.node in found
        else tensor_of(np.zeros_like(dummy.array), None)
        for dummy in leaves(dummies)
    ]
    return call.value, rebuild(call.output, iter(outputs))


def unit_cotangents(y: Tensor) -> Array:
    """For each element of `y`, the array that is 1 there and 0 elsewhere."""
    return np.eye(y.size, dtype=y.dtype, like=like(y)).reshape(y.size, *y.shape)


def _direction(y: Tensor) -> Tensor:
    """A cotangent to differentiate for; a constant where `y` carries no gradient."""
    zeros = np.zeros_like(y.array)
    return source(zeros) if y.dtype.kind == "f" else tensor_of(zeros, None)


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns `∂f/∂args[argnums]` in shape `f's shape + the argument's shape`."""

    @wraps(f)
    def rows(*args: Any, **kwargs: Any) -> Any:
        call = _Recorded(f, args, kwargs, _numbers(argnums))
        y = call.output
        if not isinstance(y, Tensor):
            raise ValueError(
                f"jacobian needs a function with one array as its result; got {type(y)}."
            )
        pulled = [
            call.pull(tensor_of(unit, None), call.nested, retain=True)
            for unit in unit_cotangents(y)
        ]
        columns = []
        for i, x in enumerate(call.sources):
            parts = [leaves(row)[i] for row in pulled]
            stacked = np.stack(parts) if parts else np.zeros((0, *x.shape), dtype=x.dtype)
            columns.append(as_tensor(np.reshape(stacked, y.shape + x.shape)))
        return _single(rebuild(call.structure, iter(columns)), argnums)

    return rows


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of a single-number `f`: shape `x + x`."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[[Any], Any], x: Any, v: Any) -> Any:
    """The Hessian of a single-number `f` at `x` times `v`, without forming the Hessian."""
    _, pullback = vjp(grad(f), x)
    return pullback(v)[0]


def stop_gradient(variable: Any) -> Any:
    """The values without their history, in the same nesting: a constant for every derivative."""
    return map_structure(
        lambda x: tensor_of(x.array, None) if isinstance(x, Tensor) else x, variable
    )
