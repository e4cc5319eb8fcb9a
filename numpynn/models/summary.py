"""A model as a table: its layers, their output shapes and numbers of parameters."""

from __future__ import annotations

from typing import Any


def print_summary(model: Any, print_fn: Any = None, line_length: int | None = None) -> None:
    """Print the table, with `rich` where it is installed; through `print_fn` if given."""
    rows, shape = [], getattr(model, "_input", None) and model.input_shape
    for layer in model.layers:
        shape = layer.compute_output_shape(shape) if shape else None
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        kind = f"{layer.name} ({type(layer).__name__})"
        rows.append((kind, str(shape) if shape else "?", count))
    trainable = sum(w.size for w in model.trainable_weights)
    total = sum(w.size for w in model.weights)
    totals = [
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]
    title, header = f'Model: "{model.name}"', ("Layer (type)", "Output shape", "Param #")
    if print_fn is None and _print_rich(title, header, rows, totals, line_length):
        return
    show = print_fn or print
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(3)]
    show(title)
    for row in [header, tuple("-" * w for w in widths), *rows]:
        show(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}")
    for line in totals:
        show(line)


def _print_rich(
    title: str, header: tuple[str, ...], rows: list[Any], totals: list[str], width: int | None
) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        return False
    table = Table()
    for name, justify in zip(header, ("left", "left", "right"), strict=True):
        table.add_column(name, justify=justify)
    for row in rows:
        table.add_row(*row)
    console = Console(width=width)
    for part in (title, table, *totals):
        console.print(part, highlight=False)
    return True
