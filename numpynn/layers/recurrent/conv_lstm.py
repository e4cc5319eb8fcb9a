"""Long short-term memory whose states are images: convolutions instead of matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from numpynn import initializers, regularizers
from numpynn.autograd.structure import leaves
from numpynn.layers.base import InputSpec
from numpynn.layers.recurrent.cell import WeightedCell
from numpynn.layers.recurrent.layer import of_cell
from numpynn.layers.recurrent.rnn import RNN
from numpynn.ops.nn.convolution import conv
from numpynn.ops.nn.convolution.window import padding_name, window
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.variables import Variable


class ConvLSTMCell(WeightedCell):
    """One step of long short-term memory over images, ∗ a convolution:

        i = σ(x ∗ Wᵢ + h ∗ Rᵢ + bᵢ)       f = σ(x ∗ W_f + h ∗ R_f + b_f)
        g = φ(x ∗ W_g + h ∗ R_g + b_g)    o = σ(x ∗ Wₒ + h ∗ Rₒ + bₒ)

        c' = f c + i g            h' = o φ(c')

    x (B, L…, C)   h, c (B, N…, F)   kernel W (k…, C, 4F), recurrent_kernel R (k…, F, 4F), bias b
    (4F,): in the order i, f, g, o   rank: the number of spatial axes

    strides, padding and dilation_rate are those of x ∗ W, which makes N out of L; h ∗ R keeps N.
    `settings` holds the other arguments, those of ConvLSTM.
    """

    blocks = 4

    def __init__(self, rank: int, settings: dict[str, Any], **kwargs: Any) -> None:
        weights = {
            f"{kind}_{part}": settings[f"{kind}_{part}"]
            for part in ("initializer", "regularizer", "constraint")
            for kind in ("kernel", "recurrent", "bias")
        }
        functions = ("activation", "recurrent_activation")
        super().__init__(
            arguments.whole_number(settings["filters"], "filters"),
            {name: settings[name] for name in functions},
            settings["use_bias"],
            weights,
            settings["dropout"],
            settings["recurrent_dropout"],
            settings["seed"],
            **kwargs,
        )
        self.rank = rank
        self.filters = self.units
        self.kernel_size = arguments.whole_numbers(settings["kernel_size"], rank, "kernel_size")
        self.strides = arguments.whole_numbers(settings["strides"], rank, "strides")
        self.padding = padding_name(settings["padding"], causal=False)
        self.data_format = arguments.data_format(settings["data_format"])
        self.dilation_rate = arguments.whole_numbers(
            settings["dilation_rate"], rank, "dilation_rate"
        )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "A ConvLSTM takes `strides` over 1 or a `dilation_rate` over 1, not both; got "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}."
            )
        self.unit_forget_bias = settings["unit_forget_bias"]
        self.dropout_mask_count = 4
        self.input_spec = InputSpec(ndim=rank + 2)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def build(self, input_shape: Any) -> None:
        if None in input_shape[1:]:
            raise ValueError(
                "A ConvLSTM needs to know the spatial sizes and the channels of its input; got the "
                f"shape {tuple(input_shape)} of a step."
            )
        self._step_shape = tuple(input_shape[1:])
        columns = 4 * self.filters
        channels = input_shape[self._channel_axis]
        self.kernel = self.add_of_kind("kernel", "kernel", (*self.kernel_size, channels, columns))
        self.recurrent_kernel = self.add_of_kind(
            "recurrent", "recurrent_kernel", (*self.kernel_size, self.filters, columns)
        )
        self.bias = self.add_bias() if self.use_bias else None
        self.input_spec = InputSpec(shape=(None, *self._step_shape))

    def add_bias(self) -> Variable:
        if not self.unit_forget_bias:
            return super().add_bias()

        def ones_for_f(shape: tuple[int, ...], dtype: Any = None) -> Array:
            begin, ones, n = self.bias_initializer, initializers.Ones(), self.filters
            return np.concatenate([begin((n,), dtype), ones((n,), dtype), begin((2 * n,), dtype)])

        return self.add_of_kind("bias", "bias", (4 * self.filters,), ones_for_f)

    def call(self, inputs: Array, states: Any, training: bool = False) -> Any:
        h, c = states
        dropped = training and self.drops(self.dropout)
        masks = self.get_dropout_mask(inputs) if dropped else None
        of_x = self._convolved(
            inputs, self.kernel, masks, self.strides, self.padding, self.dilation_rate
        )
        of_h = self._convolved(h, self.recurrent_kernel, self.state_masks(h, training))
        sums = of_x + of_h
        if self.bias is not None:
            sums = sums + np.reshape(self.bias, self._bias_shape)
        i, f, g, o = np.split(sums, 4, axis=self._channel_axis)
        sigma, phi = self.recurrent_activation, self.activation
        c = sigma(f) * c + sigma(i) * phi(g)
        h = sigma(o) * phi(c)
        return h, [h, c]

    @property
    def _bias_shape(self) -> tuple[int, ...]:
        behind = 0 if self.data_format == "channels_last" else self.rank
        return (4 * self.filters, *(1,) * behind)

    def _convolved(
        self,
        values: Array,
        kernel: Array,
        masks: Any,
        strides: Any = 1,
        padding: str = "same",
        dilation_rate: Any = 1,
    ) -> Array:
        """values ∗ kernel, where each block has dropout of its own if there are masks."""
        rest = (strides, padding, self.data_format, dilation_rate)
        if masks is None:
            return conv(values, kernel, *rest)
        pairs = zip(masks, np.split(kernel, 4, axis=-1), strict=True)
        blocks = [conv(values * mask, block, *rest) for mask, block in pairs]
        return np.concatenate(blocks, axis=self._channel_axis)

    def new_shape(self, step_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The shape of the states of one sample, for the shape of one step."""
        lengths = step_shape[:-1] if self.data_format == "channels_last" else step_shape[1:]
        how = (self.kernel_size, self.strides, self.padding, self.dilation_rate)
        found = window(lengths, *how).positions
        if self.data_format == "channels_last":
            return (*found, self.filters)
        return (self.filters, *found)

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        shape = (input_shape[0], *self.new_shape(input_shape[1:]))
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: int | None = None) -> list[Array]:
        shape = (batch_size or 0, *self.new_shape(self._step_shape))
        return [np.zeros(shape, self._dtype), np.zeros(shape, self._dtype)]

    def settings(self) -> dict[str, Any]:
        found = super().settings()
        del found["units"]
        names = "filters kernel_size strides padding data_format dilation_rate unit_forget_bias"
        return {**found, **{name: getattr(self, name) for name in names.split()}}


