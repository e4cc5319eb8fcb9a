"""How a case is written, and where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from factory import Call, Domain, shape
from hypothesis import strategies as st


@dataclass
class Case:
    """How one function is tested.

    function: NumPy's, whose rule this is. drawn: its calls. reference: TensorFlow's form, or None.
    form: how it is called, where arguments beyond the arrays are needed. options: of `check`.
    """

    function: Any
    drawn: st.SearchStrategy[Call]
    reference: Callable[..., Any] | None = None
    form: Callable[..., Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> Callable[..., Any]:
        return self.form or self.function

    def __str__(self) -> str:
        module = getattr(self.function, "__module__", None) or "numpy"
        name = getattr(self.function, "__name__", str(self.function))
        return f"{module.removeprefix('numpy').lstrip('.')}.{name}".lstrip(".")


CASES: list[Case] = []


def case(
    function: Any,
    drawn: st.SearchStrategy[Call],
    reference: Callable[..., Any] | None = None,
    form: Callable[..., Any] | None = None,
    **options: Any,
) -> None:
    """Add a case to the table."""
    CASES.append(Case(function, drawn, reference, form, options))


def case_if(module: Any, name: str, *args: Any, **options: Any) -> None:
    """A case of a function that older versions of NumPy lack."""
    if hasattr(module, name):
        case(getattr(module, name), *args, **options)


def constant(values: Any, x: Any) -> Any:
    """An array of the kind of `x` that is not differentiated."""
    return np.asarray(values, like=x)


SMALL = Domain(-1.0, 1.0)
STEPS = Domain(-2.0, 2.0, (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0), margin=0.1)
SPREAD = Domain(-6.0, 6.0, margin=0.15, distinct=True)
VECTOR = shape(1, 1)
MATRIX = shape(2, 2)
