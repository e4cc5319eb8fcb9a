"""The table of derivatives: how a rule is written, and where it is kept.

A rule for argument `i` of `y = f(x_1, x_2, …)` is a function

    vjp_i(g, y, x_1, x_2, …, **keywords)  =  g · ∂y/∂x_i

of the cotangent `g`, the output and the inputs. It may return a gradient that still has to be
summed over broadcast axes, or broadcast along reduced ones: the sweep fits it to the argument. It
is written with NumPy functions, so it runs on arrays, and on Tensors, where it is itself recorded:
derivatives of any order follow from one rule.

Every public NumPy function is in one of three lists: RULES and COMPOSED differentiate, PLAIN gives
values, REFUSED raises an error that says what to do instead.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial, wraps
from typing import Any

import numpy as np

from numpynn.typing import Array


class EachArgument:
    """The rules of a function of any number of arrays: `vjp(i, g, y, *arrays, **keywords)`."""

    def __init__(self, vjp: Callable[..., Any]) -> None:
        self.vjp = vjp

    def __getitem__(self, number: int) -> Callable[..., Any]:
        return partial(self.vjp, number)

    def __len__(self) -> int:
        return sys.maxsize


class Signature:
    """How a call in NumPy's words becomes one in ours, or is refused.

    understood: a function whose parameters, after the first `skip`, are what we understand. They
    have NumPy's names; where one is not NumPy's, it stands for NumPy's in the same place.
    """

    def __init__(self, function: Any, understood: Callable[..., Any], skip: int = 0) -> None:
        self.function = function
        self.understood = understood
        self.skip = skip

    @cached_property
    def ours(self) -> dict[str, Any]:
        """The names that we understand, in order, with their defaults."""
        parameters = list(inspect.signature(self.understood).parameters.values())[self.skip :]
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_POSITIONAL}

    @cached_property
    def theirs(self) -> dict[str, Any]:
        """NumPy's names, in order, with their defaults."""
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except ValueError:  # older NumPy hides the signatures of what is written in C
            return self.ours
        return {
            p.name: p.default for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        }

    @cached_property
    def words(self) -> dict[str, str]:
        """Our name for each of theirs."""
        words = {}
        for own, other in zip(self.ours, self.theirs, strict=False):
            if other not in self.ours and own not in self.theirs:
                words[other] = own
        return words | {name: name for name in self.ours}

    @cached_property
    def takes_any_number(self) -> bool:
        parameters = inspect.signature(self.understood).parameters.values()
        return any(p.kind is p.VAR_POSITIONAL for p in parameters)

    @cached_property
    def in_step(self) -> int:
        """How many leading parameters stand at the same place on both sides."""
        count = 0
        for own, other in zip(self.ours, self.theirs, strict=False):
            if self.words.get(other) != own:
                break
            count += 1
        return count

    def named(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The call's arguments by our names, without those that say what is so anyway.

        Raises TypeError for an argument that is not understood, naming it and those that are.
        """
        given: dict[str, Any] = {}
        for name, value in [*zip(self.theirs, args, strict=False), *kwargs.items()]:
            own = self.words.get(name)
            if own is not None and value is not np._NoValue:
                given[own] = value
            elif own is None and not self._is_idle(name, value):
                self._refuse(name)
        return given

    def _is_idle(self, name: str, value: Any) -> bool:
        """Whether `name=value` is what NumPy does without it: `out=None`, `where=True` …"""
        if value is None or value is np._NoValue:
            return True
        default = self.theirs.get(name, _IDLE.get(name))
        return (
            type(value) is type(default)
            and isinstance(value, (bool, int, str))
            and value == default
        )

    def _refuse(self, name: str) -> None:
        from numpynn.autograd.tape import name_of

        taken = f"({', '.join(self.ours)})" if self.ours else "no keywords"
        raise TypeError(
            f"{name_of(self.function)} does not take `{name}` when an argument is a Tensor; it "
            f"takes {taken}. Use the values (t.numpy()) where no gradient is needed."
        )


_IDLE = {"where": True, "casting": "same_kind", "order": "K", "subok": True, "copy": True}


class Rule:
    """The derivatives of one function: `vjps[i]` for argument i, None where nothing flows.

    compute: the function on arrays, where there is a shorter way to it than NumPy's public name.
    """

    def __init__(self, function: Any, vjps: Any, compute: Callable[..., Any] | None = None) -> None:
        self.function = function
        self.vjps = vjps
        self.compute = compute or getattr(function, "on_arrays", function)
        if isinstance(vjps, EachArgument):
            self.signature = Signature(function, vjps.vjp, 3)
        else:
            example = next((vjp for vjp in vjps if vjp is not None), lambda g, y: None)
            self.signature = Signature(function, example, 2)

    def bind(
        self, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """The call in our terms: what is differentiated by position, the rest by keyword."""
        signature, arrays = self.signature, len(self.vjps)
        if isinstance(self.vjps, EachArgument) or not signature.ours:
            return args, unwrapped(signature.named((), kwargs))
        if not kwargs and len(args) <= signature.in_step:  # nothing to sort: 1 µs less
            return [*args[:arrays], *unwrapped(args[arrays:])], kwargs
        named = signature.named(args, kwargs)
        positional = []
        for name, default in list(signature.ours.items())[:arrays]:
            if name not in named and default is inspect.Parameter.empty:
                break
            positional.append(named.pop(name, default))
        return positional, unwrapped(named)


class Composition:
    """A NumPy function written in terms of others that have rules."""

    def __init__(self, function: Any, formula: Callable[..., Any]) -> None:
        self.formula = formula
        self.signature = Signature(function, formula)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        signature = self.signature
        if signature.takes_any_number:
            return self.formula(*args, **signature.named((), kwargs))
        if not kwargs and len(args) <= signature.in_step:
            return self.formula(*args)
        return self.formula(**signature.named(args, kwargs))


RULES: dict[Any, Rule] = {}
COMPOSED: dict[Any, Composition] = {}
PLAIN: set[Any] = set()
REFUSED: dict[Any, str] = {}  # and what to do instead


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

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if hasattr(arg, "node"):
                from numpynn.autograd.tensor import apply

                return apply(RULES[call], args, kwargs)
        return function(*args, **kwargs)

    call.on_arrays = function  # type: ignore[attr-defined]
    return call


def among(module: Any, names: str) -> Iterable[Any]:
    """The functions of `module` with these names; older versions of NumPy lack some."""
    return [getattr(module, name) for name in names.split() if hasattr(module, name)]


def values(x: Array) -> Array:
    """The array of a Tensor; anything else as it is."""
    return x.array if hasattr(x, "node") else x


def unwrapped(value: Any) -> Any:
    """`value` with every Tensor in it, nested in lists, tuples and dicts too, as its array."""
    if hasattr(value, "node"):
        return value.array
    if type(value) in (tuple, list):
        return type(value)(unwrapped(item) for item in value)
    if type(value) is dict:
        return {key: unwrapped(item) for key, item in value.items()}
    return value


def like(x: Array) -> Array | None:
    """What to give as `like=`, so that a new array is of the kind of `x`."""
    array = values(x)
    return array if hasattr(array, "__array_function__") else None
