"""Objects as configurations, plain enough for JSON, and back. The form is Keras 3's:

    {"module": "keras.layers", "class_name": "Dense", "config": {…}, "registered_name": None}

`module` names the public place of a class, the same in both libraries; a class of one's own is
found by `registered_name`, among the registered objects and those the caller names. Nothing else is
ever looked up, imported or executed: a configuration from a file can only choose from a list.
"""

from __future__ import annotations

import importlib
import inspect
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from numpynn import config as settings
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.saving.registration import (
    CustomObjectScope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    objects_in_scope,
)
from numpynn.symbolic import FunctionOperation, KerasTensor
from numpynn.utils.dtypes import name_of

# The families whose members a configuration may name: each is a module here and in Keras.
_FAMILIES = (
    "activations",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "random",
    "regularizers",
)
_FUNCTIONS = ("activations", "losses", "metrics")
_LOOKUPS = ("deserialize", "get", "serialize")  # what a family has beside its members
# Public classes that Keras keeps elsewhere: (module, class name) and where ours is.
_ELSEWHERE = {
    ("keras", "Sequential"): "models.sequential",
    ("keras", "Model"): "models.model",
    ("keras", "DTypePolicy"): "dtype_policies",
    ("keras.src.models.functional", "Functional"): "models.functional",
    ("keras.src.losses.losses", "LossFunctionWrapper"): "losses.base",
}
_REGISTERED_TOO = {"Functional", "LossFunctionWrapper"}  # not public: Keras registers their names

_shared: ContextVar[dict[int, Any] | None] = ContextVar("numpynn_shared_objects", default=None)


def in_safe_mode() -> bool:
    """Whether code in files is refused: yes, unless the caller or the configuration said no."""
    return settings.safe_mode.get() is not False


@contextmanager
def safe_mode_scope(safe_mode: bool) -> Iterator[None]:
    """Inside, the loading functions follow `safe_mode`."""
    token = settings.safe_mode.set(safe_mode)
    try:
        yield
    finally:
        settings.safe_mode.reset(token)


@contextmanager
def object_sharing_scope() -> Iterator[None]:
    """Inside, an object that occurs several times is written and read as one."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


# -- writing ---------------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """The configuration of an object: a number, a string, a list or a dict of such.

    Raises TypeError for what has no `get_config()`.
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(item) for item in obj])
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    special = _serialized_value(obj)
    return _serialized_object(obj) if special is None else special


def _serialized_value(obj: Any) -> Any:
    """Values that JSON does not have; None for other objects."""
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": serialize_keras_object(parts)}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, KerasTensor):
        history = obj.history
        config = {
            "shape": obj.shape,
            "dtype": name_of(obj.dtype),
            "keras_history": history and [history.operation.name, *history[1:]],
        }
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(obj, Tensor):
        config = {"value": obj.array.tolist(), "dtype": obj.dtype.name}
        return {"class_name": "__tensor__", "config": config}
    if isinstance(obj, np.ndarray) and obj.ndim:
        return {
            "class_name": "__numpy__",
            "config": {"value": obj.tolist(), "dtype": obj.dtype.name},
        }
    if isinstance(obj, (np.ndarray, np.generic)):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        from numpynn.utils.functions import func_dump

        warnings.warn(
            "A lambda is being saved. It can only be loaded with safe_mode=False; a named function "
            "that is registered with register_keras_serializable() has no such need.",
            stacklevel=2,
        )
        return {"class_name": "__lambda__", "config": {"value": func_dump(obj)}}
    return None


def _serialized_object(obj: Any) -> dict[str, Any]:
    if hasattr(obj, "get_config") and not inspect.isclass(obj):
        config = obj.get_config()
        if not isinstance(config, dict):
            raise TypeError(f"get_config() of {obj} must give a dict; it gave {config!r}.")
        place = obj.keras_place if isinstance(obj, FunctionOperation) else _place_of(type(obj))
        found = {**place, "config": serialize_keras_object(config)}
        found = {key: found[key] for key in ("module", "class_name", "config", "registered_name")}
        for method, key in (
            ("get_build_config", "build_config"),
            ("get_compile_config", "compile_config"),
        ):
            extra = getattr(obj, method)() if hasattr(obj, method) else None
            if extra is not None:
                found[key] = serialize_keras_object(extra)
    elif hasattr(obj, "__name__"):
        found = {
            "module": "builtins",
            "class_name": "function",
            "config": get_registered_name(obj),
            "registered_name": "function",
        }
    else:
        raise TypeError(
            f"Cannot write down {obj!r} of type {type(obj).__name__}: it has no `get_config()`."
        )
    _note_sharing(obj, found)
    return found


