"""The state of an optimizer: its variables in Keras's order, made, saved and loaded.

The order is that of their making: the count of calls, the learning rate (where it is a number), the
moving averages, the accumulated gradients, then what the optimizer itself remembers. Files know the
variables by their number in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from numpynn import config, initializers
from numpynn.typing import Array
from numpynn.variables import Variable


class OptimizerState:
    """What an optimizer remembers. An attribute that is a Variable is part of it."""

    def __init__(self, name: str) -> None:
        self._variables: list[Variable] = []
        self.name = name
        self.built = False
        self._trainable_variables: list[Variable] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "_variables" and "_variables" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__} sets `{name}` before `super().__init__()`, which must be "
                "the first statement of its `__init__()`."
            )
        if (
            isinstance(value, Variable)
            and not hasattr(type(self), name)
            and not any(value is known for known in self._variables)
        ):
            self._variables.append(value)
        super().__setattr__(name, value)

    @property
    def variables(self) -> list[Variable]:
        """The state, in Keras's order."""
        return list(self._variables)

    # -- making ---------------------------------------------------------------------------------

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable of the state. aggregation and layout are taken for Keras's sake."""
        value = initializers.get(initializer)(tuple(shape), dtype or config.floatx())
        return self._new_variable(value, dtype or config.floatx(), name)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A new variable of the shape and dtype of another, named after it."""
        like = reference_variable.array
        value = initializers.get(initializer)(reference_variable.shape, reference_variable.dtype)
        full_name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self._new_variable(np.asarray(value, like=like), like.dtype, full_name)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """One new variable for each of the given; a list of lists where there are several names.

        initializer: one for all names, or one for each. Raises ValueError where the numbers differ.
        """
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        given = list(initializer) if several else [initializer] * len(names)
        if len(names) != len(given):
            raise ValueError(
                f"There must be as many initializers as names; got name={name!r} and "
                f"initializer={initializer!r}."
            )
        made: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for found, part, start in zip(made, names, given):
                found.append(self.add_variable_from_reference(variable, part, start))
        return made[0] if isinstance(name, str) else made

    def _new_variable(self, value: Any, dtype: Any, name: str | None) -> Variable:
        variable = Variable(value, dtype=dtype, trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    # -- saving and loading ---------------------------------------------------------------------

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Put the values into `store`, as "0", "1", … in the order of `variables`."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Array]) -> None:
        """Set the values that `save_own_variables` put into `store`.

        Warns, and changes nothing, where the number of variables differs. Raises ValueError for
        other shapes and KeyError for other names, before anything is changed.
        """
        own = self.variables
        if len(store) != len(own):
            unbuilt = "" if self.built else " It has not been built yet."
            warnings.warn(
                f"Skipping the state of optimizer '{self.name}': it has {len(own)} variables, the "
                f"saved one {len(store)}.{unbuilt}",
                stacklevel=2,
            )
            return
        self._assign_all(own, [store[str(i)] for i in range(len(own))])

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Set the values of `variables`.

        Raises ValueError before `build`, and for other shapes, before anything is changed.
        """
        if not self.built:
            raise ValueError(
                f"Optimizer '{self.name}' has no weights yet: call build(trainable_variables) "
                "before set_weights()."
            )
        self._assign_all(self.variables, weights)

    def _assign_all(self, variables: Sequence[Variable], values: Sequence[Array]) -> None:
        arrays = [
            np.array(value, dtype=variable.dtype, like=variable.array)
            for variable, value in zip(variables, values)
        ]
        for variable, array in zip(variables, arrays):
            if array.shape != variable.shape:
                raise ValueError(
                    f"Variable '{variable.path}' of optimizer '{self.name}' must have its shape "
                    f"{variable.shape}; got {array.shape}."
                )
        for variable, array in zip(variables, arrays):
            variable.assign(array)
