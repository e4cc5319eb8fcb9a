"""The layers that every network has: Input, Dense, Activation, Flatten, Reshape, Dropout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import activations, config, constraints, initializers, ops, random, regularizers
from numpynn.autograd import primitive
from numpynn.layers.base import InputSpec, Layer
from numpynn.parallel import matmul
from numpynn.symbolic import KerasTensor, Node
from numpynn.typing import Array


class InputLayer(Layer):
    """Where data enter a model: checks their shape, changes nothing.

    optional: the model may be given None here. sparse and ragged inputs are not supported.
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        if sparse or ragged:
            raise ValueError(
                f"InputLayer '{self.name}': sparse and ragged inputs are not supported."
            )
        if input_tensor is not None:
            batch_shape, self._dtype = input_tensor.shape, input_tensor.dtype
        elif (shape is None) == (batch_shape is None):
            raise ValueError(
                "InputLayer needs either `shape`, without the batch size, or `batch_shape`."
            )
        elif batch_shape is not None and batch_size is not None:
            raise ValueError("Give `batch_size`, or `batch_shape` which holds it, not both.")
        elif shape is not None:
            if isinstance(shape, int):
                raise ValueError(f"`shape` must be a tuple, such as ({shape},); got {shape}.")
            batch_shape = (batch_size, *shape)
        self.batch_shape: tuple[int | None, ...] = tuple(batch_shape or ())
        self.optional = optional
        self.input_spec = InputSpec(shape=self.batch_shape)
        self.supports_masking = True
        self.built = True
        tensor = input_tensor
        if tensor is None:
            tensor = KerasTensor(self.batch_shape, self._dtype, self.name)
        Node(self, (), {}, tensor)

    def call(self, inputs: Array) -> Array:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.batch_shape

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> Any:
    """Where data enter a model: a KerasTensor.

    shape: of one sample, None for sizes that vary; or batch_shape, with the batch size first.
    Raises ValueError unless exactly one of the two is given.
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    return layer.output


def _affine_plain(x: Array, kernel: Array, bias: Array) -> Array:
    return np.matmul(x, kernel) + bias


@primitive(plain=_affine_plain)
def affine(x: Array, kernel: Array, bias: Array) -> Any:
    """x W + b with one flat matrix product for all leading axes, and the bias added in place.

    x (..., d)   W (d, u)   b (u,)   y (..., u)
    """
    flat = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
    y = matmul(flat, kernel)
    y += bias

    def rows(g: Array) -> Array:
        return g if g.ndim == 2 else g.reshape(-1, g.shape[-1])

    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], -1), (
        lambda g: matmul(rows(g), kernel.T).reshape(x.shape),
        lambda g: matmul(flat.T, rows(g)),
        lambda g: np.add.reduce(rows(g)),
    )


class Dense(Layer):
    """Every output sees every input:  y = f(x W + b).

    x (..., d)   W (d, units)   b (units,)   y (..., units)
    Raises ValueError for the arguments of LoRA and quantisation, which are Keras's but not ours.
    Source: Rosenblatt 1958; Keras `Dense`.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        refuse_adapters(self, lora_rank, lora_alpha, quantization_config)
        if not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"`units` of Dense must be a positive whole number; got {units!r}.")
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"Dense layer '{self.name}' needs to know its input's last size; got {input_shape}."
            )
        self.kernel = self.add_weight(
            (features, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self.built = True

    def call(self, inputs: Array, training: Any = None) -> Array:
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self._dtype)
        if self.bias is None:
            return self.activation(np.matmul(inputs, self.kernel))
        return self.activation(affine(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }


def refuse_adapters(layer: Layer, lora_rank: Any, lora_alpha: Any, quantization: Any) -> None:
    """Raise ValueError where a layer is asked for LoRA or quantised weights."""
    if lora_rank is not None or lora_alpha is not None or quantization is not None:
        raise ValueError(
            f"Layer '{layer.name}': LoRA and quantisation are not supported; leave `lora_rank`, "
            "`lora_alpha` and `quantization_config` None."
        )


class Activation(Layer):
    """A function of every value:  y = f(x)."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array) -> Array:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Softmax(Layer):
    """Probabilities along an axis:  y_i = exp(x_i) / Σ_j exp(x_j).

    axis: one or several. mask: positions that are False (or at most 0.5) get no probability.
    Raises ValueError for a mask that does not broadcast to the input.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Array, mask: Array | None = None) -> Array:
        if mask is None:
            return self._normalized(inputs)
        kept = np.asarray(mask)
        if np.broadcast_shapes(kept.shape, inputs.shape) != inputs.shape:
            raise ValueError(
                f"The mask of Softmax layer '{self.name}' must broadcast to its input's shape "
                f"{inputs.shape}; got {kept.shape}."
            )
        kept = kept if kept.dtype == bool else kept > 0.5
        lowest = -3e4 if inputs.dtype == "float16" else -1e9
        probabilities = self._normalized(np.where(kept, inputs, lowest))
        return np.where(kept, probabilities, 0.0)  # where all are masked, all are 0

    def _normalized(self, scores: Array) -> Array:
        if isinstance(self.axis, int):
            return activations.softmax(scores, axis=self.axis)
        if len(self.axis) == 1:
            return activations.softmax(scores, axis=self.axis[0])
        return ops.softmax(scores, axis=tuple(self.axis))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Flatten(Layer):
    """Each sample as one vector: (B, …) becomes (B, product of the rest); (B,) becomes (B, 1).

    data_format: with "channels_first" the channels go last before they are joined.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or config.image_data_format()
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f"`data_format` must be 'channels_last' or 'channels_first'; got {data_format!r}."
            )
        self.built = True

    def call(self, inputs: Array) -> Array:
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = np.moveaxis(inputs, 1, -1)
        return np.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Each sample in another shape; one size may be -1, and follows from the others.

    Raises ValueError where the number of values differs.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (
            (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        )
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Only one size of `target_shape` may be -1; got {self.target_shape}.")
        self.built = True

    def call(self, inputs: Array) -> Array:
        return np.reshape(inputs, (inputs.shape[0], *self._target(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *self._target(input_shape[1:]))

    def _target(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        if any(n is None for n in shape):
            return tuple(None if n == -1 else n for n in self.target_shape)
        have = math.prod(n for n in shape if n is not None)
        known = math.prod(n for n in self.target_shape if n != -1)
        fits = have % known == 0 if -1 in self.target_shape and known else have == known
        if not fits:
            raise ValueError(
                f"Reshape layer '{self.name}' cannot make {self.target_shape} of samples of shape "
                f"{tuple(shape)}: {have} values."
            )
        return tuple(have // known if n == -1 else n for n in self.target_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Dropout(Layer):
    """In training, set a share `rate` of the values to 0 and scale the rest by 1/(1 - rate).

    Otherwise the identity. noise_shape: axes of length 1 share their mask. seed: of the masks.
    Raises ValueError for a rate outside 0 … 1, and for such axes. Source: Srivastava et al. 2014.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"`rate` of Dropout must be a number from 0 to 1; got {rate!r}.")
        if not all(n is None or (isinstance(n, int) and n > 0) for n in noise_shape or ()):
            raise ValueError(
                "`noise_shape` of Dropout must hold positive whole numbers, or None for an axis of "
                f"the input's length; got {noise_shape!r}."
            )
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.supports_masking = True
        if rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Array, training: bool = False) -> Array:
        if not training or self.rate == 0:
            return inputs
        return inputs * self.keep_mask(inputs)

    def keep_mask(self, inputs: Array) -> Array:
        """What the values are multiplied with: 0 or 1/(1 - rate)."""
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(
                n if m is None else m for n, m in zip(shape, self.noise_shape, strict=True)
            )
        return random.keep_mask(shape, self.rate, inputs.dtype, self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": self.noise_shape,
        }