def _note_sharing(obj: Any, found: dict[str, Any]) -> None:
    """Mark both configurations of an object that is met a second time."""
    shared = _shared.get()
    if shared is None:
        return
    _, first = shared.setdefault(id(obj), (obj, found))  # obj: alive, its number stays its own
    if first is not found:
        first["shared_object_id"] = found["shared_object_id"] = id(obj)


def _place_of(kind: type) -> dict[str, Any]:
    """Where a class is found again: its public place, or its registered name."""
    kind = getattr(kind, "_written_as", kind)  # of a class of models that became functional
    for (module, name), home in _ELSEWHERE.items():
        if kind.__name__ == name and kind.__module__ == f"numpynn.{home}":
            registered = name if name in _REGISTERED_TOO else None
            return {"module": module, "class_name": name, "registered_name": registered}
    family = _family_of(kind)
    if family is not None and get_registered_name(kind) == kind.__name__:  # Keras has it too
        return {"module": f"keras.{family}", "class_name": kind.__name__, "registered_name": None}
    return {
        "module": None if kind.__module__ == "__main__" else kind.__module__,
        "class_name": kind.__name__,
        "registered_name": get_registered_name(kind),
    }


def _family_of(kind: type) -> str | None:
    parts = kind.__module__.split(".")
    for family in (".".join(parts[1:3]), ".".join(parts[1:2])):
        if parts[0] == "numpynn" and family in _FAMILIES:
            module = importlib.import_module(f"numpynn.{family}")
            if getattr(module, kind.__name__, None) is kind:
                return family
    return None


