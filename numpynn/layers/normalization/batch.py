"""Batch normalisation: each feature with the mean and variance that it has in the batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numpynn import config, initializers, ops
from numpynn.autograd import stop_gradient
from numpynn.layers.input_spec import InputSpec
from numpynn.layers.normalization.fused import batch_norm
from numpynn.layers.normalization.scaled import ScaledNormalization, known_sizes, require_axes
from numpynn.ops.dtypes import at_least_single, in_dtype
from numpynn.typing import Array
from numpynn.variables import Variable


class BatchNormalization(ScaledNormalization):
    """y = γ (x - mean) / √(variance + ε) + β, with one mean and variance for each place on `axis`.

    In training they are the batch's, over all other axes, and move the averages that serve
    afterwards (the variance biased, Σ(x - mean)²/N):

        moving = momentum · moving + (1 - momentum) · batch's

    `trainable = False` means more here than elsewhere: the averages serve in training too.
    mask (B, …): positions of x (B, …, C) that count for mean and variance; all are normalised.
    synchronized: over replicas on several devices; here is one, so it changes nothing.

    renorm: batch renormalisation. The batch's values are corrected towards averages of their own,

        x̂ r + d       r = σ / moving σ       d = (mean - moving mean) / moving σ

    both without gradient, and clipped as `renorm_clipping` {"rmin", "rmax", "dmax"} says. These
    averages move with `renorm_momentum`.
    Raises ValueError for unknown or contradictory clipping, for a mask of another rank, and where
    the size of `axis` is unknown.
    Sources: Ioffe and Szegedy 2015, arXiv:1502.03167; Ioffe 2017, arXiv:1702.03275.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
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
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = synchronized
        self.renorm = renorm
        self.renorm_clipping = _checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum

    def build(self, input_shape: Any) -> None:
        shape = known_sizes(self.axis, input_shape, self.name)
        if self.scale:
            self.gamma = self.add_gamma(shape)
        if self.center:
            self.beta = self.add_beta(shape)
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        self.moving_mean = self._average("moving_mean", mean, shape)
        self.moving_variance = self._average("moving_variance", variance, shape)
        if self.renorm:

            def deviation(shape: Any, dtype: Any = None) -> Array:
                return np.sqrt(variance(shape, dtype))

            self.moving_stddev = self._average("moving_stddev", deviation, shape)
            self.renorm_mean = self._average("renorm_mean", mean, shape)
            self.renorm_stddev = self._average("renorm_stddev", deviation, shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def _average(self, name: str, initializer: Any, shape: tuple[int, ...]) -> Variable:
        return self.add_weight(shape, initializer, trainable=False, name=name)

    def call(self, inputs: Array, training: bool = False, mask: Array | None = None) -> Array:
        if mask is not None and np.ndim(mask) != inputs.ndim - 1:
            raise ValueError(
                f"The mask of layer '{self.name}' must have one axis fewer than its input, which "
                f"has shape {inputs.shape}; got a mask of shape {np.shape(mask)}."
            )
        x = at_least_single(inputs)  # sums of float16 overflow
        if not (training and self.trainable):
            y = self._normalized(x, self.moving_mean, self.moving_variance)
        elif self.renorm:
            y = self._renormalized(x, mask)
        elif mask is not None:
            mean, variance = self._masked_moments(x, mask)
            self._track(mean, variance)
            y = self._normalized(x, mean, variance)
        else:
            gamma, beta = self.gamma_and_beta(x, self.moving_mean.shape)
            y = batch_norm(x, gamma, beta, self.axis, self.epsilon, observe=self._track)
        return in_dtype(y, self.compute_dtype)

    def _normalized(self, x: Array, mean: Array, variance: Array) -> Array:
        return ops.batch_normalization(
            x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon
        )

    def _track(self, mean: Array, variance: Array) -> None:
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_variance, variance, self.momentum)

    def _masked_moments(self, x: Array, mask: Array) -> tuple[Array, Array]:
        """Mean and variance over the positions that count."""
        kept = np.broadcast_to(np.asarray(mask)[..., np.newaxis].astype(bool), x.shape)
        axes = tuple(a for a in range(x.ndim) if a != self.axis % x.ndim)
        count = np.sum(kept, axis=axes, keepdims=True, dtype=x.dtype) + config.epsilon()
        mean = np.sum(np.where(kept, x, 0.0), axis=axes, keepdims=True) / count
        squares = np.square(np.where(kept, x - mean, 0.0))
        variance = np.sum(squares, axis=axes, keepdims=True) / count
        return np.reshape(mean, (-1,)), np.reshape(variance, (-1,))

    # -- batch renormalisation ------------------------------------------------------------------

    def _renormalized(self, x: Array, mask: Array | None) -> Array:
        if mask is None:
            axes = [a for a in range(x.ndim) if a != self.axis % x.ndim]
            mean, variance = ops.moments(x, axes)
        else:
            mean, variance = self._masked_moments(x, mask)
        r, d = self._corrections(stop_gradient(mean), stop_gradient(variance))
        gamma, beta = self.gamma_and_beta(x, self.moving_mean.shape)
        return ops.batch_normalization(
            x, mean, variance, self.axis, d * gamma + beta, r * gamma, self.epsilon
        )

    def _corrections(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        """r and d, (C,), from the averages so far; then these move."""
        limits = self.renorm_clipping or {}
        deviation = np.sqrt(variance + self.epsilon)
        floor = math.sqrt(self.epsilon)  # the averages may begin at 0
        moving = np.maximum(in_dtype(self.renorm_stddev, mean.dtype), floor)
        r = deviation / moving
        d = (mean - in_dtype(self.renorm_mean, mean.dtype)) / moving
        if limits.get("rmin") is not None:
            r = np.maximum(r, limits["rmin"])
        if limits.get("rmax") is not None:
            r = np.minimum(r, limits["rmax"])
        if limits.get("dmax") is not None:
            d = np.clip(d, -limits["dmax"], limits["dmax"])
        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, deviation, self.renorm_momentum)
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_stddev, deviation, self.momentum)
        squares = np.square(self.moving_stddev.value)
        self.moving_variance.assign(np.maximum(squares - self.epsilon, 0.0))
        return r, d

    def compute_output_shape(self, input_shape: Any) -> Any:
        require_axes(self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _move(average: Variable, value: Array, momentum: float) -> None:
    old = in_dtype(average.value, value.dtype)
    average.assign(old * momentum + stop_gradient(value) * (1.0 - momentum))


def _checked_clipping(clipping: dict[str, float] | None) -> dict[str, float]:
    clipping = clipping or {}
    unknown = sorted(set(clipping) - {"rmax", "rmin", "dmax"})
    if unknown:
        raise ValueError(f"`renorm_clipping` may hold rmax, rmin and dmax; got {unknown} too.")
    least, most = clipping.get("rmin"), clipping.get("rmax")
    if least is not None and most is not None and most < least:
        raise ValueError(f"`renorm_clipping` needs rmin <= rmax; got {clipping}.")
    if (clipping.get("dmax") or 0) < 0:
        raise ValueError(f"`renorm_clipping` needs dmax >= 0; got {clipping}.")
    return clipping
