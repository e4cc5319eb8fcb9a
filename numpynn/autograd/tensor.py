"""Tensor: an array that remembers how it was made.

A Tensor holds an array (NumPy's, or any with NumPy's protocols) and implements those protocols
itself. So `np.tanh(x @ w + b)` is the same source for arrays and for Tensors; on Tensors it also
records a graph that `backward` and `grad` differentiate.

    x = Tensor([1.0, 2.0], requires_grad=True)
    y = np.sum(x * x)
    y.backward()
    x.grad                        # Tensor([2., 4.])
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from numpynn.autograd.rules import COMPOSED, PLAIN, RULES, Rule, cast, ufunc_method, why_refused
from numpynn.autograd.rules.table import unwrapped as unwrapped
from numpynn.autograd.tape import EVERYTHING, Node, leaf, mode, name_of, recording, sweep
from numpynn.parallel import matmul
from numpynn.typing import Array

NO_KEYWORDS: dict[str, Any] = {}
# They come here when a Tensor is their `like=`: a new array of the kind that the Tensor holds.
CREATED_LIKE: set[Any] = {
    *(np.arange, np.array, np.asanyarray, np.asarray, np.ascontiguousarray, np.asfortranarray),
    *(np.empty, np.eye, np.full, np.identity, np.ones, np.tri, np.zeros),
}


def _operator(compute: Callable[[Any, Any], Any], ufunc: Any, reflected: bool = False) -> Any:
    """The short path of `a * b`: no dispatch, one Node, one Tensor."""
    rule = RULES[ufunc]

    def method(self: Tensor, other: Any) -> Any:
        a, node = self.array, self.node
        if isinstance(other, Tensor):
            b, other_node = other.array, other.node
        elif hasattr(other, "__array_ufunc__") and not isinstance(other, (np.ndarray, np.generic)):
            return NotImplemented
        else:
            b = np.asarray(other) if type(other) in (list, tuple) else other
            other_node = None
        value = compute(b, a) if reflected else compute(a, b)
        parents: Sequence[tuple[int, Node]]
        if node is None:
            if other_node is None:
                return tensor_of(value, None)
            parents, always = ((1, other_node),), other_node.always
        elif other_node is None:
            parents, always = ((1 if reflected else 0, node),), node.always
        else:
            parents, always = ((0, node), (1, other_node)), node.always or other_node.always
        result = _new_tensor(Tensor)  # tensor_of, written out: this is the shortest path
        result.array = value
        result.notes = None
        now = mode.get()
        if now > 0 or (always and now == 0):
            args = (b, a) if reflected else (a, b)
            result.node = Node(rule, value, args, NO_KEYWORDS, parents, always)
        else:
            result.node = None
        return result

    return method


def _comparison(compute: Callable[[Any, Any], Any]) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        return compute(self.array, other.array if isinstance(other, Tensor) else other)

    return method


def _method(function: Any) -> Any:
    """`t.sum(…)` as `np.sum(t, …)`."""
    rule = RULES.get(function)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if rule is not None and not args and not kwargs:
            return _apply_to_one(rule, self)
        return dispatch(function, (self, *args), kwargs)

    method.__doc__ = f"`{name_of(function)}` of this Tensor."
    return method


class Tensor:
    """An immutable array with a history.

    array: the values. node: how they were made, None where nothing differentiable is behind them.
    mask: which time steps count (set by layers). logits: what a softmax or sigmoid was applied to.
    grad: where `backward` leaves the gradient of a leaf.

    `x += y` makes a new Tensor and rebinds the name. `out=`, `where=` and `ufunc.at` are refused.
    """

    __slots__ = ("__weakref__", "array", "node", "notes")

    array: Array
    node: Node | None
    notes: dict[str, Any] | None  # mask and logits, which few Tensors have

    def __init__(self, value: Array, dtype: Any = None, requires_grad: bool = False) -> None:
        """Wrap `value`; with `requires_grad`, a leaf that records wherever it is used.

        Raises TypeError where a gradient is asked for values that are not real floats.
        """
        if isinstance(value, Tensor):
            value = value.array
        if not hasattr(value, "__array_function__") or not hasattr(value, "dtype"):
            value = np.asarray(value)
        self.array = value if dtype is None else value.astype(dtype)
        if requires_grad and self.array.dtype.kind != "f":
            raise TypeError(
                f"Only real floating-point values have gradients; got dtype {self.array.dtype}. "
                "Convert first: Tensor(x, dtype='float64', requires_grad=True)."
            )
        self.node = leaf(self, always=True) if requires_grad else None
        self.notes = None

    @property
    def grad(self) -> Tensor | None:
        """What `backward` found for this leaf so far; set it to None to begin anew."""
        node = self.node
        return None if node is None or node.parents else node.output

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if self.node is None or self.node.parents:
            raise ValueError("Only a leaf has `.grad`: a Tensor made with requires_grad=True.")
        self.node.output = value

    @property
    def mask(self) -> Array | None:
        """Which positions count, for layers that respect masks."""
        return None if self.notes is None else self.notes.get("mask")

    @mask.setter
    def mask(self, value: Array | None) -> None:
        self.notes = {**(self.notes or {}), "mask": value}

    @property
    def logits(self) -> Tensor | None:
        """What a softmax or sigmoid was applied to, where this is its output."""
        return None if self.notes is None else self.notes.get("logits")

    @logits.setter
    def logits(self, value: Tensor | None) -> None:
        self.notes = {**(self.notes or {}), "logits": value}

    # -- what an array is asked ---------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return len(self.array.shape)

    @property
    def size(self) -> int:
        return int(self.array.size)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients can flow into this Tensor."""
        return self.node is not None

    def numpy(self) -> Array:
        """The values without the history. Do not write into them: the graph may still need them."""
        return self.array

    def item(self) -> Any:
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __index__(self) -> int:
        return operator.index(self.array)

    def __complex__(self) -> complex:
        return complex(self.array)

    def __contains__(self, value: Any) -> bool:
        return bool((self.array == unwrapped(value)).any())

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self.array), separator=", ", prefix="Tensor(")
        kind = "" if self.dtype in (np.float64, np.int64, np.bool_) else f", dtype={self.dtype}"
        watched = ", requires_grad=True" if self.node is not None else ""
        return f"Tensor({text}{kind}{watched})"

    def __format__(self, specification: str) -> str:
        return format(self.item() if self.ndim == 0 else self.array, specification)

    def __hash__(self) -> int:
        return id(self)

    # -- NumPy's protocols --------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__":
            rule = RULES.get(ufunc)
            if rule is not None and not kwargs:
                return apply(rule, inputs, kwargs) if len(inputs) > 1 else _apply_to_one(rule, self)
            return dispatch(ufunc, inputs, kwargs)
        return ufunc_method(ufunc, method)(*inputs, **kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        if function in CREATED_LIKE:
            return function(*args, **kwargs, like=self.array)
        return dispatch(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The values, for functions that take arrays only.

        Raises TypeError where a scope records and this Tensor has a history, which would be lost.
        """
        if self.node is not None and mode.get() == EVERYTHING:
            raise TypeError(
                "A recorded Tensor was about to become a plain array, and its gradient would be "
                "lost. To build an array from Tensors use np.stack or np.concatenate; for the "
                "values alone use t.numpy() or stop_gradient(t)."
            )
        return np.array(self.array, dtype=dtype, copy=copy)

    # -- arithmetic ---------------------------------------------------------------------------

    __add__ = _operator(operator.add, np.add)
    __radd__ = _operator(operator.add, np.add, reflected=True)
    __sub__ = _operator(operator.sub, np.subtract)
    __rsub__ = _operator(operator.sub, np.subtract, reflected=True)
    __mul__ = _operator(operator.mul, np.multiply)
    __rmul__ = _operator(operator.mul, np.multiply, reflected=True)
    __truediv__ = _operator(operator.truediv, np.divide)
    __rtruediv__ = _operator(operator.truediv, np.divide, reflected=True)
    __mod__ = _operator(operator.mod, np.remainder)
    __rmod__ = _operator(operator.mod, np.remainder, reflected=True)
    __pow__ = _operator(operator.pow, np.power)
    __rpow__ = _operator(operator.pow, np.power, reflected=True)
    __matmul__ = _operator(matmul, np.matmul)
    __rmatmul__ = _operator(matmul, np.matmul, reflected=True)
    __neg__ = _method(np.negative)
    __pos__ = _method(np.positive)
    __abs__ = _method(np.absolute)
    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __invert__ = _method(np.invert)
    __and__ = __rand__ = _comparison(operator.and_)
    __or__ = __ror__ = _comparison(operator.or_)
    __xor__ = __rxor__ = _comparison(operator.xor)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __getitem__(self, index: Any) -> Tensor:
        return apply(RULES[operator.getitem], (self, unwrapped(index)), NO_KEYWORDS)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "Tensors are immutable. Build the new value instead: np.where(condition, a, b), "
            "np.concatenate, or write into an array before it becomes a Tensor."
        )

    # -- the methods of an ndarray ------------------------------------------------------------

    all = _method(np.all)
    any = _method(np.any)
    argmax = _method(np.argmax)
    argmin = _method(np.argmin)
    argsort = _method(np.argsort)
    clip = _method(np.clip)
    conj = _method(np.conjugate)
    copy = _method(np.positive)
    cumprod = _method(np.cumprod)
    cumsum = _method(np.cumsum)
    diagonal = _method(np.diagonal)
    dot = _method(np.dot)
    flatten = _method(np.ravel)
    max = _method(np.max)
    mean = _method(np.mean)
    min = _method(np.min)
    nonzero = _method(np.nonzero)
    prod = _method(np.prod)
    ravel = _method(np.ravel)
    repeat = _method(np.repeat)
    round = _method(np.round)
    squeeze = _method(np.squeeze)
    std = _method(np.std)
    sum = _method(np.sum)
    swapaxes = _method(np.swapaxes)
    take = _method(np.take)
    trace = _method(np.trace)
    var = _method(np.var)

    def reshape(self, *shape: Any) -> Tensor:
        """`np.reshape`, with the shape as a tuple or as separate numbers."""
        new = shape[0] if len(shape) == 1 else shape
        return apply(RULES[np.reshape], (self, new), NO_KEYWORDS)

    def transpose(self, *axes: Any) -> Tensor:
        """`np.transpose`, with the axes as a tuple or as separate numbers; reversed without any."""
        order = axes[0] if len(axes) == 1 else axes or None
        return apply(RULES[np.transpose], (self, order), NO_KEYWORDS)

    def astype(self, dtype: Any) -> Tensor:
        """The values in another dtype; the gradient comes back in this one's."""
        return apply(RULES[cast], (self, np.dtype(dtype)), NO_KEYWORDS)

    @property
    def T(self) -> Tensor:
        return self.transpose()

    @property
    def mT(self) -> Any:
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        return np.real(self)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    # -- differentiation ----------------------------------------------------------------------

    def backward(
        self, gradient: Array | None = None, retain_graph: bool = False, create_graph: bool = False
    ) -> None:
        """Add the derivative of this Tensor to `.grad` of every leaf it depends on.

        gradient: the cotangent, in this Tensor's shape; optional for a single number.
        retain_graph: allow a second pass. create_graph: make the gradients differentiable too.
        Raises RuntimeError without a history or after the graph was released, ValueError where the
        cotangent is missing or has another shape.
        """
        if self.node is None:
            raise RuntimeError(
                "backward() needs a Tensor that depends on a leaf with requires_grad=True."
            )
        if gradient is None:
            if self.array.size != 1:
                raise ValueError(
                    f"backward() of a Tensor of shape {self.shape} needs `gradient`, a cotangent "
                    "of the same shape; only a single number has an obvious one."
                )
            array = self.array
            cotangent = np.ones_like(array) if array.shape else array.dtype.type(1)
        else:
            cotangent = Tensor(gradient).astype(self.dtype)
            if cotangent.shape != self.shape:
                raise ValueError(
                    f"The cotangent must have the Tensor's shape {self.shape}; got "
                    f"{cotangent.shape}."
                )
            cotangent = cotangent if create_graph else cotangent.array
        if create_graph:
            with recording():
                gradients = sweep({self.node: cotangent}, recorded=True)
        else:
            gradients = sweep({self.node: cotangent}, retain=retain_graph)
        for node, found in gradients.items():
            new = found if create_graph else tensor_of(found, None)
            node.output = new if node.output is None else node.output + new

    def graph(self) -> Any:
        """The computation behind this Tensor as a Graphviz digraph."""
        from numpynn.autograd.graph import draw

        return draw(self)


_new_tensor = Tensor.__new__


def tensor_of(array: Array, node: Node | None) -> Tensor:
    """A Tensor without the constructor's checks."""
    tensor = _new_tensor(Tensor)
    tensor.array = array
    tensor.node = node
    tensor.notes = None
    return tensor


def apply(rule: Rule, args: Sequence[Any], kwargs: dict[str, Any]) -> Tensor:
    """Compute `rule.function` on the arrays of `args`; record it where a scope or leaf asks so."""
    arrays = list(args)
    parents = []
    always = False
    vjps = rule.vjps
    for number, arg in enumerate(args):
        if isinstance(arg, Tensor):
            arrays[number] = arg.array
            node = arg.node
            if node is not None and vjps[number] is not None:
                parents.append((number, node))
                always = always or node.always
        elif type(arg) in (list, tuple) and number < len(vjps):
            arrays[number] = np.asarray(arg)
    value = rule.compute(*arrays, **kwargs)
    if parents:
        now = mode.get()
        if (now > 0 or (always and now == 0)) and value.dtype.kind in "fc":
            return tensor_of(value, Node(rule, value, arrays, kwargs, parents, always))
    return tensor_of(value, None)


def _apply_to_one(rule: Rule, tensor: Tensor) -> Tensor:
    """`apply` for one argument and no keywords, the most frequent call."""
    array, node = tensor.array, tensor.node
    value = rule.compute(array)
    result = _new_tensor(Tensor)
    result.array = value
    result.notes = result.node = None
    if node is not None and rule.vjps[0] is not None:
        now = mode.get()
        if now > 0 or (now == 0 and node.always):
            parents = ((0, node),)
            result.node = Node(rule, value, (array,), NO_KEYWORDS, parents, node.always)
    return result


def dispatch(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What NumPy's `function` does on Tensors: record by its rule, compose, give values, or refuse.

    Raises TypeError, naming the function and what to do, where it has no rule.
    """
    rule = RULES.get(function)
    if rule is not None:
        if kwargs or len(args) > len(rule.vjps):
            args, kwargs = rule.bind(args, kwargs)
        return apply(rule, args, kwargs)
    composed = COMPOSED.get(function)
    if composed is not None:
        return composed(*args, **kwargs)
    if function in PLAIN:
        return function(*unwrapped(tuple(args)), **unwrapped(kwargs))
    name, reason = name_of(function), why_refused(function) or "give it values (t.numpy())"
    raise TypeError(
        f"{name} has no derivative rule, so it does not take Tensors: {reason}. To add a rule: "
        f"numpynn.autograd.define({name}, vjp of each argument)."
    )
