"""A model as a table: its layers, their output shapes and numbers of parameters."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from numpynn.autograd.structure import leaves, map_structure
from numpynn.symbolic import FunctionOperation


class Row(NamedTuple):
    """A layer in the table."""

    name: str
    shape: str
    parameters: str
    sources: str  # the layers its inputs come from
    trains: str  # Y, N, or - without weights


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: tuple[str, str] | None = None,
) -> None:
    """Print the table, with `rich` where it is installed; as plain text through `print_fn`.

    positions: the columns' ends as shares of `line_length`. Raises ValueError for a range of layers
    that is none.
    """
    rows = list(_rows(model, expand_nested, layer_range))
    columns = ["name", "shape", "parameters"]
    headers = {"name": "Layer (type)", "shape": "Output Shape", "parameters": "Param #"}
    if any("," in row.sources or row.sources != before for before, row in _with_previous(rows)):
        columns.append("sources")
        headers["sources"] = "Connected to"
    if show_trainable:
        columns.append("trains")
        headers["trains"] = "Trainable"
    table = [[headers[c] for c in columns], *([getattr(row, c) for c in columns] for row in rows)]
    title, totals = f'Model: "{model.name}"', _totals(model)
    if print_fn is None and _print_rich(title, table, totals, line_length):
        return
    show = print_fn or print
    show("\n".join([title, *_plain(table, line_length, positions), *totals]))


def _with_previous(rows: list[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with the name of the layer before it, which is where its input should come from."""
    previous = ""
    for row in rows:
        yield (previous if row.sources else ""), row
        previous = row.name.split(" ")[0]


def _rows(model: Any, expand: bool, layer_range: tuple[str, str] | None, indent: str = "") -> Any:
    layers = getattr(model, "operations", None) or model.layers
    if layer_range is not None:
        layers = _chosen(layers, layer_range)
    for layer in layers:
        yield Row(
            f"{indent}{layer.name} ({_kind_of(layer)})",
            _shape_of(layer),
            _count_of(layer),
            ", ".join(_sources_of(layer)),
            _training_of(layer),
        )
        if expand and hasattr(layer, "layers"):
            yield from _rows(layer, expand, None, indent + "    ")


def _chosen(layers: list[Any], layer_range: tuple[str, str]) -> list[Any]:
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"`layer_range` must be two names of layers; got {layer_range!r}.")
    names = [layer.name for layer in layers]
    for name in layer_range:
        if name not in names:
            raise ValueError(f"`layer_range` names {name!r}; the layers are {names}.")
    first, last = sorted(names.index(name) for name in layer_range)
    return layers[first : last + 1]


def _kind_of(layer: Any) -> str:
    if isinstance(layer, FunctionOperation):
        return layer.keras_place["class_name"]
    return type(layer).__name__


def _count_of(layer: Any) -> str:
    if isinstance(layer, FunctionOperation):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _training_of(layer: Any) -> str:
    if isinstance(layer, FunctionOperation) or not layer.weights:
        return "-"
    return "Y" if layer.trainable else "N"


def _shape_of(layer: Any) -> str:
    if not layer._inbound_nodes:
        return "?"
    shapes = map_structure(lambda x: x.shape, layer.output)
    return str(shapes) if isinstance(shapes, (list, tuple, dict)) else "?"


def _sources_of(layer: Any) -> list[str]:
    if not layer._inbound_nodes:
        return []
    tensors = layer._inbound_nodes[0].input_tensors
    return [x.history.operation.name for x in tensors if x.history is not None]


def _totals(model: Any) -> list[str]:
    weights = model.weights
    trainable = [w for w in model.trainable_weights]
    rest = [w for w in weights if not any(w is t for t in trainable)]
    lines = [
        f"Total params: {_amount(weights)}",
        f"Trainable params: {_amount(trainable)}",
        f"Non-trainable params: {_amount(rest)}",
    ]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        lines.append(f"Optimizer params: {_amount(optimizer.variables)}")
    return lines


def _amount(variables: Any) -> str:
    """How many numbers, and how much memory."""
    size: float = sum(v.array.nbytes for v in leaves(list(variables)))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{sum(v.size for v in variables):,} ({size:.2f} {unit})"


def _plain(
    table: list[list[str]], line_length: int | None, positions: list[float] | None
) -> list[str]:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    if positions is not None:
        total = line_length or shutil.get_terminal_size().columns
        ends = [int(total * p) if p <= 1 else int(p) for p in positions][: len(widths)]
        widths = [max(1, b - a - 2) for a, b in zip([0, *ends], ends, strict=False)]
    head, *rows = table
    ruled = [head, ["-" * w for w in widths], *rows]
    return [
        "  ".join(f"{c[:w]:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in ruled
    ]


def _print_rich(title: str, table: list[list[str]], totals: list[str], width: int | None) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        return False
    shown = Table()
    for name in table[0]:
        shown.add_column(name, justify="right" if name == "Param #" else "left")
    for row in table[1:]:
        shown.add_row(*row)
    console = Console(width=width)
    for part in (title, shown, *totals):
        console.print(part, highlight=False, markup=False)
    return True
