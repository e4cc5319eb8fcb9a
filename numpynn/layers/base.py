"""Layer: what every layer is. Configuration, weights, formula.

    __init__    the configuration
    build       the weights, once the input's shape is known
    call        the formula, in plain NumPy
    get_config  the configuration again, to make an equal layer

`layer(x)` casts `x` to the layer's dtype, builds on the first call, and passes on what only the
outermost caller knows: whether this is training, and which time steps are masked. On a KerasTensor
it computes nothing but the output's shape, and remembers the call for a functional model.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, wraps
from typing import Any

import numpy as np

from numpynn import constraints, dtype_policies, initializers, regularizers
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.dtype_policies import DTypePolicy
from numpynn.layers.given import Given
from numpynn.layers.holding import Holder, adding_losses
from numpynn.layers.input_spec import InputSpec, check_inputs
from numpynn.layers.masks import attach_masks, masks_of, or_nones
from numpynn.layers.shapes import batch_shapes, copied, map_shapes
from numpynn.symbolic import KerasTensor, Node, any_symbolic, inferred
from numpynn.utils.dtypes import dtype_of, name_of
from numpynn.utils.naming import auto_name
from numpynn.variables import Variable

__all__ = ["InputSpec", "Layer"]

_training: ContextVar[bool | None] = ContextVar("numpynn_training", default=None)
_scope: ContextVar[tuple[Layer, ...]] = ContextVar("numpynn_scope", default=())


class Layer(Holder):
    """Base class of all layers, Keras's protocol.

    name: unique, numbered automatically. dtype: of weights and computation, the config's float type
    unless given. trainable: whether training changes the weights. activity_regularizer: a penalty
    on the output, divided by the batch size.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        made.__dict__["_given"] = Given(args, kwargs)
        return made

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        input_shape: Sequence[int] | None = None,
        input_dim: int | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ValueError(f"{type(self).__name__} takes no arguments {', '.join(unknown)}.")
        if not isinstance(trainable, bool):
            raise ValueError(f"`trainable` must be True or False; got {trainable!r}.")
        self._weights: list[Variable] = []
        self._losses: list[Any] = []
        self._trainable = trainable
        self.name = name or auto_name(type(self).__name__)
        if not isinstance(self.name, str) or "/" in self.name:
            raise ValueError(f"`name` must be a string without '/'; got {self.name!r}.")
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self.dtype_policy: DTypePolicy = dtype_policies.get(dtype)
        self._dtype = dtype_of(self.dtype_policy.compute_dtype)
        self.built = False
        self.supports_masking = self._makes_masks
        self.input_spec: Any = None
        if input_dim is not None:
            input_shape = (input_dim,)
        self._given_input_shape = None if input_shape is None else tuple(input_shape)
        self._called = False
        self._accepted_shape: tuple[int, ...] | None = None  # checked before
        self._built_for: dict[str, Any] | None = None  # the arguments of `build`
        self._inbound_nodes: list[Node] = []
        # Who added a loss in the last outermost call; no list, which would make them parts of this.
        self._added_losses: deque[Layer] = deque()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _naming(cls.build)  # type: ignore[method-assign]
        cls._makes_masks = cls.compute_mask is not Layer.compute_mask

    _given: Given
    _makes_masks = False  # whether a subclass has its own `compute_mask`

    # -- for subclasses -------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the weights. `input_shape` holds None for sizes that may vary.

        A layer whose `call` takes several tensors may name them: build(query_shape, value_shape).
        """
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The formula."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not implement `call()`.")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; by default the input's."""
        return previous_mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape, found by running `call` on two sizes of each unknown axis."""
        inputs = map_shapes(lambda shape: KerasTensor(shape, self._dtype), input_shape)
        outputs = self._inferred((inputs,), {})
        return map_structure(lambda x: x.shape, outputs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors of the output's shape and dtype, for KerasTensors as inputs."""
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return self._inferred(args, kwargs)
        shape = self.compute_output_shape(
            **self._shape_arguments(self.compute_output_shape, args, kwargs)
        )
        return map_shapes(lambda s: KerasTensor(s, self._dtype), shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer.

        A subclass without its own `get_config` is described by what it was made with, as long as
        that is plain numbers, strings and the like. Raises NotImplementedError otherwise.
        """
        found: dict[str, Any] = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            found["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config:
            return self._given.config(type(self), found)
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, for a file; None before."""
        if self._built_for is None:
            return None
        if len(self._built_for) == 1:
            return {"input_shape": next(iter(self._built_for.values()))}
        return {"shapes_dict": self._built_for}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build as `get_build_config` says."""
        if type(self).build is Layer.build:  # sub-layers are built by what `call` does with them
            shapes = config.get("input_shape")
            if shapes is not None:
                self.compute_output_spec(map_shapes(lambda s: KerasTensor(s, self._dtype), shapes))
        elif "input_shape" in config:
            self.build(map_shapes(tuple, config["input_shape"]))
        elif "shapes_dict" in config:
            shapes = {name: map_shapes(tuple, s) for name, s in config["shapes_dict"].items()}
            self.build(**shapes)

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """A new weight of this layer; Glorot uniform, or zeros for whole numbers, unless told.

        constraint: a projection of the new value, applied after each update. autocast, aggregation
        and overwrite_with_gradient are taken for Keras's sake.
        Raises ValueError for unknown names, and for a shape that is not a tuple.
        """
        self._require_init()
        dtype = np.dtype(dtype or self._dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.kind == "f" else "zeros"
        if isinstance(shape, int):
            raise ValueError(f"`shape` must be a tuple, such as ({shape},); got {shape}.")
        weight = Variable(
            initializers.get(initializer), tuple(shape or ()), dtype, trainable, name=name
        )
        with self._in_scope():
            weight.path = "/".join([*(layer.name for layer in _scope.get()), weight.name])
        weight.regularizer = regularizers.get(regularizer)
        weight.constraint = constraints.get(constraint)
        if not self._trainable:
            weight.trainable = False
        self._weights.append(weight)
        return weight

    add_variable = add_weight

    # -- calling --------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output as Tensors; as KerasTensors for KerasTensors.

        training: pass True or False to say so; otherwise the surrounding call's. mask: which
        positions count; otherwise the mask that the input carries.
        Raises ValueError where the input does not fit.
        """
        inputs: Any
        first = args[0] if args else next(iter(kwargs.values()), None)
        if len(args) == 1 and (
            first.array.dtype is self._dtype
            if isinstance(first, Tensor)
            else type(first) is list and self._are_ready(first)
        ):
            inputs = first
        else:
            if any_symbolic(args, kwargs):
                return self._symbolic_call(args, kwargs)
            args = tuple(map_structure(self._cast, arg) for arg in args)
            if not args:
                kwargs = {name: map_structure(self._cast, arg) for name, arg in kwargs.items()}
            inputs = args[0] if args else next(iter(kwargs.values()), None)
        if self.input_spec is not None:
            shape = inputs.array.shape if isinstance(inputs, Tensor) else None
            if shape is None or shape != self._accepted_shape:
                check_inputs(self.input_spec, inputs, self.name)
                self._accepted_shape = shape if self.built else None
        if adding_losses.get() is None:
            return self._outermost_call(inputs, args, kwargs)
        if not self._called:
            return self._first_call(inputs, args, kwargs)
        return self._run(inputs, args, kwargs)

    def _are_ready(self, inputs: list[Any]) -> bool:
        """Whether these are Tensors of the layer's dtype already."""
        return all(isinstance(x, Tensor) and x.array.dtype is self._dtype for x in inputs)

    def _outermost_call(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call from outside of any layer: the losses of the one before are forgotten."""
        for layer in self._added_losses:
            layer._losses = []
        self._added_losses = deque()
        token = adding_losses.set(self._added_losses)
        try:
            if not self._called:
                return self._first_call(inputs, args, kwargs)
            return self._run(inputs, args, kwargs)
        finally:
            adding_losses.reset(token)

    def _first_call(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._in_scope():
            if not self.built:
                self._build_for(args, kwargs)
            outputs = self._run(inputs, args, kwargs)
        self._called = True
        return outputs

    def _run(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        accepts = self._accepts
        training = kwargs.get("training")
        token = None
        if training is not None:
            token = _training.set(training)
            if "training" not in accepts:
                del kwargs["training"]
        elif "training" in accepts:
            training = _training.get()
            kwargs["training"] = accepts["training"] if training is None else training
        mask = kwargs.get("mask")
        if mask is None:
            if type(inputs) is Tensor:
                if inputs.notes is not None:
                    mask = inputs.mask
            elif type(inputs) in (list, tuple, dict):
                mask = masks_of(inputs)
            if mask is not None and "mask" in accepts and not _has_more_tensors(args, kwargs):
                kwargs["mask"] = mask
        if self._named_masks:
            self._add_named_masks(args, kwargs)
        try:
            outputs = self.call(*args, **kwargs)
        finally:
            if token is not None:
                _training.reset(token)
        if not isinstance(outputs, Tensor):
            outputs = map_structure(_as_tensor, outputs)
        if self.activity_regularizer is not None:
            for output in leaves(outputs):
                penalty = self.activity_regularizer(output)
                self._note_losses([penalty / output.shape[0] if output.ndim else penalty])
        if (
            self.supports_masking
            and (mask is not None or self._makes_masks)
            and not (isinstance(outputs, Tensor) and outputs.mask is not None)
        ):
            attach_masks(outputs, self.compute_mask(inputs, or_nones(mask, inputs)))
        return outputs

    @cached_property
    def _accepts(self) -> dict[str, Any]:
        """Which of `training` and `mask` the formula takes, with their defaults."""
        parameters = inspect.signature(self.call).parameters
        return {
            name: (
                False
                if parameters[name].default in (None, inspect.Parameter.empty)
                else parameters[name].default
            )
            for name in ("training", "mask")
            if name in parameters
        }

    @cached_property
    def _named_masks(self) -> list[str]:
        """Arguments `query` of the formula that come with a `query_mask`."""
        names = list(inspect.signature(self.call).parameters)
        return [name for name in names if f"{name}_mask" in names]

    def _add_named_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = inspect.signature(self.call).bind_partial(*args, **kwargs).arguments
        for name in self._named_masks:
            if given.get(f"{name}_mask") is None and name in given:
                kwargs[f"{name}_mask"] = masks_of(given[name])

    def _cast(self, value: Any) -> Any:
        """`value` as a Tensor; floats in the layer's dtype."""
        if value is None or isinstance(value, (bool, str)):
            return value
        if not isinstance(value, Tensor):
            value = tensor_of(
                value if hasattr(value, "__array_function__") else np.asarray(value), None
            )
        if not self.autocast or self._dtype.kind != "f":
            return value
        if value.dtype.kind not in "fiubc":
            raise ValueError(
                f"Layer '{self.name}' computes with numbers; got an input of dtype {value.dtype}."
            )
        if value.dtype.kind == "f" and value.dtype != self._dtype:
            notes = value.notes
            value = value.astype(self._dtype)
            value.notes = notes
        return value

    # -- building -------------------------------------------------------------------------------

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Create the weights for these inputs; those of sub-layers come with their first call."""
        if type(self).build is Layer.build:
            if any_symbolic(args, kwargs) and not all(x.built for x in self._flatten_layers()[1:]):
                self._inferred(args, kwargs)
            first = args[0] if args else next(iter(kwargs.values()), None)
            self._built_for = {"input_shape": self._shapes_of(first)}
            self.built = True
        else:
            self.build(**self._shape_arguments(self.build, args, kwargs))
            self.built = True

    def _shape_arguments(
        self, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """The shapes of the inputs, as `method` names them: one, or `…_shape` for each tensor."""
        wanted = list(inspect.signature(method).parameters)
        if len(wanted) == 1:
            first = args[0] if args else next(iter(kwargs.values()))
            return {wanted[0]: self._shapes_of(first)}
        given = inspect.signature(self.call).bind_partial(*args, **kwargs).arguments
        shapes = {
            f"{name}_shape": self._shapes_of(value)
            for name, value in given.items()
            if any(hasattr(leaf, "shape") for leaf in leaves(value))
        }
        return {name: shapes.get(name) for name in wanted}

    def _shapes_of(self, value: Any) -> Any:
        """The shapes in a nesting, with the batch size where a layer keeps states for it."""
        if any(getattr(layer, "stateful", False) for layer in self._flatten_layers()):
            return map_structure(lambda x: getattr(x, "shape", None), value)
        return batch_shapes(value)

    @contextmanager
    def _in_scope(self) -> Iterator[None]:
        """Weights created inside are named `…/this layer/weight`."""
        self._require_init()
        around = _scope.get()
        token = _scope.set(around if around and around[-1] is self else (*around, self))
        try:
            yield
        finally:
            _scope.reset(token)

    def _require_init(self) -> None:
        if "_weights" not in self.__dict__:
            raise RuntimeError(
                f"Layer {type(self).__name__}: call super().__init__() first in its __init__()."
            )

    # -- functional models ----------------------------------------------------------------------

    def _symbolic_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The KerasTensors that come out, with the call recorded as a Node."""
        self._require_init()
        if self.input_spec is not None:
            check_inputs(
                self.input_spec, args[0] if args else next(iter(kwargs.values())), self.name
            )
        with self._in_scope():
            if not self.built:
                self._build_for(args, kwargs)
                if self.input_spec is not None and args:
                    check_inputs(self.input_spec, args[0], self.name)
            known = {k: v for k, v in kwargs.items() if k != "training" or k in self._accepts}
            first = args[0] if args else next(iter(kwargs.values()), None)
            masks = map_structure(lambda x: getattr(x, "mask", None), first)
            masked = any(m is not None for m in leaves(masks))
            if masked and "mask" in self._accepts:
                known.setdefault("mask", masks)
            outputs = self.compute_output_spec(*args, **known)
        outputs = map_structure(copied, outputs)  # a layer that gives its input on makes a new one
        if self.supports_masking and (masked or self._makes_masks):
            attach_masks(outputs, inferred(self.compute_mask, (first, masks), {}))
        Node(self, args, kwargs, outputs)
        return outputs

    def _inferred(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            return Layer.__call__(self, *args, **{"training": False, **kwargs})

        built, outputs = self.built, inferred(run, args, kwargs)
        self._called = self._called and built
        for layer in self._flatten_layers():
            layer._losses = []
            layer._accepted_shape = None
        return outputs

    @property
    def input(self) -> Any:
        """The KerasTensors of the first symbolic call. Raises AttributeError before one."""
        node = self._first_node()
        structure = node.args[0] if node.args else next(iter(node.kwargs.values()), None)
        return node.outputs_struct if node.is_input else structure

    @property
    def output(self) -> Any:
        """What came out of the first symbolic call. Raises AttributeError before one."""
        return self._first_node().outputs_struct

    def _first_node(self) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"Layer '{self.name}' has no symbolic input and output: it is in no functional or "
                "Sequential model with a known input yet."
            )
        return self._inbound_nodes[0]

    # -- dtypes ---------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        return name_of(self._dtype)

    compute_dtype = variable_dtype = input_dtype = dtype

    @property
    def path(self) -> str:
        """The names of the layers around and of this one, once it has weights."""
        return self._weights[0].path.rsplit("/", 1)[0] if self._weights else self.name

    @property
    def metrics(self) -> list[Any]:
        """The metrics that this layer and those in it hold."""
        from numpynn.metrics import Metric

        return [metric for layer in self._flatten_layers() for metric in layer._held(Metric)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _naming(build: Callable[..., None]) -> Callable[..., None]:
    """`build` with its weights named after the layer, which is `built` afterwards."""
    signature = inspect.signature(build)

    @wraps(build)
    def named(self: Layer, *args: Any, **kwargs: Any) -> None:
        with self._in_scope():
            build(self, *args, **kwargs)
        self.built = True
        self._built_for = dict(list(signature.bind(self, *args, **kwargs).arguments.items())[1:])

    return named


def _has_more_tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether several arguments hold tensors; in Keras, `mask` is none of theirs then."""
    if len(args) < 2 and len(kwargs) < 2:
        return False
    given = [leaves(value) for value in [*args, *kwargs.values()]]
    return sum(any(isinstance(x, (Tensor, np.ndarray)) for x in part) for part in given) > 1


def _as_tensor(value: Any) -> Any:
    if value is None or isinstance(value, Tensor):
        return value
    return tensor_of(value if hasattr(value, "dtype") else np.asarray(value), None)
