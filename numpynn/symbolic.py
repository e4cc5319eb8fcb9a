"""Computations written down before there are data: the functional way to build a model.

    x = Input((4,))                 a KerasTensor: a shape and a dtype, no values
    h = Dense(8, "relu")(x)         calling a layer on it adds a Node to the layer
    y = np.tanh(h) * 2.0            and so does every NumPy function and operator
    model = Model(x, y)             follows the nodes back from y to x

A Node is one application: an operation, what it was called with, and the KerasTensors that came
out. Each KerasTensor knows its history: the operation, which of its nodes, which of the outputs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, NamedTuple

import numpy as np

from numpynn import config
from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tape import no_grad
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.utils.dtypes import dtype_of
from numpynn.utils.naming import auto_name
from numpynn.utils.registry import snake_case

Shape = tuple[int | None, ...]


class History(NamedTuple):
    """Where a KerasTensor comes from: an operation, the number of its call, and of the output."""

    operation: Any
    node_index: int
    tensor_index: int

    @property
    def node(self) -> Node:
        found: Node = self.operation._inbound_nodes[self.node_index]
        return found


class KerasTensor(np.lib.mixins.NDArrayOperatorsMixin):
    """A place for data to come: a shape and a dtype without values. What `Input` returns.

    shape: with the batch size first, None where unknown. NumPy's functions and operators, and the
    functions of `ops`, give KerasTensors; whatever needs values raises.
    """

    history: History | None = None
    mask: Any = None  # a KerasTensor, where the values will come with a mask
    written_history: Any = None  # what a configuration said, before its tensors exist

    def __init__(
        self, shape: Sequence[int | None], dtype: Any = None, name: str | None = None
    ) -> None:
        self.shape: Shape = tuple(shape)
        self.dtype = dtype_of(dtype or config.floatx())
        self.name = name or auto_name("keras_tensor")

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def T(self) -> Any:
        return call_symbolically(np.transpose, (self,), {})

    def reshape(self, *shape: Any) -> Any:
        """The same values in another shape."""
        target = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return call_symbolically(np.reshape, (self, target), {})

    def astype(self, dtype: Any) -> Any:
        """The same values in another dtype."""
        return call_symbolically(_cast, (self, np.dtype(dtype).name), {})

    def __getitem__(self, key: Any) -> Any:
        return call_symbolically(get_item, (self, key), {})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs.get("out") is not None:
            raise TypeError(f"{ufunc.__name__}.{method} and `out=` need values; got {self!r}.")
        return call_symbolically(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, kinds: Any, args: Any, kwargs: Any) -> Any:
        return call_symbolically(function, args, kwargs)

    __hash__ = object.__hash__  # `==` compares values to come

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(
            f"{self!r} has no values yet: it stands for the data of a functional model. Use a "
            "function of numpynn.ops or NumPy on it, or put what needs values into a layer."
        )

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{self!r} has no values yet, so it cannot be iterated over.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no values yet, so it is neither true nor false.")

    def __float__(self) -> float:
        raise TypeError(f"{self!r} has no values yet, so it is no number.")

    def __int__(self) -> int:
        raise TypeError(f"{self!r} has no values yet, so it is no number.")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a KerasTensor, a tensor without values."""
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The Inputs that a KerasTensor depends on."""
    found: dict[int, KerasTensor] = {}
    stack, seen = [tensor], {id(tensor)}
    while stack:
        x = stack.pop()
        if x.history is None or x.history.node.is_input:
            found.setdefault(id(x), x)
        elif x.history is not None:
            new = [y for y in reversed(x.history.node.input_tensors) if id(y) not in seen]
            seen.update(id(y) for y in new)
            stack.extend(new)
    return list(found.values())


def any_symbolic(*structures: Any) -> bool:
    """Whether a KerasTensor is among the leaves."""
    return any(isinstance(leaf, KerasTensor) for part in structures for leaf in leaves(part))


class Node:
    """One call of an operation: its arguments, and the KerasTensors that came out.

    Made after the outputs are known; it enters itself into the operation and the outputs' history.
    """

    def __init__(
        self, operation: Any, args: Sequence[Any], kwargs: dict[str, Any], outputs: Any
    ) -> None:
        self.operation = operation
        self.args = tuple(args)
        self.kwargs = dict(kwargs)
        self.outputs_struct = outputs
        self.input_tensors = [x for x in leaves([*args, kwargs]) if isinstance(x, KerasTensor)]
        self.output_tensors: list[KerasTensor] = leaves(outputs)
        for number, tensor in enumerate(self.output_tensors):
            tensor.history = History(operation, len(operation._inbound_nodes), number)
        operation._inbound_nodes.append(self)

    @property
    def is_input(self) -> bool:
        """Whether data enter here: nothing symbolic goes in."""
        return not self.input_tensors

    @property
    def parents(self) -> list[Node]:
        """The nodes that the inputs come from."""
        return [x.history.node for x in self.input_tensors if x.history is not None]


# -- functions as operations -----------------------------------------------------------------------


class FunctionOperation:
    """A function of NumPy or of `ops` in a functional model. Each is called once.

    Keras writes operations down by a class name, the settings that the class was made with, and the
    tensors that it was called with; `keras_form` and `of_keras` translate.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.function = function
        self.name = name or auto_name(_name_of(function))
        self.settings = settings or {}
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(args, kwargs):
            return self.function(*args, **kwargs, **self.settings)
        outputs = inferred(self.function, args, {**kwargs, **self.settings})
        Node(self, args, kwargs, outputs)
        return outputs

    def split(
        self, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments as Keras sorts them: operands of the call, and settings of the class."""
        operands, settings = [], dict(self.settings)
        names = _parameters(self.function)
        given = dict(zip(names, args, strict=False)) | kwargs if names else {}
        if not given:
            return list(args), {**settings, **kwargs}
        for name, value in given.items():
            if _is_operand(_name_of(self.function), name) or any_symbolic(value):
                operands.append(value)
            else:
                settings[name] = value
        if "data_format" in names and settings.get("data_format") is None:
            settings["data_format"] = config.image_data_format()  # whose word a file must not lack
        return operands, settings

    @property
    def output(self) -> Any:
        return _single_node(self).outputs_struct

    def get_config(self) -> dict[str, Any]:
        """The name, and the settings of its one call."""
        node = _single_node(self)
        return {"name": self.name, **self.split(node.args, node.kwargs)[1]}

    @property
    def keras_place(self) -> dict[str, str]:
        """The module and class name of Keras's operation."""
        name = _name_of(self.function)
        class_name = _CLASS_NAMES.get(name) or "".join(p.capitalize() for p in name.split("_"))
        home = getattr(self.function, "__module__", None) or ""
        family = home.split(".")[2] if home.startswith("numpynn.ops.") else "numpy"
        family = _FAMILIES.get(name, family)
        return {
            "module": f"keras.src.ops.{family}",
            "class_name": class_name,
            "registered_name": class_name,
        }

    @classmethod
    def of_keras(cls, class_name: str, config: dict[str, Any]) -> FunctionOperation:
        """The operation of Keras's class name and settings. TypeError where there is none."""
        from numpynn import ops

        names = {of_class: name for name, of_class in _CLASS_NAMES.items()}
        name = names.get(class_name) or snake_case(class_name)
        settings = dict(config)
        own_name = settings.pop("name", None)
        own = {"get_item": get_item, "cast": _cast}
        function = own.get(name) or getattr(ops, name, None) or getattr(ops.image, name, None)
        if not callable(function) or name.startswith("_"):
            raise TypeError(f"numpynn has no operation {class_name!r} of Keras.")
        return cls(function, own_name, settings)

    def __repr__(self) -> str:
        return f"<FunctionOperation {self.name}>"


def _single_node(operation: Any) -> Node:
    if not operation._inbound_nodes:
        raise AttributeError(f"'{operation.name}' has not been called on symbolic tensors yet.")
    found: Node = operation._inbound_nodes[0]
    return found


def call_symbolically(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The KerasTensors that `function` gives, with the call recorded as an operation."""
    return FunctionOperation(function)(*args, **kwargs)


def symbolic(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which on KerasTensors records itself instead of computing."""

    @wraps(function)
    def recordable(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            kind = type(arg)
            if kind is KerasTensor or (kind in (list, tuple, dict) and any_symbolic(arg)):
                return call_symbolically(recordable, args, kwargs)
        if kwargs and any_symbolic(kwargs):
            return call_symbolically(recordable, args, kwargs)
        return function(*args, **kwargs)

    return recordable


def get_item(x: Any, key: Any) -> Any:
    """x[key]; a list as key means a tuple, as which files hold it."""
    return x[tuple(key) if isinstance(key, list) else key]


def _cast(x: Any, dtype: str) -> Any:
    return x.astype(dtype)


# Operations whose class Keras does not name after the function.
_CLASS_NAMES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "extract_patches_3d": "ExtractPatches",
    "extract_patches": "ExtractPatches",  # the last of two is what a file means
    "hard_swish": "HardSilu",
    "hsv_to_rgb": "HSVToRGB",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "ssim": "SSIM",
    "svd": "SVD",
    "swish": "Silu",
}
# Operations that Keras keeps elsewhere.
_FAMILIES = {"cast": "core"} | dict.fromkeys(["erf", "erfc", "erfinv", "logsumexp"], "math")
# Arguments that are operands of a call; the others are settings that Keras's class is made with.
_OPERANDS = frozenset(
    "a abs_ angle array b beta condition condlist choicelist constant_values data default elements "
    "fill_value gamma indices inputs mean offset output predictions q scale segment_ids start "
    "start_indices step stop target targets tensor updates value values variance x x1 x2 xs y "
    "sorted_sequence".split()
)
_MORE_OPERANDS = {
    "affine_transform": {"images", "transform"},
    "average": {"weights"},
    "digitize": {"bins"},
    "get_item": {"key"},
    "isclose": {"rtol", "atol"},
    "map_coordinates": {"coordinates"},
    "perspective_transform": {"images", "start_points", "end_points"},
    "scale_and_translate": {"images", "output_shape", "translation"},
}


def _is_operand(function_name: str, argument: str) -> bool:
    return argument in _OPERANDS or argument in _MORE_OPERANDS.get(function_name, ())


@cache
def _names_in_ops() -> dict[int, str]:
    from numpynn import ops

    return {id(getattr(ops, name)): name for name in dir(ops) if not name.startswith("_")}


def _name_of(function: Any) -> str:
    """The name of a function in `ops`, which is Keras's; else its own."""
    own = {id(get_item): "get_item", id(_cast): "cast", id(np.divide): "true_divide"}
    found = own.get(id(function)) or _names_in_ops().get(id(function))
    return found or str(function.__name__)


def _parameters(function: Any) -> list[str]:
    if isinstance(function, np.ufunc):
        return ["x"] if function.nin == 1 else ["x1", "x2"]
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:
        return []


# -- what comes out --------------------------------------------------------------------------------

# Whether values are made up, to see what shapes come out; a layer may let them all pass then.
trying: ContextVar[bool] = ContextVar("numpynn_trying", default=False)

# What is tried: two times the sizes of an unknown first axis and of other unknown axes, which
# differ enough for strides to show; then one size for all, larger where a function needs more. And
# whether the values differ, too, as they must to tell which lengths depend on them.
_TRIALS = (
    ((2, 2), (3, 13), True),
    ((2, 2), (3, 3), True),
    ((61, 61), (67, 67), True),
    ((2, 2), (3, 3), False),
)


def inferred(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """KerasTensors of the shapes and dtypes that `function` gives.

    It is run twice, with two sizes for each unknown axis and with other values: an axis whose
    length differs between the results is unknown. Errors that always occur are raised.
    A function with an attribute `output_spec` says by itself what it gives.
    """
    rule = getattr(function, "output_spec", None)
    if rule is not None:
        return rule(*args, **kwargs)
    error: Exception | None = None
    for sizes, other_sizes, other_values in _TRIALS:
        try:
            first = _trial(function, args, kwargs, sizes, False)
            second = _trial(function, args, kwargs, other_sizes, other_values)
        except (ValueError, IndexError, TypeError, np.linalg.LinAlgError) as found:
            error = error or found
            continue
        merged = [_merged(a, b) for a, b in zip(leaves(first), leaves(second), strict=True)]
        return rebuild(first, iter(merged))
    assert error is not None
    raise error


def _trial(function: Any, args: Any, kwargs: Any, sizes: tuple[int, int], alternate: bool) -> Any:
    def values(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        shape = tuple(sizes[axis > 0] if n is None else n for axis, n in enumerate(x.shape))
        pattern = np.arange(math.prod(shape)).reshape(shape) % 2
        value = (pattern if alternate else np.full(shape, x.dtype.kind == "f")).astype(x.dtype)
        if x.dtype.kind == "O":
            value = np.where(pattern.astype(bool), "some", "other").astype(object)
        if x.dtype.kind == "f" and len(shape) > 1 and shape[-1] == shape[-2]:
            value = value + value.swapaxes(-1, -2) + 4 * shape[-1] * np.eye(shape[-1])
        return tensor_of(np.asarray(value, x.dtype), None)

    token = trying.set(True)
    try:
        with no_grad(), np.errstate(all="ignore"):
            return function(
                *(map_structure(values, arg) for arg in args),
                **{name: map_structure(values, value) for name, value in kwargs.items()},
            )
    finally:
        trying.reset(token)


def _merged(a: Any, b: Any) -> Any:
    if not isinstance(a, (Tensor, np.ndarray, np.generic)):
        return a
    shape = tuple(n if n == m else None for n, m in zip(np.shape(a), np.shape(b), strict=True))
    return KerasTensor(shape, a.dtype)