# -- reading ---------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object of a configuration.

    custom_objects: {name: class or function}, beside the registered ones. safe_mode: refuse code.
    Raises TypeError for classes and functions that are not known, and for what is no configuration;
    ValueError for a lambda in safe mode.
    """
    if settings.safe_mode.get() is not None:
        safe_mode = in_safe_mode()
    known = {**(custom_objects or {}), **objects_in_scope(), **get_custom_objects()}
    with CustomObjectScope(known), safe_mode_scope(safe_mode):
        return _read(config)


def _read(config: Any) -> Any:
    if isinstance(config, str) and objects_in_scope().get(config) is not None:
        return objects_in_scope()[config]
    if config is None or isinstance(config, (str, bool, int, float)):
        return config
    if isinstance(config, (list, tuple)):
        return [_read(item) for item in config]
    if not isinstance(config, dict):
        raise TypeError(f"{config!r} is no configuration.")
    if "class_name" not in config or "config" not in config:
        return {key: _read(value) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise TypeError(f"`class_name` must be a string; got {name!r}.")
    reader = _READERS.get(name)
    if reader is not None:
        return reader({} if inner is None else inner)
    if name == "function":
        return _function(config)
    return _instance(config)


def _read_lambda(config: Any) -> Any:
    if in_safe_mode():
        raise ValueError(
            "The configuration holds a Python lambda, that is code, which is not run by default. "
            "If you trust where it comes from, pass `safe_mode=False` or call "
            "config.enable_unsafe_deserialization()."
        )
    from numpynn.utils.functions import func_load

    return func_load(config["value"])


def _read_symbol(config: Any) -> KerasTensor:
    tensor = KerasTensor(config["shape"], config["dtype"])
    tensor.written_history = config["keras_history"]
    return tensor


def _array(config: Any) -> Any:
    dtype = np.dtype(config["dtype"])
    if dtype.kind == "O":
        raise TypeError("An array in a configuration must hold numbers, truth values or text.")
    return np.array(config["value"], dtype)


_READERS: dict[str, Any] = {
    "__bytes__": lambda config: config["value"].encode(),
    "__slice__": lambda config: slice(*(_read(config[k]) for k in ("start", "stop", "step"))),
    "__ellipsis__": lambda config: Ellipsis,
    "__keras_tensor__": _read_symbol,
    "__tensor__": lambda config: tensor_of(_array(config), None),
    "__numpy__": _array,
    "__lambda__": _read_lambda,
}


def _function(config: dict[str, Any]) -> Any:
    name, module = config["config"], config.get("module")
    if not isinstance(name, str):
        raise TypeError(f"The name of a function must be a string; got {name!r}.")
    found = get_registered_object(name)
    if found is None and module == "builtins" and ">" not in name:
        found = next((o for key, o in objects_in_scope().items() if key.endswith(f">{name}")), None)
    if found is None:
        for family in _FUNCTIONS:
            if module in ("builtins", f"keras.{family}"):
                home = importlib.import_module(f"numpynn.{family}")
                public = getattr(home, name, None)
                if name in home.__all__ and name not in _LOOKUPS and not inspect.isclass(public):
                    return public
    return _required(found, "function", name, config)


def _instance(config: dict[str, Any]) -> Any:
    inner = {} if config["config"] is None else config["config"]
    if not isinstance(inner, dict):
        raise TypeError(f"`config` of {config['class_name']} must be a dict; got {inner!r}.")
    shared = _shared.get()
    number = config.get("shared_object_id")
    if shared is not None and number in shared:
        return shared[number]
    kind = class_of(config)
    if not inspect.isclass(kind):
        return kind
    from_config: Any = getattr(kind, "from_config", None)
    if from_config is None:
        raise TypeError(f"Class {kind.__name__} cannot be made anew: it has no `from_config()`.")
    try:
        made = from_config(dict(inner))
    except TypeError as error:
        raise TypeError(
            f"{kind.__name__} could not be made from its configuration {inner!r}: {error}"
        ) from error
    build_config, compile_config = config.get("build_config"), config.get("compile_config")
    if build_config and not made.built:
        made.build_from_config(build_config)
        made.built = True
    if compile_config:
        made.compile_from_config(compile_config)
        made.compiled = True
    if shared is not None and number is not None:
        shared[number] = made
    return made


def class_of(config: dict[str, Any]) -> Any:
    """The class that a configuration names. Raises TypeError where it is not known."""
    name, module = config["class_name"], config.get("module")
    registered = config.get("registered_name")
    found = get_registered_object(registered or name)
    if found is None and registered:
        found = get_registered_object(name) if registered == name else None
    if found is None and registered == f"numpynn>{name}":  # ours beyond Keras's
        own = getattr(importlib.import_module("numpynn.layers"), name, None)
        found = own if inspect.isclass(own) and get_registered_name(own) == registered else None
    if found is not None:
        return found
    if isinstance(module, str) and not name.startswith("_"):
        if registered and registered != name and module.startswith("keras."):
            raise ValueError(
                f"{module}.{name} is a class of Keras, which has no registered name; got "
                f"registered_name={registered!r}."
            )
        if (module, name) in _ELSEWHERE:
            home = importlib.import_module(f"numpynn.{_ELSEWHERE[module, name]}")
            return getattr(home, name)
        if module == "keras.models":
            return class_of({**config, "module": "keras"})
        if module.startswith("keras.src.ops."):
            return FunctionOperation.of_keras(name, config["config"])
        family = module.removeprefix("keras.")
        if family in _FAMILIES:
            found = getattr(importlib.import_module(f"numpynn.{family}"), name, None)
            if not inspect.isclass(found) or not hasattr(found, "from_config"):
                found = None
    return _required(found, "class", name, config)


def _required(found: Any, kind: str, name: str, config: dict[str, Any]) -> Any:
    if found is None:
        raise TypeError(
            f"There is no {kind} {name!r} (module {config.get('module')!r}, registered_name "
            f"{config.get('registered_name')!r}). Name it in `custom_objects`, or register it with "
            "@register_keras_serializable() before loading."
        )
    return found
