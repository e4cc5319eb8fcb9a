"""Settings that Keras keeps globally; here each thread and async task has its own."""

from __future__ import annotations

from contextvars import ContextVar

_floatx: ContextVar[str] = ContextVar("numpynn_floatx", default="float32")
_epsilon: ContextVar[float] = ContextVar("numpynn_epsilon", default=1e-7)
_image_data_format: ContextVar[str] = ContextVar(
    "numpynn_image_data_format", default="channels_last"
)
_interactive_logging: ContextVar[bool] = ContextVar("numpynn_interactive_logging", default=True)


def floatx() -> str:
    """The dtype of weights and of what layers compute in: "float32" unless set."""
    return _floatx.get()


def set_floatx(value: str) -> None:
    """Set the default float type: "float16", "float32" or "float64"; ValueError otherwise."""
    accepted = ("float16", "float32", "float64")
    if value not in accepted:
        raise ValueError(f"Unknown `floatx` value {value!r}: expected one of {accepted}.")
    _floatx.set(str(value))


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


def backend() -> str:
    """What computes: "numpy"."""
    return "numpy"
