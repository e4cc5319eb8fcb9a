"""Files that mean harm, or are damaged: refused with a clear error, and nothing is executed."""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import numpynn
from numpynn.saving.archive import Archive, read_npy
from numpynn.saving.stores import H5Reader, NpzReader

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3))


def network() -> Any:
    numpynn.utils.clear_session(free_memory=False)
    return numpynn.Sequential(
        [numpynn.Input((3,)), numpynn.layers.Dense(4, "relu"), numpynn.layers.Dense(2)]
    )


def saved() -> bytes:
    stream = io.BytesIO()
    numpynn.models.save_model(network(), stream)
    return stream.getvalue()


SAVED = saved()
MEMBERS = {
    info.filename: zipfile.ZipFile(io.BytesIO(SAVED)).read(info.filename)
    for info in zipfile.ZipFile(io.BytesIO(SAVED)).infolist()
}


def archive(members: dict[str, bytes] | list[tuple[Any, bytes]], compressed: bool = False) -> Any:
    """A zip file of these members, whatever their names."""
    stream = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", kind) as file:
        for name, content in members.items() if isinstance(members, dict) else members:
            file.writestr(name, content)
    stream.seek(0)
    return stream


def with_config(change: Any) -> Any:
    """The saved model with another configuration."""
    config = json.loads(MEMBERS["config.json"])
    return archive({**MEMBERS, "config.json": json.dumps(change(config) or config).encode()})


def load(stream: Any) -> Any:
    return numpynn.models.load_model(stream)


def test_the_untouched_file_loads() -> None:
    load(io.BytesIO(SAVED))
    load(archive(MEMBERS, compressed=True))


