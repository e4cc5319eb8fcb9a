"""The table of derivatives: how a rule is written, and where it is kept.

A rule for argument `i` of `y = f(x_1, x_2, …)` is a function

    vjp_i(g, y, x_1, x_2, …, **keywords)  =  g · ∂y/∂x_i

of the cotangent `g`, the output and the inputs. It may return a gradient that still has to be
summed over broadcast axes, or broadcast along reduced ones: the sweep fits it to the argument. It
is written with NumPy functions, so it runs on arrays, and on Tensors, where it is itself recorded:
derivatives of any order follow from one rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np


class EachArgument:
    """The rules of a function of any number of arrays: `vjp(i, g, y, *arrays, **keywords)`."""

    def __init__(self, vjp: Callable[..., Any]) -> None:
        self.vjp = vjp

    def __getitem__(self, number: int) -> Callable[..., Any]:
        return partial(self.vjp, number)

    def __len__(self) -> int:
        return 1_000_000


class Signature:
    """Which arguments of a NumPy function are understood on Tensors."""

    def __init__(self, function: Any, understood: Callable[..., Any], skip: int) -> None:
        self.function = function
        self.understood = understood
        self.skip = skip

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Names and defaults that our side takes."""
        parameters = list(inspect.signature(self.understood).parameters.values())[self.skip :]
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_POSITIONAL}

    @cached_property
    def numpy_names(self) -> list[str]:
        """NumPy's own parameter names, in order."""
        if isinstance(self.function, np.ufunc):
            return list(self.parameters)
        return list(inspect.signature(self.function).parameters)

    def bind(
        self, args: Sequence[Any], kwargs: dict[str, Any], arrays: int
    ) -> tuple[list[Any], dict[str, Any]]:
        """The call in our terms: array arguments by position, the rest by keyword.

        Raises TypeError for a keyword that is not understood, naming it and those that are.
        """
        kwargs = dict(kwargs)
        args = list(args)
        kwargs.update(zip(self.numpy_names[arrays:], args[arrays:], strict=False))
        del args[arrays:]
        positions = dict(zip(self.numpy_names, self.parameters, strict=False))
        for name in list(kwargs):
            if _is_default(name, kwargs[name]):
                del kwargs[name]
            elif name not in self.parameters:
                ours = positions.get(name)
                if ours is None or list(self.parameters).index(ours) >= arrays:
                    self._refuse(name)
                kwargs[ours] = kwargs.pop(name)
        for name, default in list(self.parameters.items())[len(args) : arrays]:
            if name in kwargs or default is not inspect.Parameter.empty:
                args.append(kwargs.pop(name, default))
        return args, kwargs

    def _refuse(self, name: str) -> None:
        from numpynn.autograd.tape import name_of

        taken = ", ".join(self.parameters)
        raise TypeError(
            f"{name_of(self.function)} does not take `{name}` when an argument is a Tensor; "
            f"it takes ({taken}). Use the values (t.numpy()) where no gradient is needed."
        )


def _is_default(name: str, value: Any) -> bool:
    """Keywords that change nothing: `out=None`, `where=True`, `dtype=None` …"""
    if name in ("out", "dtype", "initial", "like", "casting", "order", "subok"):
        return value is None or value is np._NoValue or (name, value) in _IDLE
    return (name == "where" and value is True) or value is np._NoValue


_IDLE = {("casting", "same_kind"), ("order", "C"), ("order", "K"), ("subok", True)}


class Rule:
    """The derivatives of one function: `vjps[i]` for argument i, None where nothing flows.

    compute: the function on arrays, where there is a shorter way to it than NumPy's public name.
    """

    def __init__(self, function: Any, vjps: Any, compute: Callable[..., Any] | None = None) -> None:
        self.function = function
        self.vjps = vjps
        self.compute = compute or function
        example = vjps.vjp if isinstance(vjps, EachArgument) else next(filter(None, vjps), None)
        skip = 3 if isinstance(vjps, EachArgument) else 2
        self.signature = Signature(function, example, skip) if example is not None else None

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """Check and sort the arguments of a call; see `Signature.bind`."""
        if self.signature is None:
            if kwargs:
                raise TypeError(f"keywords {sorted(kwargs)} are not understood on Tensors")
            return args, kwargs
        return self.signature.bind(args, kwargs, min(len(self.vjps), max(len(args), 1)))


class Composition:
    """A NumPy function written in terms of others that have rules."""

    def __init__(self, function: Any, formula: Callable[..., Any]) -> None:
        self.formula = formula
        self.signature = Signature(function, formula, 0)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args_, kwargs = self.signature.bind(args, kwargs, len(args))
            return self.formula(*args_, **kwargs)
        return self.formula(*args)


RULES: dict[Any, Rule] = {}
COMPOSED: dict[Any, Composition] = {}
PLAIN: set[Any] = set()


def define(
    function: Any, *vjps: Callable[..., Any] | None, compute: Callable[..., Any] | None = None
) -> None:
    """Give `function` its derivative: one vjp for each differentiable argument, in order."""
    RULES[function] = Rule(function, vjps, compute)


def define_each(function: Any, vjp: Callable[..., Any]) -> None:
    """Give a function of any number of arrays its derivative for argument `i`."""
    RULES[function] = Rule(function, EachArgument(vjp))


def compose(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare that the decorated formula is what `functions` compute on Tensors."""

    def declare(formula: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            COMPOSED[function] = Composition(function, formula)
        return formula

    return declare


def own(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ours that dispatches on Tensors as NumPy's functions do.

    The rules use it for what NumPy has no function for, such as the adjoint of indexing.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(hasattr(arg, "node") for arg in args):
            from numpynn.autograd.tensor import apply

            return apply(RULES[call], args, kwargs)
        return function(*args, **kwargs)

    call.__name__, call.__doc__, call.__module__ = function.__name__, function.__doc__, function.__module__
    return call
