"""The process is prepared before NumPy loads, once, and never against the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynn import process, report
from numpynn.process import AVX512, MARKER, Machine, describe, prepare, reexec_prepared

AVX512_MACHINE = Machine("x86_64", AVX512 | {"sse2", "avx2"}, glibc=(2, 36))
KERNELS = {"OPENBLAS_CORETYPE": "SkylakeX"}
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}
COMMAND = """
import json, sys
from numpynn import process
process.reexec_prepared()
assert "numpy" not in sys.modules
print(json.dumps({"argv": sys.argv[1:], "settings": process.describe()}))
"""


def test_an_avx512_cpu_with_glibc_gets_kernels_and_allocator():
    assert prepare({}, AVX512_MACHINE) == KERNELS | ALLOCATOR


@pytest.mark.parametrize(
    "machine",
    [
        Machine("x86_64", frozenset({"avx2", "fma"}), (2, 36)),
        Machine("x86_64", AVX512 - {"avx512vl"}, (2, 36)),
        Machine("aarch64", AVX512, (2, 36)),
        Machine("arm64", frozenset(), (2, 36)),
    ],
)
def test_kernels_are_left_to_openblas_without_all_of_avx512(machine: Machine):
    assert prepare({}, machine) == ALLOCATOR


def test_the_allocator_is_left_alone_without_glibc():
    assert prepare({}, Machine("x86_64", AVX512, glibc=None)) == KERNELS


def test_glibc_before_2_35_gets_the_largest_threshold_it_accepts():
    chosen = prepare({}, Machine("x86_64", frozenset(), glibc=(2, 34)))
    assert chosen == ALLOCATOR | {"MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024)}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"OPENBLAS_CORETYPE": "Haswell"}, ALLOCATOR),
        ({"OPENBLAS_CORETYPE": ""}, ALLOCATOR),
        ({"MALLOC_TRIM_THRESHOLD_": "131072"}, KERNELS),
        ({"MALLOC_MMAP_THRESHOLD_": "131072"}, KERNELS),
        ({"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4096"}, KERNELS),
        ({"GLIBC_TUNABLES": "glibc.rtld.nns=4"}, KERNELS | ALLOCATOR),
        ({"OMP_NUM_THREADS": "1"}, KERNELS | ALLOCATOR),
    ],
)
def test_what_the_user_set_stays(environ: dict[str, str], expected: dict[str, str]):
    assert prepare(environ, AVX512_MACHINE) == expected


@given(st.dictionaries(st.sampled_from(process.REPORTED), st.text("0123456789abc.=", max_size=8)))
def test_prepare_never_touches_a_variable_that_is_set(environ: dict[str, str]):
    assert not prepare(environ, AVX512_MACHINE).keys() & environ.keys()


def test_describe_says_who_set_what():
    environ = KERNELS | {"OMP_NUM_THREADS": "2", "HOME": "/home/user", MARKER: "OPENBLAS_CORETYPE"}
    assert describe(environ) == {
        "OPENBLAS_CORETYPE": {"value": "SkylakeX", "set_by": "numpynn"},
        "OMP_NUM_THREADS": {"value": "2", "set_by": "user"},
    }
    assert describe({}) == {}


def test_this_machine_is_known():
    machine = process.this_machine()
    assert machine.architecture
    if sys.platform == "linux" and machine.architecture == "x86_64":
        assert "sse2" in machine.cpu_flags
    assert machine.glibc is None or machine.glibc >= (2, 17)


@pytest.mark.parametrize("how", [["command.py"], ["-m", "command"]])
def test_a_command_starts_itself_again_once_with_its_arguments(tmp_path: Path, how: list[str]):
    (tmp_path / "command.py").write_text(COMMAND)
    clean = {k: v for k, v in os.environ.items() if k not in (*process.REPORTED, MARKER)}
    root = str(Path(process.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, *how, "iris-mlp", "--plot", "a file.png"],
        cwd=tmp_path,
        env=clean | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(run.stdout)
    assert answer["argv"] == ["iris-mlp", "--plot", "a file.png"]
    chosen = prepare(clean)
    assert answer["settings"] == {
        name: {"value": value, "set_by": "numpynn"} for name, value in chosen.items()
    }


def test_it_is_not_started_again_where_that_is_not_due(monkeypatch: pytest.MonkeyPatch):
    starts: list[tuple[object, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: starts.append(arguments))
    monkeypatch.setattr(process, "this_machine", lambda: AVX512_MACHINE)
    for name in (*process.REPORTED, MARKER):
        monkeypatch.delenv(name, raising=False)

    monkeypatch.setitem(sys.modules, "numpy", sys)
    reexec_prepared()  # NumPy is loaded: a program called us
    assert not starts

    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setenv(MARKER, "1")
    reexec_prepared()  # it has been done, or the user declines
    assert not starts

    monkeypatch.delenv(MARKER)
    monkeypatch.setattr(process, "this_machine", lambda: Machine("arm64", frozenset(), None))
    reexec_prepared()  # nothing to set
    assert not starts

    monkeypatch.setattr(process, "this_machine", lambda: AVX512_MACHINE)
    reexec_prepared()
    [(executable, arguments, environ)] = starts
    assert executable == sys.executable
    assert arguments == [sys.executable, *sys.orig_argv[1:]]
    assert environ == os.environ | KERNELS | ALLOCATOR | {MARKER: ",".join(KERNELS | ALLOCATOR)}


def test_process_and_report_load_without_numpy():
    code = "import sys, numpynn.process, numpynn.report; assert 'numpy' not in sys.modules"
    root = str(Path(process.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": root}, check=True)


def test_the_environment_of_a_report_is_complete():
    facts = report.environment()
    named = {"cpu", "cores", "device", "blas", "python", "numpy", "keras", "tensorflow", "settings"}
    assert named <= facts.keys()
    assert facts["cores"] >= 1
    assert set(facts["blas"]) == {"name", "version", "kernels", "threads", "small"}
    text = json.dumps(facts)
    assert "null" not in text


def test_the_environment_line_names_cpu_blas_versions_and_settings(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "SkylakeX")
    monkeypatch.setenv(MARKER, "OPENBLAS_CORETYPE")
    facts = report.environment(device="GPU:0 NVIDIA")
    line = report.environment_line(facts)
    for word in (facts["cpu"], facts["blas"]["name"], facts["numpy"], "GPU:0 NVIDIA"):
        assert word in line
    assert "OPENBLAS_CORETYPE=SkylakeX (numpynn)" in line
    assert "\n" not in line
