"""Models as files, Keras's own: what Keras saves we load, and what we save Keras loads.

    model.keras             a zip archive of
        metadata.json           the version and the date
        config.json             layers, graph, compile arguments, as in `serialization.py`
        model.weights.h5        weights and optimizer state, found by their place in the model
        assets/…                vocabularies and the like
    name.weights.h5         the third of these alone
    name.npz                the same arrays for NumPy

A saved object is addressed by the attributes that lead to it: `layers/dense_1/vars/0` is the first
variable of the second Dense layer; `optimizer/vars/2` the third piece of the optimizer's state.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from numpynn.saving.archive import Archive, written_whole
from numpynn.saving.serialization import (
    deserialize_keras_object,
    object_sharing_scope,
    serialize_keras_object,
)
from numpynn.saving.stores import H5Reader, H5Writer, NpzReader, NpzWriter
from numpynn.utils.registry import snake_case

KERAS_VERSION = "3.15.1"  # whose files these are
_CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS = {"h5": "model.weights.h5", "npz": "model.weights.npz"}
_WRITERS: dict[str, Any] = {"h5": H5Writer, "npz": NpzWriter}
_READERS: dict[str, Any] = {"h5": H5Reader, "npz": NpzReader}
_ASSETS = "assets"


# -- whole models ----------------------------------------------------------------------------------


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Write a model to a `.keras` file, or with zipped=False the same members to a folder.

    overwrite: False asks before a file is replaced. weights_format: "h5", or "npz" with NumPy
    alone, which Keras cannot read. A crash leaves the old file or the new one.
    Raises ValueError for another suffix, ImportError without h5py.
    """
    weights_format = kwargs.pop("weights_format", "h5")
    if weights_format not in _WRITERS:
        raise ValueError(f"`weights_format` must be 'h5' or 'npz'; got {weights_format!r}.")
    kwargs.pop("include_optimizer", None)  # of Keras's older files; the optimizer is always there
    if kwargs:
        raise ValueError(f"save_model() takes no arguments {sorted(kwargs)}.")
    if not model.built:
        warnings.warn(
            f"Model '{model.name}' is saved before it has weights: call it on data first.",
            stacklevel=3,
        )
    if isinstance(filepath, io.IOBase):
        _write_archive(model, filepath, weights_format)
        return
    path = Path(filepath)
    if zipped is False:
        if path.suffix == ".keras":
            raise ValueError(f"A folder must not be named '….keras'; got {str(path)!r}.")
        _write_folder(model, path, weights_format)
        return
    if path.suffix != ".keras":
        raise ValueError(f"The name of a saved model must end in '.keras'; got {str(path)!r}.")
    if _may_write(path, overwrite):
        with written_whole(path) as temporary, temporary.open("wb") as file:
            _write_archive(model, file, weights_format)


