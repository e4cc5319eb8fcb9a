"""Layer: what every layer is. Configuration, weights, formula.

    __init__    the configuration
    build       the weights, once the input's shape is known
    call        the formula, in plain NumPy
    get_config  the configuration again, to make an equal layer

`layer(x)` casts `x` to the layer's dtype, builds on the first call, and passes on what only the
outermost caller knows: whether this is training, and which time steps are masked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, wraps
from typing import Any

import numpy as np

from numpynn import config, constraints, initializers, regularizers
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tape import no_grad
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.variables import Variable

_training: ContextVar[bool | None] = ContextVar("numpynn_training", default=None)
_scope: ContextVar[tuple[Layer, ...]] = ContextVar("numpynn_scope", default=())


class InputSpec:
    """What a layer expects of its input: rank, shape, sizes of some axes.

    ndim, min_ndim, max_ndim: ranks, the batch included. axes: {axis: size}. shape: None is any.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}

    def check(self, shape: Sequence[int | None], name: str) -> None:
        """Raise ValueError, with expectation, finding and layer, where `shape` does not fit."""
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim:
            self._refuse(name, f"an input of rank {self.ndim}", shape)
        if self.min_ndim is not None and ndim < self.min_ndim:
            self._refuse(name, f"an input of rank {self.min_ndim} or more", shape)
        if self.max_ndim is not None and ndim > self.max_ndim:
            self._refuse(name, f"an input of rank {self.max_ndim} or less", shape)
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                self._refuse(name, f"size {size} along axis {axis}", shape)
        for wanted, found in zip(self.shape or (), shape, strict=False):
            if wanted is not None and found is not None and wanted != found:
                self._refuse(name, f"shape {self.shape}", shape)

    @staticmethod
    def _refuse(name: str, expected: str, shape: Sequence[int | None]) -> None:
        raise ValueError(
            f"Layer '{name}' expects {expected}; got an input of shape {tuple(shape)}."
        )


