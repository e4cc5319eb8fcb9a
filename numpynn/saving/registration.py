"""Names for classes and functions of one's own, so that files may speak of them.

@register_keras_serializable(package="shop")
class Price(Layer): …                        known as "shop>Price"

with custom_object_scope({"Price": Price}):  known inside the block
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any, TypeVar

_T = TypeVar("_T")

_objects: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar(
    "numpynn_custom_objects", default=MappingProxyType({})
)


def get_custom_objects() -> dict[str, Any]:
    """The registered objects by name: the dictionary itself, which may be changed."""
    return _objects


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[_T], _T]:
    """A decorator that makes a class or function known as `package>name`.

    Raises ValueError for a class without `get_config()`.
    """

    def register(found: Any) -> Any:
        if inspect.isclass(found) and not hasattr(found, "get_config"):
            raise ValueError(
                f"Only a class with a `get_config()` method can be registered; {found.__name__} "
                "has none."
            )
        full_name = f"{package}>{found.__name__ if name is None else name}"
        _objects[full_name] = found
        _names[found] = full_name
        return found

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, else its own name."""
    try:
        return _names[obj]
    except (KeyError, TypeError):  # TypeError: what cannot be hashed was never registered
        return str(obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """What `name` means in the scope, among the registered and in the given objects; or None."""
    for known in (_scope.get(), _objects, custom_objects, module_objects):
        if known and name in known:
            return known[name]
    return None


def objects_in_scope() -> Mapping[str, Any]:
    """What the surrounding `custom_object_scope` names."""
    return _scope.get()


class CustomObjectScope:
    """Inside the `with` block, configurations may speak of these objects by these names."""

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scope.set(self.custom_objects))
        return self

    def __exit__(self, *exception: Any) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope
