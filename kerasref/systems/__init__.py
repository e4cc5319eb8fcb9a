"""The catalogue in Keras: one file a system, at the same path as in `numpynn.systems`.

A file holds `model()`, compiled, and `callbacks()` where the recipe has any; or, where the system
is a procedure, `output(x)` and `step(quantity, t)`. Data and recipe are `numpynn`'s.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from kerasref import backend as backend  # says so clearly where Keras is missing


def slugs() -> list[str]:
    """The names of the systems, such as `iris-mlp`, in alphabetical order."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(slug: str) -> ModuleType:
    """The module of one system. Raises ValueError for a slug that is not in the catalogue."""
    if slug not in slugs():
        raise ValueError(f"There is no system '{slug}' in Keras. There are: {', '.join(slugs())}.")
    return importlib.import_module(f"{__name__}.{slug.replace('-', '_')}")


def callbacks(slug: str) -> list[Any]:
    """The recipe's callbacks in Keras, new for every run of `fit`."""
    made: list[Any] = getattr(load(slug), "callbacks", list)()
    return made
