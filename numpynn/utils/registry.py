"""Objects by their names: `"adam"`, `"Adam"`, a configuration, a class or an instance all do."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any


def snake_case(name: str) -> str:
    """`GlorotUniform` as `glorot_uniform`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Registry:
    """What a family (initializers, losses …) offers by name.

    kind: how errors call a member. base: its class; functions are members too where they are given.
    """

    def __init__(
        self,
        kind: str,
        base: Any,
        members: Iterable[Any],
        aliases: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.base = base
        self.by_name: dict[str, Any] = {}
        for member in members:
            self.by_name[member.__name__] = member
            self.by_name.setdefault(snake_case(member.__name__), member)
            self.by_name.setdefault(member.__name__.lower(), member)
        self.by_name.update(aliases or {})

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` means; None for None.

        Raises ValueError for a name that is not known (with the nearest ones that are) and for
        objects of another kind.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            try:
                return self.deserialize(identifier)
            except TypeError as error:
                raise ValueError(f"Could not interpret the {self.kind}: {error}") from error
        if isinstance(identifier, str):
            found = self._named(identifier)
        else:
            found = identifier
        if inspect.isclass(found):
            found = found()
        if isinstance(found, self.base) or callable(found):
            return found
        raise ValueError(
            f"Could not interpret the {self.kind} {identifier!r}: expected a name, a "
            f"configuration, or an instance of {self.base.__name__}."
        )

    def _named(self, name: str) -> Any:
        found = self.by_name.get(name)
        if found is None:
            found = self.by_name.get(name.lower(), self.by_name.get(snake_case(name)))
        if found is None:
            near = difflib.get_close_matches(name, self.by_name, n=3)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            known = ", ".join(sorted(n for n in self.by_name if n == n.lower()))
            raise ValueError(f"Unknown {self.kind} {name!r}.{hint} Known names: {known}.")
        return found

    def serialize(self, instance: Any) -> Any:
        """A configuration that `deserialize` builds an equal object from."""
        from numpynn.saving.serialization import serialize_keras_object

        return serialize_keras_object(instance)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object of a configuration or name.

        Raises ValueError for a name that is not known, TypeError for a class that is not.
        """
        from numpynn.saving.registration import CustomObjectScope, get_registered_object
        from numpynn.saving.serialization import deserialize_keras_object

        if isinstance(config, str):
            found = get_registered_object(config, custom_objects)
            return self._named(config) if found is None else found
        if not isinstance(config, dict) or "class_name" not in config:
            raise ValueError(
                f"Could not interpret {config!r} as the configuration of a {self.kind}: expected a "
                "dict with `class_name` and `config`."
            )
        name = config["class_name"]
        if config.get("module") is None and not config.get("registered_name"):
            found = get_registered_object(name, custom_objects)
            found = self._named(name) if found is None else found
            if not inspect.isclass(found):
                return found
            from_config: Any = getattr(found, "from_config")  # noqa: B009 - found by its name
            with CustomObjectScope(custom_objects):
                return from_config(config.get("config") or {})
        return deserialize_keras_object(config, custom_objects)
