"""The configuration of a layer whose class has no `get_config`: what it was made with."""

from __future__ import annotations

import inspect
from typing import Any

from numpynn.autograd.structure import leaves


class Given:
    """What a layer was made with, kept for a `get_config` that nobody wrote."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs

    def config(self, kind: type, found: dict[str, Any]) -> dict[str, Any]:
        """All arguments by name, beside what every layer has."""
        signature = inspect.signature(kind.__init__)  # type: ignore[misc]
        bound = signature.bind(None, *self.args, **self.kwargs)
        bound.apply_defaults()
        arguments = {}
        for name, value in list(bound.arguments.items())[1:]:
            parameter = signature.parameters[name]
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments.update(value)
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
                if value:
                    raise _no_config(kind, f"`{name}` has no name")
            else:
                arguments[name] = value
        for name, value in arguments.items():
            if not all(isinstance(v, (str, int, float, bool, type(None))) for v in leaves(value)):
                raise _no_config(kind, f"`{name}` is a {type(value).__name__}")
        takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
        known = {k: v for k, v in found.items() if takes_any or k in signature.parameters}
        return {**known, **{k: v for k, v in arguments.items() if k not in found}}


def _no_config(kind: type, reason: str) -> NotImplementedError:
    return NotImplementedError(
        f"{kind.__name__} needs a `get_config()` of its own to be saved: of its arguments, "
        f"{reason}. Return {{**super().get_config(), …}} with everything that `__init__` takes."
    )
