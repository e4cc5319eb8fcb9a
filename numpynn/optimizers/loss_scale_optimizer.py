"""Loss scaling: gradients too small for float16 are computed from a larger loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.optimizers.base import Optimizer
from numpynn.variables import Variable


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale and divides the gradients by it before the inner optimizer.

    Where a gradient is not finite the step is skipped and the scale halved; after
    `dynamic_growth_steps` steps in a row with finite gradients it is doubled.

    What belongs to the weights (clipping, averages, …) is set on the inner optimizer; given here,
    it raises ValueError. Source: Micikevicius et al. 2017, arXiv:1710.03740.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer always adapts its scale: there is no `dynamic=False`. For a "
                "constant scale set `loss_scale_factor` on the optimizer itself."
            )
        # Configurations of older versions carry the common options with their defaults.
        defaults = {"use_ema": False, "ema_momentum": 0.99}
        unset = {key: value for key, value in kwargs.items() if value != defaults.get(key)}
        if unset or not kwargs.keys() <= _COMMON_OPTIONS:
            raise ValueError(
                f"LossScaleOptimizer does not take {', '.join(map(repr, unset or kwargs))}. Set "
                "options of the update on the `inner_optimizer`."
            )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None  # or the gradients would be scaled twice

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int64", name="step_counter")
        self.dynamic_scale = self.add_variable((), dtype="float32", name="dynamic_scale")
        self.dynamic_scale.assign(self.initial_scale)
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own state, then that of the inner optimizer."""
        return super().variables + self.inner_optimizer.variables

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """One step of the inner optimizer, or a smaller scale."""
        self._ensure_built(trainable_variables)
        gradients = [g.array if isinstance(g, Tensor) else g for g in grads]
        scale = float(self.dynamic_scale)
        if not self.check_finite(gradients):
            self.step_counter.assign(0)
            self.dynamic_scale.assign(scale / 2.0)
            return
        self.inner_optimizer.apply(
            [None if g is None else g / scale for g in gradients], trainable_variables
        )
        if int(self.step_counter) == self.dynamic_growth_steps - 1:
            self.step_counter.assign(0)
            self.dynamic_scale.assign(scale * 2.0)
        else:
            self.step_counter.assign_add(1)

    def check_finite(self, grads: Sequence[Any]) -> bool:
        """Whether all values of all gradients are finite; None has no values."""
        return all(bool(np.all(np.isfinite(g))) for g in grads if g is not None)

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """How many steps the inner optimizer made."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale of now."""
        return loss * (float(self.dynamic_scale) if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        from numpynn.saving.serialization import deserialize_keras_object

        inner = deserialize_keras_object(config["inner_optimizer"], custom_objects)
        return cls(**{**config, "inner_optimizer": inner})


_COMMON_OPTIONS = {
    *("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum"),
    *("ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"),
}
