"""Pictures of training and of comparisons, with matplotlib, which is needed for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpynn.systems import Split, System


def _figure(width: float, height: float) -> Any:
    """An empty figure that needs no display. Raises ImportError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("Pictures need matplotlib: pip install 'numpynn[plot]'") from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def file_types() -> list[str]:
    """The endings of files that can be written. Raises ImportError without matplotlib."""
    return sorted(_figure(1, 1).canvas.get_supported_filetypes())


def plot_training(
    file: str, system: System, model: Any, split: Split, history: Mapping[str, Sequence[float]]
) -> None:
    """The system's own picture where it has one, beside the learning curves."""
    draw = getattr(system.module, "draw", None)
    figure = _figure(13 if draw else 7, 4.5)
    if draw is None:
        _draw_curves(figure, system.slug, history, "epoch")
    else:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.6])
        _draw_curves(left, system.slug, history, "epoch")
        draw(right, model, split)
    figure.savefig(file, dpi=120)


def plot_curves(file: str, title: str, curves: Mapping[str, Sequence[float]], unit: str) -> None:
    """Figures over epochs or steps."""
    figure = _figure(7, 4.5)
    _draw_curves(figure, title, curves, unit)
    figure.savefig(file, dpi=120)


def _draw_curves(figure: Any, title: str, curves: Mapping[str, Sequence[float]], unit: str) -> None:
    """Losses in one panel, on a logarithmic axis where positive; other figures in a second one."""
    losses = {name: c for name, c in curves.items() if "loss" in name or name == "objective"}
    others = {name: c for name, c in curves.items() if name not in losses}
    panels = figure.subplots(2 if others else 1, 1, sharex=True, squeeze=False)[:, 0]
    for panel, group in zip(panels, [losses, others], strict=False):
        for name, curve in group.items():
            panel.plot(range(1, len(curve) + 1), curve, label=name)
        if group is losses and all(value > 0 for curve in group.values() for value in curve):
            panel.set_yscale("log")
        panel.legend()
    panels[0].set_title(title)
    panels[-1].set_xlabel(unit)


def plot_comparison(file: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Errors against their bars, and the time of a step against Keras's."""
    dtypes = list(dict.fromkeys(row["dtype"] for row in rows))
    names = list(dict.fromkeys(row["system"] for row in rows))
    figure = _figure(12, 1.5 + 0.35 * len(names))
    panels = figure.subplots(1, len(dtypes) + 1, sharey=True, squeeze=False)[0]
    for panel, dtype in zip(panels, dtypes, strict=False):
        mine = [row for row in rows if row["dtype"] == dtype]
        places = [names.index(row["system"]) for row in mine]
        for i, measure in enumerate(("forward", "gradient", "weights", "loss")):
            color = f"C{i}"
            panel.scatter(
                [max(row[measure], 1e-18) for row in mine], places, color=color, label=measure
            )
            panel.axvline(mine[0]["bar"][measure], color=color, linestyle=":", linewidth=1)
        panel.set(xscale="log", xlabel=f"error, {dtype} (dotted: bars)")
        panel.legend(fontsize="small")
    for i, dtype in enumerate(dtypes):
        mine = [row for row in rows if row["dtype"] == dtype]
        heights = [names.index(row["system"]) + 0.3 * i for row in mine]
        ratios = [row["ms_per_step"]["ratio"] for row in mine]
        panels[-1].barh(heights, ratios, height=0.28, label=dtype)
    panels[-1].axvline(1.0, color="black", linewidth=1)
    panels[-1].set(xscale="log", xlabel="time of a step, numpynn / Keras")
    panels[-1].legend(fontsize="small")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    figure.savefig(file, dpi=120)
