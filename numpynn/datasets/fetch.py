"""Fill the cache from the publishers: `fetch("ionosphere")`.

A file is trusted only if its SHA-256 is the one below; it appears in the cache whole or not at all.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from numpynn.datasets import NAMES
from numpynn.datasets.dataset import cache_folder

UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
BLOCK, TIMEOUT = 2**16, 60.0


@dataclass(frozen=True)
class Publication:
    """A file on its publisher's server: `size` bytes that have this SHA-256."""

    url: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        return urllib.parse.unquote(self.url.rpartition("/")[2])


PUBLICATIONS = {
    "boston-housing": Publication(
        f"{UCI}/housing/housing.data",
        49_082,
        "baadf72995725d76efe787b664e1f083388c79ba21ef9a7990d87f774184735a",
    ),
    "har-smartphones": Publication(
        f"{UCI}/00240/UCI%20HAR%20Dataset.zip",
        60_999_314,
        "2045e435c955214b38145fb5fa00776c72814f01b203fec405152dac7d5bfeb0",
    ),
    "ionosphere": Publication(
        f"{UCI}/ionosphere/ionosphere.data",
        76_467,
        "46d52186b84e20be52918adb93e8fb9926b34795ff7504c24350ae0616a04bbd",
    ),
    "iris": Publication(
        f"{UCI}/iris/iris.data",
        4_551,
        "6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0",
    ),
    "mnist": Publication(
        f"{KERAS}/mnist.npz",
        11_490_434,
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
}


def fetch(name: str) -> Path:
    """Download the data set into the cache, unless it is there already; the path of the file.

    Raises ValueError for a name that nothing is published under, and for a file that is not the
    published one; OSError where the server or the disk fails.
    """
    if name not in PUBLICATIONS:
        why = "is part of numpynn" if name in NAMES else "is unknown"
        raise ValueError(f"Data set {name!r} {why}. To fetch: {', '.join(PUBLICATIONS)}.")
    publication = PUBLICATIONS[name]
    path = cache_folder() / name / publication.file_name
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == publication.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".fetch-")
    os.close(handle)
    try:
        _download(publication, Path(partial))
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)
    return path


def _download(publication: Publication, path: Path) -> None:
    """Write the file to `path`, refusing what is longer than published or hashes to another sum."""
    digest, size = hashlib.sha256(), 0
    try:
        with (
            urllib.request.urlopen(publication.url, timeout=TIMEOUT) as response,
            path.open("wb") as file,
        ):
            while size <= publication.size and (block := response.read(BLOCK)):
                size += len(block)
                digest.update(block)
                file.write(block)
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"Cannot fetch {publication.url}: {error}") from error
    if size != publication.size or digest.hexdigest() != publication.sha256:
        got = f"{size} bytes" if size <= publication.size else f"more than {publication.size} bytes"
        raise ValueError(
            f"{publication.url} is not the published file: expected {publication.size} bytes with "
            f"SHA-256 {publication.sha256}, got {got} with {digest.hexdigest()}."
        )
