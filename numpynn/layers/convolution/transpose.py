"""Transposed convolutions: from something of the shape of a convolution's output to its input's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpynn.layers.convolution.base import Convolution
from numpynn.ops.nn.convolution import conv_transpose
from numpynn.ops.nn.convolution.window import transposed_window
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.utils.signatures import varied


class ConvTranspose(Convolution):
    """Every place of the input stamps the kernel onto the output, s places apart; any rank.

        y[i, f] = g(Σ x[n, c] K[j, f, c] over all n, j with n s + j d = i,  + b[f])

    x (B, N…, C)   K (k…, F, C)   b (F,)   y (B, L…, F)

    This is the adjoint of the convolution with the same kernel, <conv(y), x> = <y, transposed(x)>,
    and its gradient. With k' = (k - 1) d + 1 and p = output_padding

        valid     L = (N - 1) s + k' + p,           p = max(s - k', 0) where it is None
        same      L = (N - 1) s + (k' mod 2) + p,   L = N s where it is None

    Raises ValueError for an output_padding that is not below the stride of its axis.
    Source: Zeiler et al. 2010, Deconvolutional networks.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            {
                "kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = arguments.whole_number(filters, "filters")
        self.output_padding: tuple[int, ...] | None = None
        if output_padding is not None:
            self.output_padding = arguments.whole_numbers(
                output_padding, self.rank, "output_padding", least=0
            )
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"`output_padding` of {type(self).__name__} must be below `strides` on each "
                    f"axis; got output_padding={self.output_padding} and strides={self.strides}."
                )

    def add_kernels(self, channels: int) -> None:
        self.kernel = self.add_of_kind(
            "kernel", "kernel", (*self.kernel_size, self.filters, channels)
        )

    def output_channels(self, channels: int) -> int:
        return self.filters

    def new_length(self, length: int, axis: int) -> int:
        extra = self.output_padding
        undone = transposed_window(
            (length,),
            (self.kernel_size[axis],),
            self.strides[axis],
            self.padding,
            None if extra is None else extra[axis],
            self.dilation_rate[axis],
        )
        return undone.lengths[0]

    def call(self, inputs: Array) -> Array:
        outputs = conv_transpose(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            self.output_padding,
            self.data_format,
            self.dilation_rate,
        )
        return self.activation(self.with_bias(outputs))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "output_padding": self.output_padding,
        }


class Conv1DTranspose(ConvTranspose):
    """Longer sequences: each time step stamps the kernel onto the output.

    x (B, T, C)   K (k, F, C)   b (F,)   y (B, L, F)

    With k' = (k - 1) d + 1, L = (T - 1) s + max(k', s) for padding "valid", T s for "same"; for the
    formulas, output_padding and the other arguments see `ConvTranspose`.
    """

    rank = 1


class Conv2DTranspose(ConvTranspose):
    """Larger images: each pixel stamps the kernel onto the output.

    x (B, H, W, C)   K (k, k, F, C)   b (F,)   y (B, L, M, F)

    With k' = (k - 1) d + 1, L = (H - 1) s + max(k', s) for padding "valid" and H s for "same"; M
    likewise. For the formulas, output_padding and the other arguments see `ConvTranspose`.
    """

    rank = 2
    __init__ = varied(ConvTranspose.__init__, strides=(1, 1), dilation_rate=(1, 1))


class Conv3DTranspose(ConvTranspose):
    """Larger volumes: Conv2DTranspose with one more axis.

    x (B, N1, N2, N3, C)   K (k1, k2, k3, F, C)   b (F,)   y (B, L1, L2, L3, F)

    In Keras's order of the arguments, data_format comes before output_padding here.
    """

    rank = 3
    __init__ = varied(
        ConvTranspose.__init__,
        order=("data_format", "output_padding"),
        strides=(1, 1, 1),
        dilation_rate=(1, 1, 1),
    )
