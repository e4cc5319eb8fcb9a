"""What must be decided before NumPy is loaded: the BLAS kernels and how memory is kept.

Both are read from the environment once, when the process starts or the library loads, so a command
line can choose them only by starting itself again with the choice made. `reexec_prepared` does
that, once, and never against the user: a variable that is set already stays as it is.

    OPENBLAS_CORETYPE        Some OpenBLAS builds take AVX2 kernels on CPUs that have AVX-512: half
                             the speed of the matrix products.
    MALLOC_MMAP_THRESHOLD_   By default glibc maps every large array anew and gives it back when it
    MALLOC_TRIM_THRESHOLD_   is freed, and the kernel clears each page again: a 784-512-512-10
                             training step spends two thirds of its time there.

The number of threads is left alone: OpenBLAS and TensorFlow count the cores that this process may
use (its affinity), and OMP_NUM_THREADS or OPENBLAS_NUM_THREADS are the user's to set.

Only the standard library is imported here.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

MARKER = "NUMPYNN_PREPARED"
"""Lists what we have set, separated by commas. Whoever sets it to anything keeps us from acting."""

AVX512 = frozenset({"avx512f", "avx512dq", "avx512bw", "avx512vl"})
"""The instruction sets that OpenBLAS's SkylakeX kernels use."""

REPORTED = (
    "OPENBLAS_CORETYPE",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "GLIBC_TUNABLES",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "XLA_FLAGS",
    "CUDA_VISIBLE_DEVICES",
)
"""The variables that change the speed of either side of a comparison."""


@dataclass(frozen=True)
class Machine:
    """The facts that the choices depend on; `glibc` is None where the C library is another."""

    architecture: str
    cpu_flags: frozenset[str]
    glibc: tuple[int, int] | None


def prepare(environ: Mapping[str, str], machine: Machine | None = None) -> dict[str, str]:
    """The variables to set on this machine, beside those in `environ`; empty where none is."""
    machine = this_machine() if machine is None else machine
    return {**_blas_kernels(environ, machine), **_allocator(environ, machine)}


def reexec_prepared() -> None:
    """Start this command again, prepared, in place of this process; return where that is not due.

    It is not due where nothing is to be set, where it has been done (`NUMPYNN_PREPARED` is set),
    and where NumPy is loaded already: then a program called us, and replacing it would end it.
    """
    if MARKER in os.environ or "numpy" in sys.modules:
        return
    chosen = prepare(os.environ)
    if not chosen:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    environ = {**os.environ, **chosen, MARKER: ",".join(chosen)}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ)


def describe(environ: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
    """What is set in this process, and by whom: {variable: {"value": ..., "set_by": ...}}.

    `set_by` is "numpynn" or "user"; a variable of `REPORTED` that nobody set is not listed.
    """
    environ = os.environ if environ is None else environ
    ours = environ.get(MARKER, "").split(",")
    return {
        name: {"value": environ[name], "set_by": "numpynn" if name in ours else "user"}
        for name in REPORTED
        if name in environ
    }


def this_machine() -> Machine:
    """The machine that this process runs on. CPU flags are known on Linux only."""
    return Machine(platform.machine().lower(), _cpu_flags(), _glibc_version())


def _blas_kernels(environ: Mapping[str, str], machine: Machine) -> dict[str, str]:
    x86 = machine.architecture in ("x86_64", "amd64")
    if not x86 or not machine.cpu_flags >= AVX512 or "OPENBLAS_CORETYPE" in environ:
        return {}
    return {"OPENBLAS_CORETYPE": "SkylakeX"}


def _allocator(environ: Mapping[str, str], machine: Machine) -> dict[str, str]:
    """Let glibc keep freed pages: 9.1 ms a step become 2.9 in the network named above."""
    names = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    tuned = "glibc.malloc" in environ.get("GLIBC_TUNABLES", "")
    if machine.glibc is None or tuned or any(name in environ for name in names):
        return {}
    # Before 2.35 glibc refuses an mmap threshold above 32 MiB. A trim threshold alone would be
    # worse than nothing, because setting it freezes the other one at 128 KiB.
    largest = 10**9 if machine.glibc >= (2, 35) else 32 * 2**20
    return {names[0]: str(largest), names[1]: str(10**9)}


def _cpu_flags() -> frozenset[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass  # not Linux
    return frozenset()


def _glibc_version() -> tuple[int, int] | None:
    """(2, 36) for the "glibc 2.36" that the system reports; None for any other C library."""
    if "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}):
        return None
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    major, _, minor = version.partition(".")
    if name != "glibc" or not major.isdigit() or not minor[:2].isdigit():
        return None
    return int(major), int(minor[:2])