# -- archives --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "assets/../../evil.txt", "/etc/evil", "assets/\\..\\evil", "C:/evil", "a/.."],
)
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"outside"):
        load(archive([*MEMBERS.items(), (name, b"harm")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_occur_twice_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'config.json' occurs twice"):
        load(archive([*MEMBERS.items(), ("config.json", MEMBERS["config.json"])]))


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ValueError, match=r"link"):
        load(archive([*MEMBERS.items(), (link, b"/etc/passwd")]))


def test_members_that_expand_too_far_are_refused() -> None:
    bomb = archive({**MEMBERS, "config.json": b" " * (4 << 20)}, compressed=True)
    with pytest.raises(ValueError, match=r"bomb"):
        load(bomb)


def test_members_longer_than_they_say_are_refused() -> None:
    content = bytearray(archive(MEMBERS).getvalue())
    size = len(MEMBERS["config.json"])
    entry = content.rindex(b"config.json") - 46  # its line in the directory at the end
    for field in (20, 24):  # stored and real size
        struct.pack_into("<I", content, entry + field, size // 2)
    with pytest.raises(ValueError, match=r"damaged|claims|no complete|JSON"):
        load(io.BytesIO(bytes(content)))


def test_overlapping_members_are_refused() -> None:
    content = bytearray(archive({**MEMBERS, "assets/a": b"x" * 1000}).getvalue())
    entry = content.rindex(b"assets/a") - 46
    for field in (20, 24):
        struct.pack_into("<I", content, entry + field, 10 * len(content))
    with pytest.raises(ValueError, match=r"overlap"):
        load(io.BytesIO(bytes(content)))


@given(st.integers(0, len(SAVED) - 1))
@example(0)
@example(len(SAVED) - 1)
def test_truncated_files_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        load(io.BytesIO(SAVED[:length]))


@given(st.integers(0, len(SAVED) - 1), st.integers(1, 255))
def test_damaged_files_load_or_are_refused(position: int, flip: int) -> None:
    content = bytearray(SAVED)
    content[position] ^= flip
    try:
        model = load(io.BytesIO(bytes(content)))
    except (ValueError, TypeError):
        return
    assert model.predict(X, verbose=0).shape == (6, 2)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", pickle.dumps({"config": 1})):
        path = tmp_path / "m.keras"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"no complete archive"):
            numpynn.models.load_model(path)


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_missing_members_are_named(missing: str) -> None:
    members = {name: content for name, content in MEMBERS.items() if name != missing}
    with pytest.raises(ValueError, match=r"has no (weights|'config\.json')"):
        load(archive(members))


# -- configurations --------------------------------------------------------------------------------


FOREIGN = [
    {"module": "os", "class_name": "system", "config": {"command": "echo harm"}},
    {"module": "builtins", "class_name": "eval", "config": {}},
    {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
    {"module": "numpynn.saving.models", "class_name": "save_model", "config": {}},
    {"module": "keras.layers", "class_name": "__class__", "config": {}},
    {"module": "keras.layers", "class_name": "deserialize", "config": {}},
    {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "http://x"}},
    {"module": "keras.src.ops.numpy", "class_name": "__import__", "config": {}},
    {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {}},
    {"module": None, "class_name": "Popen", "config": {}, "registered_name": "subprocess>Popen"},
]


@pytest.mark.parametrize("entry", FOREIGN, ids=lambda entry: str(entry["class_name"]))
def test_foreign_classes_are_refused(entry: dict[str, Any]) -> None:
    def change(config: Any) -> None:
        config["config"]["layers"][1] = {"registered_name": None, **entry}

    with pytest.raises((TypeError, ValueError), match=r"There is no class|no operation"):
        load(with_config(change))


@pytest.mark.parametrize(
    ("name", "module"),
    [("eval", "builtins"), ("system", "os"), ("get", "builtins"), ("__import__", "builtins")]
    + [("load_model", "keras.models"), ("serialize", "keras.activations")],
)
def test_foreign_functions_are_refused(name: str, module: str) -> None:
    def change(config: Any) -> None:
        config["config"]["layers"][1]["config"]["activation"] = {
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }

    with pytest.raises((TypeError, ValueError), match=r"There is no function|Unknown activation"):
        load(with_config(change))


def test_a_built_in_class_has_no_registered_name() -> None:
    def change(config: Any) -> None:
        config["config"]["layers"][1]["registered_name"] = "evil>Dense"

    with pytest.raises((TypeError, ValueError), match=r"registered"):
        load(with_config(change))


@pytest.mark.parametrize(
    "layers",
    [None, 3, "Dense", [3], [{"class_name": "Dense"}], [{"class_name": 3, "config": {}}]]
    + [[{"module": "keras.layers", "class_name": "Dense", "config": "units"}]]
    + [[{"module": "keras.layers", "class_name": "Dense", "config": {"units": -1}}]]
    + [[{"module": "keras.layers", "class_name": "Dense", "config": {"harm": 1}}]],
)
def test_configurations_of_another_form_are_refused(layers: Any) -> None:
    def change(config: Any) -> None:
        config["config"]["layers"] = layers

    with pytest.raises((TypeError, ValueError)):
        load(with_config(change))


@pytest.mark.parametrize("config", [b"", b"[]", b"3", b'{"class_name"', b"\xff\xfe", b"null"])
def test_a_configuration_that_is_no_json_object_is_refused(config: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON"):
        load(archive({**MEMBERS, "config.json": config}))


def test_configurations_nested_too_deeply_are_refused() -> None:
    for config in (b"[" * 100_000, b'{"a": ' * 900 + b"1" + b"}" * 900):
        with pytest.raises(ValueError, match=r"nested too deeply|JSON"):
            load(archive({**MEMBERS, "config.json": config}))


LAMBDA = """
import io, sys, warnings, numpynn as nn
warnings.simplefilter("ignore")
x = nn.Input((3,))
model = nn.Model(x, nn.layers.Lambda(lambda x: x * 2)(x))
model.save(sys.argv[1])
"""


def test_code_in_a_file_runs_only_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    subprocess.run([sys.executable, "-c", LAMBDA, str(path)], check=True)
    with pytest.raises(ValueError, match=r"safe_mode=False"):
        numpynn.models.load_model(path)
    model = numpynn.models.load_model(path, safe_mode=False)
    np.testing.assert_allclose(model.predict(X, verbose=0), X * 2, rtol=1e-6)


def test_arrays_of_objects_in_a_configuration_are_refused() -> None:
    entry = {"class_name": "__numpy__", "config": {"value": [1, None], "dtype": "object"}}
    with pytest.raises(TypeError, match=r"numbers"):
        numpynn.saving.deserialize_keras_object(entry)


# -- weights ---------------------------------------------------------------------------------------


def h5_with(change: Any) -> Any:
    """The saved weights, changed by `change(file)`."""
    stream = io.BytesIO(MEMBERS["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        change(file)
    return archive({**MEMBERS, "model.weights.h5": stream.getvalue()})


KERNEL = "layers/dense/vars/0"


def test_links_in_hdf5_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["secret"] = np.ones((3, 4), "float32")

    def soft(file: Any) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/layers/dense_1/vars/0")

    def external(file: Any) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(outside), "secret")

    def group(file: Any) -> None:
        del file["layers/dense"]
        file["layers/dense"] = h5py.SoftLink("/layers/dense_1")

    for change in (soft, external, group):
        with pytest.raises(ValueError, match=r"link"):
            load(h5_with(change))


def test_data_in_other_files_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones(12, "float32").tobytes())

    def external(file: Any) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, (3, 4), "float32", external=[(str(secret), 0, 48)])

    def virtual(file: Any) -> None:
        del file[KERNEL]
        layout = h5py.VirtualLayout((3, 4), "float32")
        layout[:] = h5py.VirtualSource(str(secret), "x", shape=(3, 4))
        file.create_virtual_dataset(KERNEL, layout)

    for change in (external, virtual):
        with pytest.raises(ValueError, match=r"another file"):
            load(h5_with(change))


def test_arrays_that_claim_more_than_is_stored_are_refused() -> None:
    def bomb(file: Any) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, (1 << 20, 1 << 10), "float32", chunks=True, compression="gzip")

    with pytest.raises(ValueError, match=r"bomb"):
        load(h5_with(bomb))


def test_text_and_groups_in_the_place_of_arrays_are_refused() -> None:
    def text(file: Any) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, data=["harm"] * 3, dtype=h5py.string_dtype())

    def group(file: Any) -> None:
        del file[KERNEL]
        file.create_group(KERNEL)

    for change in (text, group):
        with pytest.raises(ValueError, match=r"no (numbers|array)"):
            load(h5_with(change))


