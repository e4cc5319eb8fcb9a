"""Settings that Keras keeps globally; here each thread and async task has its own."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpynn.dtype_policies import DTypePolicy

_floatx: ContextVar[str] = ContextVar("numpynn_floatx", default="float32")
_epsilon: ContextVar[float] = ContextVar("numpynn_epsilon", default=1e-7)
_image_data_format: ContextVar[str] = ContextVar(
    "numpynn_image_data_format", default="channels_last"
)
_interactive_logging: ContextVar[bool] = ContextVar("numpynn_interactive_logging", default=True)
_max_epochs: ContextVar[int | None] = ContextVar(
    "numpynn_max_epochs", default=int(os.environ.get("KERAS_MAX_EPOCHS", 0)) or None
)
_max_steps_per_epoch: ContextVar[int | None] = ContextVar(
    "numpynn_max_steps_per_epoch",
    default=int(os.environ.get("KERAS_MAX_STEPS_PER_EPOCH", 0)) or None,
)
# Whether files may bring code: None is no, unless the loading function is told otherwise.
safe_mode: ContextVar[bool | None] = ContextVar("numpynn_safe_mode", default=None)


def enable_unsafe_deserialization() -> None:
    """Let files bring code of their own (Python lambdas) from now on. Only for files you trust."""
    safe_mode.set(False)


def floatx() -> str:
    """The dtype of weights and of what layers compute in: "float32" unless set."""
    return _floatx.get()


def set_floatx(value: str) -> None:
    """Set the default float type: "float16", "float32" or "float64"; ValueError otherwise."""
    accepted = ("float16", "float32", "float64")
    if value not in accepted:
        raise ValueError(f"Unknown `floatx` value {value!r}: expected one of {accepted}.")
    _floatx.set(str(value))


def dtype_policy() -> DTypePolicy:
    """What layers store and compute in unless they are told: the default float type's policy."""
    from numpynn.dtype_policies import DTypePolicy

    return DTypePolicy(floatx())


def set_dtype_policy(policy: Any) -> None:
    """Set the default policy, by name or as a DTypePolicy. ValueError for what is no float type."""
    set_floatx(getattr(policy, "name", policy))


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite: 1e-7 unless set."""
    return _epsilon.get()


def set_epsilon(value: float) -> None:
    """Set the value of `epsilon()`."""
    _epsilon.set(float(value))


def image_data_format() -> str:
    """Where images keep their channels: "channels_last" unless set."""
    return _image_data_format.get()


def set_image_data_format(data_format: str) -> None:
    """Set "channels_last" or "channels_first"; ValueError otherwise."""
    accepted = ("channels_last", "channels_first")
    name = str(data_format).lower()
    if name not in accepted:
        raise ValueError(f"`data_format` must be one of {accepted}; got {data_format!r}.")
    _image_data_format.set(name)


def is_interactive_logging_enabled() -> bool:
    """Whether messages and progress go to standard output, or else to the logger "numpynn"."""
    return _interactive_logging.get()


def enable_interactive_logging() -> None:
    """Let messages and progress go to standard output: for a person who watches."""
    _interactive_logging.set(True)


def disable_interactive_logging() -> None:
    """Let messages and progress go to the logger "numpynn": for jobs nobody watches."""
    _interactive_logging.set(False)


def max_epochs() -> int | None:
    """The most epochs that `fit` trains, whatever it is told; None for no limit."""
    return _max_epochs.get()


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`: to try a program out. None for no limit.

    The environment variable KERAS_MAX_EPOCHS does the same from outside.
    """
    _max_epochs.set(max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most batches of an epoch, whatever the data hold; None for no limit."""
    return _max_steps_per_epoch.get()


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the batches of an epoch, an evaluation or a prediction. None for no limit.

    The environment variable KERAS_MAX_STEPS_PER_EPOCH does the same from outside.
    """
    _max_steps_per_epoch.set(max_steps_per_epoch)


def backend() -> str:
    """What computes: "numpy"."""
    return "numpy"
