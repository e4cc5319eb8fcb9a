"""What the sub-commands do. `cli.py` has parsed the arguments and prepared the process."""

from __future__ import annotations

import inspect
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from numpynn import blas, config, datasets, systems, utils
from numpynn.report import environment, environment_line
from numpynn.saving.stores import require_h5py
from numpynn.systems import System
from numpynn.tables import print_side_by_side, print_table


class UsageError(Exception):
    """A name that does not exist, or arguments that do not go together."""


class KerasIsMissing(Exception):
    """The comparison was asked for, and Keras is not installed."""


def _say(*words: Any) -> None:
    print(*words, file=sys.stderr, flush=True)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _load(slug: str) -> System:
    try:
        return systems.load(slug)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _chosen(arguments: Any) -> list[System]:
    if arguments.all == bool(arguments.slugs):
        raise UsageError(
            f"`numpynn {arguments.command}` takes either systems or --all. `numpynn list` shows "
            "them."
        )
    return [_load(slug) for slug in (systems.SLUGS if arguments.all else arguments.slugs)]


def _import_keras_side() -> Any:
    """The comparison module. Raises KerasIsMissing."""
    import kerasref

    try:
        from kerasref import backend  # noqa: F401 - says so clearly where Keras is missing
    except kerasref.KerasMissing as error:
        raise KerasIsMissing(str(error)) from error
    from kerasref import compare

    return compare


def _check_plot(file: str | None) -> None:
    """Find out before the work that a picture cannot be written: ImportError or UsageError."""
    if file is None:
        return
    from numpynn.plots import file_types

    ending = Path(file).suffix.lstrip(".")
    if ending not in file_types():
        raise UsageError(f"--plot {file}: cannot write *.{ending}; can: {', '.join(file_types())}.")
    if not Path(file).absolute().parent.is_dir():
        raise UsageError(f"--plot {file}: there is no folder {Path(file).absolute().parent}.")


def _check_save(file: str | None, system: System) -> None:
    """Find out before the work that a model cannot be saved: ImportError or UsageError."""
    if file is None:
        return
    if not system.is_model:
        raise UsageError(f"--save {file}: {system.slug} is a procedure, not a model of layers.")
    if Path(file).suffix != ".keras":
        raise UsageError(f"--save {file}: the name must end in '.keras'.")
    if not Path(file).absolute().parent.is_dir():
        raise UsageError(f"--save {file}: there is no folder {Path(file).absolute().parent}.")
    require_h5py()


# -- list and show ---------------------------------------------------------------------------------


def catalogue(arguments: Any) -> int:
    """The catalogue."""
    rows = [_catalogue_row(systems.load(slug)) for slug in systems.SLUGS]
    if arguments.json:
        _print_json({"systems": rows})
        return 0
    print_table(
        "The catalogue",
        ["system", "chapter", "task", "params", "sides"],
        [
            [r["system"], r["chapter"], r["task"], f"{r['params']:,}", " + ".join(r["sides"])]
            for r in rows
        ],
        right=[3],
    )
    return 0


def _catalogue_row(system: System) -> dict[str, Any]:
    sides = ["numpynn"] + (["keras"] if _keras_source(system.slug).exists() else [])
    return {
        "system": system.slug,
        "chapter": system.chapter,
        "task": system.task,
        "params": system.count_params(),
        "sides": sides,
    }


def _keras_source(slug: str) -> Path:
    import kerasref

    return Path(kerasref.__file__).parent / "systems" / f"{slug.replace('-', '_')}.py"


def show(arguments: Any) -> int:
    """A system's explanation and both sources."""
    system = _load(arguments.slug)
    ours = Path(inspect.getsourcefile(system.module) or "").read_text(encoding="utf-8")
    keras_file = _keras_source(system.slug)
    theirs = keras_file.read_text(encoding="utf-8") if keras_file.exists() else ""
    about = inspect.getdoc(system.module) or ""
    if arguments.json:
        _print_json({**_catalogue_row(system), "about": about, "numpynn": ours, "keras": theirs})
        return 0
    print(f"{system.slug} (chapter {system.chapter}): {system.task}\n\n{about}\n")
    if system.is_model:
        system.model().summary()
        print()
    print_side_by_side("numpynn", ours, "keras", theirs)
    return 0


# -- train -----------------------------------------------------------------------------------------


