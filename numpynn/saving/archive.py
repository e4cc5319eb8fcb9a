"""Reading files that somebody else may have made, and writing files that a crash cannot spoil."""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

# Members above the floor may expand to so many times their stored size, and no more. Keras and we
# store without compression; a JSON file that somebody compressed stays far below.
EXPANSION_FLOOR = 1 << 20
MAX_EXPANSION = 100


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to. It takes the place of `path` at the end; after an error it is removed.

    A crash leaves the old file or the new one, never a part: the new one is on the disk before it
    gets its name.
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}-", suffix="".join(target.suffixes)
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, _ordinary_mode(target))
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _ordinary_mode(target: Path) -> int:
    """The permissions of the file that is replaced, or of any new one."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


class Archive:
    """The members of a zip file, each by a name that is safe and unique, none larger than it says.

    Raises ValueError for files that are no zip archive or damaged, for names that lead out of the
    archive or occur twice, and for members that expand to more than is plausible.
    """

    def __init__(self, file: Any) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"{file} is no complete archive: {error}.") from error
        self.name = str(getattr(file, "name", file))
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            self._admit(member)
        stored = sum(member.compress_size for member in self._members.values())
        if stored > self._size_of(file):
            self._refuse("its members overlap: together they are longer than the file")

    def _size_of(self, file: Any) -> int:
        stream = self._zip.fp
        assert stream is not None
        at = stream.tell()
        size = stream.seek(0, os.SEEK_END)
        stream.seek(at)
        return size

    def _admit(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
            self._refuse(f"member {name!r} would lie outside of it")
        if name in self._members:
            self._refuse(f"member {name!r} occurs twice")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            self._refuse(f"member {name!r} is a link")
        if member.file_size > max(EXPANSION_FLOOR, MAX_EXPANSION * member.compress_size):
            self._refuse(
                f"member {name!r} claims {member.file_size} bytes from {member.compress_size} "
                "stored: a decompression bomb"
            )
        self._members[name] = member

    def _refuse(self, reason: str) -> None:
        raise ValueError(f"Archive '{self.name}' is refused: {reason}.")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A member's content. Raises ValueError where it is missing or damaged."""
        if name not in self._members:
            raise ValueError(f"Archive '{self.name}' has no '{name}': it holds {self.names()}.")
        member = self._members[name]
        try:
            with self._zip.open(member) as stream:
                content = stream.read(member.file_size + 1)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"'{name}' in archive '{self.name}' is damaged: {error}.") from error
        if len(content) != member.file_size:
            self._refuse(f"member {name!r} has not the {member.file_size} bytes that it claims")
        return content

    def extract(self, prefix: str, folder: Path) -> None:
        """Write the members below `prefix` into a folder."""
        for name in self._members:
            if name.startswith(prefix) and not name.endswith("/"):
                target = folder / PurePosixPath(name).relative_to(prefix.rstrip("/"))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(name))

    def close(self) -> None:
        self._zip.close()


def read_npy(content: BinaryIO, size: int, name: str) -> Any:
    """An array in NumPy's format, of numbers only, and no larger than its file.

    Raises ValueError for objects (they would be executed), and for a header that claims more.
    """
    version = np.lib.format.read_magic(content)
    reader = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get((version[0], version[1]))
    if reader is None:
        raise ValueError(f"Array '{name}' has an unknown format version {version}.")
    shape, fortran, dtype = reader(content)
    if dtype.hasobject:
        raise ValueError(f"Array '{name}' holds Python objects, which are not loaded.")
    stored = size - content.tell()
    if math.prod(shape) * dtype.itemsize != stored:
        raise ValueError(f"Array '{name}' claims shape {shape} of {dtype}, but has {stored} bytes.")
    values = np.frombuffer(content.read(), dtype)
    return values.reshape(shape, order="F" if fortran else "C")
