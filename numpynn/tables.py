"""Tables and listings on a terminal: with `rich` where it is installed, in plain text otherwise."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Collection, Sequence


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()
) -> None:
    """A table on stdout. right: the columns that are aligned to the right."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        _print_plain(title, columns, rows, right)
        return
    if not sys.stdout.isatty():
        _print_plain(title, columns, rows, right)
        return
    table = Table(title=title, title_justify="left")
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if i in right else "left", no_wrap=i == 0)
    for row in rows:
        table.add_row(*row)
    Console().print(table, highlight=False)


def _print_plain(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int]
) -> None:
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    print(f"\n{title}\n")
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = (
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


def print_side_by_side(left_title: str, left: str, right_title: str, right: str) -> None:
    """Two texts in two columns."""
    a, b = left.splitlines(), right.splitlines()
    width = max((len(line) for line in a), default=0)
    print(f"{left_title:<{width}} │ {right_title}")
    print(f"{'─' * width}─┼─{'─' * max(map(len, b), default=0)}")
    for x, y in itertools.zip_longest(a, b, fillvalue=""):
        print(f"{x:<{width}} │ {y}".rstrip())