def train(arguments: Any) -> int:
    """Train in NumPy, and say how well it went."""
    system = _load(arguments.slug)
    _check_plot(arguments.plot)
    _check_save(arguments.save, system)
    config.set_floatx(arguments.dtype)
    utils.set_random_seed(arguments.seed)
    facts = environment()
    _say(environment_line(facts))
    result = (
        _train_model(system, arguments) if system.is_model else _train_procedure(system, arguments)
    )
    result = {"system": system.slug, "dtype": arguments.dtype, "seed": arguments.seed, **result}
    if arguments.json:
        _print_json({"environment": facts, **result})
    else:
        name, value = result["metric"]["name"], result["metric"]["value"]
        print(f"{system.slug}: {name} {value:.6g} after {result['length']}")
    return 0


def _train_model(system: System, arguments: Any) -> dict[str, Any]:
    from numpynn.callbacks import ProgbarLogger

    split, model = system.data(), system.model()
    epochs, batch_size = arguments.epochs or system.module.EPOCHS, system.module.BATCH_SIZE
    options = system.fit_arguments(split)
    if not options.keys() & {"validation_data", "validation_split"}:
        options["validation_data"] = (split.x_test, split.y_test)
    with blas.suited_to(blas.largest_product(model, batch_size)):
        history = model.fit(
            split.x,
            split.y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=1,
            callbacks=[ProgbarLogger(stream=sys.stderr), *system.callbacks()],
            **options,
        )
    if arguments.save:
        model.save(arguments.save)
        _say(f"wrote {arguments.save}")
    measured = model.evaluate(
        split.x_test, split.y_test, batch_size=batch_size, verbose=0, return_dict=True
    )
    if arguments.plot:
        from numpynn.plots import plot_training

        plot_training(arguments.plot, system, model, split, history.history)
        _say(f"wrote {arguments.plot}")
    return {
        "length": f"{len(history.epoch)} epochs",
        "metric": {"name": system.metric, "value": system.measure(measured)},
        "evaluation": measured,
        "history": history.history,
    }


def _train_procedure(system: System, arguments: Any) -> dict[str, Any]:
    module = system.module
    steps = arguments.epochs or module.STEPS
    quantity, objectives = module.start().astype(arguments.dtype), []
    for t in range(steps):
        quantity, objective = module.step(quantity, t)
        objectives.append(float(objective))
    if arguments.plot:
        from numpynn.plots import plot_procedure

        plot_procedure(arguments.plot, system, quantity, objectives)
        _say(f"wrote {arguments.plot}")
    return {
        "length": f"{steps} steps",
        "metric": {"name": system.metric, "value": module.measure(quantity)},
        "quantity": np.asarray(quantity).tolist(),
        "history": {"objective": objectives},
    }


# -- compare and bench -----------------------------------------------------------------------------


def compare(arguments: Any) -> int:
    """The main job: every figure of both sides, and whether all are within their bars."""
    chosen = _chosen(arguments)
    _check_plot(arguments.plot)
    comparison = _import_keras_side()
    dtypes = [arguments.dtype] if arguments.dtype else ["float64", "float32"]
    facts = environment(comparison.device_name())
    if not arguments.json:
        print(environment_line(facts))
    timed_in = arguments.dtype or "float32"
    times: dict[str, Any] = {}  # each system's, measured once for both tables
    rows = []
    for dtype in dtypes:
        mine = []
        for i, system in enumerate(chosen, 1):
            _say(f"[{i}/{len(chosen)}] {system.slug} in {dtype}")
            known = times.get(system.slug) or comparison.step_times(system, timed_in)
            times[system.slug] = known
            mine.append(comparison.compare(system, dtype, arguments.steps, arguments.train, known))
        rows += mine
        if not arguments.json:
            _print_comparison(dtype, arguments.steps, timed_in, mine)
    ok = all(row["ok"] for row in rows)
    if arguments.json:
        _print_json({"environment": facts, "systems": rows, "ok": ok})
    elif not ok:
        print(
            "Bars missed: "
            + ", ".join(f"{r['system']} ({r['dtype']})" for r in rows if not r["ok"])
        )
    if arguments.plot:
        from numpynn.plots import plot_comparison

        plot_comparison(arguments.plot, rows)
        _say(f"wrote {arguments.plot}")
    return 0 if ok else 1


def _print_comparison(dtype: str, steps: int, timed_in: str, rows: Any) -> None:
    bar = {name: min(row["bar"][name] for row in rows) for name in rows[0]["bar"]}
    columns = ["system", "params", "forward", "gradient", "weights", "loss", "metric", "numpynn",
               "keras", "ms/step", "keras", "ratio", "fit ratio", ""]  # fmt: skip
    lines = []
    for row in rows:
        times, metric = row["ms_per_step"], row["metric"]
        lines.append(
            [
                row["system"],
                f"{row['params']:,}",
                *(
                    _power(row[name], row["bar"][name])
                    for name in ("forward", "gradient", "weights", "loss")
                ),
                metric["name"],
                _with_spread(metric, "numpynn"),
                _with_spread(metric, "keras"),
                f"{times['numpynn']:.3f}",
                f"{times['keras']:.3f}",
                f"{times['ratio']:.2f}",
                f"{row['ms_per_step_fit']['ratio']:.2f}",
                _verdict(row, bar),
            ]
        )
    title = (
        f"{dtype}: errors against Keras ({rows[0]['backend']}, {rows[0]['device']}), bars "
        + ", ".join(f"{name} {bar[name]:.0e}" for name in bar)
        + f"; weights and loss after {steps} steps; times in {timed_in}"
    )
    print_table(title, columns, lines, right=[1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])


