"""Group normalisation: the channels of each sample in groups, each with its mean and variance."""

from __future__ import annotations

from typing import Any

from numpynn.layers.input_spec import InputSpec
from numpynn.layers.normalization.fused import group_norm
from numpynn.layers.normalization.scaled import ScaledNormalization, known_sizes, require_axes
from numpynn.ops.dtypes import at_least_single, in_dtype
from numpynn.typing import Array


class GroupNormalization(ScaledNormalization):
    """y = γ (x - mean) / √(variance + ε) + β, with γ and β for each channel.

    Mean and variance are those of a sample's group of C/groups neighbouring channels, all positions
    together. groups: 1 takes all channels together, -1 each for itself (instance normalisation).
    x (B, …, C)   γ, β (C,)   y as x
    Raises ValueError where the groups are not of one size, or the number of channels is unknown.
    Source: Wu and He 2018, arXiv:1803.08494.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(
                f"`groups` must be a positive whole number, or -1: one a channel; got {groups!r}."
            )
        super().__init__(
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.autocast = False  # float64 data are reduced in float64, then rounded

    def build(self, input_shape: Any) -> None:
        (channels,) = known_sizes(self.axis, input_shape, self.name)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}' cannot divide the {channels} channels of its input into "
                f"{self.groups} groups of one size."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        if self.scale:
            self.gamma = self.add_gamma((channels,))
        if self.center:
            self.beta = self.add_beta((channels,))

    def call(self, inputs: Array) -> Array:
        x = at_least_single(inputs)  # sums of float16 overflow
        gamma, beta = self.gamma_and_beta(x, (x.shape[self.axis],))
        y = group_norm(x, gamma, beta, self.groups, self.axis, self.epsilon)
        return in_dtype(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        require_axes(self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
        }
