"""What a layer stores and computes in. NumPy computes in one dtype: both are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import config
from numpynn.utils.dtypes import dtype_of, name_of
from numpynn.utils.registry import Registry


class DTypePolicy:
    """One dtype for weights and computation, by its name: "float32", "float64", "string", ….

    Raises ValueError for names that are no dtype of NumPy, and for Keras's mixed policies: NumPy
    computes half precision in software, slower than single.
    """

    def __init__(self, name: str | None = None) -> None:
        name = config.floatx() if name is None else getattr(name, "name", name)
        if not isinstance(name, str):
            raise TypeError(f"The name of a dtype policy must be a string; got {name!r}.")
        if name.startswith("mixed_"):
            raise ValueError(
                f"There is no policy {name!r} here: NumPy computes half precision in software, "
                "slower than float32. Use 'float32', 'float64' or 'float16'."
            )
        try:
            self._dtype = dtype_of(name)
        except TypeError as error:
            raise ValueError(f"Unknown dtype policy {name!r}: no dtype of NumPy.") from error
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def compute_dtype(self) -> str:
        """What the layer computes in."""
        return name_of(self._dtype)

    variable_dtype = compute_dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


_registry = Registry("dtype policy", DTypePolicy, [DTypePolicy])
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any) -> DTypePolicy:
    """The policy of a name, a dtype, a configuration or a policy; None is the config's float type.

    Raises ValueError for names that are no dtype.
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        made: DTypePolicy = deserialize(identifier)
        return made
    if identifier is None:
        return config.dtype_policy()
    return DTypePolicy(identifier if isinstance(identifier, str) else name_of(np.dtype(identifier)))