def test_wrong_shapes_and_numbers_of_arrays_are_refused() -> None:
    def shape(file: Any) -> None:
        del file[KERNEL]
        file[KERNEL] = np.ones((4, 3), "float32")

    def missing(file: Any) -> None:
        del file[KERNEL]

    def more(file: Any) -> None:
        file["layers/dense/vars/2"] = np.ones(3)

    def renamed(file: Any) -> None:
        file.move(KERNEL, "layers/dense/vars/7")

    for change in (shape, missing, more, renamed):
        with pytest.raises(ValueError, match=r"does not fit.*dense"):
            load(h5_with(change))


def npz(arrays: dict[str, bytes]) -> Any:
    return archive({f"{name}.npy": content for name, content in arrays.items()})


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def test_npz_with_objects_is_not_unpickled() -> None:
    content = npy(np.array([{"harm": 1}], object), allow_pickle=True)
    group = NpzReader(npz({"vars/0": content})).group("")
    with pytest.raises(ValueError, match=r"Python objects"):
        group["0"]


def test_npz_that_claims_another_shape_is_refused() -> None:
    content = npy(np.zeros(3)).replace(b"(3,)", b"(9,)")
    group = NpzReader(npz({"vars/0": content})).group("")
    with pytest.raises(ValueError, match=r"claims shape \(9,\)"):
        group["0"]


@given(st.integers(0, 127))
def test_truncated_arrays_are_refused(length: int) -> None:
    content = npy(np.zeros(3))[:length]
    with pytest.raises(ValueError, match=r"."):
        read_npy(io.BytesIO(content), len(content), "it")


def test_damaged_hdf5_is_refused() -> None:
    for content in (b"", b"hello" * 100, MEMBERS["model.weights.h5"][:900]):
        with pytest.raises(ValueError, match=r"HDF5"):
            H5Reader(io.BytesIO(content))
        with pytest.raises(ValueError, match=r"HDF5"):
            load(archive({**MEMBERS, "model.weights.h5": content}))


def test_assets_stay_in_their_folder(tmp_path: Path) -> None:
    opened = Archive(archive({"assets/a/b.txt": b"1", "other": b"2"}))
    opened.extract("assets/", tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.txt")] == ["a/b.txt"]
