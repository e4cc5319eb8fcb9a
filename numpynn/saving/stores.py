"""Where variables are kept in a file: for each saved object a group of arrays, "0", "1", …

layers/dense/vars/0        in HDF5 (`.weights.h5`, and inside `.keras`), as Keras has it
layers/dense/vars/0.npy    in NumPy's `.npz`, which needs NumPy alone
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import numpy as np

from numpynn.autograd.tensor import Tensor
from numpynn.saving.archive import EXPANSION_FLOOR, MAX_EXPANSION, Archive, read_npy

VARIABLES = "vars"


def require_h5py() -> Any:
    """The h5py package. Raises ImportError, with what to install or do instead, without it."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "HDF5 files need h5py: pip install 'numpynn[files]'. With NumPy alone, save weights as "
            "'….npz', or the model with weights_format='npz'."
        ) from error
    return h5py


def _plain(value: Any) -> Any:
    return np.asarray(value.array if isinstance(value, Tensor) else value)


class H5Writer:
    """Groups of arrays as an HDF5 file."""

    def __init__(self, file: Any) -> None:
        self._file = require_h5py().File(file, "w")

    def group(self, path: str, name: str | None) -> MutableMapping[str, Any]:
        """A new group to put arrays into. name: of the object, kept for people who look."""
        group = self._file.require_group(path or "/").create_group(VARIABLES)
        if name is not None:
            group.attrs["name"] = name
        return _H5Group(group)

    def close(self) -> None:
        self._file.close()


class _H5Group(MutableMapping[str, Any]):
    def __init__(self, group: Any) -> None:
        self._group = group

    def __setitem__(self, key: str, value: Any) -> None:
        self._group.create_dataset(key, data=_plain(value))

    def __getitem__(self, key: str) -> Any:
        return self._group[key][()]

    def __delitem__(self, key: str) -> None:
        del self._group[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class H5Reader:
    """The groups of an HDF5 file. What leads to other files, or claims more than is stored, is
    refused with a ValueError, and so is a damaged file."""

    def __init__(self, file: Any) -> None:
        try:
            self._file = require_h5py().File(file, "r")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ValueError(f"The HDF5 file of weights cannot be read: {error}.") from error

    def group(self, path: str) -> Mapping[str, Any]:
        """The arrays of a group, read when they are asked for; none where there is no group."""
        found = self._file
        for part in [p for p in path.split("/") if p] + [VARIABLES]:
            self._require_inside(found, part)
            if part not in found:
                return {}
            found = found[part]
            if not isinstance(found, require_h5py().Group):
                raise ValueError(f"'{path}' in the file of weights is no group.")
        return _H5Arrays(self, found)

    def array(self, group: Any, key: str) -> Any:
        h5py = require_h5py()
        self._require_inside(group, key)
        dataset = group[key]
        where = f"Weight '{group.name}/{key}' in the file"
        if not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"{where} is no array.")
        if dataset.external or dataset.is_virtual:
            raise ValueError(f"{where} has its data in another file, which is not followed.")
        if dataset.dtype.kind not in "fiubcSV" or dataset.dtype.hasobject:
            raise ValueError(f"{where} holds no numbers, but {dataset.dtype}.")
        stored = dataset.id.get_storage_size()
        if dataset.nbytes > max(EXPANSION_FLOOR, MAX_EXPANSION * stored):
            raise ValueError(
                f"{where} claims {dataset.nbytes} bytes, but only {stored} are stored: refused as "
                "a decompression bomb."
            )
        return dataset[()]

    @staticmethod
    def _require_inside(group: Any, key: str) -> None:
        link = group.get(key, getlink=True)
        if link is not None and not isinstance(link, require_h5py().HardLink):
            raise ValueError(
                f"'{group.name}/{key}' in the file of weights is a link to another place, which is "
                "not followed."
            )

    def close(self) -> None:
        self._file.close()


class _H5Arrays(Mapping[str, Any]):
    def __init__(self, reader: H5Reader, group: Any) -> None:
        self._reader = reader
        self._group = group

    def __getitem__(self, key: str) -> Any:
        if key not in self._group:
            raise KeyError(key)
        return self._reader.array(self._group, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class NpzWriter:
    """Groups of arrays as one `.npz` file, written when it is closed."""

    def __init__(self, file: Any) -> None:
        self._target = file
        self._groups: dict[str, dict[str, Any]] = {}

    def group(self, path: str, name: str | None) -> MutableMapping[str, Any]:
        """A new group to put arrays into."""
        prefix = f"{path}/{VARIABLES}/" if path else f"{VARIABLES}/"
        return self._groups.setdefault(prefix, {})

    def close(self) -> None:
        arrays = {
            prefix + key: _plain(value)
            for prefix, group in self._groups.items()
            for key, value in group.items()
        }
        if isinstance(self._target, (str, os.PathLike)):
            with Path(self._target).open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
        else:
            np.savez(self._target, allow_pickle=False, **arrays)


class NpzReader:
    """The groups of an `.npz` file; no member is larger than it says, and none holds objects."""

    def __init__(self, file: Any) -> None:
        self._archive = Archive(file)
        self._groups: dict[str, dict[str, str]] = {}
        for name in self._archive.names():
            group, _, key = name.removesuffix(".npy").rpartition("/")
            self._groups.setdefault(group, {})[key] = name

    def group(self, path: str) -> Mapping[str, Any]:
        """The arrays of a group, read when they are asked for; none where there is no group."""
        found = self._groups.get(f"{path}/{VARIABLES}" if path else VARIABLES, {})
        return _NpzArrays(self._archive, found)

    def close(self) -> None:
        self._archive.close()


class _NpzArrays(Mapping[str, Any]):
    def __init__(self, archive: Archive, names: dict[str, str]) -> None:
        self._archive = archive
        self._names = names

    def __getitem__(self, key: str) -> Any:
        content = self._archive.read(self._names[key])
        return read_npy(io.BytesIO(content), len(content), self._names[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