def _verdict(row: dict[str, Any], bar: dict[str, float]) -> str:
    """Whether the row is within its bars, and which of them are wider than the table's."""
    own = ", ".join(
        f"{name} {row['bar'][name]:.0e}" for name in bar if row["bar"][name] > bar[name]
    )
    return ("ok" if row["ok"] else "BAR MISSED") + (f" (own bars: {own})" if own else "")


def _power(value: float, bar: float) -> str:
    text = "inf" if math.isinf(value) else f"{value:.0e}" if value else "0"
    return text if value <= bar else f"{text} > {bar:.0e}"


def _with_spread(metric: dict[str, Any], side: str) -> str:
    spread = metric.get("spread")
    return f"{metric[side]:.4g}" + (f" ±{spread[side]:.2g}" if spread else "")


def bench(arguments: Any) -> int:
    """Time alone: a column for every device that Keras can run on."""
    chosen = _chosen(arguments)
    comparison = _import_keras_side()
    from kerasref import timing

    facts = environment(comparison.device_name())
    if not arguments.json:
        print(environment_line(facts))
    rows = []
    for i, system in enumerate(chosen, 1):
        _say(f"[{i}/{len(chosen)}] {system.slug} in {arguments.dtype}")
        with comparison.both_float_types(arguments.dtype), comparison.suited_blas(system):
            times = timing.bench_times(system, arguments.rounds)
        rows.append(
            {
                "system": system.slug,
                "dtype": arguments.dtype,
                "params": system.count_params(),
                **times,
            }
        )
    if arguments.json:
        _print_json({"environment": facts, "systems": rows})
        return 0
    devices = [*rows[0]["keras"]]
    print_table(
        f"{arguments.dtype}: median ms a step over {arguments.rounds} rounds, numpynn over Keras",
        ["system", "params", "numpynn", *(c for d in devices for c in (f"keras {d}", "ratio"))],
        [
            [
                row["system"],
                f"{row['params']:,}",
                f"{row['numpynn']:.3f}",
                *(c for d in devices for c in (f"{row['keras'][d]:.3f}", f"{row['ratio'][d]:.2f}")),
            ]
            for row in rows
        ],
        right=[*range(1, 3 + 2 * len(devices))],
    )
    return 0


# -- data ------------------------------------------------------------------------------------------


def data(arguments: Any) -> int:
    """Which copies are used, fetching from publishers, and where files are looked for."""
    if arguments.action == "fetch":
        return _fetch(arguments)
    if arguments.name:
        raise UsageError(
            f"`numpynn data {arguments.action}` takes no name; got {arguments.name!r}."
        )
    if arguments.action == "where":
        folders = {
            "NUMPYNN_DATA": str(datasets.data_folder() or "not set"),
            "cache": str(datasets.cache_folder()),
        }
        if arguments.json:
            _print_json(folders)
        else:
            for name, folder in folders.items():
                print(f"{name}: {folder}")
        return 0
    rows: list[dict[str, Any]] = []
    for name in datasets.NAMES:
        found = datasets.load(name)
        rows.append(
            {
                "name": name,
                "x": [*found.x.shape],
                "y": [*found.y.shape],
                "source": found.source,
                "origin": found.origin,
            }
        )
    if arguments.json:
        _print_json({"data": rows})
        return 0
    print_table(
        "Data sets",
        ["name", "x", "y", "source", "origin"],
        [
            [r["name"], str(tuple(r["x"])), str(tuple(r["y"])), r["source"], r["origin"]]
            for r in rows
        ],
    )
    return 0


def _fetch(arguments: Any) -> int:
    from numpynn.datasets import fetch

    if not arguments.name:
        raise UsageError(f"`numpynn data fetch` needs a name: {', '.join(fetch.PUBLICATIONS)}.")
    try:
        folder = fetch.fetch(arguments.name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if arguments.json:
        _print_json({"name": arguments.name, "folder": str(folder)})
    else:
        print(folder)
    return 0


COMMANDS = {
    "list": catalogue,
    "show": show,
    "train": train,
    "compare": compare,
    "bench": bench,
    "data": data,
}
