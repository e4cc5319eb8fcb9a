"""What all optimizers share: one flat vector of weights, clipping, weight decay, the step count.

All trainable variables of a dtype lie end to end in one vector, and so do their gradients and each
piece of optimizer state. An update is a few NumPy calls on blocks of that vector, in place, instead
of a few calls for every variable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.typing import Array
from numpynn.utils.naming import auto_name
from numpynn.variables import Variable

# Values in a block: large enough that calls cost little, small enough for the cache. Adam over
# 670,000 weights takes 1.05 ms in blocks of 16,384, 0.86 ms in these, 1.9 ms in blocks of 4,096.
BLOCK = 65536


class FlatVariables:
    """Variables of one dtype, end to end in one vector; each variable is a view of its part."""

    def __init__(self, variables: Sequence[Variable], slots: int) -> None:
        self.variables = list(variables)
        self.bounds = [0, *(int(b) for b in np.cumsum([v.size for v in self.variables]))]
        self.size = self.bounds[-1]
        like = self.variables[0].array
        self.slots = [np.zeros_like(like, shape=(self.size,)) for _ in range(slots)]
        self.gradient = np.empty_like(like, shape=(self.size,))
        self.scratch = [np.empty_like(like, shape=(min(BLOCK, self.size),)) for _ in range(2)]
        self._attach()

    def _attach(self) -> None:
        """Copy the values into new memory and make the variables views of it."""
        self.values = np.concatenate([v.array.reshape(-1) for v in self.variables])
        # An array over a memoryview is the base of its own views, which a view of another array is
        # not. So `Variable.shared` sees whoever holds a part of it.
        plain, bytes_each = type(self.values) is np.ndarray, self.values.itemsize
        memory = self.values.data.cast("B") if plain and self.size else None
        code: Any = self.values.dtype.char
        for variable, start, stop in self._parts():
            if memory is None or start == stop:
                variable.array = self.values[start:stop].reshape(variable.shape)
            else:
                part = memory[start * bytes_each : stop * bytes_each]
                variable.array = np.asarray(part.cast(code, variable.shape))
        self._views = [ref(v.array) for v in self.variables]

    def _parts(self) -> Iterable[tuple[Variable, int, int]]:
        return zip(self.variables, self.bounds, self.bounds[1:], strict=False)

    def make_writable(self) -> None:
        """New memory where a variable was reassigned, or a live graph holds its old value."""
        for variable, view in zip(self.variables, self._views, strict=True):
            if variable.array is not view() or variable.shared():
                self._attach()
                return

    def gather(self, gradients: Sequence[Array | None]) -> list[tuple[int, int]]:
        """Copy the gradients into one vector; returns the stretches that have any."""
        if all(g is not None for g in gradients):
            np.concatenate([g.reshape(-1) for g in gradients if g is not None], out=self.gradient)
            return [(0, self.size)]
        stretches: list[tuple[int, int]] = []
        for gradient, start, stop in zip(gradients, self.bounds, self.bounds[1:], strict=False):
            if gradient is None:
                continue
            self.gradient[start:stop] = gradient.reshape(-1)
            if stretches and stretches[-1][1] == start:
                stretches[-1] = (stretches[-1][0], stop)
            else:
                stretches.append((start, stop))
        return stretches


class Optimizer:
    """Base class: override `slots`, `coefficients` and `update`.

    learning_rate: a number. weight_decay λ: w -= λ · learning_rate · w before each update.
    clipnorm: the largest norm of one variable's gradient; global_clipnorm: of all together;
    clipvalue: the largest single value. At most one of the three; 0 and less clip nothing.
    """

    slots: tuple[str, ...] = ()  # the pieces of state, each as large as the weights

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        given = [c for c in (clipnorm, clipvalue, global_clipnorm) if c is not None]
        if len(given) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set; got "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}."
            )
        if not isinstance(learning_rate, (int, float, np.number, Tensor)):
            raise ValueError(f"`learning_rate` must be a number; got {learning_rate!r}.")
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.iterations = Variable(0, dtype="int64", trainable=False, name="iteration")
        self._learning_rate = Variable(
            float(learning_rate), dtype="float64", trainable=False, name="learning_rate"
        )
        self.built = False

    @property
    def learning_rate(self) -> Variable:
        """The step size; assign a number to change it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._learning_rate.assign(float(value))

    # -- for subclasses -------------------------------------------------------------------------

    def coefficients(self, step: int, learning_rate: float) -> Any:
        """The numbers that an update needs, computed once a step; `step` counts from 1."""
        return learning_rate

    def update(
        self, w: Array, g: Array, state: Sequence[Array], scratch: Sequence[Array], numbers: Any
    ) -> None:
        """The formula, in place on a block: weights, gradients, state, two spare blocks."""
        raise NotImplementedError(f"{type(self).__name__} must implement `update()`.")

    # -- use ------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for `variables`, the ones every later update must name."""
        if self.built:
            return
        self._variables = list(variables)
        self._given = variables
        self._shapes = [v.shape for v in self._variables]
        self._constrained: list[tuple[int, Any]] = [
            (i, v) for i, v in enumerate(self._variables) if v.constraint is not None
        ]
        by_dtype: dict[Any, list[int]] = {}
        for i, variable in enumerate(self._variables):
            by_dtype.setdefault(variable.dtype, []).append(i)
        self._numbers = list(by_dtype.values())
        self._groups = [
            FlatVariables([self._variables[i] for i in numbers], len(self.slots))
            for numbers in self._numbers
        ]
        self.built = True

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step, from pairs of gradient and variable. Returns the step count."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """One step. A gradient of None leaves its variable and its state alone.

        Raises ValueError without any gradient, for shapes that differ from the variables', and for
        variables other than those of `build`.
        """
        gradients = [g.array if isinstance(g, Tensor) else g for g in grads]
        if trainable_variables is not None and not self.built:
            self.build(trainable_variables)
        gradients = self._ordered(gradients, trainable_variables)
        step = int(self.iterations.array) + 1
        numbers = self.coefficients(step, float(self._learning_rate.array))
        gradients = self._clipped(gradients)
        for group, members in zip(self._groups, self._numbers, strict=True):
            mine = gradients if len(self._groups) == 1 else [gradients[i] for i in members]
            group.make_writable()
            stretches = group.gather(mine)
            self._decay(group, mine)
            for start, stop in stretches:
                self._update_blocks(group, start, stop, numbers)
        for i, variable in self._constrained:
            if gradients[i] is not None:
                variable.assign(variable.constraint(variable.array))
        self.iterations.array = self.iterations.array + 1

    def _update_blocks(self, group: FlatVariables, start: int, stop: int, numbers: Any) -> None:
        if stop - start <= BLOCK:
            bounds = [(start, stop)]
        else:
            bounds = [(a, min(a + BLOCK, stop)) for a in range(start, stop, BLOCK)]
        for a, b in bounds:
            scratch = [s[: b - a] for s in group.scratch]
            state = [s[a:b] for s in group.slots]
            self.update(group.values[a:b], group.gradient[a:b], state, scratch, numbers)

    def _ordered(self, gradients: list[Any], variables: Sequence[Variable] | None) -> list[Any]:
        """The gradients in the order of `build`, checked."""
        if not self.built:
            raise ValueError(f"Optimizer '{self.name}' needs the variables in its first step.")
        own = self._variables
        if variables is not None and variables is not self._given:
            places = {id(v): i for i, v in enumerate(own)}
            unknown = [v.path for v in variables if id(v) not in places]
            if unknown:
                raise ValueError(
                    f"Optimizer '{self.name}' was built for other variables and does not know "
                    f"{', '.join(unknown)}. Use one optimizer for each set of variables."
                )
            order = [places[id(variable)] for variable in variables]
            by_place = dict(zip(order, gradients, strict=True))
            gradients = [by_place.get(i) for i in range(len(own))]
            if order == list(range(len(own))):
                self._given = variables  # the same in order: nothing to look up next time
        if len(gradients) != len(own):
            raise ValueError(
                f"Optimizer '{self.name}' has {len(own)} variables; got {len(gradients)} gradients."
            )
        if [g.shape for g in gradients if g is not None] != self._shapes:
            self._check_shapes(gradients)
        return gradients

    def _check_shapes(self, gradients: list[Any]) -> None:
        if all(g is None for g in gradients):
            raise ValueError("No gradients provided for any variable.")
        for gradient, variable in zip(gradients, self._variables, strict=True):
            if gradient is not None and gradient.shape != variable.shape:
                raise ValueError(
                    f"The gradient of variable '{variable.path}' must have its shape "
                    f"{variable.shape}; got {gradient.shape}."
                )

    def _clipped(self, gradients: list[Any]) -> list[Any]:
        if self.clipnorm is not None and self.clipnorm > 0:
            bound = self.clipnorm
            return [None if g is None else _shortened(g, _norm([g]), bound) for g in gradients]
        if self.global_clipnorm is not None and self.global_clipnorm > 0:
            bound, norm = self.global_clipnorm, _norm([g for g in gradients if g is not None])
            norm = norm if norm < math.inf else math.nan  # as in Keras: then no gradient is usable
            return [None if g is None else _shortened(g, norm, bound) for g in gradients]
        if self.clipvalue is not None and self.clipvalue > 0:
            bound = self.clipvalue
            return [None if g is None else np.clip(g, -bound, bound) for g in gradients]
        return gradients

    def _decay(self, group: FlatVariables, gradients: list[Any]) -> None:
        if self.weight_decay is None:
            return
        factor = 1.0 - self.weight_decay * float(self._learning_rate.array)
        for gradient, (_, start, stop) in zip(gradients, group._parts(), strict=True):
            if gradient is not None:
                group.values[start:stop] *= factor

    @property
    def variables(self) -> list[Variable]:
        """The state: step count, learning rate, and each slot of each variable."""
        found = [self.iterations, self._learning_rate]
        for group in self._groups if self.built else []:
            for variable, start, stop in group._parts():
                for name, slot in zip(self.slots, group.slots, strict=True):
                    part = Variable(
                        np.zeros((), variable.dtype),
                        trainable=False,
                        name=f"{variable.name}_{name}",
                    )
                    part.array = slot[start:stop].reshape(variable.shape)
                    found.append(part)
        return found

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "learning_rate": float(self._learning_rate.array),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        return cls(**config)


def _norm(gradients: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients)))


def _shortened(gradient: Array, norm: float, bound: float) -> Array:
    return gradient if norm <= bound else gradient * (bound / norm)
