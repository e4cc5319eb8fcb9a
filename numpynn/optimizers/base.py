"""What all optimizers share: Keras's protocol, the common options, and the state.

A call of `apply` is one step, from the gradients g of the variables w:

    g = g / loss_scale_factor
    g = mean of g over gradient_accumulation_steps calls         only the last of them goes on
    g = g, shortened where a clipping option asks for it
    w = w - weight_decay · η · w
    w follows g                                                  what the optimizer is about
    a = μ a + (1 - μ) w                                          use_ema: a moving average of w
    w = constraint(w)

An optimizer of one's own overrides `build`, `update_step` and `get_config`, as in Keras:

    class Signed(Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            self.assign_sub(variable, learning_rate * ops.sign(gradient))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tape import no_grad
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.optimizers.gradients import checked, clipped
from numpynn.optimizers.schedules import LearningRateSchedule
from numpynn.optimizers.state import OptimizerState
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.variables import Variable


class Optimizer(OptimizerState):
    """Base class. See the module for what a step does, and for an optimizer of one's own.

    learning_rate: a float, a LearningRateSchedule, or a function without arguments.
    weight_decay: a share of the weights, times the learning rate, taken away in each step.
    clipnorm: the largest norm of one variable's gradient; global_clipnorm: of all together;
    clipvalue: the largest single value. At most one of the three; 0 and less clip nothing.
    use_ema: keep a moving average of the weights, with weight `ema_momentum` for the past; the
    weights become their average every `ema_overwrite_frequency` steps, and at the end of `fit`.
    loss_scale_factor: what `scale_loss` multiplies the loss by, and `apply` divides gradients by.
    gradient_accumulation_steps: so many calls of `apply` make one update, from the mean gradient.
    Raises ValueError for values outside these ranges and for arguments that are not known.
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported; it is ignored.", stacklevel=3)
        if kwargs:
            raise ValueError(f"{type(self).__name__} does not know the arguments {kwargs}.")
        _check_options(
            {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm},
            (ema_momentum, ema_overwrite_frequency) if use_ema else None,
            gradient_accumulation_steps,
        )
        super().__init__(name or auto_name(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._iterations = self._new_variable(0, "int64", "iteration")
        if not callable(learning_rate):
            if not isinstance(learning_rate, float):
                raise ValueError(
                    "`learning_rate` must be a float, a LearningRateSchedule or a function without "
                    f"arguments; got {learning_rate!r}."
                )
            learning_rate = self._new_variable(learning_rate, config.floatx(), "learning_rate")
        self._learning_rate: Any = learning_rate
        self._excluded: Callable[[Variable], bool] = lambda variable: False

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        if self.gradient_accumulation_steps:
            return tensor_of(self._iterations.array // self.gradient_accumulation_steps, None)
        return self._iterations

    def _updates(self) -> int:
        return int(self._iterations.array) // (self.gradient_accumulation_steps or 1)

    @property
    def learning_rate(self) -> Any:
        """The step size now; assign a number, a schedule or a function to change it.

        Raises TypeError when a number is to replace a schedule or a function.
        """
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate() if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        own = self._learning_rate
        if callable(value):
            self._variables = [v for v in self._variables if v is not own]
            self._learning_rate = value
        elif isinstance(own, Variable):
            own.assign(value)
        else:
            raise TypeError(
                f"Optimizer '{self.name}' was made with the learning rate {own!r}, which a number "
                "cannot replace. Make it with a float to be able to set the rate."
            )

    # -- for subclasses -------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for `variables`, the ones every later step is about."""
        variables = list(variables)
        self._trainable_variables = variables
        self._identities = [id(variable) for variable in variables]
        self._places = {identity: i for i, identity in enumerate(self._identities)}
        self._shapes = [variable.shape for variable in variables]
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(
                variables, "average"
            )
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(
                variables, "gradient_accumulator"
            )
        self.built = True

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Let one variable follow its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must implement `update_step()`.")

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable's value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable's value."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable's value."""
        variable.assign_sub(value)

    def _get_variable_index(self, variable: Variable) -> int:
        """The variable's place in the list that `build` got."""
        return self._places[id(variable)]

    # -- one step -------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step, from pairs of gradient and variable. Returns the count of calls."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """One step. A gradient of None leaves its variable and its state alone, with a warning.

        Raises ValueError without any gradient, for shapes that differ from the variables', and for
        variables other than those of `build`.
        """
        if len(grads) == 0:
            return
        given = self._ordered(grads, trainable_variables)
        gradients: Sequence[Any] | None = given
        scale = self.loss_scale_factor
        if scale is not None:
            gradients = given = [None if g is None else g / scale for g in given]
        if self.gradient_accumulation_steps:
            gradients = self._accumulated(given, self.gradient_accumulation_steps)
        if gradients is not None:
            self._update(clipped(gradients, self.clipnorm, self.global_clipnorm, self.clipvalue))
        if self.use_ema:
            self._average()
        for variable, gradient in zip(self._trainable_variables, given):
            if variable.constraint is not None and gradient is not None:
                variable.assign(variable.constraint(variable.array))
        self._iterations.array = np.asarray(int(self._iterations.array) + 1)

    def _update(self, gradients: Sequence[Array | None]) -> None:
        """Decay the weights and let them follow their gradients."""
        rate = self.learning_rate
        given = [
            (gradient, variable)
            for gradient, variable in zip(gradients, self._trainable_variables)
            if gradient is not None
        ]
        with no_grad():
            for _, variable in given:
                decay = self._decay_of(variable)
                if decay is not None:
                    variable.assign_sub(variable.array * (decay * float(rate)))
            for gradient, variable in given:
                cast = gradient.astype(variable.dtype, copy=False)
                self.update_step(tensor_of(cast, None), variable, rate)

    def _ordered(self, grads: Sequence[Any], variables: Sequence[Variable] | None) -> list[Any]:
        """The gradients as arrays in the order of `build`, checked."""
        self._ensure_built(variables)
        gradients = [g.array if isinstance(g, Tensor) else g for g in grads]
        identities = self._identities if variables is None else [id(v) for v in variables]
        if len(gradients) != len(identities):
            raise ValueError(
                f"Optimizer '{self.name}' got {len(gradients)} gradients for {len(identities)} "
                "variables."
            )
        if variables is not None and identities != self._identities:
            unknown = [v.path for v in variables if id(v) not in self._places]
            if unknown:
                raise ValueError(
                    f"Optimizer '{self.name}' was built for other variables and does not know "
                    f"{', '.join(unknown)}. Use one optimizer for each set of variables."
                )
            by_identity = dict(zip(identities, gradients))
            gradients = [by_identity.get(identity) for identity in self._identities]
        try:
            fitting = [g.shape for g in gradients] == self._shapes
        except AttributeError:  # None, or a list
            fitting = False
        return gradients if fitting else checked(gradients, self._trainable_variables)

    def _ensure_built(self, variables: Sequence[Variable] | None) -> None:
        if not self.built:
            if variables is None:
                raise ValueError(f"Optimizer '{self.name}' needs the variables in its first step.")
            self.build(list(variables))

    def _accumulated(self, gradients: Sequence[Array | None], steps: int) -> list[Any] | None:
        """The mean gradients at the last of `steps` calls, None before."""
        sums = [
            None if gradient is None else gradient + total.array
            for gradient, total in zip(gradients, self._accumulated_gradients)
        ]
        if (int(self._iterations.array) + 1) % steps:
            for total, value in zip(self._accumulated_gradients, sums):
                if value is not None:
                    total.assign(value)
            return None
        for total in self._accumulated_gradients:
            total.assign(np.zeros_like(total.array))
        return [None if value is None else value / steps for value in sums]

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The weights and the state after a step from the given ones; nothing is changed.

        Raises ValueError before `build`, and for other numbers of values than it has variables.
        """
        own, weights = self.variables, self._trainable_variables
        if not self.built:
            raise ValueError(
                f"Optimizer '{self.name}' must be built before `stateless_apply`: call "
                "build(trainable_variables)."
            )
        for kind, given, expected in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, weights),
        ):
            if len(given) != len(expected):
                raise ValueError(
                    f"`{kind}` must be {len(expected)} values, one for each; got {len(given)}."
                )
        variables = [*weights, *own]
        before = [variable.numpy() for variable in variables]
        try:
            for variable, value in zip(variables, [*trainable_variables, *optimizer_variables]):
                variable.assign(value)
            self.apply(grads)
            after = [Tensor(variable.numpy()) for variable in variables]
        finally:
            for variable, value in zip(variables, before):
                variable.assign(value)
        return after[: len(weights)], after[len(weights) :]

    # -- options --------------------------------------------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`: what to differentiate, so that nothing underflows."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """No weight decay for the listed variables, and those whose path has one of the names."""
        listed = {id(variable) for variable in var_list or ()}
        pattern = re.compile("|".join(var_names)) if var_names else None

        def excluded(variable: Variable) -> bool:
            named = pattern is not None and pattern.search(variable.path) is not None
            return named or id(variable) in listed

        self._excluded = excluded

    def _decay_of(self, variable: Variable) -> float | None:
        """The weight decay of a variable; None where there is none."""
        return None if self._excluded(variable) else self.weight_decay

    def _average(self) -> None:
        updates = self._updates()
        momentum = self.ema_momentum if updates else 0.0  # the first average is the weights
        for average, variable in zip(
            self._model_variables_moving_average, self._trainable_variables
        ):
            average.assign(momentum * average.array + (1.0 - momentum) * variable.array)
        if self.ema_overwrite_frequency and (updates + 1) % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values(self._trainable_variables)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """With `use_ema`: set the weights to their moving averages, as `fit` does at its end.

        Raises ValueError for another number of variables than the optimizer was built for.
        """
        if not self.use_ema:
            return
        averages = self._model_variables_moving_average if self.built else []
        if len(var_list) != len(averages):
            raise ValueError(
                f"Optimizer '{self.name}' keeps the averages of {len(averages)} variables; got "
                f"{len(var_list)} to set. Was it used on this model?"
            )
        for variable, average in zip(var_list, averages):
            variable.assign(average.array)

    # -- configuration --------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        from numpynn.saving.serialization import serialize_keras_object

        own = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": serialize_keras_object(own) if callable(own) else float(own),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """The optimizer of a configuration, whose learning rate may be one of a schedule."""
        from numpynn.saving.serialization import deserialize_keras_object

        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": deserialize_keras_object(rate, custom_objects)}
        return cls(**config)

    def __reduce__(self) -> Any:
        """A copy, and what is pickled, is a new optimizer of this configuration, as in Keras."""
        made = self.get_config()
        if "learning_rate" in made and callable(self._learning_rate):
            made["learning_rate"] = self._learning_rate
        return _made_of, (type(self), made)


def _made_of(kind: Any, made: dict[str, Any]) -> Any:
    return kind.from_config(made)


def _check_options(
    clips: Mapping[str, Any], average: tuple[Any, Any] | None, accumulation_steps: Any
) -> None:
    if sum(value is not None for value in clips.values()) > 1:
        raise ValueError(
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set; got "
            f"{', '.join(f'{name}={value}' for name, value in clips.items())}."
        )
    if accumulation_steps and not accumulation_steps >= 2:
        raise ValueError(
            "`gradient_accumulation_steps` must be an integer from 2 on, or None; got "
            f"{accumulation_steps}."
        )
    if average is None:
        return
    momentum, frequency = average
    if not 0 <= momentum <= 1:
        raise ValueError(f"`ema_momentum` must be from 0 to 1; got {momentum}.")
    if frequency and (not isinstance(frequency, int) or frequency < 1):
        raise ValueError(
            f"`ema_overwrite_frequency` must be an integer from 1 on, or None; got {frequency}."
        )
