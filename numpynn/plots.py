"""Pictures of training and of comparisons, with matplotlib, which is needed for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numpynn.systems import Split, System
from numpynn.typing import Array


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
    """The learning curves, and the system's own picture where it has one."""
    _plot(file, system, _with_figure(system, history), "epoch", model, split)


def plot_procedure(file: str, system: System, quantity: Array, objectives: Sequence[float]) -> None:
    """The same of a procedure: what it lowers, and what it has learnt."""
    _plot(file, system, {"objective": objectives}, "step", quantity)


def _plot(
    file: str, system: System, curves: Mapping[str, Sequence[float]], unit: str, *learnt: Any
) -> None:
    """Curves on the left; on the right what the system draws of what it has learnt."""
    draw = getattr(system.module, "draw", None)
    figure = _figure(14 if draw else 7, 4.8)
    if draw is None:
        _draw_curves(figure, system.slug, curves, unit)
    else:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.8])
        _draw_curves(left, system.slug, curves, unit)
        draw(right, *learnt)
    figure.savefig(file, dpi=120)


def _with_figure(
    system: System, history: Mapping[str, Sequence[float]]
) -> Mapping[str, Sequence[float]]:
    """Where the system's figure follows from several metrics, the figure in their place."""
    if not hasattr(system.module, "measure"):
        return history
    curves = {name: curve for name, curve in history.items() if "loss" in name}
    names = [name for name in history if not name.startswith("val_")]
    for prefix in ("", "val_"):
        if all(prefix + name in history for name in names):
            epochs = zip(*(history[prefix + name] for name in names), strict=True)
            figures = [system.measure(dict(zip(names, values, strict=True))) for values in epochs]
            curves[prefix.replace("_", " ") + system.metric] = figures
    return curves


def _draw_curves(figure: Any, title: str, curves: Mapping[str, Sequence[float]], unit: str) -> None:
    """Losses in one panel, on a logarithmic axis where positive; other figures in a second one."""
    groups: dict[str, dict[str, Sequence[float]]] = {}
    for name, curve in curves.items():
        kind = "loss" if "loss" in name else "objective" if name == "objective" else "metric"
        groups.setdefault(kind, {})[name] = curve
    kinds = [kind for kind in ("loss", "objective", "metric") if kind in groups]
    panels = figure.subplots(len(kinds), 1, sharex=True, squeeze=False)[:, 0]
    for panel, kind in zip(panels, kinds, strict=True):
        _draw_group(panel, groups[kind])
        values = [value for curve in groups[kind].values() for value in curve]
        panel.set(ylabel=kind, yscale="log" if kind != "metric" and min(values) > 0 else "linear")
    panels[0].set_title(title)
    panels[-1].set_xlabel(unit)
    panels[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def _draw_group(panel: Any, curves: Mapping[str, Sequence[float]]) -> None:
    """Curves; what is measured in validation is dashed, in the colour of the same in training."""
    names = sorted(curves, key=lambda name: (name.startswith("val"), name))
    measured = {name: name.removeprefix("val_").removeprefix("val ") for name in names}
    colors = {figure: f"C{i}" for i, figure in enumerate(dict.fromkeys(measured.values()))}
    for name in names:
        style = "-" if name == measured[name] else "--"
        epochs = range(1, len(curves[name]) + 1)
        mark = "o" if len(epochs) == 1 else ""  # a line of one point is none
        color = colors[measured[name]]
        inside = color if style == "-" else "white"
        panel.plot(
            epochs, curves[name], mark + style, color=color, markerfacecolor=inside, label=name
        )
    panel.legend(fontsize="small")


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
            bar = min(row["bar"][measure] for row in mine)
            panel.axvline(bar, color=color, linestyle=":", linewidth=1)
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


# -- for the systems' own pictures -----------------------------------------------------------------


def draw_confusion(panel: Any, labels: Array, found: Array, names: Sequence[str]) -> None:
    """How many samples of each class (rows) were taken for each class (columns)."""
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (np.asarray(labels, int), np.asarray(found, int)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if shares[row, column] > 0.6 else "black"
        if count or len(names) <= 3:
            panel.text(column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=8)
    places = range(len(names))
    if sum(map(len, names)) > 20:  # they would touch
        panel.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")
    else:
        panel.set_xticks(places, names)
    panel.set_yticks(places, names)
    panel.set(xlabel="taken for", ylabel="true class")


def draw_tiles(panel: Any, tiles: Array, columns: int) -> None:
    """Small pictures (n, height, width) on one scale, row by row: blue above 0, red below."""
    n, height, width = tiles.shape
    rows = -(-n // columns)
    wall = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, tile in enumerate(tiles):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        wall[top : top + height, left : left + width] = tile
    largest = np.max(np.absolute(tiles))
    colors, least = ("RdBu", -largest) if np.min(tiles) < 0 else ("Blues", 0)
    picture = panel.imshow(wall, cmap=colors, vmin=least, vmax=largest, interpolation="nearest")
    panel.set_xticks([])
    panel.set_yticks([])
    panel.set_frame_on(False)
    panel.figure.colorbar(picture, ax=panel, shrink=0.8)


def draw_roc(panel: Any, labels: Array, scores: Array, name: str) -> None:
    """The share of positives found against the share of negatives accused, over all thresholds."""
    false_rate, true_rate, area = roc_curve(labels, scores)
    panel.plot(false_rate, true_rate, label=f"{name}, area {area:.3f}")
    panel.set(xlabel="false positive rate", ylabel="true positive rate")


def roc_curve(labels: Array, scores: Array) -> tuple[Array, Array, float]:
    """False and true positive rates as the threshold falls from +∞, and the area under them.

    labels (n,) 0 or 1   scores (n,)   rates (m,) from 0 to 1. Equal scores fall together.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_its_score = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(labels[order])[last_of_its_score]
    accused = np.cumsum(1 - labels[order])[last_of_its_score]
    true_rate, false_rate = (np.append(0, n) / max(n[-1], 1) for n in (found, accused))
    return false_rate, true_rate, float(np.trapezoid(true_rate, false_rate))
