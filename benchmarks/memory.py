"""How much memory training takes on one side: `python -m benchmarks.memory numpynn [SLUG]`.

Prints the resident MiB before the first step (imports, data and model are there) and the peak of
ten steps. A process a side, so that neither sees the other's.
"""

from __future__ import annotations

import subprocess
import sys

from numpynn import process, systems
from numpynn.autograd.structure import map_structure

STEPS = 10


def measured(side: str, slug: str) -> tuple[float, float]:
    """MiB before the first step and at the peak, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", side, slug]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(printed[-2]), float(printed[-1])


def train(side: str, slug: str) -> None:
    system = systems.load(slug)
    split, size = system.data(), system.module.BATCH_SIZE
    x = map_structure(lambda array: array[: STEPS * size].astype("float32"), split.x)
    y = map_structure(lambda array: array[: STEPS * size], split.y)
    if side == "numpynn":
        model = system.model()
    else:
        from kerasref.systems import load

        model = load(slug).model()
    before = _resident("VmRSS")
    model.fit(x, y, batch_size=size, epochs=1, verbose=0)
    print(f"{before:.1f} {_resident('VmHWM'):.1f}")


def _resident(which: str) -> float:
    """MiB in memory now (VmRSS) or at most (VmHWM; `ru_maxrss` would know the parent's, too)."""
    with open("/proc/self/status", encoding="ascii") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith(which))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    process.reexec_prepared()
    train(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "mnist-cnn")
