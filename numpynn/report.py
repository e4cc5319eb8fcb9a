"""The environment of a measurement: what a reader must know to trust or repeat a number."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from typing import Any

from numpynn import blas, process


def environment(device: str | None = None) -> dict[str, Any]:
    """CPU, cores, BLAS and its kernels, versions, device and settings, ready for JSON; no null.

    `device` is where Keras computes, if the caller knows; otherwise the GPUs that this machine has,
    or "cpu". Loads NumPy and nothing else: versions come from the installed packages' metadata.
    """
    return {
        "cpu": _cpu_model(),
        "cores": _cores(),
        "device": device or _gpus() or "cpu",
        "blas": _blas(),
        "python": platform.python_version(),
        **_versions(),
        "settings": process.describe(),
    }


def environment_line(facts: dict[str, Any]) -> str:
    """`environment()` in words, for the head of a report.

    AMD EPYC, 2 cores, cpu | scipy-openblas 0.3.31, SkylakeX kernels, 2 threads |
    Python 3.11.7 numpy 2.4.6 ... | OPENBLAS_CORETYPE=SkylakeX (numpynn) ...      (all on one line)
    """
    blas = facts["blas"]
    versions = " ".join(f"{name} {facts[name]}" for name in _PACKAGES if name in facts)
    settings = " ".join(
        f"{name}={setting['value']} ({setting['set_by']})"
        for name, setting in facts["settings"].items()
    )
    parts = (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['device']}",
        f"{blas['name']} {blas['version']}, {blas['kernels']} kernels, {blas['threads']} threads "
        f"({blas['small']})",
        f"Python {facts['python']} {versions}",
        settings or "no settings",
    )
    return " | ".join(parts)


_PACKAGES = {
    "numpy": ("numpy",),
    "keras": ("keras",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}
"""The name in a report, and the distributions that may provide it."""

_ALWAYS_NAMED = ("numpy", "keras", "tensorflow")


def _versions() -> dict[str, str]:
    versions = {name: _version(distributions) for name, distributions in _PACKAGES.items()}
    return {
        name: version or "not installed"
        for name, version in versions.items()
        if version or name in _ALWAYS_NAMED
    }


def _version(distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def _blas() -> dict[str, str | int]:
    """The BLAS that NumPy was built with; its kernels and threads as the loaded library says."""
    import numpy as np

    config: Any = np.show_config(mode="dicts")
    built = config["Build Dependencies"]["blas"]
    return {
        "name": str(built.get("name", "unknown")),
        "version": str(built.get("version", "unknown")),
        "kernels": blas.kernels(),
        "threads": blas.threads(),
        "small": f"1 up to {blas.SMALL // 10**6} MFLOP",
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine() or "unknown"


def _cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpus() -> str:
    """The GPUs that NVIDIA's driver lists, asked without loading a framework; "" where none is."""
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""  # installed, but no driver answers
    return ", ".join(line.strip() for line in answer.stdout.splitlines() if line.strip())
