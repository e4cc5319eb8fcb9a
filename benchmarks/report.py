"""The promised ratios, each measured in one run, sides in turns, medians.

python -m benchmarks.report
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from numpynn import process

ROUNDS = 15


def in_turns(
    sides: Mapping[str, Callable[[], Any]], repeat: int, rounds: int = ROUNDS
) -> dict[str, float]:
    """The median over rounds of the seconds that one call takes, the sides taking turns."""
    durations: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, function in sides.items():
            begin = time.perf_counter()
            for _ in range(repeat):
                function()
            durations[name].append((time.perf_counter() - begin) / repeat)
    return {name: sorted(found)[len(found) // 2] for name, found in durations.items()}


def overhead() -> None:
    """What the engine adds to each of four operations, with their gradients."""
    from benchmarks import engine

    found = in_turns({"recorded": engine.recorded, "by hand": engine.by_hand}, repeat=2000)
    added = (found["recorded"] - found["by hand"]) / engine.OPERATIONS
    print(
        f"engine: {found['recorded'] * 1e6:.2f} µs recorded, {found['by hand'] * 1e6:.2f} µs by "
        f"hand: {added * 1e6:.2f} µs an operation (at most 3)"
    )


def loop() -> None:
    """What `fit` adds to a step of a small network, without progress output."""
    from benchmarks import loop

    models = {"fit": loop.model(), "bare": loop.model()}
    found = in_turns(
        {"fit": lambda: loop.fit(models["fit"]), "bare": lambda: loop.bare(models["bare"])}, 1, 31
    )
    fit, bare = (found[side] / (loop.EPOCHS * loop.BATCHES) * 1e6 for side in ("fit", "bare"))
    print(
        f"fit: {fit:.1f} µs a step, {bare:.1f} µs without what is around it: {fit - bare:.1f} µs "
        "(at most 30)"
    )


def import_time() -> None:
    """What `import numpynn` adds to `import numpy`, in fresh processes."""

    def run(statement: str) -> Callable[[], Any]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    found = in_turns({"numpy": run("import numpy"), "numpynn": run("import numpy, numpynn")}, 1)
    print(
        f"import: numpy {found['numpy']:.3f} s, with numpynn {found['numpynn']:.3f} s: "
        f"{found['numpynn'] - found['numpy']:.3f} s more (at most 0.15)"
    )


def adam_step() -> None:
    """A step of Adam over many variables, against one pass of the same over flat vectors."""
    from benchmarks import adam

    made = {name: side() for name, side in adam.SIDES.items()}
    found = in_turns({name: side.step for name, side in made.items()}, repeat=20)
    print(
        f"Adam, a million weights in 100 variables: {found['optimizer'] * 1e3:.2f} ms a step, "
        f"{found['by_hand'] * 1e3:.2f} ms by hand over flat vectors: "
        f"{found['optimizer'] / found['by_hand']:.2f} (at most 1.3)"
    )


def large_networks() -> None:
    """The steps of two larger networks against Keras, and against their matrix products alone."""
    from benchmarks import networks

    rate = networks.sgemm_rate()
    print(f"sgemm: {rate / 1e9:.0f} GFLOP/s")
    for network in networks.NETWORKS:
        step_against_keras(network, rate)


def step_against_keras(network: Any, rate: float) -> None:
    import numpy as np

    from benchmarks import networks
    from kerasref.timing import batch_ends

    keras = importlib.import_module("keras")  # after kerasref, which chooses its back-end
    x, y = network.data()
    models: dict[str, Any] = {"numpynn": network.model()}
    for jit in (False, True):
        models[f"keras, jit_compile={jit}"] = network.model(keras)
        models[f"keras, jit_compile={jit}"].jit_compile = jit
    intervals: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(5):
        for name, model in models.items():
            ends = batch_ends("numpynn" if name == "numpynn" else "keras")
            model.fit(x, y, batch_size=networks.BATCH_SIZE, epochs=2, verbose=0, callbacks=[ends])
            intervals[name] += ends.intervals()
    medians = {name: float(np.median(found)) for name, found in intervals.items()}
    medians["its matrix products alone"] = in_turns({"": network.run_products()}, repeat=10)[""]
    medians["its operations at the rate of sgemm"] = network.operations() / rate
    fastest = min(value for name, value in medians.items() if name.startswith("keras"))
    for name, value in medians.items():
        print(f"{network.name}, Adam, batch 128: {value * 1e3:.2f} ms a step, {name}")
    ours = medians["numpynn"]
    print(
        f"    numpynn / keras {ours / fastest:.2f} (at most 1.25), numpynn / products "
        f"{ours / medians['its matrix products alone']:.2f}, numpynn / sgemm "
        f"{ours / medians['its operations at the rate of sgemm']:.2f}"
    )


def memory() -> None:
    """The peak memory of training steps of mnist-cnn on both sides."""
    from benchmarks.memory import measured

    found = {side: measured(side, "mnist-cnn") for side in ("numpynn", "keras")}
    for side, (before, peak) in found.items():
        print(f"mnist-cnn: {peak:.0f} MiB at the peak of ten steps, {before:.0f} before, {side}")
    (ours_before, ours), (theirs_before, theirs) = found["numpynn"], found["keras"]
    print(
        f"    numpynn / keras {ours / theirs:.2f} (at most 1.5), of what the steps add "
        f"{(ours - ours_before) / (theirs - theirs_before):.2f}"
    )


if __name__ == "__main__":
    process.reexec_prepared()
    from numpynn.report import environment, environment_line

    print(environment_line(environment()))
    overhead()
    loop()
    import_time()
    adam_step()
    large_networks()
    memory()
