"""Human activity recognition: what a telephone on the waist feels (Anguita et al. 2013).

Thirty people walked, climbed, sat, stood and lay; acceleration and rotation, 50 times a second, are
cut into windows of 2.56 s that overlap by half. The publisher trains on 21 of the people and tests
on the nine others.
"""

from __future__ import annotations

import functools
import zipfile
import zlib
from pathlib import Path

import numpy as np

from numpynn.datasets.dataset import Dataset, find_folders
from numpynn.typing import Array

ACTIVITIES = ("walking", "upstairs", "downstairs", "sitting", "standing", "laying")
"""In the order of the labels; the published files count them from 1."""

SIGNALS = (
    *("total_acc_x", "total_acc_y", "total_acc_z"),
    *("body_acc_x", "body_acc_y", "body_acc_z"),
    *("body_gyro_x", "body_gyro_y", "body_gyro_z"),
)
"""Acceleration in units of gravity's, with and without it; rotation in radians a second."""

RATE, WINDOW = 50, 128
"""Measurements a second, and how many of them make a window."""

ARCHIVE, FOLDER = "UCI HAR Dataset.zip", "UCI HAR Dataset"


def load() -> Dataset:
    """x (n, 128, 9): windows of the nine `SIGNALS`.   y (n,): the index into `ACTIVITIES`.

    The first `train_rows` windows are to train on, the others, of other people, to test on.

    Published form, in `har-smartphones/`: UCI's archive, or what is in it, `train/` and `test/`
    with their `Inertial Signals`; then n = 10299, or as many as the files hold. No package carries
    it: without it a stand-in is generated, and `source` says so.
    """
    for folder, source in find_folders("har-smartphones"):
        for place in (folder, folder / FOLDER, folder / ARCHIVE):
            if place.is_file() or (place / "train").is_dir():
                x, y, train_rows = _parse(place)
                return Dataset(x, y, source, str(place), train_rows)
        if source == "published":
            raise FileNotFoundError(f"{folder} has neither train and test nor {ARCHIVE}.")
    x, y, train_rows = generate()
    origin = "a stand-in for the telephones' measurements, seed 0"
    return Dataset(x, y, "generated", origin, train_rows)


# -- the published files ---------------------------------------------------------------------------


@functools.cache
def _parse(place: Path) -> tuple[Array, Array, int]:
    """x, y and the number of windows to train on; the arrays are shared, and read-only."""
    root: Path | zipfile.Path = place
    if place.is_file():
        try:
            root = zipfile.Path(place) / FOLDER
        except zipfile.BadZipFile as error:
            raise ValueError(f"{place}: expected a zip archive, got: {error}") from error
    (x, y), (x_test, y_test) = (_read_part(root / part, part) for part in ("train", "test"))
    return np.concatenate([x, x_test]), np.concatenate([y, y_test]), len(y)


def _read_part(folder: Path | zipfile.Path, part: str) -> tuple[Array, Array]:
    path = folder / f"y_{part}.txt"
    labels = _read_numbers(path, columns=1)[:, 0]
    outside = np.flatnonzero(~np.isin(labels, np.arange(1, len(ACTIVITIES) + 1)))
    if outside.size:
        raise ValueError(
            f"{path}, line {outside[0] + 1}: expected an activity from 1 to {len(ACTIVITIES)}, got "
            f"{labels[outside[0]]:g}."
        )
    x = np.empty((len(labels), WINDOW, len(SIGNALS)))
    for i, signal in enumerate(SIGNALS):
        path = folder / "Inertial Signals" / f"{signal}_{part}.txt"
        windows = _read_numbers(path, columns=WINDOW)
        if len(windows) != len(labels):
            raise ValueError(
                f"{path}: expected a window for each of {len(labels)} labels, got {len(windows)}."
            )
        x[:, :, i] = windows
    return x, labels.astype(np.int64) - 1


def _read_numbers(path: Path | zipfile.Path, columns: int) -> Array:
    """(lines, columns), float64. Raises FileNotFoundError, or ValueError that names the file."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing.")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        numbers = np.loadtxt(lines, ndmin=2) if any(lines) else np.empty((0, columns))
    except (ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: expected lines of numbers, got: {error}") from error
    if not numbers.size or numbers.shape[1] != columns:
        got = f"{numbers.shape[1]} of them" if numbers.size else "none"
        raise ValueError(f"{path}: expected lines of {columns} numbers, got {got}.")
    return numbers


# -- the generator ---------------------------------------------------------------------------------

TRAINING_PEOPLE, TEST_PEOPLE, WINDOWS = 21, 9, 18
"""How many people, and each one's windows of each activity."""