class Layer:
    """Base class of all layers, Keras's protocol.

    name: unique, numbered automatically. dtype: of weights and computation, the config's float type
    unless given. trainable: whether training changes the weights. activity_regularizer: a penalty
    on the output, divided by the batch size.
    """

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
        if not isinstance(self.name, str):
            raise ValueError(f"`name` must be a string; got {self.name!r}.")
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self._dtype = np.dtype(getattr(dtype, "name", dtype) or config.floatx())
        self.built = False
        self.supports_masking = self._makes_masks
        self.input_spec: InputSpec | None = None
        if input_dim is not None:
            input_shape = (input_dim,)
        self._given_input_shape = None if input_shape is None else tuple(input_shape)
        self._called = False
        self._accepted_shape: tuple[int, ...] | None = None  # checked before

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _naming(cls.build)  # type: ignore[method-assign]
        cls._makes_masks = cls.compute_mask is not Layer.compute_mask

    _makes_masks = False  # whether a subclass has its own `compute_mask`

    # -- for subclasses -------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the weights. `input_shape` holds None for sizes that may vary."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The formula."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not implement `call()`.")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; by default the input's."""
        return previous_mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape, found by running `call` on two sizes of each unknown axis."""
        return _shape_by_trial(self, tuple(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        found: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
        }
        if self.activity_regularizer is not None:
            found["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        return cls(**config)

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new weight of this layer; Glorot uniform, or zeros for whole numbers, unless told.

        constraint: a projection of the new value, applied after each update.
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

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss of the current step: a number, or several to be summed."""
        self._losses.extend(term if np.shape(term) == () else np.sum(term) for term in leaves(loss))

    # -- calling --------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output as Tensors.

        training: pass True or False to say so; otherwise the surrounding call's. mask: which
        positions count; otherwise the mask that the input carries.
        Raises ValueError where the input does not fit.
        """
        inputs: Any
        first = args[0] if args else next(iter(kwargs.values()), None)
        if len(args) == 1 and isinstance(first, Tensor) and first.array.dtype is self._dtype:
            inputs = first
        else:
            args = tuple(map_structure(self._cast, arg) for arg in args)
            inputs = args[0] if args else first
        if self.input_spec is not None and isinstance(inputs, Tensor):
            shape = inputs.array.shape
            if shape != self._accepted_shape:
                self.input_spec.check(shape, self.name)
                self._accepted_shape = shape if self.built else None
        if not self._called:
            return self._first_call(inputs, args, kwargs)
        return self._run(inputs, args, kwargs)

    def _first_call(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._in_scope():
            if not self.built:
                self._build_for(map_structure(np.shape, inputs))
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
        if mask is None and type(inputs) is Tensor and inputs.notes is not None:
            mask = inputs.mask
            if mask is not None and "mask" in accepts:
                kwargs["mask"] = mask
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
                self._losses.append(penalty / output.shape[0] if output.ndim else penalty)
        if self.supports_masking and (mask is not None or self._makes_masks):
            _attach_masks(outputs, self.compute_mask(inputs, mask))
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

    def _build_for(self, input_shape: Any) -> None:
        shapes = map_structure(lambda n: n, input_shape)
        if isinstance(shapes, tuple) and shapes and not isinstance(shapes[0], tuple):
            shapes = (None, *shapes[1:])
        self.build(shapes)
        self.built = True

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

    # -- what it holds --------------------------------------------------------------------------

    def _held(self, kind: type) -> list[Any]:
        """The objects of a kind among the attributes, in lists, tuples and dicts too."""
        found: dict[int, Any] = {}
        for value in self.__dict__.values():
            if isinstance(value, (kind, list, tuple, dict)):
                for item in leaves(value):
                    if isinstance(item, kind):
                        found.setdefault(id(item), item)
        return list(found.values())

    def _flatten_layers(self) -> list[Layer]:
        """This layer and all layers in it, each once, outermost first."""
        found: dict[int, Layer] = {}
        stack: list[Layer] = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in found:
                found[id(layer)] = layer
                stack.extend(reversed(layer._sublayers()))
        return list(found.values())

    def _sublayers(self) -> list[Layer]:
        return self._held(Layer)

    @property
    def weights(self) -> list[Variable]:
        """All weights, each once: this layer's own (the trainable first), then its sub-layers'."""
        found: dict[int, Variable] = {}
        for layer in self._flatten_layers():
            own = layer._held(Variable)
            for weight in [w for w in own if w.trainable] + [w for w in own if not w.trainable]:
                found.setdefault(id(weight), weight)
        return list(found.values())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [w for w in self.weights if w.trainable] if self._trainable else []

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [w for w in self.weights if not (w.trainable and self._trainable)]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it reaches all sub-layers.

        Weights that were made untrainable, such as counters and running means, stay so.
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for weight in layer._held(Variable):
                weight.trainable = bool(value) and weight.learnable

    @property
    def losses(self) -> list[Any]:
        """The extra terms of the current step's loss: `add_loss`, activity and weight penalties."""
        layers = self._flatten_layers()
        terms = [term for layer in layers for term in layer._losses]
        return terms + [
            w.regularizer(w) for w in self.trainable_weights if w.regularizer is not None
        ]

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Set all weights. Raises ValueError, changing none, where count or shapes differ."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"Layer '{self.name}' has {len(own)} weights; set_weights() got {len(weights)}."
            )
        for weight, value in zip(own, weights, strict=True):
            if weight.shape != np.shape(value):
                raise ValueError(
                    f"Weight '{weight.path}' of layer '{self.name}' has shape {weight.shape}; "
                    f"set_weights() got {np.shape(value)}."
                )
        for weight, value in zip(own, weights, strict=True):
            weight.assign(value)

    def count_params(self) -> int:
        """How many numbers the weights hold. Raises ValueError before the layer is built."""
        if not self.built:
            raise ValueError(f"Layer '{self.name}' has no weights before it is built.")
        return sum(w.size for w in self.weights)

    @property
    def dtype(self) -> str:
        return self._dtype.name

    compute_dtype = variable_dtype = dtype

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _naming(build: Callable[..., None]) -> Callable[..., None]:
    """`build` with its weights named after the layer, which is `built` afterwards."""

    @wraps(build)
    def named(self: Layer, *args: Any, **kwargs: Any) -> None:
        with self._in_scope():
            build(self, *args, **kwargs)
        self.built = True

    return named


def _as_tensor(value: Any) -> Any:
    if value is None or isinstance(value, Tensor):
        return value
    return tensor_of(value if hasattr(value, "dtype") else np.asarray(value), None)


def _attach_masks(outputs: Any, masks: Any) -> None:
    outputs = leaves(outputs)
    masks = leaves(masks) if isinstance(masks, (list, tuple)) else [masks] * len(outputs)
    for output, mask in zip(outputs, masks, strict=True):
        if mask is not None and output.mask is None:
            output.mask = mask


def _shape_by_trial(layer: Layer, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Run `call` on zeros, with 2 and with 3 for every unknown size: what differs is unknown."""

    def run(size: int) -> tuple[int, ...]:
        shape = tuple(size if n is None else n for n in input_shape)
        with no_grad():
            return np.shape(layer(np.zeros(shape, layer.dtype), training=False))

    first, second = run(2), run(3)
    layer._losses.clear()
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))