class ConvLSTM(RNN):
    """A ConvLSTMCell along a sequence of images.

    x (B, T, L…, C)   y (B, T, N…, F) with return_sequences, else (B, N…, F)
    the states h, c (B, N…, F); with data_format="channels_first" the channels stand before L and N

    What can be asked of it is said at RNN. dropout: of the inputs, recurrent_dropout: of the state
    h; a mask for each gate, the same for all steps.
    Raises ValueError where spatial sizes or channels are unknown, and for what a convolution
    refuses. Source: Shi et al. 2015, arXiv:1506.04214, without peepholes; Keras `ConvLSTM`.
    """

    cell: Any
    rank: ClassVar[int]

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    activation = of_cell("activation")
    recurrent_activation = of_cell("recurrent_activation")
    use_bias = of_cell("use_bias")
    unit_forget_bias = of_cell("unit_forget_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        settings = {
            "filters": filters,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "data_format": data_format,
            "dilation_rate": dilation_rate,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
            "kernel_initializer": kernel_initializer,
            "recurrent_initializer": recurrent_initializer,
            "bias_initializer": bias_initializer,
            "unit_forget_bias": unit_forget_bias,
            "kernel_regularizer": kernel_regularizer,
            "recurrent_regularizer": recurrent_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "recurrent_constraint": recurrent_constraint,
            "bias_constraint": bias_constraint,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "seed": seed,
        }
        super().__init__(
            ConvLSTMCell(self.rank, settings, name="conv_lstm_cell", dtype=kwargs.get("dtype")),
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch_size, steps, *step = sequences_shape
        new = self.cell.new_shape(tuple(step))
        shape = (batch_size, steps, *new) if self.return_sequences else (batch_size, *new)
        return (shape, (batch_size, *new), (batch_size, *new)) if self.return_state else shape

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = leaves(mask)[0] if self.return_sequences else None
        return [mask, None, None] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        penalty = regularizers.serialize(self.activity_regularizer)
        return {**config, **self.cell.settings(), "activity_regularizer": penalty}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> RNN:
        return cls(**config)


class ConvLSTM1D(ConvLSTM):
    """Long short-term memory over sequences of rows:  x (B, T, L, C), the rest as ConvLSTM."""

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Long short-term memory over films:  x (B, T, H, W, C), the rest as ConvLSTM."""

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Long short-term memory over sequences of volumes:  x (B, T, D1, D2, D3, C), as ConvLSTM."""

    rank = 3