def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model of a `.keras` file or folder, compiled as it was, with its optimizer's state.

    custom_objects: {name: class or function} of one's own. safe_mode: refuse code in the file.
    Raises ValueError for files that are missing, damaged or not what they claim to be; TypeError
    for classes that are not known.
    """
    if isinstance(filepath, io.IOBase):
        return _read_archive(filepath, custom_objects, compile, safe_mode)
    path = Path(filepath)
    if (path / _CONFIG).is_file():
        return _read_folder(path, custom_objects, compile, safe_mode)
    if path.suffix != ".keras":
        raise ValueError(
            f"Only '.keras' files, and folders of their members, can be loaded; got {str(path)!r}."
        )
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}.")
    with path.open("rb") as file:
        return _read_archive(file, custom_objects, compile, safe_mode)


def to_json(model: Any, **kwargs: Any) -> str:
    """A model's configuration as JSON; `kwargs` go to `json.dumps`."""
    with object_sharing_scope():
        return json.dumps(serialize_keras_object(model), **kwargs)


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model of `to_json`, with new weights."""
    return _model_of(json_string, custom_objects, compile=True, safe_mode=True)


def _members(model: Any) -> dict[str, str]:
    now = datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return {
        _METADATA: json.dumps({"keras_version": KERAS_VERSION, "date_saved": now}),
        _CONFIG: to_json(model),
    }


def _write_archive(model: Any, file: Any, weights_format: str) -> None:
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "w") as archive:
        for name, text in _members(model).items():
            archive.writestr(name, text)
        _write_state(model, _WRITERS[weights_format](content), Path(folder))
        archive.writestr(_WEIGHTS[weights_format], content.getvalue())
        for asset in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            archive.write(asset, f"{_ASSETS}/{asset.relative_to(folder).as_posix()}")


def _write_folder(model: Any, folder: Path, weights_format: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _members(model).items():
        with written_whole(folder / name) as temporary:
            temporary.write_text(text)
    with written_whole(folder / _WEIGHTS[weights_format]) as temporary:
        _write_state(model, _WRITERS[weights_format](temporary), folder / _ASSETS)


def _read_archive(file: Any, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    archive = Archive(file)
    try:
        model = _model_of(archive.read(_CONFIG), custom_objects, compile, safe_mode)
        for weights_format, name in _WEIGHTS.items():
            if name in archive:
                reader = _READERS[weights_format](io.BytesIO(archive.read(name)))
                break
        else:
            raise ValueError(
                f"Archive '{archive.name}' has no weights: it holds {archive.names()}."
            )
        with tempfile.TemporaryDirectory() as folder:
            archive.extract(f"{_ASSETS}/", Path(folder))
            _read_state(model, reader, Path(folder))
    finally:
        archive.close()
    return model


def _read_folder(folder: Path, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    text = (folder / _CONFIG).read_text()
    model = _model_of(text, custom_objects, compile, safe_mode)
    for weights_format, name in _WEIGHTS.items():
        if (folder / name).is_file():
            _read_state(model, _READERS[weights_format](folder / name), folder / _ASSETS)
            return model
    raise ValueError(f"Folder {str(folder)!r} has no weights ({', '.join(_WEIGHTS.values())}).")


def _model_of(text: str | bytes, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The configuration of the model is no JSON: {error}.") from error
    except RecursionError as error:
        raise ValueError("The configuration of the model is nested too deeply.") from error
    if not isinstance(config, dict):
        raise ValueError(f"The configuration of a model must be a JSON object; got {config!r}.")
    if not compile:
        config["compile_config"] = None
    with object_sharing_scope():
        try:
            return deserialize_keras_object(config, custom_objects, safe_mode)
        except RecursionError as error:
            raise ValueError("The configuration of the model is nested too deeply.") from error


# -- weights ---------------------------------------------------------------------------------------


def save_weights(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    **kwargs: Any,
) -> None:
    """Write the weights, and the state of the optimizer, to a `.weights.h5` or `.npz` file.

    Raises ValueError for another suffix and for a model without weights yet, ImportError without
    h5py. max_shard_size is not supported: the weights go to one file.
    """
    path = Path(filepath)
    skipped = kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ValueError(f"save_weights() takes no arguments {sorted(kwargs)}.")
    if max_shard_size is not None:
        raise ValueError("`max_shard_size` is not supported: the weights are written to one file.")
    _require_built(model, "saved")
    writer = _WRITERS[_weights_format(path)]
    if _may_write(path, overwrite):
        with written_whole(path) as temporary:
            _write_state(model, writer(temporary), None, skipped)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """The weights of a `.weights.h5`, `.npz` or `.keras` file, given to a model of the same form.

    Raises ValueError, and changes nothing, where the file does not fit. skip_mismatch: then only
    warns, and the layers that do not fit keep what they had.
    """
    path = Path(filepath)
    skipped = kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ValueError(f"load_weights() takes no arguments {sorted(kwargs)}.")
    _require_built(model, "loaded")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    if path.suffix == ".keras":
        with path.open("rb") as file:
            archive = Archive(file)
            content = io.BytesIO(archive.read(_WEIGHTS["h5"]))
        _read_state(model, H5Reader(content), None, skip_mismatch, skipped)
        return
    reader = _READERS[_weights_format(path)]
    _read_state(model, reader(path), None, skip_mismatch, skipped)


def _weights_format(path: Path) -> str:
    if path.name.endswith(".weights.h5"):
        return "h5"
    if path.suffix == ".npz":
        return "npz"
    raise ValueError(
        f"The name of a file of weights must end in '.weights.h5' or '.npz'; got {str(path)!r}."
    )


def _require_built(model: Any, done: str) -> None:
    if not model.built:
        raise ValueError(
            f"The weights of model '{model.name}' cannot be {done} before it has any: call it on "
            "data, or build() it."
        )


def _may_write(path: Path, overwrite: bool) -> bool:
    """Whether to write: always, unless a file is there and the person asked says no."""
    if overwrite or not path.exists():
        return True
    try:
        return input(f"{path} exists. Overwrite it? [y/n] ").strip().lower() in ("y", "yes")
    except EOFError:
        raise FileExistsError(f"{str(path)!r} exists, and overwrite=False.") from None


# -- what is saved, and where ----------------------------------------------------------------------


def saved_objects(model: Any, skipped: Any = None) -> Iterator[tuple[str, Any]]:
    """The paths of everything with state, first the model itself; objects may have several.

    Layers of Sequential and functional models come first, under `layers`; then whatever the
    attributes hold, in alphabetical order, private ones last. Layers in a list are named after
    their class and numbered.
    """
    seen = {id(obj): obj for obj in skipped or ()}  # kept alive: numbers of dead ones come again
    stack: list[tuple[str, Any]] = [("", model)]
    while stack:
        path, obj = stack.pop()
        if id(obj) in seen:
            continue
        if isinstance(obj, (list, tuple, dict)):
            seen[id(obj)] = obj
            stack.extend(reversed(list(_in_container(path, obj))))
        elif hasattr(obj, "save_own_variables"):
            seen[id(obj)] = obj
            yield path, obj
            children = [(f"{path}/{name}".lstrip("/"), child) for name, child in _attributes(obj)]
            stack.extend(reversed(children))


def _in_container(path: str, container: Any) -> Iterator[tuple[str, Any]]:
    counts: dict[str, int] = {}
    for item in container.values() if isinstance(container, dict) else container:
        if hasattr(item, "save_own_variables"):
            name = snake_case(type(item).__name__)
        elif isinstance(item, (list, tuple, dict)):
            name = "container"
        else:
            continue
        number = counts[name] = counts.get(name, -1) + 1
        yield f"{path}/{name}_{number}" if number else f"{path}/{name}", item


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    from numpynn.layers.base import Layer
    from numpynn.models.functional import Functional
    from numpynn.models.model import Model
    from numpynn.models.sequential import Sequential

    own = dict(vars(obj))
    if isinstance(obj, (Functional, Sequential)):
        yield "layers", obj.layers
    elif isinstance(obj, Model):
        own["layers"] = obj.layers
    if isinstance(obj, Layer):
        ours = set(vars(Model() if isinstance(obj, Model) else Layer(name="any")))
        for name in (ours | {"_chain", "_ends", "_graph"}) - {"optimizer"}:
            own.pop(name, None)
    for name in sorted(own, key=lambda name: f"~{name}" if name.startswith("_") else name):
        yield name, own[name]


def _write_state(model: Any, writer: Any, assets: Path | None, skipped: Any = None) -> None:
    try:
        for path, obj in saved_objects(model, skipped):
            name = getattr(obj, "name", None)
            obj.save_own_variables(writer.group(path, name if isinstance(name, str) else None))
            if assets is not None and hasattr(obj, "save_assets"):
                folder = assets / path
                folder.mkdir(parents=True, exist_ok=True)
                obj.save_assets(str(folder))
    finally:
        writer.close()


def _read_state(
    model: Any,
    reader: Any,
    assets: Path | None,
    skip_mismatch: bool = False,
    skipped: Any = None,
) -> None:
    """Give every object its part of the file; after a failure everything is as before."""
    before = _snapshot(model)
    failures: list[tuple[Any, Exception]] = []
    try:
        for path, obj in saved_objects(model, skipped):
            try:
                obj.load_own_variables(reader.group(path))
                if assets is not None and hasattr(obj, "load_assets") and (assets / path).is_dir():
                    obj.load_assets(str(assets / path))
            except (ValueError, KeyError, TypeError, OSError) as error:
                failures.append((obj, error))
        if failures and not skip_mismatch:
            raise _failure(model, failures)
    except BaseException:
        for variable, value in before:
            variable.assign(value)
        raise
    finally:
        reader.close()
    if failures:
        warnings.warn(str(_failure(model, failures)), stacklevel=3)


def _snapshot(model: Any) -> list[tuple[Any, Any]]:
    variables = list(model.variables)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        variables += list(optimizer.variables)
    return [(v, np.array(v.numpy())) for v in variables]


def _failure(model: Any, failures: list[tuple[Any, Exception]]) -> ValueError:
    names = [getattr(obj, "name", repr(obj)) for obj, _ in failures]
    return ValueError(
        f"The file does not fit model '{model.name}': {len(failures)} of its parts could not be "
        f"loaded, {names}. The first says: {failures[0][1]}"
    )