# One row an activity, in the order of `ACTIVITIES`; near the figures of the measured windows.
_GRAVITY = (
    *((0.98, -0.18, -0.07), (0.95, -0.28, -0.16), (0.98, -0.16, -0.06)),
    *((0.97, 0.12, 0.14), (0.98, -0.16, -0.03), (0.08, 0.64, 0.57)),
)
"""What pulls at x, y and z …"""
_TILT = (0.15, 0.15, 0.15, 0.11, 0.09, 0.20)
"""… and by how much people differ in how they wear the telephone."""
_STRIDES = (0.88, 0.78, 0.95, 0.25, 0.30, 0.20)
"""A second; a stride is two steps. Who rests sways."""
_WALK, _SWAY = (0.4, 1.0, 0.3, 0.6), (1.0, 0.5, 0.3, 0.2)
_SHARES = (_WALK, (0.8, 1.0, 0.4, 0.3), (0.4, 1.0, 0.5, 0.5), _SWAY, _SWAY, _SWAY)
"""How much of the motion has one, two, three and four times the strides' frequency."""
_SIZE = (
    (0.21, 0.17, 0.13, 0.45, 0.46, 0.32),
    (0.25, 0.17, 0.14, 0.47, 0.47, 0.35),
    (0.36, 0.18, 0.14, 0.58, 0.48, 0.34),
    (0.006, 0.008, 0.010, 0.02, 0.02, 0.02),
    (0.006, 0.010, 0.011, 0.03, 0.02, 0.02),
    (0.007, 0.007, 0.009, 0.02, 0.02, 0.02),
)
"""The standard deviations of the body's acceleration and rotation, along x, y and z each."""


@functools.cache
def generate(seed: int = 0) -> tuple[Array, Array, int]:
    """x, y and the number of windows to train on: a problem like the measured one.

        total = g + body
        body, gyro = size · (Σ_h share_h sin(h (2π f t + start) + phase_h) + noise)

    An activity has phases of its own, which give its strides their shape. Gravity g is tilted, and
    frequency, size, shares and phases vary, from person to person and a little from window to
    window; so sitting and standing, and the three ways of walking, overlap.
    """
    random = np.random.default_rng(seed)
    people, activities = TRAINING_PEOPLE + TEST_PEOPLE, len(ACTIVITIES)
    person = np.repeat(np.arange(people), activities * WINDOWS)
    y = np.tile(np.arange(activities), people * WINDOWS)
    n = len(y)

    def varied(people_by: float, windows_by: float, *shape: int) -> Array:
        """Normal numbers (n, …): what a person's windows of one activity share, plus the rest."""
        shared = random.normal(0, people_by, (people, activities, *shape))
        return shared[person, y] + random.normal(0, windows_by, (n, *shape))

    pull = np.array(_GRAVITY)[y] + np.array(_TILT)[y, np.newaxis] * varied(1.0, 0.2, 3)
    pull /= np.linalg.norm(pull, axis=1, keepdims=True)
    frequency = np.array(_STRIDES)[y] * np.exp(varied(0.06, 0.03))
    start = random.uniform(0, 2 * np.pi, (n, 1))
    cycle = 2 * np.pi * frequency[:, np.newaxis] * np.arange(WINDOW) / RATE + start

    size = np.array(_SIZE)[y] * np.exp(varied(0.2, 0.15, 6))
    share = np.array(_SHARES)[y, :, np.newaxis] * np.exp(varied(0.2, 0.1, 4, 6))
    share *= (2 / np.sum(np.square(share), axis=1, keepdims=True)) ** 0.5  # the waves' variance: 1
    phase = random.uniform(0, 2 * np.pi, (activities, 4, 6))[y] + varied(0.6, 0.3, 4, 6)
    body = random.normal(0, 0.4, (n, WINDOW, 6))
    for h in range(4):
        angle = (h + 1) * cycle[:, :, np.newaxis] + phase[:, np.newaxis, h]
        body += share[:, np.newaxis, h] * np.sin(angle)
    body *= size[:, np.newaxis]
    x = np.concatenate([pull[:, np.newaxis] + body[:, :, :3], body], axis=2)
    return x, y, TRAINING_PEOPLE * activities * WINDOWS
